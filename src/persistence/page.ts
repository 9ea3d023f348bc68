/**
 * One page of a listing, as a driver reads it from the caller's wish.
 *
 * For drivers, so that all of them refuse the same wishes and share one default.
 *
 * @module
 */
import type { PageOptions } from './backend.ts'

/** A page with nothing left open. */
export interface Page {
  /** Records whose uuid is greater than this one; every uuid is greater than the empty text. */
  readonly after: string
  /** How many records at most. */
  readonly limit: number
}

const DEFAULT_LIMIT = 100

/** @throws RangeError when the limit is not a whole number above 0. */
export function pageOf({ after = '', limit = DEFAULT_LIMIT }: PageOptions): Page {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`limit must be a whole number above 0, but is ${limit}`)
  }
  return { after, limit }
}
