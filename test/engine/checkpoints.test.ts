import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  graph,
  linear,
  load,
  loadFlowDetail,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { diaryOf, recording } from './recording.ts'

function chain(count: number): Task[] {
  return Array.from({ length: count }, (_, i) =>
    task(`t${i}`, {
      provides: `x${i}`,
      async execute() {
        await Promise.resolve()
        return i
      },
    }),
  )
}

describe('checkpoints', () => {
  test.each([1, 10, 200])('a linear flow of %i tasks makes one transaction per task', async (n) => {
    const backend = recording()
    const engine = load(linear('f').add(...chain(n)), { backend })
    await engine.run()
    // One that starts the first task, and one for the end of the flow.
    expect(backend.checkpoints.length).toBe(n + 2)
    expect(engine.statistics?.checkpoints).toBe(n + 2)
  })

  test('a listener costs no transaction', async () => {
    const backend = recording()
    const engine = load(linear('f').add(...chain(10)), { backend })
    diaryOf(engine)
    await engine.run()
    expect(backend.checkpoints.length).toBe(12)
  })

  test('reverting a linear flow makes one transaction per revert', async () => {
    const backend = recording()
    const engine = load(
      linear('f').add(
        ...chain(10),
        task('bad', {
          execute() {
            throw new Error('no')
          },
        }),
      ),
      { backend },
    )
    await expect(engine.run()).rejects.toThrow('no')
    expect(backend.checkpoints.length).toBe(11 + 11 + 2)
  })

  test('a wide flow on the parallel engine makes few transactions', async () => {
    const backend = recording()
    const engine = load(unordered('f').add(...chain(100)), {
      backend,
      engine: 'parallel',
      maxWorkers: 100,
    })
    await engine.run()
    expect(backend.checkpoints.length).toBeLessThanOrEqual(3)
  })

  test('RUNNING is stored before the code of the atom starts, outcomes before what follows', async () => {
    const backend = recording()
    const seen: string[] = []
    const stored = (name: string): string | undefined =>
      backend.checkpoints
        .flatMap(({ atoms }) => atoms)
        .filter((atom) => atom.name === name)
        .at(-1)?.state
    const watch = (name: string, before: string): Task =>
      task(name, {
        requires: [],
        execute() {
          seen.push(`${name} ${stored(name)}, ${before} ${stored(before)}`)
        },
        revert() {
          seen.push(`${name} ${stored(name)}, ${before} ${stored(before)}`)
          if (name === 'c') return
        },
      })
    const bad = task('d', {
      execute() {
        throw new Error('no')
      },
    })
    const flow = linear('f').add(watch('a', 'a'), watch('b', 'a'), watch('c', 'b'), bad)
    await expect(load(flow, { backend }).run()).rejects.toThrow('no')
    expect(seen).toEqual([
      'a RUNNING, a RUNNING',
      'b RUNNING, a SUCCESS',
      'c RUNNING, b SUCCESS',
      'c REVERTING, b SUCCESS',
      'b REVERTING, a SUCCESS',
      'a REVERTING, a REVERTING',
    ])
  })

  test('with commit: move, each move is a transaction of its own', async () => {
    const backend = recording()
    const engine = load(linear('f').add(...chain(3)), { backend, commit: 'move' })
    const diary = diaryOf(engine)
    await engine.run()
    // The first holds the records that are made as well.
    expect(backend.checkpoints.map(({ flow, atoms }) => flow?.state ?? atoms[0]?.state)).toEqual([
      'RUNNING',
      'RUNNING',
      'SUCCESS',
      'RUNNING',
      'SUCCESS',
      'RUNNING',
      'SUCCESS',
      'SUCCESS',
    ])
    expect(diary).toHaveLength(8)
  })

  test('progress is stored with a checkpoint, and costs none', async () => {
    const backend = recording()
    const flow = linear('f').add(
      task('a', {
        requires: [],
        execute(_inputs, { progress }) {
          for (let i = 0; i <= 100; i += 1) progress(i / 200, { step: i })
          return 1
        },
      }),
      task('b', { execute() {} }),
    )
    const engine = load(flow, { backend })
    await engine.run()
    expect(backend.checkpoints.length).toBe(4)
  })

  test('progress of a long task is stored while it runs', async () => {
    const backend = recording()
    const flow = linear('f').add(
      task('a', {
        requires: [],
        async execute(_inputs, { progress }) {
          progress(0.5, { step: 'half' })
          await setTimeout(400)
        },
      }),
    )
    const engine = load(flow, { backend })
    const running = engine.run()
    await setTimeout(300)
    const detail = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(detail.find('a')).toMatchObject({
      state: 'RUNNING',
      progress: 0.5,
      progressDetails: { at_progress: 0.5, details: { step: 'half' } },
    })
    await running
  })
})

