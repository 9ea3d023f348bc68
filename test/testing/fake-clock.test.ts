import { expect, test } from 'vitest'
import { DurationListener, linear, load, task } from '../../src/index.ts'
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
    new RangeError(`a clock cannot advance by ${ms} ms: write a number from 0 on`),
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
