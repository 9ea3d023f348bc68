/**
 * The claim of an engine on its flow detail: in whose name its checkpoints are written.
 *
 * The first checkpoint claims the flow detail, so that no other engine writes it any more; those
 * that follow hold the claim, and the last one of a run gives it back. Whoever finds that another
 * engine has claimed it since writes nothing more.
 *
 * @module
 */
import { type Clock, every, type FullClock, fullClock, later, type Timer } from '../base/clock.ts'
import { StaleWriteError } from '../errors.ts'
import type { Backend, Fence } from '../persistence/backend.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { newOwner } from '../persistence/owner.ts'

/** Part of a lease after which it is renewed: two renewals may fail before it is over. */
const RENEWALS_PER_LEASE = 3

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

/** In whose name an engine writes. */
export class Claim {
  readonly #parts: ClaimParts
  #owner: string | undefined
  /** The epoch that was claimed last; undefined before the first claim. */
  #epoch: number | undefined
  #isHeld = false
  #isEnding = false
  #lost: StaleWriteError | undefined
  /** When the lease was written last, in the time that the clock has counted. */
  #leasedAtMs: number | undefined
  #timer: Timer | undefined
  #renewal: Promise<void> | undefined

  constructor(parts: ClaimParts) {
    this.#parts = parts
  }

  /** A run begins or goes on: what was given back is claimed anew with the next checkpoint. */
  take(): void {
    if (!this.#isHeld) this.#epoch = undefined
    this.#isEnding = false
  }

  /** The next checkpoint gives the claim back. */
  async end(): Promise<void> {
    this.rest()
    await this.#renewal
    this.#isEnding = true
  }

  /** The end was not written: the claim is still held. */
  goOn(): void {
    this.#isEnding = false
  }

  /**
   * The fence of the next checkpoint.
   *
   * @throws {@link StaleWriteError} when the claim was lost.
   */
  next(): Fence {
    if (this.#lost !== undefined) throw this.#lost
    this.#owner ??= newOwner()
    const owner = this.#owner
    const { flowDetail, backend } = this.#parts
    if (this.#epoch === undefined) {
      const stored = flowDetail.storedIn === backend ? flowDetail.epoch : 0
      return { owner, epoch: stored + 1, action: 'claim', leaseUntil: this.#newLease() }
    }
    const epoch = this.#epoch
    if (!this.#isHeld) return { owner, epoch, action: 'hold', leaseUntil: undefined }
    if (this.#isEnding) return { owner, epoch, action: 'release', leaseUntil: undefined }
    return this.#isLeaseOld()
      ? { owner, epoch, action: 'renew', leaseUntil: this.#newLease() }
      : { owner, epoch, action: 'hold', leaseUntil: undefined }
  }

  /** A checkpoint with that fence was written. */
  written({ owner, epoch, action, leaseUntil }: Fence): void {
    if (action === 'hold') return
    const { flowDetail } = this.#parts
    this.#epoch = epoch
    this.#isHeld = action !== 'release'
    this.#leasedAtMs = leaseUntil && this.#parts.clock.elapsedMs()
    flowDetail.epoch = epoch
    flowDetail.owner = this.#isHeld ? owner : undefined
    flowDetail.leaseUntil = leaseUntil
  }

  /** A checkpoint could not be written. */
  failed(error: unknown): void {
    if (error instanceof StaleWriteError) this.#lost = error
  }

  /** Renews the lease while a run has nothing to write. */
  watch(onLost: (error: StaleWriteError) => void): void {
    const { backend, clock, leaseMs } = this.#parts
    if (backend === undefined || !this.#hasLease) return
    const renew = (): void => {
      if (this.#renewal !== undefined || !this.#isHeld || !this.#isLeaseOld()) return
      this.#renewal = this.#renew(backend, onLost).finally(() => {
        this.#renewal = undefined
      })
    }
    this.#timer = every(clock, leaseMs / RENEWALS_PER_LEASE, renew, { keepsAlive: false })
  }

  /** Stops renewing. */
  rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Gives the claim back without a run. What cannot be given back ends with its lease. */
  async giveBack(): Promise<void> {
    const { backend } = this.#parts
    if (backend === undefined || !this.#isHeld || this.#lost !== undefined) return
    await this.end()
    await this.#save(backend).catch(() => {})
  }

  async #renew(backend: Backend, onLost: (error: StaleWriteError) => void): Promise<void> {
    try {
      await this.#save(backend)
    } catch (error) {
      // Whatever else it is may pass before the next renewal, or the next checkpoint meets it too.
      if (error instanceof StaleWriteError) onLost(error)
    }
  }

  async #save(backend: Backend): Promise<void> {
    const fence = this.next()
    const { uuid } = this.#parts.flowDetail
    try {
      await backend.save({ flowUuid: uuid, book: undefined, flow: undefined, atoms: [], fence })
    } catch (error) {
      this.failed(error)
      throw error
    }
    this.written(fence)
  }

  /** Nobody else can come to a backend of this process alone. */
  get #hasLease(): boolean {
    const { backend, leaseMs } = this.#parts
    return backend?.supports.processes === true && leaseMs !== Number.POSITIVE_INFINITY
  }

  #newLease(): Date | undefined {
    const { clock, leaseMs } = this.#parts
    return this.#hasLease ? later(clock.now(), leaseMs) : undefined
  }

  #isLeaseOld(): boolean {
    const { clock, leaseMs } = this.#parts
    if (this.#leasedAtMs === undefined) return false
    return clock.elapsedMs() - this.#leasedAtMs >= leaseMs / RENEWALS_PER_LEASE
  }
}

/**
 * The claim of an engine that is put together like this.
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
  return new Claim({
    flowDetail,
    backend,
    leaseMs: readLeaseMs(parts.leaseMs),
    clock: fullClock(parts.clock),
  })
}

/** @throws RangeError when it is not a number above 0. */
export function readLeaseMs(leaseMs = 30_000): number {
  if (typeof leaseMs !== 'number' || !(leaseMs > 0)) {
    throw new RangeError(
      `leaseMs is ${String(leaseMs)}: write milliseconds above 0, or Infinity for no end`,
    )
  }
  return leaseMs
}
