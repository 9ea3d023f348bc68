/**
 * Where the time comes from, so that a test can hold it still.
 *
 * @module
 */

/** Tells the time. */
export interface Clock {
  /** The present moment. */
  now(): Date
  /** Milliseconds since some fixed moment; never goes back, for measuring durations. */
  elapsedMs(): number
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
}
