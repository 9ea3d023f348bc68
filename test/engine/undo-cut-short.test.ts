import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  compare,
  type Engine,
  type FlowDetail,
  type FlowItem,
  linear,
  loadFlowDetail,
  memory,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'

/** The engine of another process, which goes on with a run that is stored. */
async function another(flow: FlowItem, backend: Backend, { storage }: Engine): Promise<Engine> {
  const flowDetail = await loadFlowDetail(backend, storage.flowUuid)
  expect(compare(flowDetail, flow)).toEqual({ canResume: true, differences: [] })
  return loadLoosely(flow, { backend, flowDetail })
}

/** Suspends the run as soon as an atom enters a state. */
function suspendAt(engine: Engine, name: string, state: 'SUCCESS' | 'REVERTED'): void {
  engine.atomNotifier.register(state, (_, details) => {
    if (name === ('taskName' in details ? details.taskName : details.retryName)) {
      void engine.suspend()
    }
  })
}

describe('a revert down to a task', () => {
  test('does not start what has not run, though it is to stay', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), step('b'), step('c'), step('d')))
    suspendAt(engine, 'a', 'SUCCESS')
    await engine.run()
    await engine.revert({ downTo: 'c' })
    expect(names()).toEqual(['a'])
    expect(statesOf(engine)).toEqual({ a: 'SUCCESS', b: 'PENDING', c: 'PENDING', d: 'PENDING' })
  })

  test('lets a task stay that a failure has already sent back', async () => {
    const w = workshop()
    const backend = memory()
    const make = () => linear('f').add(w.step('a'), w.step('b'), w.step('c'), w.bad('d'))
    const engine = loadLoosely(make(), { backend })
    suspendAt(engine, 'd', 'REVERTED')
    await engine.run()
    expect(engine.storage.getAtomIntention('b')).toBe('REVERT')
    const second = await another(make(), backend, engine)
    await second.revert({ downTo: 'b' })
    const ends = { a: 'SUCCESS', b: 'SUCCESS', c: 'REVERTED', d: 'REVERTED' }
    expect(statesOf(second)).toEqual(ends)
    const third = await another(make(), backend, second)
    await third.run()
    expect(statesOf(third)).toEqual(ends)
    await third.revert()
    expect(third.storage.getFlowState()).toBe('REVERTED')
  })

  test('finishes an undo that was under way, and never calls the task again', async () => {
    const w = workshop()
    const backend = memory()
    const make = () => linear('f').add(w.step('a'), w.step('b'))
    const engine = loadLoosely(make(), { backend })
    await engine.run()
    const dead = loadLoosely(
      linear('f').add(
        w.step('a'),
        w.step('b', { undoes: () => new Promise(() => {}) }), // its process dies
      ),
      { backend, flowDetail: await loadFlowDetail(backend, engine.storage.flowUuid) },
    )
    const isReverting = new Promise((done) => dead.atomNotifier.register('REVERTING', done))
    void dead.revert()
    await isReverting
    const second = await another(make(), backend, dead)
    await second.revert({ downTo: 'b' })
    expect(statesOf(second)).toEqual({ a: 'SUCCESS', b: 'REVERTED' })
    expect(w.names()).toEqual(['a', 'b', 'b revert', 'b revert'])
  })

  test('makes no further attempt of a retry that waits and is to stay', async () => {
    const w = workshop()
    const clock = new FakeClock()
    const inner = linear('inner', { retry: times(3, { name: 'again', delay: 60_000 }) })
    const flow = linear('f').add(w.step('a'), inner.add(w.bad('b')))
    const engine = loadLoosely(flow, { clock })
    suspendAt(engine, 'b', 'REVERTED')
    await engine.run()
    await engine.revert({ downTo: 'again' })
    clock.advance(120_000)
    expect(w.names()).toEqual(['a', 'b', 'b revert'])
    expect(statesOf(engine)).toEqual({ a: 'SUCCESS', again: 'SUCCESS', b: 'REVERTED' })
  })

  test('that was cut short does so again and again until it is done', async () => {
    const w = workshop()
    const backend = memory()
    const make = () => linear('f').add(...['a', 'b', 'c', 'd', 'e'].map((name) => w.step(name)))
    let engine = loadLoosely(make(), { backend })
    await engine.run()
    for (const name of ['e', 'd', 'c']) {
      const next = await another(make(), backend, engine)
      suspendAt(next, name, 'REVERTED')
      await (name === 'e' ? next.revert({ downTo: 'b' }) : next.run())
      engine = next
    }
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(w.names().slice(5)).toEqual(['e revert', 'd revert', 'c revert'])
    const last = await another(make(), backend, engine)
    await last.run()
    expect(w.calls).toHaveLength(8)
    expect(last.storage.getFlowState()).toBe('FAILURE')
  })
})

