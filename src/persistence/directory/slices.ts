/**
 * Gives way to other work of the process while many objects are gone through.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'

/** After so many objects one gives way to other work of the process. */
const SLICE = 64

/** Gives way to other work of the process from time to time. */
export async function* inSlices<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [i, item] of items.entries()) {
    if (i % SLICE === SLICE - 1) await setImmediate()
    yield item
  }
}
