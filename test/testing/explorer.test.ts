import { equal } from 'node:assert/strict'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  linear,
  memory,
  retry,
  StorageError,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { type End, explore, type Simulation } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'

class World {
  readonly rows = new Set<string>()
  readonly log: string[] = []
}

/** Idempotent in both directions, as tasks should be. */
function insert(world: World, name: string) {
  return task(name, {
    requires: [],
    provides: name,
    execute(_: object, { executeKey }: TaskContext) {
      world.rows.add(executeKey)
      return executeKey
    },
    revert(_inputs: object, { executeKey }: TaskContext) {
      world.rows.delete(executeKey)
    },
  })
}

const two = (world: World) => linear('two').add(insert(world, 'a'), insert(world, 'b'))

const whole = ({ state, world }: End<World, object>) => {
  if (state === 'SUCCESS') equal(world.rows.size, 2)
  if (state === 'REVERTED') equal(world.rows.size, 0)
}

const world = () => new World()

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

describe('a crash', () => {
  test('is followed by nothing of the dead process', async () => {
    const flow = (w: World) => {
      const id = w.log.push('made')
      const slow = (name: string, delayMs: number) =>
        task(name, {
          async execute() {
            w.log.push(`${id} ${name} begins`)
            await new Promise((go) => setTimeout(go, delayMs))
            w.log.push(`${id} ${name} ends`)
          },
        })
      return unordered('u').add(slow('a', 0), slow('b', 4), slow('c', 2))
    }
    const { crashCount } = await explore(flow, {
      world,
      engine: 'parallel',
      failures: false,
      invariant({ world: { log } }) {
        const living: number[] = []
        for (const line of log) if (line !== 'made') living.push(Number.parseInt(line, 10))
        expect(living).toEqual(living.toSorted((a, b) => a - b)) // one process after the other
      },
    })
    expect(crashCount).toBeGreaterThan(5)
  })

  test('before one atom is one before those that would start after it', async () => {
    const begun: string[] = []
    const flow = () => {
      const note = (name: string) => task(name, { execute: () => void begun.push(name) })
      return unordered('u').add(note('a'), note('b'), note('c'))
    }
    const dying = { schedule: ["crash before execute of 'b'"], engine: 'parallel' } as const
    await explore(flow, { world, ...dying })
    expect(begun).toEqual(['a', 'a', 'b', 'c'])
  })

  test('may come where the user has marked a place, however often', async () => {
    const flow = (w: World, { crashPoint }: Simulation) =>
      linear('f').add(
        task('pieces', {
          async execute() {
            w.rows.clear()
            for (const piece of ['x', 'y']) {
              w.rows.add(piece)
              await crashPoint('a piece')
            }
          },
        }),
      )
    const steps: string[] = []
    const invariant = ({ schedule, world: { rows } }: End<World, object>) => {
      steps.push(...schedule)
      equal(rows.size, 2)
    }
    await explore(flow, { world, failures: false, invariant })
    expect(steps).toContain("crash inside execute of 'pieces', at 'a piece'")
    expect(steps).toContain("crash inside execute of 'pieces', at 'a piece (2)'")
    expect(steps).toHaveLength(7)
  })

  test('at a marked place ends the other atoms at theirs', async () => {
    const flow = (w: World, { crashPoint }: Simulation) => {
      const marked = (name: string) =>
        task(name, {
          async execute() {
            await new Promise((go) => setTimeout(go, 1))
            await crashPoint(name)
            w.log.push(name)
          },
        })
      return unordered('u').add(marked('a'), marked('b'))
    }
    await explore(flow, {
      world,
      engine: 'parallel',
      failures: false,
      invariant({ schedule, world: { log } }) {
        if (schedule[0]?.includes("at 'a'")) expect(log).toEqual(['a', 'b'])
      },
    })
  })

  test('cannot be marked outside an atom', async () => {
    const flow = (_: World, { crashPoint }: Simulation) => {
      void crashPoint('early').catch((error: Error) => expect(error.message).toContain('outside'))
      return linear('f').add(task('a', { execute: () => {} }))
    }
    await explore(flow, { world, crashes: 0, failures: false })
    expect.assertions(2)
  })
})

