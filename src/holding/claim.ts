/**
 * The claim of one holder on a flow detail: in whose name checkpoints are written, and for how long.
 *
 * For engines, and for whoever takes runs up for them. The first checkpoint claims the flow detail;
 * those that follow hold the claim, and the last one gives it back. Whoever finds that somebody else
 * has claimed it since writes nothing more.
 *
 * @module
 */

import { type Clock, type FullClock, fullClock } from '../base/clock.ts'
import { StaleWriteError, StorageError } from '../errors.ts'
import type { Backend, Fence, FlowRecord } from '../persistence/backend.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { loadFlowDetail } from '../persistence/reader.ts'
import { storedPlaceOf } from '../persistence/stored-in.ts'
import { Fences } from './fences.ts'
import { LEASE_MS, Lease } from './lease.ts'
import { LeaseWatch } from './lease-watch.ts'
import { countTakeUp } from './poison.ts'

/** What a claim is about. */
export interface ClaimParts {
  /** The record that is kept. */
  readonly flowDetail: FlowDetail
  /** Where it is kept; without one, there is nothing to claim. */
  readonly backend: Backend | undefined
  /** How long others leave the record alone when they hear nothing, in milliseconds. */
  readonly leaseMs: number
  /** Tells when a lease ends. */
  readonly clock: FullClock
}

/** A record that was claimed, as it was read then. */
export interface TakenUp {
  readonly newer: FlowDetail
  /** How often it was taken up before without coming any further; 0 when it was given back. */
  readonly takeUps: number
}

/**
 * In whose name somebody writes:
 * - free: not claimed, or given back; the next write claims;
 * - held: each write is fenced by the epoch that was claimed;
 * - over: held, and the lease could not be renewed in time; nothing is written until the next run;
 * - lost: somebody else has claimed the record; nothing is written any more.
 */
export class Claim {
  readonly #parts: ClaimParts
  readonly #lease: Lease
  readonly #fences: Fences
  readonly #watch: LeaseWatch
  /** Somebody means to keep the claim over several writes. */
  #isTaken = false
  #lost: StaleWriteError | undefined
  #over: StorageError | undefined
  #interruptWrite: ((error: Error) => void) | undefined

