/**
 * Where the time comes from, and what is waited by, so that a test can hold both still.
 *
 * All waiting of the package goes through a clock. Timers are not set here alone for the sake of
 * tests: those of Node ring at once when they are set for more than 24 days, and a wait that is
 * measured by the time of day ends too early or too late when somebody sets the clock of the machine.
 *
 * @module
 */

/** A timer that was set. */
export interface Timer {
  /** It does not ring any more. */
  cancel(): void
}

/** How a timer is set. */
export interface TimerOptions {
  /**
   * The process goes on until it rings.
   *
   * @defaultValue `true`
   */
  readonly keepsAlive?: boolean | undefined
}

/** Tells the time, and rings when some of it has passed. */
export interface Clock {
  /** The present moment: what a calendar shows, which somebody may set back or forward. */
  now(): Date
  /** Milliseconds since some fixed moment; never goes back, for measuring durations. */
  elapsedMs(): number
  /**
   * Calls `ring` once, after so many milliseconds of {@link Clock.elapsedMs}; `Infinity` never
   * rings. A clock without it waits by the time of the machine.
   */
  setTimer?(ms: number, ring: () => void, options?: TimerOptions): Timer
}

/** A clock that can all of it. */
export interface FullClock extends Clock {
  setTimer(ms: number, ring: () => void, options?: TimerOptions): Timer
}

/** A timer of Node that is set for longer rings at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Timers of Node may ring so much too early, since they count whole milliseconds. */
const EARLY_MS = 2

/** No moment is later: databases keep years of four digits. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** A timer of the machine, however long. */
class SystemTimer implements Timer {
  readonly #ring: () => void
  readonly #keepsAlive: boolean
  readonly #dueMs: number
  #timeout: NodeJS.Timeout | undefined

  constructor(ms: number, ring: () => void, keepsAlive: boolean) {
    this.#ring = ring
    this.#keepsAlive = keepsAlive
    this.#dueMs = performance.now() + ms
    this.#wait(ms)
  }

  cancel(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
  }

  #wait(ms: number): void {
    const partMs = Math.min(Math.ceil(ms), LONGEST_TIMEOUT_MS)
    this.#timeout = setTimeout(() => this.#waited(ms - partMs), partMs)
    if (!this.#keepsAlive) this.#timeout.unref()
  }

  #waited(restMs: number): void {
    // Only what Node rings too early is waited once more: whoever has replaced setTimeout for a test
    // may have left the time as it is.
    const earlyMs = this.#dueMs - performance.now()
    if (restMs > 0 || (earlyMs > 0 && earlyMs < EARLY_MS)) {
      this.#wait(restMs > 0 ? restMs : earlyMs)
      return
    }
    this.#timeout = undefined
    this.#ring()
  }
}

const NEVER: Timer = { cancel() {} }

/** The clock of the machine. */
export const SYSTEM_CLOCK: FullClock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  setTimer(ms, ring, { keepsAlive = true } = {}) {
    if (ms === Number.POSITIVE_INFINITY) return NEVER
    return new SystemTimer(ms > 0 ? ms : 0, ring, keepsAlive)
  },
}

/** A clock of a user, with what it lacks taken from that of the machine. */
export function fullClock(clock: Clock = SYSTEM_CLOCK): FullClock {
  const { elapsedMs, setTimer } = clock as Partial<Clock>
  if (elapsedMs !== undefined && setTimer !== undefined) return clock as FullClock
  return {
    now: () => clock.now(),
    elapsedMs: () => elapsedMs?.call(clock) ?? SYSTEM_CLOCK.elapsedMs(),
    setTimer: (ms, ring, options) =>
      setTimer?.call(clock, ms, ring, options) ?? SYSTEM_CLOCK.setTimer(ms, ring, options),
  }
}

/** Calls `ring` again and again, so many milliseconds apart. */
export function every(
  clock: FullClock,
  ms: number,
  ring: () => void,
  options?: TimerOptions,
): Timer {
  const ringAndGoOn = (): void => {
    timer = clock.setTimer(ms, ringAndGoOn, options)
    ring()
  }
  let timer = clock.setTimer(ms, ringAndGoOn, options)
  return { cancel: () => timer.cancel() }
}

/**
 * Resolves after so many milliseconds.
 *
 * @throws the reason of the signal, as soon as it is aborted.
 */
export function sleep(
  clock: FullClock,
  ms: number,
  { signal, ...options }: TimerOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const stop = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.setTimer(
      ms,
      () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      },
      options,
    )
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** So many milliseconds after a moment, and at the latest when the year 9999 ends. */
export function later(moment: Date, ms: number): Date {
  return new Date(Math.min(moment.getTime() + ms, LATEST_MS))
}
