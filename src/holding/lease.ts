/**
 * Until when a holder may work: the arithmetic of leases.
 *
 * A lease is stored as a moment, which other machines compare with their clocks. Its holder goes by
 * its own clock in both ways: by the time of day, and by the time that has passed, so that it stops
 * in time whether its clock is set or its process was asleep.
 *
 * @module
 */
import { type FullClock, later } from '../base/clock.ts'

/** How long a lease is, unless options say otherwise, in milliseconds. */
export const LEASE_MS = 30_000

/** Part of a lease after which it is renewed: two renewals may fail before it is over. */
const RENEWALS_PER_LEASE = 3

/** Part of a lease that must be left when an atom is called, since clocks differ a little. */
const MARGINS_PER_LEASE = 20

/** What a write and the work around it may take, in milliseconds. */
const LATE_MS = 250

/** A lease that one holder renews again and again. */
export class Lease {
  /** How long it is each time, in milliseconds. */
  readonly ms: number
  readonly #clock: FullClock
  #until: Date | undefined
  /** When it ends, in the time that the clock has counted. */
  #endsMs = 0

  constructor(ms: number, clock: FullClock) {
    this.ms = ms
    this.#clock = clock
  }

  /** Until when it is, as it is stored; undefined when there is none. */
  get until(): Date | undefined {
    return this.#until
  }

  /** The end of a lease that begins now. */
  next(): Date {
    return later(this.#clock.now(), this.ms)
  }

  /** From now on the lease ends at that moment; undefined: there is none. */
  set(until: Date | undefined): void {
    this.#until = until
    if (until === undefined) return
    this.#endsMs = this.#clock.elapsedMs() + until.getTime() - this.#clock.now().getTime()
  }

  /** How much of it is left, in milliseconds; infinite when there is none. */
  get leftMs(): number {
    if (this.#until === undefined) return Number.POSITIVE_INFINITY
    const byDayMs = this.#until.getTime() - this.#clock.now().getTime()
    return Math.min(byDayMs, this.#endsMs - this.#clock.elapsedMs())
  }

  /** It should be renewed with the next write. */
  get isOld(): boolean {
    return this.#until !== undefined && this.leftMs <= this.ms - this.ms / RENEWALS_PER_LEASE
  }

  /** It is over, or so nearly that nothing may be begun. */
  get isUnsure(): boolean {
    return this.#until !== undefined && this.leftMs <= this.ms / MARGINS_PER_LEASE
  }

  /** It is over. */
  get isOver(): boolean {
    return this.leftMs <= 0
  }

  /** It is over for longer than a write takes: whoever waited for that may have begun. */
  get isLongOver(): boolean {
    return this.leftMs <= -LATE_MS
  }
}
