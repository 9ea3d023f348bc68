import { describe, expect, test, vi } from 'vitest'
import { sleep } from '../../src/base/clock.ts'
import { DurationListener, linear, load, task, times } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'

test('stands still until it is moved', () => {
  const clock = new FakeClock('2026-03-01T12:00:00Z')
  expect([clock.now().toISOString(), clock.elapsedMs()]).toEqual(['2026-03-01T12:00:00.000Z', 0])
  clock.advance(1_500)
  clock.advance(0)
  expect([clock.now().toISOString(), clock.elapsedMs()]).toEqual([
    '2026-03-01T12:00:01.500Z',
    1_500,
  ])
})

test('can be set, which is no passing of time', () => {
  const clock = new FakeClock()
  expect(clock.now().toISOString()).toBe('2000-01-01T00:00:00.000Z')
  clock.advance(10)
  clock.set(new Date(0))
  expect([clock.now().getTime(), clock.elapsedMs()]).toEqual([0, 10])
  clock.set(5)
  expect(clock.now().getTime()).toBe(5)
})

test('gives out moments that nobody can move it with', () => {
  const clock = new FakeClock(0)
  clock.now().setTime(99)
  expect(clock.now().getTime()).toBe(0)
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('does not advance by %s', (ms) => {
  const clock = new FakeClock(0)
  expect(() => clock.advance(ms)).toThrow(
    new RangeError(`the time that passes must be at least 0 and finite, got ${ms}`),
  )
  expect(clock.now().getTime()).toBe(0)
})

test('refuses what is no moment', () => {
  expect(() => new FakeClock('soon')).toThrow('soon is no moment: write a Date')
  expect(() => new FakeClock().set(Number.NaN)).toThrow(RangeError)
})

test('is a clock for listeners', async () => {
  const clock = new FakeClock()
  const slow = task('slow', { execute: () => clock.advance(2_000) })
  const engine = load(linear('f').add(slow))
  using _durations = new DurationListener(engine, { clock })
  await engine.run()
  expect(engine.storage.flowDetail.find('slow')?.meta).toEqual({ duration: 2 })
})

describe('what waits', () => {
  test('ends in the order in which it is due, each at its moment', () => {
    const clock = new FakeClock(0)
    const rung: string[] = []
    const note = (name: string) => () => {
      rung.push(`${name} at ${clock.now().getTime()}, ${clock.elapsedMs()}`)
    }
    clock.setTimer(30, note('c'))
    clock.setTimer(10, note('a'))
    clock.setTimer(30, note('d'))
    clock.setTimer(20, note('b'))
    clock.setTimer(41, note('e'))
    clock.advance(40)
    expect(rung).toEqual(['a at 10, 10', 'b at 20, 20', 'c at 30, 30', 'd at 30, 30'])
    expect(clock.elapsedMs()).toBe(40)
    expect(clock.timerCount).toBe(1)
  })

  test('does not end when the clock is set', () => {
    const clock = new FakeClock(0)
    const ring = vi.fn()
    clock.setTimer(1_000, ring)
    clock.set('2040-01-01T00:00:00Z')
    clock.advance(999)
    expect(ring).not.toHaveBeenCalled()
    clock.advance(1)
    expect(ring).toHaveBeenCalledOnce()
  })

  test('for nothing goes on at once', async () => {
    const clock = new FakeClock()
    await sleep(clock, 0)
    const ring = vi.fn()
    clock.setTimer(0, ring).cancel()
    await Promise.resolve()
    expect(ring).not.toHaveBeenCalled()
  })

  test('goes on as soon as it is called, also when that moves the clock', () => {
    const clock = new FakeClock()
    const at: number[] = []
    clock.setTimer(10, () => {
      clock.advance(50)
      clock.setTimer(5, () => at.push(clock.elapsedMs()))
    })
    clock.advance(30)
    expect(clock.elapsedMs()).toBe(60)
    clock.advance(5)
    expect(at).toEqual([65])
  })

  test('one after the other ends in one go, each at its moment, when time passes step by step', async () => {
    const clock = new FakeClock(0)
    const at: number[] = []
    const chain = async () => {
      for (const ms of [10, 20, 30]) {
        await sleep(clock, ms)
        at.push(clock.now().getTime())
      }
    }
    void chain()
    await clock.advanceAsync(59)
    expect(at).toEqual([10, 30])
    expect(clock.elapsedMs()).toBe(59)
    await clock.advanceAsync(1)
    expect(at).toEqual([10, 30, 60])
  })

  test('step by step does not go back either', async () => {
    await expect(new FakeClock().advanceAsync(-1)).rejects.toThrow(RangeError)
  })

  test('ends in a flow with back-off of minutes at once', async () => {
    const clock = new FakeClock()
    const at: number[] = []
    const flaky = task('flaky', {
      execute: () => {
        at.push(clock.elapsedMs())
        if (at.length < 4) throw new Error('busy')
      },
    })
    const delay = { initialMs: 60_000, maxMs: 600_000, jitter: false }
    const run = load(linear('f', { retry: times(4, { delay }) }).add(flaky), { clock }).run()
    await clock.advanceAsync(3_600_000)
    await run
    expect(at).toEqual([0, 60_000, 180_000, 420_000])
    expect(clock.timerCount).toBe(0)
  })
})
