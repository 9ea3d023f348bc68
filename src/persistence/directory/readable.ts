/**
 * Records in a folder of which some cannot be read: the others are listed all the same.
 *
 * For the directory backend.
 *
 * @module
 */
import { BackendUnavailableError, CorruptRecordError, StorageError } from '../../errors.ts'
import type { PageOptions } from '../backend.ts'

/**
 * Reads one record.
 *
 * @param unreadable takes why it cannot be read, by its name; left out, that is thrown
 */
export function readOne<R>(
  kind: 'logbooks' | 'flowdetails',
  name: string,
  unreadable: Map<string, CorruptRecordError> | undefined,
  read: () => R,
): R | undefined {
  try {
    return read()
  } catch (error) {
    // Of one record, or of one file of it; not of the folder as a whole.
    const isOfOne = error instanceof StorageError && !(error instanceof BackendUnavailableError)
    if (unreadable === undefined || !isOfOne) throw error
    const found =
      error instanceof CorruptRecordError
        ? error
        : new CorruptRecordError(`${kind} ${name}`, error.message, { cause: error })
    unreadable.set(name, found)
    return undefined
  }
}

/** Gives a page, and tells of what cannot be read and would belong on it. */
export function tellOf<R extends { readonly uuid: string }>(
  unreadable: ReadonlyMap<string, CorruptRecordError>,
  page: readonly R[],
  { after = '', limit = 100, onCorrupt }: PageOptions,
): readonly R[] {
  const last = page.length < limit ? undefined : page.at(-1)?.uuid
  for (const [name, error] of [...unreadable].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name <= after || (last !== undefined && name > last)) continue
    if (onCorrupt === undefined) throw error
    onCorrupt(error, name)
  }
  return page
}
