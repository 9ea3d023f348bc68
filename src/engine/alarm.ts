/**
 * Does something at a moment, however far it is; timers of Node reach 24 days.
 *
 * @module
 */
import type { Clock } from '../base/clock.ts'

/** A timer that is set for longer goes off at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1

/** One moment at a time. Keeps the process alive until then. */
export class Alarm {
  readonly #clock: Clock
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `ring` at that moment, or soon when it is over; what was set before is forgotten. */
  set(at: Date, ring: () => void): void {
    clearTimeout(this.#timer)
    const leftMs = Math.ceil(at.getTime() - this.#clock.now().getTime())
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        if (this.#clock.now() < at) this.set(at, ring)
        else ring()
      },
      Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS),
    )
  }

  /** Forgets what was set. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
