/**
 * What storage asks of the journal: that a change be written.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'

/** Who must write what changes. */
export interface Writer {
  /** An atom's record has changed; with payload, when its results or failures have. */
  touch(detail: AtomDetail, payload: boolean): void
  /** The flow's record has changed. */
  touchFlow(): void
  /** Refuses values that are too large to be stored; `what` says what they are. */
  checkSizes(values: Readonly<Record<string, unknown>>, what: string): void
  /** Writes all changes now. */
  flush(): Promise<void>
}
