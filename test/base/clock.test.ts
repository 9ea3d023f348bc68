/**
 * The clock of the machine, and what is waited by.
 *
 * @module
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { every, fullClock, later, SYSTEM_CLOCK, sleep } from '../../src/base/clock.ts'
import { FakeClock } from '../../src/testing/index.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('now is the present moment, a new date each time', () => {
  vi.useFakeTimers({ now: new Date('2026-01-31T12:00:00.000Z'), toFake: ['Date'] })
  const first = SYSTEM_CLOCK.now()
  vi.setSystemTime(new Date('2026-01-31T12:00:01.000Z'))
  expect(first).toEqual(new Date('2026-01-31T12:00:00.000Z'))
  expect(SYSTEM_CLOCK.now()).toEqual(new Date('2026-01-31T12:00:01.000Z'))
})

test('elapsed time goes on when somebody sets the clock back', () => {
  vi.useFakeTimers({ now: new Date('2026-01-31T12:00:00.000Z'), toFake: ['Date'] })
  const before = SYSTEM_CLOCK.elapsedMs()
  vi.setSystemTime(new Date('2001-01-01T00:00:00.000Z'))
  expect(SYSTEM_CLOCK.elapsedMs()).toBeGreaterThanOrEqual(before)
})

describe('a timer of the machine', () => {
  const DAY_MS = 86_400_000

  test.each([2 ** 31 - 1, 2 ** 31, 60 * DAY_MS])('rings after %d ms, and not before', (ms) => {
    vi.useFakeTimers()
    const ring = vi.fn()
    SYSTEM_CLOCK.setTimer(ms, ring)
    vi.advanceTimersByTime(ms - 1)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    vi.advanceTimersByTime(100 * DAY_MS)
    expect(ring).toHaveBeenCalledOnce()
  })

  test.each([Number.POSITIVE_INFINITY, 1e300])('set for %d ms does not ring at once', (ms) => {
    vi.useFakeTimers()
    const ring = vi.fn()
    const timer = SYSTEM_CLOCK.setTimer(ms, ring)
    vi.advanceTimersByTime(30 * DAY_MS)
    timer.cancel()
    expect(ring).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([0, -5, Number.NaN])('set for %d ms rings in the next turn', async (ms) => {
    await new Promise<void>((resolve) => SYSTEM_CLOCK.setTimer(ms, resolve))
  })

  test('rings though somebody sets the clock back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const ended = sleep(SYSTEM_CLOCK, 20)
    vi.setSystemTime(new Date('2001-01-01T00:00:00.000Z'))
    await ended
  })

  test('never rings a part of a millisecond too early', async () => {
    for (const ms of [1, 2.5, 3.9, 5]) {
      const start = performance.now()
      await sleep(SYSTEM_CLOCK, ms)
      expect(performance.now() - start).toBeGreaterThanOrEqual(ms)
    }
  })

  test('rings in time where only setTimeout was replaced', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const ring = vi.fn()
    SYSTEM_CLOCK.setTimer(1_000, ring)
    vi.advanceTimersByTime(1_000)
    expect(ring).toHaveBeenCalledOnce()
  })

  test('does not ring once it is cancelled, in whichever part of the wait', () => {
    vi.useFakeTimers()
    const ring = vi.fn()
    const timer = SYSTEM_CLOCK.setTimer(60 * DAY_MS, ring)
    vi.advanceTimersByTime(40 * DAY_MS)
    timer.cancel()
    vi.advanceTimersByTime(40 * DAY_MS)
    expect(ring).not.toHaveBeenCalled()
  })

  test('keeps the process alive unless it is told not to', () => {
    const count = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
    const before = count()
    const timers = [
      SYSTEM_CLOCK.setTimer(60_000, () => {}),
      SYSTEM_CLOCK.setTimer(60_000, () => {}, { keepsAlive: false }),
    ]
    const after = count()
    for (const timer of timers) timer.cancel()
    expect(after - before).toBe(1)
  })
})

describe('a clock of a user', () => {
  test('that only tells the time waits by the time of the machine', async () => {
    const moment = new Date(0)
    const clock = fullClock({ now: () => moment } as never)
    const before = clock.elapsedMs()
    await sleep(clock, 5)
    expect(clock.now()).toBe(moment)
    expect(clock.elapsedMs() - before).toBeGreaterThanOrEqual(5)
  })

  test('is asked for what it can, as a method', async () => {
    class Mine {
      readonly ms = 7
      now(): Date {
        return new Date(this.ms)
      }
      elapsedMs(): number {
        return this.ms
      }
    }
    const clock = fullClock(new Mine())
    await sleep(clock, 1)
    expect([clock.now().getTime(), clock.elapsedMs()]).toEqual([7, 7])
  })

  test('that has everything is taken as it is', () => {
    const clock = new FakeClock()
    expect(fullClock(clock)).toBe(clock)
    expect(fullClock()).toBe(SYSTEM_CLOCK)
  })

  test('that has timers and no elapsed time sets its own timers', () => {
    const set: number[] = []
    const setTimer = (ms: number) => {
      set.push(ms)
      return { cancel() {} }
    }
    fullClock({ now: () => new Date(), setTimer } as never).setTimer(9, () => {})
    expect(set).toEqual([9])
  })
})

describe('sleep', () => {
  test('rejects with the reason of its signal, and leaves no timer', async () => {
    const clock = new FakeClock()
    const stop = new AbortController()
    const sleeping = sleep(clock, 1_000, { signal: stop.signal })
    expect(clock.timerCount).toBe(1)
    stop.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    expect(clock.timerCount).toBe(0)
    await expect(sleep(clock, 1_000, { signal: stop.signal })).rejects.toThrow('enough')
  })

  test('listens to its signal no longer than it takes', async () => {
    const clock = new FakeClock()
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const sleeping = sleep(clock, 1_000, { signal })
    clock.advance(1_000)
    await sleeping
    expect(removed).toHaveBeenCalledOnce()
  })
})

test('every rings again and again, until it is cancelled, also by what it calls', () => {
  const clock = new FakeClock()
  const at: number[] = []
  const timer = every(clock, 100, () => {
    at.push(clock.elapsedMs())
    if (at.length === 3) timer.cancel()
  })
  clock.advance(1_000)
  expect(at).toEqual([100, 200, 300])
  expect(clock.timerCount).toBe(0)
})

test.each([Number.POSITIVE_INFINITY, 1e300, Number.MAX_SAFE_INTEGER])(
  'no moment is later than the year 9999, as %d ms from now',
  (ms) => {
    expect(later(new Date(), ms).toISOString()).toBe('9999-12-31T23:59:59.999Z')
  },
)

test('later is so many milliseconds after a moment', () => {
  expect(later(new Date(5), 7)).toEqual(new Date(12))
})
