/**
 * Waits within a process: they take as long as they should, whatever the clock on the wall shows.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type Clock,
  linear,
  load,
  loadFlowDetail,
  memory,
  Retry,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS

/** Fails until it was called so often, and notes when it is called. */
function flaky(clock: Clock, failures: number, at: number[] = []) {
  return task('flaky', {
    execute() {
      at.push(clock.elapsedMs())
      if (at.length <= failures) throw new Error('busy')
    },
  })
}

const waiting = (delay: number) => times(9, { delay, name: 'r' }) as Retry

/** Resolves once its signal is aborted; never, when it is deaf. */
const hanging = (options: { readonly timeoutMs?: number; readonly isDeaf?: boolean } = {}) =>
  task('hanging', {
    requires: [],
    timeoutMs: options.timeoutMs,
    execute: (_: object, { signal }: TaskContext) =>
      new Promise<void>((resolve) => {
        if (options.isDeaf !== true) signal.addEventListener('abort', () => resolve())
      }),
  })

describe.each([-YEAR_MS, -HOUR_MS, HOUR_MS])('when the clock is set by %d ms', (ms) => {
  const setBy = (clock: FakeClock) => clock.set(clock.now().getTime() + ms)

  test('a delay is as long as it was', async () => {
    const clock = new FakeClock()
    const at: number[] = []
    const flow = linear('f', { retry: waiting(60_000) }).add(flaky(clock, 2, at))
    const run = load(flow, { clock }).run()
    await clock.advanceAsync(30_000)
    setBy(clock)
    await clock.advanceAsync(300_000)
    await run
    expect(at).toEqual([0, 60_000, 120_000])
  })

  test('a run that was suspended in the middle waits for the rest', async () => {
    const clock = new FakeClock()
    const at: number[] = []
    const flow = linear('f', { retry: waiting(60_000) }).add(flaky(clock, 1, at))
    const engine = load(flow, { clock, backend: memory() })
    const first = engine.run()
    await clock.advanceAsync(10_000)
    await engine.suspend()
    await first
    setBy(clock)
    await clock.advanceAsync(20_000)
    const second = engine.run()
    await clock.advanceAsync(300_000)
    await second
    expect(at).toEqual([0, 60_000])
  })

  test('a deadline leaves as much time as it did', async () => {
    const clock = new FakeClock()
    const engine = load(linear('f').add(hanging()), { clock })
    const run = engine.run({ deadlineMs: 60_000 }).catch((error: Error) => error.name)
    await clock.advanceAsync(1_000)
    setBy(clock)
    await clock.advanceAsync(58_999)
    expect(engine.storage.getFlowState()).toBe('RUNNING')
    await clock.advanceAsync(1)
    expect(await run).toBe('TimeoutError')
  })
})

test('another process waits no longer than was decided, though its clock is a year behind', async () => {
  const backend = memory()
  const clock = new FakeClock()
  const at: number[] = []
  const flow = (failures: number) =>
    linear('f', { retry: waiting(60_000) }).add(flaky(clock, failures, at))
  const engine = load(flow(1), { clock, backend })
  void engine.run()
  await clock.advanceAsync(0)
  const behind = new FakeClock(clock.now().getTime() - YEAR_MS)
  const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
  const run = load(flow(0), { clock: behind, backend, flowDetail }).run()
  await behind.advanceAsync(60_000)
  await run
  expect(at).toHaveLength(2)
})

test('another process has no more time than the deadline gave, though its clock is a year behind', async () => {
  const backend = memory()
  const clock = new FakeClock()
  const engine = load(linear('f').add(hanging({ isDeaf: true })), { clock, backend })
  void engine.run({ deadlineMs: 60_000 }).catch(() => {})
  await clock.advanceAsync(0)
  const behind = new FakeClock(clock.now().getTime() - YEAR_MS)
  const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
  const options = { clock: behind, backend, flowDetail }
  const run = load(linear('f').add(hanging()), options).run()
  const ended = run.catch((error: Error) => error.name)
  await behind.advanceAsync(60_000)
  expect(await ended).toBe('TimeoutError')
})

