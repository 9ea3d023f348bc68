/**
 * What storage asks of the journal: that a change be written.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { Texts } from './texts.ts'

/** How much of an atom's record has changed: its results and failures too, or not. */
export type Extent = 'state' | 'payload'

/** Who must write what changes. */
export interface Writer {
  /** An atom's record has changed. */
  touch(detail: AtomDetail, extent: Extent): void
  /** The flow's record has changed. */
  touchFlow(): void
  /** Makes texts of values that are to be stored. */
  readonly texts: Texts
  /** Writes all changes now. */
  flush(): Promise<void>
}
