/**
 * What the explorer makes of crashes, which laws it holds, and within which bounds.
 *
 * @module
 */
import { equal } from 'node:assert/strict'
import { describe, expect, test, vi } from 'vitest'
import { type Checkpoint, linear, memory, StorageError, task, unordered } from '../../src/index.ts'
import { type End, explore, type Simulation } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'
import { insert, two, type World, world } from './two-inserts.ts'

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
