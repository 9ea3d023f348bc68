/**
 * What is stored is what was given: whoever changes a value afterwards changes nothing of the run.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type FlowItem,
  linear,
  load,
  loadFlowDetail,
  memory,
  retry,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { errorOf, loadLoosely, thrownBy } from './steps.ts'

interface Order {
  ids?: string[]
  client?: { close(): void }
  self?: unknown
}

const make = (): Order => ({ ids: ['a', 'b'] })

/** What a task may do to what it was given; each would change the run if it were shared. */
const CHANGES: readonly { readonly what: string; readonly change: (order: Order) => void }[] = [
  { what: 'is emptied', change: ({ ids }) => void ids?.splice(0) },
  { what: 'loses a field', change: (order) => void delete order.ids },
  {
    what: 'gets a handle',
    change: (order) => void Object.assign(order, { client: { close() {} } }),
  },
  { what: 'is made cyclic', change: (order) => void Object.assign(order, { self: order }) },
]

const MODES = (['tick', 'move'] as const).flatMap((commit) =>
  CHANGES.map((one) => ({ ...one, commit })),
)

const failing = task('last', { execute: () => Promise.reject(new Error('no')) })

describe.each(MODES)('with commit $commit, an input that $what', ({ change, commit }) => {
  test('is given to revert, and stored, as it was returned', async () => {
    await using backend = sqlite(':memory:')
    const undone: unknown[] = []
    const flow = linear('f').add(
      task('reserve', {
        provides: 'order',
        execute: make,
        revert: ({ result }) => void undone.push(result),
      }),
      task('use', { execute: ({ order }: { order: Order }) => change(order) }),
      failing,
    )
    const engine = loadLoosely(flow, { backend, commit })
    expect(await errorOf(engine.run())).toMatchObject({ message: 'no' })
    expect(undone).toEqual([make()])
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.state).toBe('REVERTED')
    expect(stored.find('reserve')).toMatchObject({ results: make() })
  })

  test('changes nothing for others that are given it', async () => {
    const seen: unknown[] = []
    const use = (name: string) =>
      task(name, {
        execute({ order }: { order: Order }) {
          seen.push(structuredClone(order))
          change(order)
        },
      })
    const reserve = task('reserve', { provides: 'order', execute: make })
    const flow = linear('f').add(reserve, unordered('u').add(use('a'), use('b')))
    const engine = loadLoosely(flow, { backend: memory(), commit })
    await engine.run()
    expect(seen).toEqual([make(), make()])
    expect(engine.storage.fetch('order')).toEqual(make())
  })

  test('comes from the store as it was put in', async () => {
    await using backend = sqlite(':memory:')
    const seen: unknown[] = []
    const use = (name: string): FlowItem =>
      task(name, {
        execute({ order }: { order: Order }) {
          seen.push(structuredClone(order))
          change(order)
        },
      })
    const order = make()
    const engine = loadLoosely(linear('f').add(use('a'), use('b')), {
      backend,
      commit,
      store: { order },
    })
    change(order)
    engine.storage.inject({ other: 1 })
    await engine.run()
    expect(seen).toEqual([make(), make()])
    expect(engine.storage.fetchAll()).toEqual({ order: make(), other: 1 })
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.state).toBe('SUCCESS')
  })
})

