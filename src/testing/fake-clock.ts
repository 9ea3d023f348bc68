/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from '../base/clock.ts'

/** The moment at which a fake clock starts, unless told otherwise. */
const START = '2000-01-01T00:00:00.000Z'

/**
 * Tells a time that only {@link FakeClock.advance} and {@link FakeClock.set} change. For whatever
 * takes a {@link Clock}: listeners, backends, the code of the user.
 *
 * @example
 * const clock = new FakeClock('2026-03-01T12:00:00Z')
 * using _times = new EventTimeListener(engine, { clock })
 * clock.advance(1_500)
 */
export class FakeClock implements Clock {
  #nowMs: number
  #elapsedMs = 0

  /**
   * @param start the present moment, 2000-01-01 in UTC when left out
   * @throws RangeError when it is no moment.
   */
  constructor(start: Date | string | number = START) {
    this.#nowMs = readMoment(start)
  }

  now(): Date {
    return new Date(this.#nowMs)
  }

  /** Milliseconds for which the clock was advanced. */
  elapsedMs(): number {
    return this.#elapsedMs
  }

  /**
   * Lets time pass.
   *
   * @throws RangeError when the milliseconds are negative or no finite number: time never goes back.
   */
  advance(ms: number): void {
    if (!(Number.isFinite(ms) && ms >= 0)) {
      throw new RangeError(`a clock cannot advance by ${String(ms)} ms: write a number from 0 on`)
    }
    this.#nowMs += ms
    this.#elapsedMs += ms
  }

  /**
   * Sets the present moment, forwards or backwards, as somebody does who sets the clock of a
   * machine: {@link FakeClock.elapsedMs} stays as it is.
   *
   * @throws RangeError when it is no moment.
   */
  set(now: Date | string | number): void {
    this.#nowMs = readMoment(now)
  }
}

function readMoment(moment: Date | string | number): number {
  const ms = new Date(moment).getTime()
  if (Number.isNaN(ms)) {
    throw new RangeError(
      `${String(moment)} is no moment: write a Date, milliseconds since 1970, or '2026-03-01T12:00:00Z'`,
    )
  }
  return ms
}
