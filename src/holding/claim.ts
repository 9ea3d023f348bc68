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
import { giveUp, goOnAs, newOwner } from '../persistence/owner.ts'
import { loadFlowDetail } from '../persistence/reader.ts'
import { Lease, readLeaseMs } from './lease.ts'
import { LeaseWatch } from './lease-watch.ts'

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
  readonly #watch: LeaseWatch
  #owner: string | undefined
  #epoch = 0
  #isHeld = false
  /** The stored record may have the owner's name: it was claimed, or that was tried. */
  #mayBeNamed = false
  /** Somebody means to keep the claim over several writes. */
  #isTaken = false
  #isEnding = false
  #lost: StaleWriteError | undefined
  #over: StorageError | undefined
  #interruptWrite: ((error: Error) => void) | undefined

  constructor(parts: ClaimParts) {
    this.#parts = parts
    this.#lease = new Lease(parts.leaseMs, parts.clock)
    this.#watch = new LeaseWatch(this.#lease, parts.clock, {
      isHeld: () => this.#isHeld && this.#problem === undefined,
      isEnding: () => this.#isEnding,
      renew: () => this.save(),
    })
  }

  /** The epoch that was claimed last. */
  get epoch(): number {
    return this.#epoch
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
    return !this.#isHeld && flowDetail.storedIn === backend && flowDetail.mayHaveChanged
  }

  /** A run begins or goes on, and keeps the claim until it is given back. */
  take(): void {
    this.#isTaken = true
    this.#isEnding = false
    this.#over = undefined
  }

  /**
   * Claims a stored record and then reads it, so that what is read does not change any more.
   *
   * @throws {@link StaleWriteError} when somebody else was faster; {@link StorageError} when it
   * cannot be read. The claim was given back then.
   */
  async takeUp(): Promise<FlowDetail> {
    const { uuid } = this.#parts.flowDetail
    await this.save()
    try {
      const newer = await loadFlowDetail(this.#parts.backend as Backend, uuid)
      newer.mayHaveChanged = false
      return newer
    } catch (error) {
      await this.giveBack()
      throw error
    }
  }

  /** The next checkpoint gives the claim back. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#watch.settled()
  }

  /**
   * The fence of the next checkpoint.
   *
   * @throws {@link StaleWriteError} when the claim was lost, {@link StorageError} when it is over.
   */
  next(): Fence {
    if (this.#problem !== undefined) throw this.#problem
    this.#owner ??= newOwner()
    const owner = this.#owner
    const { flowDetail, backend } = this.#parts
    // Whoever found the lease over may be about to claim: only one of the two must succeed.
    if (!this.#isHeld || (this.#lease.isOver && !this.#isEnding)) {
      const stored = flowDetail.storedIn === backend ? flowDetail.epoch : 0
      this.#mayBeNamed = true
      return { owner, epoch: stored + 1, action: 'claim', leaseUntil: this.#newLease() }
    }
    const epoch = this.#epoch
    if (this.#isEnding) return { owner, epoch, action: 'release', leaseUntil: undefined }
    return this.#lease.isOld
      ? { owner, epoch, action: 'renew', leaseUntil: this.#newLease() }
      : { owner, epoch, action: 'hold', leaseUntil: undefined }
  }

  /** The end was not written. */
  goOn(): void {
    this.#isEnding = false
  }

  /** A checkpoint with that fence was written. */
  written({ owner, epoch, action, leaseUntil }: Fence): void {
    if (action === 'hold') return
    const { flowDetail } = this.#parts
    this.#epoch = epoch
    this.#isHeld = action !== 'release'
    this.#mayBeNamed = this.#isHeld
    goOnAs(owner)
    if (action === 'release') {
      this.#isTaken = false
      this.#isEnding = false
    }
    this.#lease.set(leaseUntil)
    this.#watch.renewed()
    flowDetail.epoch = epoch
    flowDetail.owner = this.#isHeld ? owner : undefined
    flowDetail.leaseUntil = leaseUntil
  }

  /** A checkpoint with that fence could not be written, or nobody knows whether it was. */
  failed({ action }: Fence, error: unknown): void {
    if (error instanceof StaleWriteError) {
      this.#lost = error
      this.#parts.flowDetail.mayHaveChanged = true
    }
    if (action !== 'release') return
    // Perhaps it was given back, and somebody has read it since: what comes next must show.
    this.#isHeld = false
    this.#isEnding = false
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
    return this.#isHeld && this.#lease.isUnsure ? this.#renewFirst() : undefined
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
    if (this.#isHeld && this.#problem === undefined) {
      await this.end()
      await this.save().catch(() => {})
    }
    if (this.#mayBeNamed && this.#owner !== undefined) giveUp(this.#owner)
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

  #newLease(): Date | undefined {
    return this.#hasLease ? this.#lease.next() : undefined
  }
}

/**
 * A claim on a flow detail.
 *
 * @throws RangeError when `leaseMs` is not a number above 0.
 */
export function claimFor(parts: {
  readonly flowDetail: FlowDetail
  readonly backend: Backend | undefined
  readonly leaseMs?: number | undefined
  readonly clock?: Clock | undefined
}): Claim {
  const { flowDetail, backend } = parts
  const clock = fullClock(parts.clock)
  return new Claim({ flowDetail, backend, leaseMs: readLeaseMs(parts.leaseMs), clock })
}
