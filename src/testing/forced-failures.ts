/**
 * Failures at a named atom and attempt, without a change of the flow.
 *
 * @module
 */
import type { AtomCall } from '../executors/executor.ts'
import type { Interceptor } from './interception.ts'

/** Which call of an atom fails, and how. Every option may be left out. */
export interface FailAtOptions {
  /**
   * Which method fails.
   *
   * @defaultValue `'execute'`
   */
  readonly direction?: 'execute' | 'revert' | undefined
  /**
   * At which attempt, from 1; a retry around the atom starts a new one.
   *
   * @defaultValue `1`
   */
  readonly attempt?: number | 'every' | undefined
  /**
   * When it fails:
   * - `'before'` its effect: the code of the atom is not called;
   * - `'after'` its effect: the code is called, and what it returns is lost, as when the answer of a
   *   service does not arrive.
   *
   * @defaultValue `'before'`
   */
  readonly when?: 'before' | 'after' | undefined
  /**
   * What is thrown.
   *
   * @defaultValue a {@link SimulatedError} that says what was forced
   */
  readonly error?: unknown
}

/** A failure that is to happen; made by {@link failAt}. */
export interface ForcedFailure {
  /** Name of the atom. */
  readonly atom: string
  /** Which method fails. */
  readonly direction: 'execute' | 'revert'
  /** At which attempt. */
  readonly attempt: number | 'every'
  /** Whether the code of the atom is called before. */
  readonly when: 'before' | 'after'
  /** What is thrown. */
  readonly error: unknown
}

/** What a simulated failure throws in place of an atom. */
export class SimulatedError extends Error {
  override readonly name = 'SimulatedError'
}

/**
 * Forces an atom to fail; for the option `failures` of {@link runFlow}.
 *
 * @throws RangeError for an attempt that is no whole number above 0.
 *
 * @example
 * failAt('create-entry', { attempt: 2, error: new Error('the database is down') })
 */
export function failAt(
  atom: string | { readonly name: string },
  options: FailAtOptions = {},
): ForcedFailure {
  const name = typeof atom === 'string' ? atom : atom.name
  const { direction = 'execute', attempt = 1, when = 'before' } = options
  if (attempt !== 'every' && !(Number.isInteger(attempt) && attempt > 0)) {
    throw new RangeError(
      `'${name}' cannot fail at attempt ${String(attempt)}: write a whole number above 0, or 'every'`,
    )
  }
  const { error = new SimulatedError(`${direction} of '${name}' was forced to fail`) } = options
  return { atom: name, direction, attempt, when, error }
}

/** Lets the failures happen, and notes in `happened` those that did. */
export function failing(
  failures: readonly ForcedFailure[],
  happened: Set<ForcedFailure>,
): Interceptor {
  return (call, proceed) => {
    const failure = failures.find((one) => isMeant(one, call))
    if (failure === undefined) return proceed()
    happened.add(failure)
    if (failure.when === 'before') throw failure.error
    return proceedAndFail(proceed, failure.error)
  }
}

function isMeant(failure: ForcedFailure, { atom, direction, context }: AtomCall): boolean {
  return (
    failure.atom === atom.name &&
    failure.direction === direction &&
    (failure.attempt === 'every' || failure.attempt === context.attempt)
  )
}

async function proceedAndFail(proceed: () => unknown, error: unknown): Promise<never> {
  await proceed()
  throw error
}
