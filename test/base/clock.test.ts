/**
 * The clock of the machine.
 *
 * @module
 */
import { afterEach, expect, test, vi } from 'vitest'
import { SYSTEM_CLOCK } from '../../src/base/clock.ts'

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
