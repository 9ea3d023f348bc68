/**
 * What storage asks of the journal: that a change be written.
 *
 * @module
 */
import type { NotStorableError } from '../errors.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'

/** Who must write what changes. */
export interface Writer {
  /** An atom's record has changed; with payload, when its results or failures have. */
  touch(detail: AtomDetail, payload: boolean): void
  /** The flow's record has changed. */
  touchFlow(): void
  /**
   * Copies values that are to be stored, each as it is kept; without a backend, they are shared.
   *
   * @param what what they are, for the refusal
   * @throws {@link NotStorableError} naming the first that cannot be stored, or is too large.
   */
  keepEach(
    values: Readonly<Record<string, unknown>>,
    what: string,
  ): Readonly<Record<string, unknown>>
  /** Makes sure that a text which several values make together can be stored. */
  demandTotal(text: () => string, what: string): void
  /** Writes all changes now. */
  flush(): Promise<void>
}
