/**
 * Options: all of them are checked before anything happens, and each reaches what it is for.
 *
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import {
  concurrent,
  defineFlow,
  type EngineOptions,
  FlowDetail,
  LogBook,
  linear,
  load,
  loadFlowDetail,
  loadFromDetail,
  loadFromFactory,
  memory,
  resumeAll,
  run,
  SILENT_LOGGER,
  SYSTEM_CLOCK,
  type TaskContext,
  task,
} from '../../src/index.ts'
import { explore, runFlow } from '../../src/testing/index.ts'
import { errorOf } from './steps.ts'

const definition = defineFlow('one', () => linear('one').add(task('a', { execute: () => 1 })))
const flow = () => definition.factory()

/** For each option of engines what is right, and what is not. */
const OPTIONS: {
  readonly [Name in keyof Required<EngineOptions>]: readonly [right: unknown[], wrong: unknown[]]
} = {
  neverResolve: [
    [true, false],
    ['False', 0, null],
  ],
  deferReverts: [[true], [1]],
  injectTransient: [[false], ['no']],
  gatherStatistics: [[false], [0]],
  commit: [
    ['tick', 'move'],
    ['each', 'Tick', true],
  ],
  progressDelayMs: [
    [0, Infinity, 1e300],
    [-1, NaN, '200'],
  ],
  graceMs: [
    [0, Infinity, 2 ** 31],
    [-1, NaN, '5', null],
  ],
  leaseMs: [
    [1, Infinity, 1e300],
    [0, -1, NaN, '30s'],
  ],
  maxTakeUps: [
    [1, 5, Infinity],
    [0, -1, 1.5, NaN, '5'],
  ],
  maxPayloadBytes: [
    [1_024, Infinity],
    [1_023, 2_000.5, NaN, '1MB'],
  ],
  accept: [
    [[], ['removed']],
    ['removed', ['kind'], [null]],
  ],
  clock: [
    [SYSTEM_CLOCK, { now: () => new Date() }],
    [Date, {}, 'UTC'],
  ],
  logger: [
    [console, SILENT_LOGGER],
    [{}, () => {}],
  ],
  engine: [
    ['serial', 'parallel', () => concurrent({ maxWorkers: 2 })],
    ['threads', 4, {}],
  ],
  maxWorkers: [[], [0, 1.5, NaN, '4']],
  executor: [
    [],
    [
      {},
      { capacity: 2 },
      { capacity: 1.5, call() {} },
      { capacity: 1, call() {}, stop: true },
      'threads',
    ],
  ],
  backend: [[memory()], [{}, 'sqlite:runs.db', { save() {} }]],
}

const wrongOptions = Object.entries(OPTIONS).flatMap(([name, [, wrong]]) =>
  wrong.map((value) => ({ [name]: value })),
)
const rightOptions = Object.entries(OPTIONS).flatMap(([name, [right]]) =>
  right.map((value) => ({ [name]: value })),
)

describe('the option', () => {
  test.each(rightOptions)('%o is taken', async (options) => {
    await run(flow(), options as never)
  })

  test.each([...wrongOptions, { flowDetail: {} }, { book: 'b' }, { store: 5 }])(
    '%o is refused by whatever takes it, before anything happens',
    async (options) => {
      const backend = memory()
      const save = vi.spyOn(backend, 'save')
      const [name = ''] = Object.keys(options)
      const all = { backend, ...options } as never
      const ways: Readonly<Record<string, () => unknown>> = {
        load: () => load(flow(), all),
        run: () => run(flow(), all),
        runFlow: () => runFlow(flow(), all),
        loadFromFactory: () => loadFromFactory(definition, [], all),
        loadFromDetail: () =>
          loadFromDetail(new FlowDetail('one'), { flows: [], ...(all as object) }),
        resumeAll: () => resumeAll({ flows: [definition], ...(all as object) } as never),
      }
      for (const [way, call] of Object.entries(ways)) {
        const error = await errorOf((async () => call())())
        expect(error, way).toSatisfy((one) => one instanceof TypeError || one instanceof RangeError)
        expect((error as Error).message, way).toContain(name)
      }
      expect(save).not.toHaveBeenCalled()
    },
  )

  test('with a name that there is not is refused, with what was meant', async () => {
    const backEnd = memory()
    const wrong = { backEnd } as never
    expect(() => load(flow(), wrong)).toThrow(
      "load() has no option 'backEnd'; did you mean 'backend'?",
    )
    expect(String(await errorOf(run(flow(), wrong)))).toContain("run() has no option 'backEnd'")
    expect(String(await errorOf(runFlow(flow(), wrong)))).toContain(
      "runFlow() has no option 'backEnd'",
    )
    const flows = [definition]
    const resuming = resumeAll({ backend: backEnd, flows, concurency: 2 } as never)
    expect(String(await errorOf(resuming))).toContain("did you mean 'concurrency'?")
    const exploring = explore(flow, { world: () => 1, crash: 2 } as never)
    expect(String(await errorOf(exploring))).toContain("did you mean 'crashes'?")
  })

  test('that a serial engine does not have is refused', () => {
    expect(() => load(flow(), { maxWorkers: 2 })).toThrow(TypeError)
    expect(() => load(flow(), { executor: concurrent() })).toThrow(TypeError)
    const engine = () => concurrent()
    expect(() => load(flow(), { engine, maxWorkers: 2 })).toThrow(TypeError)
    expect(() => load(flow(), { engine, executor: concurrent() })).toThrow(TypeError)
  })

  test('of a run is refused before anything is written', async () => {
    const backend = memory()
    const save = vi.spyOn(backend, 'save')
    for (const wrong of [
      { deadlineMs: 0 },
      { deadlineMs: NaN },
      { deadlineMs: '5' },
      { onAbort: 'stop' },
      { signal: {} },
      { deadline: 5 },
      null,
    ]) {
      const engine = load(flow(), { backend })
      const { next } = engine.runIter(wrong as never)
      for (const call of [
        () => engine.run(wrong as never),
        () => next.call(engine.runIter(wrong as never)),
      ]) {
        const error = await errorOf(call())
        expect(error, JSON.stringify(wrong)).toSatisfy(
          (one) => one instanceof TypeError || one instanceof RangeError,
        )
      }
      expect(engine.storage.getFlowState()).toBe('PENDING')
    }
    for (const wrong of [{ downTo: 5 }, { downTo: [5] }, { signal: 1 }, { downto: 'a' }]) {
      expect(await errorOf(load(flow(), { backend }).revert(wrong as never))).toBeInstanceOf(
        TypeError,
      )
    }
    expect(save).not.toHaveBeenCalled()
  })

  test('of the search is refused by resumeAll', async () => {
    const backend = memory()
    const flows = [definition]
    for (const wrong of [
      { name: 5 },
      { states: ['DONE'] },
      { states: 'RUNNING' },
      { concurrency: 0 },
      { onEngine: {} },
      { backend: undefined },
      { flows: undefined },
      { flows: 'one' },
    ]) {
      const error = await errorOf(resumeAll({ backend, flows, ...wrong } as never))
      expect(error, JSON.stringify(wrong)).toSatisfy(
        (one) => one instanceof TypeError || one instanceof RangeError,
      )
      expect((error as Error).message).toContain(Object.keys(wrong)[0])
    }
  })
})

