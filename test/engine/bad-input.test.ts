import { describe, expect, test } from 'vitest'
import {
  alwaysRevert,
  concurrent,
  defineFlow,
  Failure,
  type FlowItem,
  graph,
  linear,
  loadFromFactory,
  type MissingDependenciesError,
  memory,
  run,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, thrownBy, workshop } from './steps.ts'

describe('values that are missing', () => {
  function flow() {
    const { step, names } = workshop()
    const made = linear('f').add(
      step('a', { requires: ['size', 'image'] }),
      unordered('g').add(step('b', { provides: 'x' }), step('c', { requires: ['x'] })),
    )
    return { made, names }
  }

  test('all stand in one error; nothing ran and nothing is stored', async () => {
    const backend = recording()
    const { made, names } = flow()
    const engine = loadLoosely(made, { backend })
    const error = (await errorOf(engine.run())) as MissingDependenciesError
    expect(error.code).toBe('MISSING_DEPENDENCIES')
    expect(error.missingRequirements).toEqual(['image', 'size', 'x'])
    for (const name of ['size', 'image', 'x']) expect(error.message).toContain(`'${name}'`)
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
    expect(await backend.listBooks()).toEqual([])
  })

  test('the same engine runs once they are put in', async () => {
    const { made, names } = flow()
    const engine = loadLoosely(made, { backend: memory() })
    await errorOf(engine.run())
    engine.storage.inject({ size: 1, image: 2, x: 3 })
    await engine.run()
    expect(names()).toEqual(['a', 'b', 'c'])
  })

  test('what an atom injects for itself is not missing', async () => {
    const { names, step } = workshop()
    const injecting = task('a', {
      inject: { size: 1 },
      execute({ size }: { size: number }) {
        return size
      },
    })
    await loadLoosely(linear('f').add(injecting, step('b'))).run()
    expect(names()).toEqual(['b'])
  })
})

describe('options of load', () => {
  const flow = linear('f').add(workshop().step('a'))

  test('refuses an unknown engine, and shows it', () => {
    const error = thrownBy(() => loadLoosely(flow, { engine: 'eventlet' as 'serial' }))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toHaveProperty('message', expect.stringContaining("'eventlet'"))
  })

  test.each([0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, '4', null])(
    'refuses %s as maxWorkers',
    (found) => {
      const maxWorkers = found as number
      const Problem = typeof found === 'number' ? RangeError : TypeError
      expect(thrownBy(() => loadLoosely(flow, { engine: 'parallel', maxWorkers }))).toBeInstanceOf(
        Problem,
      )
      expect(thrownBy(() => concurrent({ maxWorkers }))).toBeInstanceOf(Problem)
    },
  )

  test.each([{ maxWorkers: 2 }, { executor: concurrent() }])(
    'refuses %o for a serial engine',
    (options) => {
      expect(thrownBy(() => loadLoosely(flow, options))).toBeInstanceOf(TypeError)
    },
  )

  test.each(['a flow', undefined, {}, alwaysRevert({ name: 'r' })])(
    'refuses to compile what is neither a flow nor a task: %s',
    (item) => {
      const engine = loadLoosely({ name: 'f' } as FlowItem)
      expect(thrownBy(() => engine.compile())).toBeInstanceOf(TypeError)
      expect(thrownBy(() => loadLoosely(item as unknown as FlowItem).compile())).toBeInstanceOf(
        TypeError,
      )
    },
  )
})