describe('the laws', () => {
  /** Loses a write without a word. */
  const losing = (isLost: (checkpoint: Checkpoint) => boolean) => () => {
    const backend = memory()
    const { save } = backend
    backend.save = async (checkpoint) => {
      if (!isLost(checkpoint)) await save.call(backend, checkpoint)
    }
    return backend
  }

  test('show a backend that forgets what was done', async () => {
    const error = await errorOf(
      explore(two, {
        world,
        backend: losing(({ atoms }) => atoms.some(({ state }) => state === 'SUCCESS')),
      }),
    )
    expect(error).toMatchObject({ law: 'the end fits the records', schedule: [] })
    const forgetful = losing(({ atoms }) =>
      atoms.some(({ name, state }) => name === 'a' && state === 'SUCCESS'),
    )
    const again = await errorOf(
      explore(two, { world, backend: forgetful, schedule: ["crash before execute of 'b'"] }),
    )
    expect(again).toMatchObject({
      law: 'what is stored as done is not done again',
      message: expect.stringContaining("execute of 'a' (call 2 of it) was called all the same"),
    })
  })

  test('show a backend that forgets how the flow ended', async () => {
    const error = await errorOf(
      explore(two, { world, backend: losing(({ flow }) => flow?.state === 'SUCCESS') }),
    )
    expect(error).toMatchObject({
      law: 'the end fits the records',
      message: expect.stringContaining('the flow is RUNNING, and not SUCCESS'),
    })
  })

  test('show a backend that breaks down', async () => {
    const broken = () => {
      const backend = memory()
      backend.save = () => Promise.reject(new StorageError('the disk is full'))
      return backend
    }
    const error = await errorOf(explore(two, { world, backend: broken }))
    expect(error).toMatchObject({ law: 'the flow ends', cause: { message: 'the disk is full' } })
  })
})

describe('the bounds', () => {
  test('say when there is more than was run', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const found = await explore(two, { world, maxSchedules: 10 })
    expect(found.scheduleCount).toBe(10)
    expect(found.skippedCount).toBeGreaterThan(0)
    expect(found.summary).toMatch(/cut short: at least \d+ more were not run$/)
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining(found.summary), 'TaskflowExplorerWarning'],
    ])
    warn.mockClear()
    await explore(two, { world, crashes: 0 })
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  test.each([
    { options: { crashes: -1 }, says: 'crashes must be a whole number of at least 0, got -1' },
    { options: { crashes: 0.5 }, says: 'crashes must be a whole number of at least 0, got 0.5' },
    {
      options: { maxSchedules: 0 },
      says: 'maxSchedules must be a whole number of at least 1, got 0',
    },
    {
      options: { maxCalls: Number.NaN },
      says: 'maxCalls must be a whole number of at least 1, got NaN',
    },
    { options: { timeoutMs: 0 }, says: 'timeoutMs must be above 0, got 0' },
    { options: { engine: 'serial', maxWorkers: 2 } as const, says: 'a serial engine has no' },
  ])('refuse $options', async ({ options, says }) => {
    await expect(explore(two, { world, ...options })).rejects.toThrow(says)
  })

  test('a flow that is another one each time does not fit its records', async () => {
    let made = 0
    const flow = (w: World) => {
      made += 1
      return linear('f').add(insert(w, `a${made}`))
    }
    const error = await errorOf(explore(flow, { world }))
    expect(error).toMatchObject({
      law: 'the end fits the records',
      cause: { code: 'FLOW_MISMATCH' },
    })
  })

  test('a task alone is a flow, too', async () => {
    const found = await explore((w: World) => insert(w, 'alone'), { world, crashes: 2 })
    expect(found.ends.REVERTED).toBeGreaterThan(0)
  })

  test('a flow that cannot be made is an error of its own', async () => {
    const wrong = () =>
      linear('f').add(task('a', { execute: () => {} }), task('a', { execute: () => {} }))
    await expect(explore(wrong, { world })).rejects.toMatchObject({ code: 'DUPLICATE' })
  })
})
