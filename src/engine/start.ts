/**
 * A start of an atom that can be withdrawn: how its record was before.
 *
 * For the scheduler, which makes starts, and for whoever keeps one from being called after all.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { AtomState, Intention } from '../states/atom.ts'

/**
 * One move of an atom that starts something. The code of the atom is called later, so that the
 * start can be withdrawn until a listener has heard of it.
 */
export class Start {
  /** The record of the atom. */
  readonly detail: AtomDetail
  /** Where the atom was before. */
  readonly state: AtomState
  readonly #intention: Intention
  readonly #progress: AtomDetail['progress']
  readonly #progressDetails: AtomDetail['progressDetails']
  readonly #attempt: number
  readonly #version: AtomDetail['version']
  readonly #provisions: AtomDetail['provisions']
  readonly #failure: AtomDetail['failure']
  readonly #revertFailure: AtomDetail['revertFailure']
  readonly #retryAt: Date | undefined
  /** A listener has heard of it. */
  isTold = false
  /** It was withdrawn, and nobody must hear of it any more. */
  isWithdrawn = false

  /** Made before the record is moved. */
  constructor(detail: AtomDetail) {
    this.detail = detail
    this.state = detail.state
    this.#intention = detail.intention
    this.#progress = detail.progress
    this.#progressDetails = detail.progressDetails
    this.#attempt = detail.attempt
    this.#version = detail.version
    this.#provisions = detail.provisions
    this.#failure = detail.failure
    this.#revertFailure = detail.revertFailure
    this.#retryAt = detail.kind === 'retry' ? detail.retryAt : undefined
  }

  /** Puts the record back as it was. Of several starts of one record, the last one goes first. */
  withdraw(): void {
    const { detail } = this
    this.isWithdrawn = true
    detail.state = this.state
    detail.intention = this.#intention
    detail.progress = this.#progress
    detail.progressDetails = this.#progressDetails
    detail.attempt = this.#attempt
    detail.version = this.#version
    detail.provisions = this.#provisions
    detail.failure = this.#failure
    detail.revertFailure = this.#revertFailure
    if (detail.kind === 'retry') detail.retryAt = this.#retryAt
  }
}
