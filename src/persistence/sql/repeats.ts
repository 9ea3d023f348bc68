/**
 * Which of the writes of one epoch is the newest, after a connection was lost in the middle of one.
 *
 * What was sent on a lost connection may still be on its way, and reach the database after the
 * same checkpoint was written on another connection, and after others that came later. So each
 * repeat has a number, kept beside the epoch, and nothing is written under a lower one.
 *
 * @module
 */
import type { Checkpoint, Fence } from '../backend.ts'

/** The number of a repeat; 0 when nothing was repeated in this epoch. */
export interface Repeat {
  readonly count: number
  /** Whether the database knows it. */
  readonly isStored: boolean
}

/** Nothing was repeated. */
export const NO_REPEAT: Repeat = { count: 0, isStored: true }

/** Above so many flow details that lost a connection, the oldest is forgotten; it is then stale. */
const MAX_FLOWS = 10_000

/** The repeats of the flow details of one backend. */
export class Repeats {
  readonly #byFlow = new Map<string, Repeat & { readonly epoch: number }>()

  /** The number under which a flow detail is written. */
  of(flowUuid: string, { epoch }: Fence): Repeat {
    const repeat = this.#byFlow.get(flowUuid)
    return repeat?.epoch === epoch ? repeat : NO_REPEAT
  }

  /** It is unknown whether these were written, so that what is written next must come after them. */
  raise(checkpoints: readonly Checkpoint[]): void {
    for (const { flowUuid, fence } of checkpoints) {
      if (fence === undefined) continue
      const { count } = this.of(flowUuid, fence)
      this.#byFlow.delete(flowUuid)
      this.#byFlow.set(flowUuid, { epoch: fence.epoch, count: count + 1, isStored: false })
      const [oldest] = this.#byFlow.keys()
      if (this.#byFlow.size > MAX_FLOWS && oldest !== undefined) this.#byFlow.delete(oldest)
    }
  }

  /** These were written, with their numbers. */
  written(checkpoints: readonly Checkpoint[]): void {
    if (this.#byFlow.size === 0) return
    for (const { flowUuid, fence } of checkpoints) {
      const repeat = this.#byFlow.get(flowUuid)
      if (repeat === undefined || fence === undefined) continue
      if (fence.epoch === repeat.epoch) this.#byFlow.set(flowUuid, { ...repeat, isStored: true })
      else this.#byFlow.delete(flowUuid)
    }
  }
}
