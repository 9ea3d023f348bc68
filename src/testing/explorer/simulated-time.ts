/**
 * The time in which a schedule is run: as that of the machine, but what is only waited for is over
 * at once.
 *
 * A wait is skipped when nothing is under way beside it: no call of an atom, no write. So the time
 * limit of an atom that hangs is waited for as it is.
 *
 * @module
 */
import { type FullClock, later, SYSTEM_CLOCK, type Timer } from '../../base/clock.ts'

/** How many turns of the event loop it must have been quiet before a wait is skipped. */
const QUIET_TURNS = 3

/** A timer that was set and has not rung. */
interface Waiting {
  readonly dueMs: number
  readonly ring: () => void
  readonly timer: Timer
}

/** What the processes of one schedule have of time together. */
export interface SharedTime {
  /** Tells the present moment, but for what was skipped. */
  readonly clock: FullClock
  /** What was skipped, in milliseconds. */
  skippedMs: number
}

/** The clock of one simulated process. */
export class SimulatedClock implements FullClock {
  readonly #time: SharedTime
  readonly #waiting = new Set<Waiting>()
  /** How much is under way. */
  #busyCount = 0
  /** Raised whenever something begins. */
  #beginCount = 0
  #isLooking = false
  #isStopped = false

  constructor(time: SharedTime) {
    this.#time = time
  }

  now(): Date {
    return later(this.#time.clock.now(), this.#time.skippedMs)
  }

  elapsedMs(): number {
    return SYSTEM_CLOCK.elapsedMs() + this.#time.skippedMs
  }

  setTimer(ms: number, ring: () => void): Timer {
    if (ms === Number.POSITIVE_INFINITY || this.#isStopped) return { cancel() {} }
    const waiting: Waiting = {
      dueMs: this.elapsedMs() + ms,
      ring,
      timer: SYSTEM_CLOCK.setTimer(ms, () => this.#ring(waiting)),
    }
    this.#waiting.add(waiting)
    this.#look()
    return { cancel: () => this.#remove(waiting) }
  }

  /** The process has ended: nothing of it rings any more. */
  stop(): void {
    this.#isStopped = true
    for (const waiting of this.#waiting) this.#remove(waiting)
  }

  /** Something begins that takes its own time. */
  begin(): void {
    this.#busyCount += 1
    this.#beginCount += 1
  }

  /** It has ended. */
  end(): void {
    this.#busyCount -= 1
    if (this.#busyCount === 0) this.#look()
  }

  #look(): void {
    if (this.#isLooking || this.#busyCount > 0 || this.#waiting.size === 0) return
    this.#isLooking = true
    this.#lookAgain(this.#beginCount, QUIET_TURNS)
  }

  #lookAgain(beginCount: number, turns: number): void {
    setImmediate(() => {
      const isQuiet = this.#busyCount === 0 && this.#beginCount === beginCount
      if (isQuiet && turns > 1) return this.#lookAgain(beginCount, turns - 1)
      this.#isLooking = false
      if (isQuiet) this.#skip()
      this.#look()
    })
  }

  #skip(): void {
    const [first] = [...this.#waiting].sort((a, b) => a.dueMs - b.dueMs)
    if (first === undefined) return
    this.#time.skippedMs += Math.max(0, first.dueMs - this.elapsedMs())
    this.#ring(first)
  }

  #remove(waiting: Waiting): void {
    waiting.timer.cancel()
    this.#waiting.delete(waiting)
  }

  #ring(waiting: Waiting): void {
    this.#remove(waiting)
    waiting.ring()
  }
}
