/**
 * What storage asks of the journal: that a change be written.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { Texts } from './texts.ts'

/** Who must write what changes. */
export interface Writer {
  /** An atom's record has changed; with payload, when its results or failures have. */
  touch(detail: AtomDetail, payload: boolean): void
  /** The flow's record has changed. */
  touchFlow(): void
  /** Makes texts of values that are to be stored. */
  readonly texts: Texts
  /** Writes all changes now. */
  flush(): Promise<void>
}
