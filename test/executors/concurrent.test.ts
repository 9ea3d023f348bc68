import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { concurrent, load, task, unordered } from '../../src/index.ts'
import { callOf } from './context.ts'

/** Tasks that wait until they are let go, with a count of those under way. */
function gate() {
  const waiting: (() => void)[] = []
  const seen = { now: 0, most: 0 }
  const wait = async (): Promise<void> => {
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    await new Promise<void>((resolve) => waiting.push(resolve))
    seen.now -= 1
  }
  /** Lets go of one after the other until nobody waits any more. */
  const openUntil = async (done: Promise<unknown>): Promise<void> => {
    let isDone = false
    const noteDone = done.finally(() => {
      isDone = true
    })
    while (!isDone) {
      await setImmediate()
      waiting.shift()?.()
    }
    await noteDone
  }
  return { seen, wait, waiting, openUntil }
}

describe('maxWorkers', () => {
  test.each([0, -1, 1.5, Number.NaN, '4', null, -Infinity])('is not %s', (maxWorkers) => {
    const options = { maxWorkers: maxWorkers as number }
    const Problem = typeof maxWorkers === 'number' ? RangeError : TypeError
    expect(() => concurrent(options)).toThrow(Problem)
    expect(() => concurrent(options)).toThrow(String(maxWorkers))
    const flow = unordered('f')
    expect(() => load(flow, { engine: 'parallel', ...options })).toThrow(Problem)
  })

  test.each([1, 7, Number.POSITIVE_INFINITY])('may be %s', (maxWorkers) => {
    expect(concurrent({ maxWorkers }).capacity).toBe(maxWorkers)
  })

  test('is four times the number of processors when it is left out', () => {
    expect(concurrent().capacity).toBe(4 * availableParallelism())
    expect(concurrent({}).capacity).toBe(4 * availableParallelism())
  })
})

describe('a concurrent executor', () => {
  test('gives what is not async as it is, and has room again at once', () => {
    const executor = concurrent({ maxWorkers: 1 })
    const bad = task('bad', {
      execute() {
        throw new Error('no')
      },
    })
    expect(executor.call(callOf(task('a', { execute: () => 1 })))).toBe(1)
    expect(() => executor.call(callOf(bad))).toThrow('no')
    expect(executor.call(callOf(task('b', { execute: () => 2 })))).toBe(2)
  })

  test('makes calls wait for their turn, in order', async () => {
    const executor = concurrent({ maxWorkers: 2 })
    const { wait, waiting, seen } = gate()
    const started: string[] = []
    const make = (name: string) =>
      callOf(
        task(name, {
          async execute() {
            started.push(name)
            await wait()
            return name
          },
        }),
      )
    const calls = ['a', 'b', 'c', 'd'].map((name) => executor.call(make(name)))
    await setImmediate()
    expect(started).toEqual(['a', 'b'])
    waiting[1]?.()
    await setImmediate()
    expect(started).toEqual(['a', 'b', 'c'])
    waiting[0]?.()
    await setImmediate()
    expect(started).toEqual(['a', 'b', 'c', 'd'])
    for (const go of waiting) go()
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c', 'd'])
    expect(seen.most).toBe(2)
  })

  test('keeps its room for others when calls fail, at once or later', async () => {
    const executor = concurrent({ maxWorkers: 1 })
    const late = task('late', {
      async execute() {
        await setImmediate()
        throw new Error('late')
      },
    })
    const soon = task('soon', {
      execute() {
        throw new Error('soon')
      },
    })
    const good = task('good', { execute: () => 'good' })
    const calls = [late, soon, late, good].map((one) => executor.call(callOf(one)))
    const outcomes = await Promise.allSettled(calls)
    const told = outcomes.map((one) =>
      one.status === 'fulfilled' ? one.value : one.reason.message,
    )
    expect(told).toEqual(['late', 'soon', 'late', 'good'])
    expect(executor.call(callOf(good))).toBe('good')
  })

  test('takes thenables of any library for promises', async () => {
    const executor = concurrent({ maxWorkers: 1 })
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library has it
    const thenable = { then: (resolve: (value: string) => void) => resolve('then') }
    const odd = task('odd', { execute: (): unknown => thenable })
    expect(await executor.call(callOf(odd))).toBe('then')
    expect(executor.call(callOf(task('a', { execute: () => 1 })))).toBe(1)
  })

  test('shared by engines, runs no more calls of all of them than it has room for', async () => {
    const executor = concurrent({ maxWorkers: 3 })
    const { seen, wait, openUntil } = gate()
    const flows = ['f', 'g'].map((name) =>
      unordered(name).add(
        ...Array.from({ length: 10 }, (_, i) => task(`${name}${i}`, { execute: wait })),
      ),
    )
    const loaded = flows.map((flow) => load(flow, { engine: 'parallel', executor }))
    await openUntil(Promise.all(loaded.map((engine) => engine.run())))
    expect(seen.most).toBe(3)
    expect(loaded.map((engine) => engine.storage.getFlowState())).toEqual(['SUCCESS', 'SUCCESS'])
  })

  test('without a limit runs everything that is ready at once', async () => {
    const { seen, wait, openUntil } = gate()
    const flow = unordered('f').add(
      ...Array.from({ length: 50 }, (_, i) => task(`t${i}`, { execute: wait })),
    )
    const maxWorkers = Number.POSITIVE_INFINITY
    await openUntil(load(flow, { engine: 'parallel', maxWorkers }).run())
    expect(seen.most).toBe(50)
  })
})
