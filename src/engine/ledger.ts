/**
 * What has changed in the records of a run and is not written, and the checkpoints that write it.
 *
 * For the journal. A checkpoint is everything that has changed until then; when it cannot be
 * written, its changes are kept for the next one. Knows nothing of listeners.
 *
 * @module
 */

import { PayloadLimit } from '../base/payload-limit.ts'
import type { Claim } from '../holding/claim.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { AtomRecord, Backend, Checkpoint, Fence } from '../persistence/backend.ts'
import type { FlowDetail, LogBook } from '../persistence/flow-detail.ts'
import { atomPayload, atomRecord, bookRecord, flowRecord } from '../persistence/records.ts'
import { markStored, storedPlaceOf } from '../persistence/stored-in.ts'
import type { Pacer } from './pacer.ts'
import { Texts } from './texts.ts'
import type { Extent } from './writer.ts'

/** What a ledger needs to know. */
export interface LedgerParts {
  /** The record that is kept. */
  readonly flowDetail: FlowDetail
  /** The book for a record that is not stored yet. */
  readonly book: LogBook | undefined
  /** Where it is kept; without one, nothing is written. */
  readonly backend: Backend | undefined
  /** In whose name it is written. */
  readonly claim: Claim
  /** Claims and reads the record, when somebody may have written it since it was read. */
  readonly takeUp?: (() => Promise<unknown>) | undefined
  /** How large a stored value may be; see {@link PayloadLimit}. */
  readonly maxPayloadBytes?: number | undefined
}

/** The changes of one run on their way to the backend. */
export class Ledger {
  readonly #parts: LedgerParts
  readonly #limit: PayloadLimit
  /** Makes texts of values that are to be stored. */
  readonly texts: Texts
  /** Changed records, and how much of each has changed. */
  #dirty = new Map<AtomDetail, Extent>()
  #flowDirty = false
  /** How many checkpoints were written. */
  checkpointCount = 0

  constructor(parts: LedgerParts) {
    this.#parts = parts
    this.#limit = new PayloadLimit(parts.maxPayloadBytes, () => parts.backend?.maxTextBytes)
    this.texts = new Texts(this.#limit, parts.backend === undefined ? 'shared' : 'stored')
  }

  /** True when there is a backend to write to. */
  get writes(): boolean {
    return this.#parts.backend !== undefined
  }

  /** True when something has changed that is not written. */
  get hasChanges(): boolean {
    return this.#parts.backend !== undefined && (this.#flowDirty || this.#dirty.size > 0)
  }

  /** An atom's record has changed. */
  touch(detail: AtomDetail, extent: Extent): void {
    if (this.#parts.backend === undefined) return
    if (extent === 'payload' || !this.#dirty.has(detail)) this.#dirty.set(detail, extent)
  }

  /** The flow's record has changed. */
  touchFlow(): void {
    this.#flowDirty = true
  }

  /** Forgets what has changed: the record was read anew. */
  forget(): void {
    this.#dirty.clear()
    this.#flowDirty = false
  }

  /**
   * Writes all changes in one transaction.
   *
   * @param pacer lets others have their turn while the records are put together
   * @throws {@link StorageError} when they cannot be written; they are kept for the next time.
   */
  async write(pacer?: Pacer): Promise<void> {
    const { backend, flowDetail, claim } = this.#parts
    if (backend === undefined) return
    if (claim.mustRead) await this.#parts.takeUp?.()
    const fence = claim.next()
    const dirty = this.#dirty
    const flowDirty = this.#flowDirty
    this.#dirty = new Map()
    this.#flowDirty = false
    try {
      const isNew = storedPlaceOf(flowDetail) !== backend
      const changed = isNew ? [...flowDetail].map((detail) => [detail, 'payload'] as const) : dirty
      const atoms: AtomRecord[] = []
      const checkpoint = this.#checkpoint(atoms, fence, { isNew, flowDirty })
      for (const [detail, extent] of changed) {
        const payload = extent === 'payload' ? atomPayload(detail, this.#limit) : undefined
        atoms.push(atomRecord(detail, payload, this.#limit))
        const pause = pacer?.step()
        if (pause !== undefined) await pause
      }
      await claim.bound(backend.save(checkpoint))
    } catch (error) {
      claim.failed(fence, error)
      this.#flowDirty = true
      for (const [detail, extent] of dirty) this.touch(detail, extent)
      throw error
    }
    claim.written(fence)
    markStored(flowDetail, backend)
    this.checkpointCount += 1
    if (!claim.isTaken) await claim.giveBack() // written beside a run
  }

  #checkpoint(
    atoms: readonly AtomRecord[],
    fence: Fence,
    { isNew, flowDirty }: { readonly isNew: boolean; readonly flowDirty: boolean },
  ): Checkpoint {
    const { flowDetail, book } = this.#parts
    const bookUuid = flowDetail.bookUuid ?? book?.uuid ?? ''
    return {
      flowUuid: flowDetail.uuid,
      book: isNew && book !== undefined ? bookRecord(book) : undefined,
      flow: isNew || flowDirty ? flowRecord(flowDetail, bookUuid) : undefined,
      atoms,
      fence,
    }
  }
}
