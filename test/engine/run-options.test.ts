import { describe, expect, test } from 'vitest'
import {
  concurrent,
  defineFlow,
  flowFromDetail,
  type LinearFlow,
  type Logger,
  linear,
  load,
  loadFromDetail,
  loadFromFactory,
  memory,
  retry,
  run,
  SILENT_LOGGER,
  task,
} from '../../src/index.ts'

const idle = (name: string) => task(name, { execute() {} })

describe('how a run is asked for', () => {
  test('run gives everything provided, with the store', async () => {
    const twice = task('twice', { provides: 'y', execute: ({ x }: { x: number }) => x * 2 })
    expect(await run(linear('f').add(twice), { store: { x: 2 } })).toEqual({ x: 2, y: 4 })
  })

  test('a signal suspends, also one that was aborted before', async () => {
    const abort = new AbortController()
    const stop = task('stop', { execute: () => abort.abort() })
    const engine = load(linear('f').add(stop, idle('b')))
    await engine.run({ signal: abort.signal })
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    await engine.run({ signal: abort.signal })
    expect(engine.storage.getAtomState('b')).toBe('PENDING')
    await engine.run({ signal: new AbortController().signal })
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('statistics count, and are not kept when nobody wants them', async () => {
    const engine = load(linear('f').add(idle('a'), idle('b')))
    expect(engine.statistics).toMatchObject({ completed: 0, activeFor: 0, checkpoints: 0 })
    await engine.run()
    expect(engine.statistics).toMatchObject({ completed: 2, incomplete: 0, awaiting: 0 })
    const without = load(linear('f').add(idle('a')), { gatherStatistics: false })
    await without.run()
    expect(without.statistics).toBeUndefined()
  })

  test('atoms find the logger that was given', async () => {
    const lines: string[] = []
    const logger: Logger = { ...SILENT_LOGGER, info: (line) => lines.push(line) }
    const speaks = task('speaks', {
      requires: [],
      execute: (_, context) => context.logger.info('hi'),
    })
    await load(linear('f').add(speaks), { logger }).run()
    expect(lines).toEqual(['hi'])
  })

  test.each([-0.1, 1.1, Number.NaN])('a progress of %s is the failure of its task', async (n) => {
    const far = task('far', { requires: [], execute: (_, { progress }) => progress(n) })
    await expect(load(linear('f').add(far)).run()).rejects.toBeInstanceOf(RangeError)
  })

  test('an executor has a limit of its own', () => {
    const options = { engine: 'parallel', executor: concurrent(), maxWorkers: 2 } as const
    expect(() => load(linear('f').add(idle('a')), options)).toThrow(TypeError)
  })

  test('a decision that is none breaks the flow', async () => {
    const odd = retry('odd', { execute: () => 1, onFailure: () => 'PERHAPS' as 'RETRY' })
    const bad = task('bad', {
      execute() {
        throw new Error('no')
      },
    })
    const engine = load(linear('f', { retry: odd }).add(bad))
    await expect(engine.run()).rejects.toThrow(/decided "PERHAPS"/)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })
})

describe('flows by definition', () => {
  const greet = defineFlow('greet', (name: string) =>
    linear('greet').add(task('say', { provides: 'greeting', execute: () => `hello ${name}` })),
  )

  test('are made again with the arguments that were stored', async () => {
    const backend = memory()
    const first = loadFromFactory(greet, ['you'], { backend })
    first.compile()
    await first.prepare()
    const detail = first.storage.flowDetail
    const again = loadFromDetail(detail, { backend, flows: [greet] })
    await again.run()
    expect(again.storage.fetchAll()).toEqual({ greeting: 'hello you' })
    expect(flowFromDetail(detail, [greet]).name).toBe('greet')
    detail.engineMeta = { factory: { name: 'greet' } }
    expect(flowFromDetail(detail, [greet]).name).toBe('greet')
  })

  test('must make flows', () => {
    const nothing = defineFlow('nothing', () => undefined as unknown as LinearFlow)
    expect(() => loadFromFactory(nothing, [])).toThrow(
      "what the factory of 'nothing' makes must be a flow or a task, got undefined",
    )
    expect(() => defineFlow('', () => linear('f'))).toThrow(TypeError)
  })
})