/** Goes on until it is told to stop. */
function slow() {
  const log: string[] = []
  const only = task('only', {
    requires: [],
    execute: (_: object, { signal }: TaskContext) => wait(60_000, 1, { signal }),
    revert: () => void log.push('reverted'),
  })
  return { log, definition: defineFlow('slow', () => linear('slow').add(only)) }
}

/** Whatever runs a flow with the options of a run. */
const RUNNERS: Readonly<
  Record<string, (made: ReturnType<typeof slow>, options: object) => Promise<unknown>>
> = {
  'engine.run': (made, options) => errorOf(load(made.definition.factory()).run(options)),
  run: (made, options) => errorOf(run(made.definition.factory(), options)),
  'run, parallel': (made, options) =>
    errorOf(run(made.definition.factory(), { engine: 'parallel', ...options })),
  runFlow: async (made, options) => (await runFlow(made.definition.factory(), options)).error,
  resumeAll: async (made, options) => {
    const backend = memory()
    const engine = loadFromFactory(made.definition, [], { backend })
    await engine.run({ signal: AbortSignal.abort() })
    const [resumed] = await resumeAll({ backend, flows: new Set([made.definition]), ...options })
    return resumed?.error
  },
  runIter: (made, options) =>
    errorOf(
      (async () => {
        for await (const _phase of load(made.definition.factory()).runIter(options));
      })(),
    ),
}

describe.each(Object.entries(RUNNERS))('%s', (_way, runIt) => {
  test('heeds deadlineMs', async () => {
    const made = slow()
    expect(await runIt(made, { deadlineMs: 20 })).toMatchObject({ code: 'TIMEOUT' })
    expect(made.log).toEqual(['reverted'])
  })

  test("heeds onAbort: 'revert'", async () => {
    const made = slow()
    const stop = new AbortController()
    const ended = runIt(made, { signal: stop.signal, onAbort: 'revert' })
    await wait(20)
    stop.abort(new Error('enough'))
    expect(await ended).toMatchObject({ code: 'CANCELLED' })
    expect(made.log).toEqual(['reverted'])
  })
})

test('flows that can be gone through once are enough to resume several runs', async () => {
  const backend = memory()
  for (let i = 0; i < 3; i += 1) {
    await loadFromFactory(definition, [], { backend }).run({ signal: AbortSignal.abort() })
  }
  const flows = (function* () {
    yield definition
  })()
  const resumed = await resumeAll({ backend, flows })
  expect(resumed.map(({ outcome }) => outcome)).toEqual(['finished', 'finished', 'finished'])
})

test('a deadline, a lease and a grace of any length end a run like any other', async () => {
  const backend = memory()
  Object.assign(backend, { supports: { ...backend.supports, processes: true } })
  for (const ms of [Number.MAX_SAFE_INTEGER, 1e300, Infinity, 2 ** 31]) {
    const engine = load(flow(), { backend, leaseMs: ms, graceMs: ms, progressDelayMs: ms })
    await engine.run({ deadlineMs: ms })
    expect((await loadFlowDetail(backend, engine.storage.flowUuid)).state).toBe('SUCCESS')
  }
})

test('a book is made for those that give none', () => {
  const book = new LogBook('mine')
  load(flow(), { backend: memory(), book })
  expect(book.size).toBe(1)
})