test('many delays that end together are one step, and those that end later wait', async () => {
  const clock = new FakeClock()
  const at: number[][] = [[], [], []]
  const parts = [60_000, 60_000, 90_000].map((delay, i) =>
    linear(`f${i}`, { retry: times(2, { delay }) }).add(
      task(`t${i}`, {
        execute() {
          at[i]?.push(clock.elapsedMs())
          if (at[i]?.length === 1) throw new Error('busy')
        },
      }),
    ),
  )
  const engine = load(unordered('f').add(...parts), { clock, engine: 'parallel' })
  const run = engine.run()
  await clock.advanceAsync(90_000)
  await run
  expect(at).toEqual([
    [0, 60_000],
    [0, 60_000],
    [0, 90_000],
  ])
})

describe('by the clock of the engine', () => {
  test('the time limit of a task ends, and then its grace', async () => {
    const clock = new FakeClock()
    const flow = linear('f').add(hanging({ timeoutMs: 1_000, isDeaf: true }))
    const run = load(flow, { clock, graceMs: 500 })
      .run()
      .catch((error: Error) => error.message)
    await clock.advanceAsync(1_499)
    expect(clock.timerCount).toBe(1)
    await clock.advanceAsync(1)
    expect(await run).toContain("execute of 'hanging' did not stop within 500 ms")
    expect(clock.timerCount).toBe(0)
  })

  test('progress that no checkpoint takes along is written', async () => {
    const clock = new FakeClock()
    const backend = memory()
    const telling = task('telling', {
      requires: [],
      async execute(_: object, { progress, signal }: TaskContext) {
        progress(0.5)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      },
    })
    const engine = load(linear('f').add(telling), { clock, backend })
    const run = engine.run().catch(() => {})
    const stored = async () =>
      (await loadFlowDetail(backend, engine.storage.flowUuid)).find('telling')?.progress
    await clock.advanceAsync(199)
    expect(await stored()).toBe(0)
    await clock.advanceAsync(1)
    expect(await stored()).toBe(0.5)
    await engine.cancel()
    await run
  })

  test('a lease is renewed, also when the clock was set back', async () => {
    const clock = new FakeClock()
    const backend = memory()
    Object.assign(backend, { supports: { ...backend.supports, processes: true } })
    const engine = load(linear('f').add(hanging()), { clock, backend, leaseMs: 30_000 })
    const run = engine.run().catch(() => {})
    const leaseMs = async () => {
      const { leaseUntil } = await loadFlowDetail(backend, engine.storage.flowUuid)
      return (leaseUntil?.getTime() ?? 0) - clock.now().getTime()
    }
    await clock.advanceAsync(9_999)
    expect(await leaseMs()).toBe(20_001)
    clock.set(clock.now().getTime() - HOUR_MS)
    await clock.advanceAsync(1)
    expect(await leaseMs()).toBe(30_000)
    await engine.cancel()
    await run
  })
})

test.each([Number.POSITIVE_INFINITY, 1e300, Number.MAX_SAFE_INTEGER, 2 ** 31])(
  'a delay of %d ms can be cancelled, and is stored as a moment',
  async (delay) => {
    const backend = memory()
    const clock = new FakeClock('2026-01-01T00:00:00Z')
    const engine = load(linear('f', { retry: waiting(delay) }).add(flaky(clock, 1)), {
      clock,
      backend,
    })
    const run = engine.run().catch((error: { code: string }) => error.code)
    await clock.advanceAsync(1_000)
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    const { retryAt } = stored.find('r') as { retryAt?: Date }
    expect(retryAt?.toISOString()).toMatch(/^(9999-12-31|2026-01-25)/)
    await engine.cancel()
    expect(await run).toBe('CANCELLED')
    expect(clock.timerCount).toBe(0)
  },
)

