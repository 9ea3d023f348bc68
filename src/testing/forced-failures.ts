/**
 * Failures at a named atom and attempt, without a change of the flow.
 *
 * @module
 */
import { ANYTHING, type Checks, count, oneOf, readOptions } from '../base/checks.ts'
import type { AtomCall } from '../executors/executor.ts'
import type { CallInterceptor } from './interception.ts'

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

const CHECKS: Checks<FailAtOptions> = {
  direction: oneOf('execute', 'revert'),
  attempt: (name, value) => (value === 'every' ? ANYTHING : count(1))(name, value),
  when: oneOf('before', 'after'),
  error: ANYTHING,
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
 * @throws TypeError or RangeError for an invalid option.
 *
 * @example
 * failAt('create-entry', { attempt: 2, error: new Error('the database is down') })
 */
export function failAt(
  atom: string | { readonly name: string },
  options: FailAtOptions = {},
): ForcedFailure {
  const name = typeof atom === 'string' ? atom : atom.name
  const read = readOptions('failAt()', options, CHECKS)
  const { direction = 'execute', attempt = 1, when = 'before' } = read
  const { error = new SimulatedError(`${direction} of '${name}' was forced to fail`) } = options
  return { atom: name, direction, attempt, when, error }
}

/** Lets the failures happen, and notes in `happened` those that did. */
export function failing(
  failures: readonly ForcedFailure[],
  happened: Set<ForcedFailure>,
): CallInterceptor {
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
