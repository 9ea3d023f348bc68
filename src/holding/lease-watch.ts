/**
 * Renews a lease in time, and notices when that does not succeed.
 *
 * For a claim. An attempt that is not answered is given up after a while, since a connection that
 * was lost without a word answers nothing at all. How long that is is counted in looks and not by a
 * timer: a process that was asleep finds its timers due before it can hear the answers.
 *
 * @module
 */
import type { FullClock, Timer } from '../base/clock.ts'
import { StaleWriteError } from '../errors.ts'
import type { Lease } from './lease.ts'

/** How often the lease is looked at, in parts of it. */
const LOOKS_PER_LEASE = 12
/** The shortest and the longest time between two looks, in milliseconds. */
const LOOK_MS = { least: 20, most: 60_000 }
/** After so many looks without an answer, an attempt is given up: a third of a lease. */
const LOOKS_PER_ATTEMPT = 4

/** Whose lease is watched. */
export interface LeaseHolder {
  /** There is a claim to be kept. */
  isHeld(): boolean
  /** The claim is about to be given back, so that it is not renewed any more. */
  isEnding(): boolean
  /** Writes the end of the next lease. */
  renew(): Promise<void>
}

/** An attempt to renew a lease. */
interface Attempt {
  /** Gives what is wrong; undefined when it has succeeded. */
  readonly result: Promise<unknown>
  readonly giveUp: (problem: unknown) => void
  lookCount: number
}

/** Looks after one lease. */
export class LeaseWatch {
  readonly #lease: Lease
  readonly #clock: FullClock
  readonly #holder: LeaseHolder
  #timer: Timer | undefined
  #attempt: Attempt | undefined
  /** Why the last attempt failed; undefined when it did not. */
  #failure: unknown
  #onProblem: ((cause: unknown) => void) | undefined
  /** Answers that have come could be heard since the last look. */
  #hasListened = true

  constructor(lease: Lease, clock: FullClock, holder: LeaseHolder) {
    this.#lease = lease
    this.#clock = clock
    this.#holder = holder
  }

  /** Renews from now on; `onProblem` hears when the claim was lost, or its lease is over. */
  start(onProblem: (cause: unknown) => void): void {
    this.#onProblem = onProblem
    this.#lookLater()
  }

  /** Renews no more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#onProblem = undefined
  }

  /** The lease was written, by whichever write. */
  renewed(): void {
    this.#failure = undefined
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    await this.#attempt?.result
  }

  /** Renews now; gives what is wrong, or undefined when it has succeeded. */
  renew(): Promise<unknown> {
    this.#attempt ??= this.#begin()
    return this.#attempt.result
  }

  #begin(): Attempt {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#holder.renew().then(
      () => resolve(undefined),
      (error: unknown) => resolve(error ?? new Error('the lease could not be renewed')),
    )
    const result = promise.then((problem) => {
      this.#attempt = undefined
      this.#failure = problem
      if (problem instanceof StaleWriteError) this.#onProblem?.(problem)
      return problem
    })
    return { result, giveUp: resolve, lookCount: 0 }
  }

  #lookLater(): void {
    const { ms, leftMs } = this.#lease
    const waitMs = Math.min(Math.max(ms / LOOKS_PER_LEASE, LOOK_MS.least), LOOK_MS.most)
    // At its end the lease is looked at exactly, so that what is under way is told to stop in time.
    const untilNextMs = leftMs > 0 ? Math.min(waitMs, leftMs) : waitMs
    this.#timer = this.#clock.setTimer(untilNextMs, () => this.#look(), { keepsAlive: false })
  }

  #look(): void {
    this.#lookLater()
    if (!this.#hasListened || !this.#holder.isHeld()) return
    this.#hasListened = false
    setImmediate(() => {
      this.#hasListened = true
    })
    this.#countLook()
    // Over without a failure, the process was asleep or busy, and perhaps nobody else came.
    const { isOver } = this.#lease
    const isEnding = this.#holder.isEnding()
    if (isOver && (isEnding || this.#failure !== undefined)) this.#onProblem?.(this.#failure)
    else if (!isEnding && this.#lease.isOld) void this.renew()
  }

  #countLook(): void {
    if (this.#attempt === undefined) return
    this.#attempt.lookCount += 1
    if (this.#attempt.lookCount < LOOKS_PER_ATTEMPT) return
    this.#attempt.giveUp(new Error('the storage has not answered for a third of the lease'))
  }
}