describe('a delay that is no length of time', () => {
  const wrong: readonly unknown[] = [-1, Number.NaN, '5', undefined, null, Promise.resolve(5), {}]

  test.each(wrong)('stops the flow, with the retry named: %o', async (gives) => {
    const delay = (() => gives) as never
    const flow = linear('f', { retry: times(3, { delay, name: 'r' }) }).add(
      flaky(new FakeClock(), 1),
    )
    const engine = load(flow)
    const error = await engine.run().catch((thrown: Error) => thrown)
    expect(String(error)).toMatch(/what the delay of 'r' gives must be a/)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('may also be thrown, and the next run asks again', async () => {
    let asked = 0
    const delay = () => {
      asked += 1
      if (asked === 1) throw new Error('no idea')
      return 0
    }
    const at: number[] = []
    const flow = linear('f', { retry: times(3, { delay }) }).add(flaky(new FakeClock(), 1, at))
    const engine = load(flow)
    await expect(engine.run()).rejects.toThrow('no idea')
    await engine.run()
    expect([engine.storage.getFlowState(), at.length]).toEqual(['SUCCESS', 2])
  })

  test.each([Number.NaN, -1, '5'])('is none of a class either: %o', async (gives) => {
    class Odd extends Retry {
      override execute() {
        return 1
      }
      override onFailure() {
        return 'RETRY' as const
      }
      override delayMs() {
        return gives as number
      }
    }
    const engine = load(linear('f', { retry: new Odd('odd') }).add(flaky(new FakeClock(), 1)))
    await expect(engine.run()).rejects.toThrow(/^delayMs\(\) of 'odd' must be a/)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test.each([Number.NaN, -1, '5', Number.POSITIVE_INFINITY, null, {}])(
    'is not heeded when the other side asks for it: %o',
    async (retryAfterMs) => {
      let calls = 0
      const asking = task('asking', {
        execute() {
          calls += 1
          if (calls === 1) throw Object.assign(new Error('busy'), { retryAfterMs })
        },
      })
      await load(linear('f', { retry: times(2) }).add(asking)).run()
      expect(calls).toBe(2)
    },
  )

  test('is not heeded when it cannot even be read', async () => {
    let calls = 0
    const hostile = () =>
      Object.defineProperty(new Error('busy'), 'retryAfterMs', {
        get() {
          throw new Error('ha')
        },
      })
    const asking = task('asking', {
      execute() {
        calls += 1
        if (calls === 1) throw hostile()
      },
    })
    await load(linear('f', { retry: times(2) }).add(asking)).run()
    expect(calls).toBe(2)
  })

  test('does not come from growing without an end', async () => {
    const clock = new FakeClock()
    for (const initialMs of [0, 1e300, Number.POSITIVE_INFINITY]) {
      const delay = { initialMs, factor: 1e300, maxMs: 1_000, jitter: false }
      const at: number[] = []
      const run = load(linear('f', { retry: times(9, { delay }) }).add(flaky(clock, 5, at)), {
        clock,
      }).run()
      await clock.advanceAsync(10_000)
      await run
      expect(at).toHaveLength(6)
    }
  })
})

test('a clock that only tells the time is enough', async () => {
  const clock = { now: () => new Date() } as Clock
  let calls = 0
  const busy = task('busy', {
    execute() {
      calls += 1
      if (calls < 3) throw new Error('busy')
    },
  })
  const engine = load(linear('f', { retry: times(5, { delay: 2 }) }).add(busy), {
    clock,
    backend: memory(),
  })
  await engine.run({ deadlineMs: 60_000 })
  expect(calls).toBe(3)
})

test('no timer is set for so long that Node would ring it at once', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  for (const ms of [2 ** 31, 2 ** 40, 1e300, Number.POSITIVE_INFINITY]) {
    const slow = task('slow', {
      timeoutMs: ms,
      revertTimeoutMs: ms,
      execute: () => new Promise<void>((resolve) => setImmediate(resolve)),
    })
    const backend = memory()
    Object.assign(backend, { supports: { ...backend.supports, processes: true } })
    const options = { backend, graceMs: ms, leaseMs: ms, progressDelayMs: ms }
    await load(linear('f').add(slow), options).run({ deadlineMs: ms })
  }
  await new Promise(setImmediate)
  process.off('warning', note)
  expect(warnings).toEqual([])
})