describe('a write that fails', () => {
  test.each([1, 2, 3, 4, 5])(
    'number %i: nothing new starts, and running again goes on',
    async (at) => {
      const backend = recording()
      const ran: string[] = []
      const step = (name: string): Task =>
        task(name, {
          requires: [],
          execute() {
            ran.push(name)
          },
        })
      const flow = linear('f').add(step('a'), step('b'), step('c'))
      const engine = load(flow, { backend })
      backend.beforeSave = (_, count) => {
        if (count === at) throw new Error('disk full')
      }
      if (at <= 4) await expect(engine.run()).rejects.toThrow('disk full')
      expect(ran.length).toBe(at <= 4 ? at - 1 : 0)
      backend.beforeSave = undefined
      await engine.run()
      expect(ran).toEqual(['a', 'b', 'c'])
      expect(engine.storage.getFlowState()).toBe('SUCCESS')
      const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
      expect([...stored].map(({ state }) => state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
    },
  )

  test('atoms under way are told to stop, and waited for', async () => {
    const backend = recording()
    const reasons: unknown[] = []
    const slow = task('slow', {
      requires: [],
      async execute(_inputs, { signal }) {
        await setTimeout(10_000, undefined, { signal }).catch(() => reasons.push(signal.reason))
        return 'ended'
      },
    })
    const quick = task('quick', { execute() {} })
    const engine = load(unordered('f').add(slow, quick), { backend, engine: 'parallel' })
    const failure = new Error('gone')
    backend.beforeSave = (_, count) => {
      if (count === 2) throw failure
    }
    await expect(engine.run()).rejects.toBe(failure)
    expect(reasons).toEqual([failure])
    expect(engine.storage.getAtomState('slow')).toBe('SUCCESS')
  })
})

describe('listeners and checkpoints', () => {
  test('nobody hears of a move before it is stored', async () => {
    const backend = recording()
    const engine = load(graph('f', { retry: times(2) }).add(...chain(5)), { backend })
    const stored = (name: string): unknown =>
      backend.checkpoints
        .flatMap(({ atoms }) => atoms)
        .filter((atom) => atom.name === name)
        .map(({ state }) => state)
    const lies: string[] = []
    engine.atomNotifier.register('*', (state, details) => {
      const name = 'taskName' in details ? details.taskName : details.retryName
      if (!(stored(name) as string[]).includes(state)) lies.push(`${name} ${state}`)
    })
    await engine.run()
    expect(lies).toEqual([])
  })

  test('a listener that suspends keeps the next atom from starting, though it is stored as RUNNING', async () => {
    const backend = recording()
    const ran: string[] = []
    const step = (name: string): Task =>
      task(name, {
        requires: [],
        execute() {
          ran.push(name)
        },
      })
    const engine = load(linear('f').add(step('a'), step('b')), { backend })
    const diary = diaryOf(engine)
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    expect(ran).toEqual(['a'])
    expect(diary).toEqual([
      'flow RUNNING',
      'a RUNNING',
      'a SUCCESS',
      'flow SUSPENDING',
      'flow SUSPENDED',
    ])
    const detail = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(detail.find('b')).toMatchObject({ state: 'PENDING', attempt: 0 })
    await engine.run()
    expect(ran).toEqual(['a', 'b'])
  })
})