describe('a retry that begins its next attempt', () => {
  const make = ({ step, bad }: ReturnType<typeof workshop>) =>
    linear('f').add(step('a'), linear('in', { retry: times(3, { name: 'again' }) }).add(bad('b')))

  test('is undone by a revert, and begins nothing', async () => {
    const w = workshop()
    const backend = memory()
    const isRetrying = ({ atoms }: Checkpoint): boolean =>
      atoms.some(({ state }) => state === 'RETRYING')
    const crash = { at: isRetrying, when: 'after' } as const
    const remains = await runUntilCrash(make(w), crash, { backend, commit: 'move' })
    const flowDetail = remains?.detail as FlowDetail
    expect(compare(flowDetail, make(w))).toEqual({ canResume: true, differences: [] })
    const second = loadLoosely(make(w), { backend, flowDetail })
    await second.revert()
    expect(w.names()).toEqual(['a', 'b', 'b revert', 'a revert'])
    expect(statesOf(second)).toMatchObject({ a: 'REVERTED', again: 'REVERTED' })
    expect(second.storage.getFlowState()).toBe('REVERTED')
  })

  test('is undone by a cancellation that gives up a suspension', async () => {
    const w = workshop()
    const engine = loadLoosely(make(w))
    engine.atomNotifier.register('RETRYING', () => void engine.suspend())
    engine.notifier.register('SUSPENDING', () => void engine.cancel().catch(() => {}))
    expect(await errorOf(engine.run())).toMatchObject({ code: 'CANCELLED' })
    expect(w.names()).toEqual(['a', 'b', 'b revert', 'a revert'])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })
})

describe('an undo that broke and is tried again on demand', () => {
  /** Both undos break once; what the last one is told to do happens in its second. */
  function stubborn(onSecond: (name: string) => unknown) {
    const tries = new Map<string, number>()
    const w = workshop()
    const undoes = (name: string) => () => {
      const count = (tries.get(name) ?? 0) + 1
      tries.set(name, count)
      if (count === 1) throw new Error(`${name} not now`)
      return count === 2 ? onSecond(name) : undefined
    }
    const make = () =>
      linear('f').add(
        unordered('u').add(
          w.step('a', { undoes: undoes('a') }),
          w.step('b', { undoes: undoes('b') }),
        ),
        w.bad('c'),
      )
    return { make, tries }
  }

  test.each(['run', 'revert'] as const)(
    'goes on with the others when it was suspended: %s',
    async (way) => {
      const backend = memory()
      const { make, tries } = stubborn(() => void engine.suspend())
      let engine = loadLoosely(make(), { backend, engine: 'parallel' })
      await errorOf(engine.run())
      expect(statesOf(engine)).toMatchObject({ a: 'REVERT_FAILURE', b: 'REVERT_FAILURE' })
      engine = await another(make(), backend, engine)
      await engine.revert()
      expect(Object.values(statesOf(engine)).sort()).toEqual([
        'REVERTED',
        'REVERTED',
        'REVERT_FAILURE',
      ])
      engine = await another(make(), backend, engine)
      await engine[way]()
      expect(engine.storage.getFlowState()).toBe('REVERTED')
      expect(Object.fromEntries(tries)).toEqual({ a: 2, b: 2 })
    },
  )

  test('goes on with the others when its process died', async () => {
    const backend = memory()
    const entered = Promise.withResolvers<void>()
    const { make, tries } = stubborn((name) => {
      if (name !== 'b') return undefined
      entered.resolve()
      return new Promise(() => {}) // its process dies
    })
    const engine = loadLoosely(make(), { backend, engine: 'parallel' })
    await errorOf(engine.run())
    const dead = await another(make(), backend, engine)
    void dead.revert()
    await entered.promise
    const last = await another(make(), backend, dead)
    await last.run()
    expect(last.storage.getFlowState()).toBe('REVERTED')
    expect(Object.fromEntries(tries)).toEqual({ a: 2, b: 3 })
  })

  test('is not tried by a mere run once it has broken again', async () => {
    const backend = memory()
    const { make, tries } = stubborn((name) => {
      throw new Error(`${name} never`)
    })
    let engine = loadLoosely(make(), { backend, engine: 'parallel' })
    await errorOf(engine.run())
    engine = await another(make(), backend, engine)
    await errorOf(engine.revert())
    const before = Object.fromEntries(tries)
    engine = await another(make(), backend, engine)
    await errorOf(engine.run())
    expect(Object.fromEntries(tries)).toEqual(before)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })
})