describe.each(CHANGES)('a value that $what', ({ change }) => {
  test('by the task that returned it is stored as it was', async () => {
    await using backend = sqlite(':memory:')
    const order = make()
    const undone: unknown[] = []
    const flow = linear('f').add(
      task('reserve', { execute: () => order, revert: ({ result }) => void undone.push(result) }),
      task('later', { execute: () => change(order) }),
      failing,
    )
    await errorOf(loadLoosely(flow, { backend }).run())
    expect(undone).toEqual([make()])
  })

  test('by a listener is stored as it was', async () => {
    const undone: unknown[] = []
    const flow = linear('f').add(
      task('reserve', { execute: make, revert: ({ result }) => void undone.push(result) }),
      failing,
    )
    const engine = loadLoosely(flow, { backend: memory() })
    engine.atomNotifier.register('SUCCESS', (_, { result }) => change(result as Order))
    await errorOf(engine.run())
    expect(undone).toEqual([make()])
  })

  test('after the run was taken up again is given to revert as it was', async () => {
    await using backend = sqlite(':memory:')
    const undone: unknown[] = []
    const flow = (): FlowItem =>
      linear('f').add(
        task('reserve', {
          provides: 'order',
          execute: make,
          revert: ({ result }) => void undone.push(result),
        }),
        task('stop', { execute: () => {} }),
        task('use', { execute: ({ order }: { order: Order }) => change(order) }),
        failing,
      )
    const first = loadLoosely(flow(), { backend })
    first.atomNotifier.register('SUCCESS', () => void first.suspend())
    await first.run()
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    await errorOf(loadLoosely(flow(), { backend, flowDetail }).run())
    expect(undone).toEqual([make()])
  })

  test('and was injected into an atom for good stays as it was', async () => {
    await using backend = sqlite(':memory:')
    const seen: unknown[] = []
    const again = task('use', {
      requires: ['order'],
      execute({ order }: { order: Order }) {
        seen.push(structuredClone(order))
        change(order)
        if (seen.length === 1) throw new Error('once more')
      },
    })
    const engine = loadLoosely(linear('f', { retry: times(2) }).add(again), { backend })
    engine.compile()
    await engine.prepare()
    const order = make()
    engine.storage.injectAtomArgs('use', { order }, { transient: false })
    change(order)
    await engine.run()
    expect(seen).toEqual([make(), make()])
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.find('use')?.injected).toEqual({ order: make() })
  })

  test('and was provided by a retry stays as it was, for tasks and for its history', async () => {
    await using backend = sqlite(':memory:')
    const provided: unknown[] = []
    const choose = retry('choose', {
      provides: 'order',
      execute: make,
      onFailure: ({ history }) => {
        provided.push(...history.provided())
        return history.length < 2 ? 'RETRY' : 'REVERT'
      },
    })
    const use = task('use', {
      execute({ order }: { order: Order }) {
        change(order)
        throw new Error('no')
      },
    })
    const engine = loadLoosely(linear('f', { retry: choose }).add(use), { backend })
    await errorOf(engine.run())
    expect(provided).toEqual([make(), make(), make()])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('and was returned by revert stays as it was', async () => {
    const order = make()
    const engine = loadLoosely(
      linear('f').add(
        task('before', { execute: () => {}, revert: () => change(order) }),
        task('undo', { execute: () => {}, revert: () => order }),
        failing,
      ),
      { backend: memory() },
    )
    expect(await errorOf(engine.run())).toMatchObject({ message: 'no' })
    expect(engine.storage.getRevertResult('undo')).toEqual(make())
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('and was told with progress stays as it was', async () => {
    await using backend = sqlite(':memory:')
    const told = task('a', {
      requires: [],
      async execute(_inputs: object, { progress }) {
        const details = { order: make() }
        progress(0.5, details)
        change(details.order)
        await engine.storage.save()
        progress(0.75, details.order === undefined ? {} : { order: make() })
      },
    })
    const engine = loadLoosely(linear('f').add(told), { backend })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('and was given as metadata stays as it was', async () => {
    await using backend = sqlite(':memory:')
    const engine = loadLoosely(linear('f').add(task('a', { execute: () => {} })), { backend })
    engine.compile()
    await engine.prepare()
    const order = make()
    engine.storage.updateFlowMetadata({ order })
    engine.storage.updateAtomMetadata('a', { order })
    change(order)
    await engine.run()
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.meta).toEqual({ order: make() })
    expect(stored.find('a')?.meta).toEqual({ order: make() })
  })
})

test('an undo that broke is tried again with what was returned', async () => {
  await using backend = sqlite(':memory:')
  const undone: unknown[] = []
  let isBroken = true
  const flow = linear('f').add(
    task('reserve', {
      execute: make,
      revert({ result }) {
        undone.push(structuredClone(result))
        CHANGES[2]?.change(result as Order)
        if (isBroken) throw new Error('the undo broke')
      },
    }),
    failing,
  )
  const engine = loadLoosely(flow, { backend })
  await errorOf(engine.run())
  isBroken = false
  const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
  await loadLoosely(flow, { backend, flowDetail }).revert()
  expect(undone).toEqual([make(), make()])
})

test('a store of one value with a reserved name comes back as it was', async () => {
  await using backend = sqlite(':memory:')
  const flow = linear('f').add(task('a', { execute: () => {} }))
  const store = { $taskflow: ['Date', 'x'] }
  const engine = loadLoosely(flow, { backend, store })
  await engine.run()
  const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
  expect(loadLoosely(flow, { backend, flowDetail }).storage.fetchAll()).toEqual(store)
})

test('without a backend, tasks share what is returned', async () => {
  const order = make()
  const given: unknown[] = []
  const flow = linear('f').add(
    task('reserve', { provides: 'order', execute: () => order }),
    task('use', { execute: ({ order }: { order: Order }) => void given.push(order) }),
  )
  await load(flow).run()
  expect(given[0]).toBe(order)
})

describe('metadata that cannot be stored is refused by the call', () => {
  const engineOf = async (): Promise<ReturnType<typeof loadLoosely>> => {
    const flow = linear('f').add(task('a', { execute: () => {} }))
    const engine = loadLoosely(flow, { backend: memory() })
    engine.compile()
    await engine.prepare()
    return engine
  }
  const refusal = { code: 'NOT_STORABLE', path: '$.callback' }
  const bad = { fine: 1, callback: () => {} }

  test.each([
    { call: 'updateFlowMetadata', of: 'the flow' },
    { call: 'updateAtomMetadata', of: 'an atom' },
    { call: 'inject', of: 'the store' },
    { call: 'injectAtomArgs', of: 'what is injected for good' },
  ])('of $of, and nothing of it is taken', async ({ call }) => {
    const engine = await engineOf()
    const { storage } = engine
    const calls: Readonly<Record<string, () => void>> = {
      updateFlowMetadata: () => storage.updateFlowMetadata(bad),
      updateAtomMetadata: () => storage.updateAtomMetadata('a', bad),
      inject: () => storage.inject(bad),
      injectAtomArgs: () => storage.injectAtomArgs('a', bad, { transient: false }),
    }
    expect(thrownBy(() => calls[call]?.())).toMatchObject(refusal)
    expect(storage.flowMeta).toEqual({})
    expect(storage.fetchAll()).toEqual({})
    expect(storage.flowDetail.find('a')).toMatchObject({ meta: undefined, injected: undefined })
    await engine.run()
    expect(storage.getFlowState()).toBe('SUCCESS')
  })
})

describe('what users add to an atom under a name of the engine', () => {
  const ADDED = {
    injected: { key: 'of the metadata' },
    attempt: 7,
    provides: { y: null },
    progress: 0.1,
    progress_details: { at_progress: 0.1, details: {} },
    retry_at: '2030-01-01T00:00:00.000Z',
    result_to_undo: 'nothing',
    taskflow_ts_meta: { attempt: 9 },
    mine: true,
  }

  test('comes back as it was, and changes nothing for the engine', async () => {
    await using backend = sqlite(':memory:')
    const seen: string[] = []
    const flow = (): FlowItem =>
      linear('f').add(
        task('a', { execute: () => 1 }),
        task('b', { provides: 'x', execute: ({ key }: { key: string }) => void seen.push(key) }),
      )
    const engine = loadLoosely(flow(), { backend, store: { key: 'of the store' } })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    engine.storage.updateAtomMetadata('a', ADDED)
    engine.storage.updateAtomMetadata('b', ADDED)
    await engine.storage.save()
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    for (const name of ['a', 'b']) expect(flowDetail.find(name)?.meta).toEqual(ADDED)
    expect(flowDetail.find('a')).toMatchObject({ attempt: 1, progress: 1, injected: undefined })
    expect(flowDetail.find('b')).toMatchObject({ attempt: 0, progress: undefined })
    await loadLoosely(flow(), { backend, flowDetail }).run()
    expect(seen).toEqual(['of the store'])
    const again = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(again.find('b')?.meta).toEqual(ADDED)
  })
})
