/**
 * What users add to the record of a run before it is claimed, kept until then.
 *
 * For storage. A record that is read again when it is claimed has none of it.
 *
 * @module
 */
import type { FlowDetail } from '../persistence/flow-detail.ts'

/** How values are put into storage. */
export interface InjectOptions {
  /**
   * Kept in memory only: gone when the flow is resumed by another engine.
   *
   * @defaultValue `false`
   */
  readonly transient?: boolean
}

/** Changes of one record. */
export class Additions {
  readonly #flowDetail: FlowDetail
  #changes: (() => void)[] = []

  constructor(flowDetail: FlowDetail) {
    this.#flowDetail = flowDetail
  }

  /** Makes a change, and keeps it as long as the record may be read again. */
  make(change: () => void): void {
    change()
    if (this.#flowDetail.mayHaveChanged) this.#changes.push(change)
  }

  /** Makes the changes again, in their order: the record was read. */
  repeat(): void {
    const changes = this.#changes
    this.#changes = []
    for (const change of changes) this.make(change)
  }
}