describe('values that cannot be stored', () => {
  test('in the store: the value is named, nothing ran and nothing is stored', async () => {
    const backend = recording()
    const { step, names } = workshop()
    const store = { size: 1, image: { open() {} } }
    const flow = linear('f').add(step('a'))
    const refusal = { code: 'NOT_STORABLE', path: '$.image.open' }
    expect(thrownBy(() => loadLoosely(flow, { backend, store }))).toMatchObject(refusal)
    const engine = loadLoosely(flow, { backend, store: { size: 1 } })
    expect(thrownBy(() => engine.storage.inject(store))).toMatchObject(refusal)
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
    await engine.run()
    expect(names()).toEqual(['a'])
    expect(engine.storage.fetchAll()).toEqual({ size: 1 })
  })

  test('in the store, without a backend: they are kept as they are', async () => {
    const open = (): void => {}
    const { step, calls } = workshop()
    await loadLoosely(linear('f').add(step('a', { requires: ['open'] })), { store: { open } }).run()
    expect(calls[0]?.inputs).toEqual({ open })
  })

  test('in the arguments of a factory: the argument is named', async () => {
    const backend = recording()
    const definition = defineFlow('d', (_: () => void) => linear('f').add(workshop().step('a')))
    expect(thrownBy(() => loadFromFactory(definition, [() => {}], { backend }))).toMatchObject({
      code: 'NOT_STORABLE',
      path: '$.factory.args[0]',
    })
    expect(backend.checkpoints).toEqual([])
  })

  test('in a result: retries and reverts follow', async () => {
    const { step, names } = workshop()
    const flow = linear('f', { retry: times(2) }).add(
      step('a', { does: () => ({ items: [new WeakMap()] }) }),
    )
    const engine = loadLoosely(flow, { backend: memory() })
    expect(await errorOf(engine.run())).toMatchObject({
      code: 'NOT_STORABLE',
      path: '$.items[0]',
    })
    expect(names()).toEqual(['a', 'a revert', 'a', 'a revert'])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('in the details of progress: the task that gave them fails, and no other', async () => {
    const boaster = task('boaster', {
      requires: [],
      async execute(_inputs, { progress }) {
        progress(0.5, { by() {} })
      },
    })
    const { step } = workshop()
    const flow = unordered('f', { retry: alwaysRevert({ name: 'r' }) }).add(boaster, step('a'))
    const engine = loadLoosely(flow, { backend: memory(), engine: 'parallel' })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'NOT_STORABLE' })
    expect(engine.storage.getFailures()).toHaveProperty('boaster')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('in what a task injects for good: nothing ran and nothing is stored', async () => {
    const backend = recording()
    const { step, names } = workshop()
    const injecting = task('a', {
      inject: { size: () => 1 },
      execute({ size }: { size: () => number }) {
        return size()
      },
    })
    const flow = linear('f').add(step('b'), injecting)
    const engine = loadLoosely(flow, { backend, injectTransient: false })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'NOT_STORABLE' })
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
  })
})

describe('names and objects met twice', () => {
  test('two atoms of one name are refused, wherever they stand', () => {
    const { step } = workshop()
    const flow = linear('f').add(
      step('a'),
      unordered('g').add(step('b'), step('a')),
      graph('h', { retry: times(2, { name: 'b' }) }),
    )
    expect(thrownBy(() => loadLoosely(flow).compile())).toMatchObject({
      code: 'DUPLICATE',
      names: ['a', 'b'],
    })
  })

  test('a run is refused before anything is stored', async () => {
    const backend = recording()
    const { step, names } = workshop()
    const flow = linear('f').add(step('a'), step('a'))
    expect(await errorOf(loadLoosely(flow, { backend }).run())).toMatchObject({
      code: 'DUPLICATE',
    })
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
  })

  test.each([
    { what: 'a task', once: workshop().step('twice') },
    { what: 'a flow', once: linear('twice') },
  ])('$what that is met twice is refused', ({ once }) => {
    const flow = linear('f').add(once, linear('g').add(once))
    expect(thrownBy(() => loadLoosely(flow).compile())).toMatchObject({
      code: 'DUPLICATE',
      names: ['twice'],
    })
  })

  test('a retry that is met twice is refused', () => {
    const twice = times(2, { name: 'twice' })
    const flow = linear('f', { retry: twice }).add(linear('g', { retry: twice }))
    expect(thrownBy(() => loadLoosely(flow).compile())).toMatchObject({
      code: 'DUPLICATE',
      names: ['twice'],
    })
  })

  test('a flow that holds itself is refused', () => {
    const flow = linear('f')
    flow.add(flow)
    expect(thrownBy(() => loadLoosely(flow).compile())).toMatchObject({ code: 'DUPLICATE' })
  })

  test('the name of the record for the store is refused', async () => {
    const flow = linear('f').add(workshop().step('_TaskFlow_INJECTOR'))
    expect(await errorOf(loadLoosely(flow).run())).toMatchObject({ code: 'DUPLICATE' })
  })
})

test('run rejects with what the task threw, be it an error or not', async () => {
  const thrower = (value: unknown): FlowItem =>
    linear('f').add(
      workshop().step('a', {
        does() {
          throw value
        },
      }),
    )
  const error = new RangeError('mine')
  expect(await errorOf((run as (flow: FlowItem) => Promise<unknown>)(thrower(error)))).toBe(error)
  for (const value of ['a word', null, 7]) {
    const engine = loadLoosely(thrower(value))
    expect(await errorOf(engine.run())).toBe(value)
    expect(engine.storage.getFailures()['a']).toBeInstanceOf(Failure)
  }
})
