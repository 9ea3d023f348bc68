/**
 * What the explorer tries, and how it tells of what it finds.
 *
 * @module
 */
import { equal } from 'node:assert/strict'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import {
  type Backend,
  linear,
  retry,
  StorageError,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { type End, explore } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'
import { insert, two, World, whole, world } from './two-inserts.ts'

describe('an exploration', () => {
  test('crashes once at every write and every call, and nowhere twice', async () => {
    const found = await explore((w: World) => linear('one').add(insert(w, 'a')), {
      world,
      failures: false,
    })
    // Before the first write; between it and the call; between the call and its record; after each
    // of the two writes that follow.
    expect(found).toEqual({
      scheduleCount: 6,
      crashCount: 5,
      failureCount: 0,
      ends: { SUCCESS: 6, REVERTED: 0, FAILURE: 0 },
      unreachedCount: 0,
      skippedCount: 0,
      summary:
        "flow 'one' held in 6 schedules; 5 crashes and 0 failures; ends: 6 SUCCESS, 0 REVERTED, 0 FAILURE",
    })
  })

  test('lets each atom fail before and after its effect', async () => {
    const schedules: string[] = []
    await explore(two, {
      world,
      crashes: 0,
      invariant(end) {
        schedules.push([end.state, ...end.schedule].join('; '))
        whole(end)
      },
    })
    expect(schedules).toEqual([
      'SUCCESS',
      "REVERTED; fail execute of 'a', before its effect",
      "REVERTED; fail execute of 'a', after its effect",
      "REVERTED; fail execute of 'b', before its effect",
      "REVERTED; fail execute of 'b', after its effect",
    ])
  })

  test('runs shorter schedules first, and each only once', async () => {
    const lengths: number[] = []
    const texts = new Set<string>()
    const { scheduleCount, unreachedCount } = await explore(two, {
      world,
      crashes: 2,
      invariant(end) {
        lengths.push(end.schedule.length)
        texts.add(end.schedule.join('; '))
        expect(end.crashes).toBe(end.schedule.filter((step) => step.startsWith('crash')).length)
        whole(end)
      },
    })
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
    expect(Math.max(...lengths)).toBe(3)
    expect([texts.size, unreachedCount]).toEqual([scheduleCount, 0])
  })

  test.each(['serial', 'parallel'] as const)(
    'makes the same schedules each time, %s',
    async (engine) => {
      const all = async (): Promise<readonly string[]> => {
        const told: string[] = []
        const flow = (w: World) =>
          linear('f', { retry: times(2) }).add(
            unordered('u').add(insert(w, 'a'), insert(w, 'b')),
            insert(w, 'c'),
          )
        const invariant = ({ state, schedule, world: { rows } }: End<World, object>): void => {
          told.push(`${state} ${[...schedule, ...rows].join('; ')}`)
        }
        const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
        await explore(flow, { world, engine, invariant, revertFailures: true, maxSchedules: 200 })
        warn.mockRestore()
        return told
      }
      const once = await all()
      expect(once).toHaveLength(200)
      expect(await all()).toEqual(once)
    },
  )

  test('shows the invariant what the flow came to', async () => {
    const flow = (w: World) =>
      linear('typed').add(
        task('a', { execute: () => void w.rows.add('a') }),
        task('size', { provides: 'size', execute: ({ name }: { name: string }) => name.length }),
      )
    const seen = new Set<string>()
    await explore(flow, {
      world,
      store: { name: 'four' },
      invariant({ state, results, failures, flowDetail }) {
        expectTypeOf(results.size).toEqualTypeOf<number | undefined>()
        seen.add([state, results.name, results.size, Object.keys(failures)].join(' '))
        expect(flowDetail.state).toBe(state)
      },
    })
    expect([...seen].sort()).toEqual(['REVERTED four  a', 'REVERTED four  size', 'SUCCESS four 4 '])
    await explore((w) => linear('inferred').add(insert(w, 'a')), {
      world,
      crashes: 0,
      invariant: (end) => expectTypeOf(end.world).toEqualTypeOf<World>(),
    })
    // @ts-expect-error the flow needs a name
    const lacking = explore(flow, { world })
    expect(await errorOf(lacking)).toMatchObject({ code: 'SCHEDULE_FAILED' })
  })

  test('shows results that a flow keeps though it is reverted in part', async () => {
    const flow = () =>
      linear('outer').add(
        task('kept', { provides: 'kept', execute: () => 'here' }),
        linear('inner', { retry: times(1) }).add(
          task('lost', { provides: 'lost', execute: () => 1 }),
        ),
      )
    const failures: unknown[] = []
    await explore(flow, {
      world,
      crashes: 0,
      failures: ['lost'],
      invariant: ({ state, results }) => void failures.push([state, results]),
    })
    expect(failures.slice(1, 2)).toEqual([['REVERTED', { kept: 'here' }]])
  })

  test('makes a world for each schedule and disposes of it', async () => {
    let open = 0
    let made = 0
    const close = (): void => {
      open -= 1
    }
    const disposable = (how: typeof Symbol.dispose | typeof Symbol.asyncDispose) => () => {
      open += 1
      made += 1
      return { [how]: close }
    }
    const flow = () => linear('f').add(task('a', { execute: () => {} }))
    const one = await explore(flow, { world: disposable(Symbol.dispose) })
    const other = await explore(flow, { world: disposable(Symbol.asyncDispose) })
    expect([open, made]).toEqual([0, one.scheduleCount + other.scheduleCount])
    await explore(flow, { world: () => undefined })
  })

  test('runs over the backend that it is given', async () => {
    const opened: Backend[] = []
    const backend = () => {
      opened.push(sqlite(':memory:'))
      return opened.at(-1) as Backend
    }
    const found = await explore(two, { world, backend, invariant: whole })
    expect(opened).toHaveLength(found.scheduleCount)
    await expect(opened[0]?.listBooks()).rejects.toThrow(StorageError)
  })

  test('passes the behaviour of engines on', async () => {
    const found = await explore(two, { world, commit: 'move', failures: false, invariant: whole })
    expect(found.crashCount).toBeGreaterThan(8)
    const never = await explore(two, { world, neverResolve: true, failures: ['b'], crashes: 0 })
    expect(never.ends).toEqual({ SUCCESS: 1, REVERTED: 0, FAILURE: 2 })
  })
})

describe('a failure', () => {
  test('of a revert breaks the flow, which is run once more', async () => {
    const ends: string[] = []
    await explore(two, {
      world,
      crashes: 0,
      revertFailures: true,
      invariant({ state, schedule, world: { rows } }) {
        if (state === 'FAILURE') ends.push(`${schedule.at(-1)}: ${rows.size}`)
      },
    })
    expect(new Set(ends)).toEqual(
      new Set([
        "fail revert of 'a', before its effect: 1",
        "fail revert of 'a', after its effect: 0",
        "fail revert of 'b', before its effect: 2",
        "fail revert of 'b', before its effect: 1",
        "fail revert of 'b', after its effect: 1",
        "fail revert of 'a', before its effect: 0",
      ]),
    )
  })

  test('happens to the named atoms alone', async () => {
    const steps = new Set<string>()
    const collect = ({ schedule }: End<World, object>) => {
      for (const step of schedule)
        if (step.startsWith('fail')) steps.add(step.replace(' (call 2 of it)', ''))
    }
    await explore(two, { world, failures: ['b'], revertFailures: true, invariant: collect })
    expect([...steps].sort()).toEqual([
      "fail execute of 'b', after its effect",
      "fail execute of 'b', before its effect",
      "fail revert of 'b', after its effect",
      "fail revert of 'b', before its effect",
    ])
    await expect(explore(two, { world, failures: ['c'] })).rejects.toThrow(
      "flow 'two' has no atom 'c' to make fail: it has 'a', 'b'",
    )
  })

  test('may last in the charge of a retry, and makes it give up', async () => {
    const attempts = new Set<string>()
    const patient = retry('patient', {
      execute: ({ history }) => history.length + 1,
      onFailure: ({ history }) => (history.length < 3 ? 'RETRY' : 'REVERT'),
    })
    const flow = (w: World) => linear('f', { retry: patient }).add(insert(w, 'a'))
    const found = await explore(flow, {
      world,
      invariant({ state, schedule, world: { rows } }) {
        equal(rows.size, state === 'SUCCESS' ? 1 : 0)
        attempts.add([...rows].join().split(':')[1] ?? `none, ${schedule.length > 0}`)
      },
    })
    expect([...attempts].sort()).toEqual(['1', '2', 'none, true'])
    expect(found.ends.REVERTED).toBeGreaterThan(10)
  })

  test('is counted when it did not come to pass', async () => {
    let made = 0
    const flow = (w: World) => {
      const atoms = w.log.length === 0 ? [insert(w, 'a'), insert(w, 'b')] : [insert(w, 'a')]
      return linear('f').add(...(atoms as [(typeof atoms)[number]]))
    }
    const another = () => {
      const w = new World()
      if (made > 0) w.log.push('not the first')
      made += 1
      return w
    }
    const found = await explore(flow, { world: another, crashes: 0 })
    expect(found).toMatchObject({ scheduleCount: 5, unreachedCount: 2 })
    expect(found.summary).toContain('2 did not come to all of it')
  })

  test('of the flow’s own is no breach', async () => {
    const flow = (w: World) =>
      linear('f').add(
        insert(w, 'a'),
        task('b', {
          execute() {
            throw new Error('two\nlines')
          },
        }),
      )
    const found = await explore(flow, { world, failures: false, invariant: whole })
    expect(found.ends).toEqual({ SUCCESS: 0, REVERTED: found.scheduleCount, FAILURE: 0 })
  })
})