  constructor(parts: ClaimParts) {
    this.#parts = parts
    const lease = new Lease(parts.leaseMs, parts.clock)
    const { flowDetail } = parts
    this.#lease = lease
    this.#fences = new Fences({
      flowDetail,
      lease,
      storedEpoch: () => (storedPlaceOf(flowDetail) === parts.backend ? flowDetail.epoch : 0),
      newLease: () => (this.#hasLease ? lease.next() : undefined),
    })
    this.#watch = new LeaseWatch(lease, parts.clock, {
      isHeld: () => this.#fences.isHeld && this.#problem === undefined,
      isEnding: () => this.#fences.isEnding,
      renew: () => this.save(),
    })
  }

  /** Whether a record of this epoch was claimed by somebody else since. */
  wasReplacedBy({ epoch }: { readonly epoch: number }): boolean {
    return epoch > this.#fences.epoch
  }

  /** Something may still be written: the claim is neither lost nor over. */
  get canWrite(): boolean {
    return this.#problem === undefined
  }

  /** A run has begun, and has not ended. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /**
   * The record was read while somebody else could write it, so that it is claimed first and then
   * read again: see {@link Claim.takeUp}.
   */
  get mustRead(): boolean {
    const { flowDetail, backend } = this.#parts
    return (
      !this.#fences.isHeld && storedPlaceOf(flowDetail) === backend && flowDetail.mayHaveChanged
    )
  }

  /** A run begins or goes on, and keeps the claim until it is given back. */
  take(): void {
    this.#isTaken = true
    this.#fences.isEnding = false
    this.#over = undefined
  }

  /**
   * Claims a stored record and then reads it, so that what is read does not change any more.
   *
   * @throws {@link StaleWriteError} when somebody else was faster; {@link StorageError} when it
   * cannot be read. The claim was given back then.
   */
  async takeUp(): Promise<TakenUp> {
    const { uuid, owner } = this.#parts.flowDetail
    await this.save()
    try {
      const newer = await loadFlowDetail(this.#parts.backend as Backend, uuid)
      newer.mayHaveChanged = false
      return { newer, takeUps: owner === undefined ? 0 : countTakeUp(newer) }
    } catch (error) {
      await this.giveBack()
      throw error
    }
  }

  /** The next checkpoint gives the claim back. */
  async end(): Promise<void> {
    this.#fences.isEnding = true
    await this.#watch.settled()
  }

  /**
   * The fence of the next checkpoint.
   *
   * @throws {@link StaleWriteError} when the claim was lost, {@link StorageError} when it is over.
   */
  next(): Fence {
    if (this.#problem !== undefined) throw this.#problem
    return this.#fences.next()
  }

  /** The end was not written. */
  goOn(): void {
    this.#fences.isEnding = false
  }

  /** A checkpoint with that fence was written. */
  written(fence: Fence): void {
    const { action } = fence
    this.#fences.written(fence)
    if (action === 'release') this.#isTaken = false
    if (action !== 'hold') this.#watch.renewed()
  }

  /** A checkpoint with that fence could not be written, or nobody knows whether it was. */
  failed(fence: Fence, error: unknown): void {
    if (error instanceof StaleWriteError) {
      this.#lost = error
      this.#parts.flowDetail.mayHaveChanged = true
    }
    this.#fences.failed(fence)
  }

  /**
   * Makes sure that the lease holds before an atom is called.
   *
   * @throws {@link StaleWriteError} when the claim was lost, {@link StorageError} when the lease is
   * over for a while, or cannot be renewed.
   */
  demand(): Promise<void> | undefined {
    if (this.#lease.isLongOver && this.#problem === undefined) throw this.#stop(undefined)
    return this.secure()
  }

  /**
   * Makes sure that the lease holds, though the run's own atoms may have used it up without letting
   * anything else happen: undefined when it does; else it is renewed first.
   *
   * @throws {@link StaleWriteError} when the claim was lost, {@link StorageError} when the lease
   * cannot be renewed in time.
   */
  secure(): Promise<void> | undefined {
    if (this.#problem !== undefined) throw this.#problem
    return this.#fences.isHeld && this.#lease.isUnsure ? this.#renewFirst() : undefined
  }

  /** Renews the lease while a run has nothing to write; `onProblem` hears when the run must stop. */
  watch(onProblem: (error: StorageError) => void): void {
    if (!this.#hasLease) return
    this.#watch.start((cause) => onProblem(this.#stop(cause)))
  }

  /** Stops renewing. */
  rest(): void {
    this.#watch.stop()
  }

  /**
   * Gives the claim back without a checkpoint. When that cannot be written, it ends with its lease;
   * in this process it has ended at once.
   */
  async giveBack(): Promise<void> {
    this.#isTaken = false
    if (this.#fences.isHeld && this.#problem === undefined) {
      await this.end()
      await this.save().catch(() => {})
    }
    this.#fences.giveUpName()
  }

  /** Waits for a write as long as the lease holds. */
  bound(write: Promise<void>): Promise<void> {
    if (this.#lease.until === undefined) return write
    return new Promise((resolve, reject) => {
      this.#interruptWrite = reject
      const end = (): void => {
        if (this.#interruptWrite === reject) this.#interruptWrite = undefined
      }
      write.then(
        () => {
          end()
          resolve()
        },
        (error: unknown) => {
          end()
          reject(error)
        },
      )
    })
  }

  /** Writes a fence without a checkpoint, with the record of the flow perhaps. */
  async save(flow?: FlowRecord): Promise<void> {
    const { flowDetail, backend } = this.#parts
    if (backend === undefined) return
    const fence = this.next()
    const { uuid } = flowDetail
    try {
      await backend.save({ flowUuid: uuid, book: undefined, flow, atoms: [], fence })
    } catch (error) {
      this.failed(fence, error)
      throw error
    }
    this.written(fence)
  }

  async #renewFirst(): Promise<void> {
    for (let attempts = 1; this.#lease.isUnsure; attempts += 1) {
      const cause = await this.#watch.renew()
      if (this.#problem !== undefined) throw this.#problem
      if (cause === undefined) return
      // The first one may have begun long before, and found the storage away for a moment.
      if (attempts === 2) throw this.#stop(cause)
    }
  }

  /** Nothing is written any more: by a claim that was lost, or in this run. */
  #stop(cause: unknown): StorageError {
    const problem = this.#lost ?? this.#over ?? this.#overBecause(cause)
    if (problem !== this.#lost) this.#over = problem
    this.#interruptWrite?.(problem)
    return problem
  }

  #overBecause(cause: unknown): StorageError {
    const { name, uuid } = this.#parts.flowDetail
    const until = this.#lease.until?.toISOString()
    return new StorageError(
      `the lease of flow '${name}' (${uuid}) ended at ${until} before it could be renewed: atoms under way were told to stop, and nothing was started. When the storage answers again, run the engine again: it goes on if nobody else has taken the run`,
      { cause },
    )
  }

  get #problem(): StorageError | undefined {
    return this.#lost ?? this.#over
  }

  /** Nobody else can come to a backend of this process alone. */
  get #hasLease(): boolean {
    const { backend, leaseMs } = this.#parts
    return backend?.supports.processes === true && leaseMs !== Number.POSITIVE_INFINITY
  }
}

/** A claim on a flow detail, which is not made yet. */
export function claimFor(parts: {
  readonly flowDetail: FlowDetail
  readonly backend: Backend | undefined
  readonly leaseMs?: number | undefined
  readonly clock?: Clock | undefined
}): Claim {
  const { flowDetail, backend, leaseMs = LEASE_MS } = parts
  return new Claim({ flowDetail, backend, leaseMs, clock: fullClock(parts.clock) })
}
