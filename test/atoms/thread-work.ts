/**
 * Functions that the thread tasks of the tests name.
 *
 * @module
 */

/** Tells what it got. */
export function execute(...args: readonly unknown[]): unknown {
  return ['execute', ...args]
}

/** Tells what it got. */
export async function revert(...args: readonly unknown[]): Promise<unknown> {
  return ['revert', ...args]
}

/** Fails. */
export function explode(): never {
  throw new RangeError('too far')
}

/** Not a function. */
export const size = 10
