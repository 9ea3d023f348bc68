/**
 * What may stop a run from outside: the signal that it was given, and its deadline.
 *
 * @module
 */
import { type Clock, type FullClock, fullClock, later, type Timer } from '../base/clock.ts'
import { TimeoutError } from '../errors.ts'
import type { Deadline, Undo } from '../persistence/flow-meta.ts'
import { checkRunOptions } from './behaviour.ts'
import type { RunOptions } from './options.ts'
import type { Storage } from './storage.ts'

/** What can be done to a run; the promises need not be waited for. */
export interface Stops {
  suspend(): Promise<void>
  cancel(reason: unknown): Promise<void>
  undo(undo: Undo, reason: unknown): Promise<void>
}

/** Watches over the runs of one engine. */
export class RunLimits {
  readonly #storage: Storage<object>
  readonly #clock: FullClock
  readonly #stops: Stops
  #timer: Timer | undefined
  /** When the time of the run is over, in the time that the clock has counted. */
  #dueMs: number | undefined

  constructor(storage: Storage<object>, clock: Clock | undefined, stops: Stops) {
    this.#storage = storage
    this.#clock = fullClock(clock)
    this.#stops = stops
  }

  /** @throws TypeError or RangeError for an invalid option. */
  check(options: RunOptions): void {
    checkRunOptions(options)
  }

  /** A run begins: the first that has a deadline stores it, with its next checkpoint. */
  begin({ deadlineMs }: RunOptions): void {
    if (deadlineMs === undefined) return
    const isSet = this.#storage.flowDetail.engineMeta.deadline !== undefined
    if (isSet || deadlineMs === Number.POSITIVE_INFINITY) return
    const at = later(this.#clock.now(), deadlineMs)
    this.#dueMs = this.#clock.elapsedMs() + deadlineMs
    this.#storage.flowMetadata.keep({ deadline: { at, limitMs: deadlineMs } })
  }

  /**
   * Does what the signal and the deadline want, until what is returned is called.
   *
   * @param undo why the run is being undone; then it has no deadline
   */
  heed({ signal, onAbort }: RunOptions, undo: Undo | undefined): () => void {
    const stop = (): void => {
      // When it cannot be stored, whoever runs the flow hears of it.
      if (onAbort === 'revert') void this.#stops.cancel(signal?.reason)
      else void this.#stops.suspend()
    }
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    if (undo === undefined) this.#watchDeadline()
    return () => {
      signal?.removeEventListener('abort', stop)
      this.#timer?.cancel()
    }
  }

  #watchDeadline(): void {
    const { flowDetail, flowName } = this.#storage
    const { deadline } = flowDetail.engineMeta
    this.#dueMs = deadline && (this.#dueMs ?? this.#dueMsOf(deadline))
    if (deadline === undefined || this.#dueMs === undefined) return
    this.#timer = this.#clock.setTimer(this.#dueMs - this.#clock.elapsedMs(), () => {
      const message = `flow '${flowName}' did not end before its deadline, ${deadline.at.toISOString()}`
      const undo: Undo = { why: 'deadline', message, downTo: [] }
      void this.#stops.undo(undo, new TimeoutError(message)) // as above
    })
  }

  /** What another process has begun has until that moment, but never more time than it was given. */
  #dueMsOf({ at, limitMs }: Deadline): number {
    const leftMs = at.getTime() - this.#clock.now().getTime()
    return this.#clock.elapsedMs() + Math.min(leftMs, limitMs ?? leftMs)
  }
}
