/**
 * Which fence the next write of a claim has, and what follows from its outcome.
 *
 * For a claim. Only arithmetic: nothing is written here, and no time passes.
 *
 * @module
 */
import type { Fence } from '../persistence/backend.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { giveUp, goOnAs, newOwner } from '../persistence/owner.ts'
import type { Lease } from './lease.ts'

/** What the fences of a claim depend on. */
export interface FencesParts {
  /** The record that is claimed. */
  readonly flowDetail: FlowDetail
  readonly lease: Lease
  /** The epoch under which the record is stored; 0 for a record that is not. */
  storedEpoch(): number
  /** The end of the lease that a write claims or renews; undefined where nobody needs one. */
  newLease(): Date | undefined
}

/** The fences of one claim, one after the other. */
export class Fences {
  readonly #parts: FencesParts
  #owner: string | undefined
  #epoch = 0
  #isHeld = false
  /** The stored record may have the owner's name: it was claimed, or that was tried. */
  #mayBeNamed = false
  /** The next write gives the claim back. */
  isEnding = false

  constructor(parts: FencesParts) {
    this.#parts = parts
  }

  /** The epoch that was claimed last. */
  get epoch(): number {
    return this.#epoch
  }

  /** The record is claimed: each write is fenced by the epoch. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** The fence of the next write. */
  next(): Fence {
    const { lease, storedEpoch, newLease } = this.#parts
    this.#owner ??= newOwner()
    const owner = this.#owner
    // Whoever found the lease over may be about to claim: only one of the two must succeed.
    if (!this.#isHeld || (lease.isOver && !this.isEnding)) {
      this.#mayBeNamed = true
      return { owner, epoch: storedEpoch() + 1, action: 'claim', leaseUntil: newLease() }
    }
    const epoch = this.#epoch
    if (this.isEnding) return { owner, epoch, action: 'release', leaseUntil: undefined }
    return lease.isOld
      ? { owner, epoch, action: 'renew', leaseUntil: newLease() }
      : { owner, epoch, action: 'hold', leaseUntil: undefined }
  }

  /** A write with that fence has succeeded. */
  written({ owner, epoch, action, leaseUntil }: Fence): void {
    if (action === 'hold') return
    const { flowDetail, lease } = this.#parts
    this.#epoch = epoch
    this.#isHeld = action !== 'release'
    this.#mayBeNamed = this.#isHeld
    goOnAs(owner)
    if (action === 'release') this.isEnding = false
    lease.set(leaseUntil)
    flowDetail.epoch = epoch
    flowDetail.owner = this.#isHeld ? owner : undefined
    flowDetail.leaseUntil = leaseUntil
  }

  /** A write with that fence has failed, or nobody knows whether it has. */
  failed({ action }: Fence): void {
    if (action !== 'release') return
    // Perhaps it was given back, and somebody has read it since: what comes next must show.
    this.#isHeld = false
    this.isEnding = false
  }

  /** Nobody works under the owner's name any more, whatever the record says. */
  giveUpName(): void {
    if (this.#mayBeNamed && this.#owner !== undefined) giveUp(this.#owner)
  }
}
