/**
 * Promises that nobody need wait for.
 *
 * @module
 */

/** Keeps a rejection from ending the process when nobody waits; whoever does still gets it. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