describe('behind a point of no return, an undo that was suspended', () => {
  const flowOf = ({ step }: ReturnType<typeof workshop>, last: FlowItem) =>
    linear('parcel').add(
      step('pack'),
      step('ship', { irreversible: true }),
      step('label'),
      step('notify'),
      last,
    )
  const ends = { pack: 'SUCCESS', ship: 'SUCCESS', label: 'REVERTED', notify: 'REVERTED' }

  test.each(['run', 'revert'] as const)('by a cancellation goes on: %s', async (way) => {
    const w = workshop()
    const backend = memory()
    const entered = Promise.withResolvers<void>()
    const wait = task('wait', {
      requires: [],
      execute: (_inputs: object, { signal }: TaskContext) => {
        entered.resolve()
        return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))
      },
    })
    const engine = loadLoosely(flowOf(w, wait), { backend })
    suspendAt(engine, 'notify', 'REVERTED')
    const run = errorOf(engine.run())
    await entered.promise
    await engine.cancel()
    await run
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    const second = await another(flowOf(w, wait), backend, engine)
    const error = await errorOf(way === 'run' ? second.run() : second.revert({ downTo: 'ship' }))
    expect(error).toEqual(
      way === 'run' ? expect.objectContaining({ code: 'CANCELLED' }) : undefined,
    )
    expect(statesOf(second)).toMatchObject(ends)
    expect(second.storage.getFlowState()).toBe('FAILURE')
  })

  test('by a deadline goes on', async () => {
    const w = workshop()
    const backend = memory()
    const entered = Promise.withResolvers<void>()
    const wait = task('wait', {
      requires: [],
      execute: (_inputs: object, { signal }: TaskContext) => {
        entered.resolve()
        return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))
      },
    })
    const engine = loadLoosely(flowOf(w, wait), { backend })
    suspendAt(engine, 'notify', 'REVERTED')
    const run = errorOf(engine.run({ deadlineMs: 50 }))
    await entered.promise
    await run
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    const second = await another(flowOf(w, wait), backend, engine)
    expect(await errorOf(second.run())).toMatchObject({ code: 'TIMEOUT' })
    expect(statesOf(second)).toMatchObject(ends)
  })

  test('within the flow of a retry goes on, and the flow is not run again', async () => {
    const w = workshop()
    const backend = memory()
    const make = () =>
      linear('f').add(
        linear('in', { retry: times(3, { name: 'again' }) }).add(flowOf(w, w.bad('last'))),
        w.step('after'),
      )
    const engine = loadLoosely(make(), { backend })
    suspendAt(engine, 'notify', 'REVERTED')
    await engine.run()
    const second = await another(make(), backend, engine)
    expect(await errorOf(second.run())).toMatchObject({
      failures: [{ message: 'last is broken' }],
    })
    expect(statesOf(second)).toMatchObject({ ...ends, again: 'SUCCESS', after: 'PENDING' })
    expect(second.storage.getFlowState()).toBe('FAILURE')
    expect(w.names().filter((name) => name === 'ship')).toHaveLength(1)
  })
})
