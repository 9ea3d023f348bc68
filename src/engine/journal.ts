/**
 * Writes what has changed, then tells listeners of it.
 *
 * Nobody hears of a move before it is stored: listeners are told exactly the moves that a
 * checkpoint covers, once it is written. The changes are kept by the {@link Ledger}, the moves by
 * the {@link Announcer}.
 *
 * @module
 */
import type { Claim } from '../holding/claim.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Announcer, type AnnouncerParts } from './announcer.ts'
import { Ledger, type LedgerParts } from './ledger.ts'
import type { Pacer } from './pacer.ts'
import type { Start } from './start.ts'
import type { Texts } from './texts.ts'
import type { Extent, Writer } from './writer.ts'

/** What a journal needs to know. */
export interface JournalParts<Engine> extends LedgerParts, AnnouncerParts<Engine> {}

/** The moves of an engine on their way to the backend and to the listeners. */
export class Journal<Engine> implements Writer {
  readonly #claim: Claim
  readonly #ledger: Ledger
  readonly #announcer: Announcer<Engine>
  #flushing: Promise<void> | undefined

  constructor(parts: JournalParts<Engine>) {
    this.#claim = parts.claim
    this.#ledger = new Ledger(parts)
    this.#announcer = new Announcer(parts)
  }

  get texts(): Texts {
    return this.#ledger.texts
  }

  /** How many checkpoints were written. */
  get checkpointCount(): number {
    return this.#ledger.checkpointCount
  }

  touch(detail: AtomDetail, extent: Extent): void {
    this.#ledger.touch(detail, extent)
  }

  touchFlow(): void {
    this.#ledger.touchFlow()
  }

  /** Makes sure that nobody else can have taken the run since a start was written: {@link Claim.demand}. */
  demandLease(): Promise<void> | undefined {
    return this.#claim.demand()
  }

  /** Makes sure that nobody else can have taken the run: {@link Claim.secure}. */
  secureLease(): Promise<void> | undefined {
    return this.#claim.secure()
  }

  /** True when there are listeners, so that moves must be told. */
  get isHeard(): boolean {
    return this.#announcer.isHeard
  }

  /** True while listeners are hearing of a start. */
  get isTellingStart(): boolean {
    return this.#announcer.isTellingStart
  }

  /** Tells of a move that has been made in an atom's record; one that starts something, with it. */
  moved(
    detail: AtomDetail,
    oldState: AtomState,
    outcome?: { readonly result: unknown },
    start?: Start,
  ): void {
    this.#announcer.add(detail, oldState, outcome, start)
  }

  /**
   * Tells of a move that has been made in the flow's record. Made by a listener, it is told next:
   * before the rest of what the listener is hearing of.
   */
  flowMoved(oldState: FlowState): void {
    this.#ledger.touchFlow()
    this.#announcer.addFlow(oldState)
  }

  /** Takes back the newest move of the flow, which could not be written. */
  forgetFlowMove(): void {
    this.#announcer.forgetFlowMove()
    this.#ledger.touchFlow()
  }

  /** Forgets what has changed and was neither written nor told: the record was read anew. */
  forget(): void {
    this.#ledger.forget()
    this.#announcer.forget()
  }

  /** True when there is something to write or to tell. */
  get isWaiting(): boolean {
    return this.#flushing !== undefined || this.#announcer.isWaiting || this.#ledger.hasChanges
  }

  /** True when something has changed that is not written. */
  get hasChanges(): boolean {
    return this.#ledger.hasChanges
  }

  /**
   * Writes what has changed in one transaction, then tells listeners of the moves in it. What they
   * change in turn is left for the next time, unless they move the flow. A call while another is
   * under way waits for it, and then writes what has changed since.
   *
   * @param pacer lets others have their turn while the records are put together; for whoever changes
   * none of them until they are written, since what is in one checkpoint belongs together
   * @throws {@link StorageError} when it cannot be written; what has changed is kept to be written
   * next time, and listeners hear nothing.
   */
  flush(pacer?: Pacer): Promise<void> {
    return this.flushNow(pacer) ?? DONE
  }

  /** The same; undefined when there was nothing to wait for. */
  flushNow(pacer?: Pacer): Promise<void> | undefined {
    if (this.#flushing !== undefined) {
      const again = (): Promise<void> | undefined => this.flushNow(pacer)
      // One that fails is no reason not to try: it may have been somebody else's.
      return this.#flushing.then(again, again)
    }
    if (!this.#ledger.hasChanges) {
      this.#tellWithoutWriting()
      return undefined
    }
    this.#flushing = this.#writeAndTell(pacer)
    return this.#flushing
  }

  async #writeAndTell(pacer: Pacer | undefined): Promise<void> {
    const announcer = this.#announcer
    try {
      do {
        announcer.cover()
        try {
          await this.#ledger.write(pacer)
        } catch (error) {
          announcer.failed()
          throw error
        }
        announcer.stored()
        announcer.tell()
      } while (announcer.isInterrupted)
    } finally {
      this.#flushing = undefined
    }
  }

  /** Nothing is to be written: there is no backend, or only moves that are stored were not told. */
  #tellWithoutWriting(): void {
    const announcer = this.#announcer
    if (announcer.isTelling) return // called by a listener: told in its turn
    if (this.#ledger.writes) {
      if (announcer.hasDue) announcer.tell()
      return
    }
    while (announcer.isWaiting) {
      announcer.cover()
      announcer.stored()
      announcer.tell()
    }
  }
}

const DONE: Promise<void> = Promise.resolve()
