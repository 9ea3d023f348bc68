/**
 * What a retry has tried so far, and what came of it.
 *
 * For the decisions of retries. The newest attempt stands last.
 *
 * @module
 */
import type { ErrorType, Failure } from '../base/failure.ts'

/** One attempt: the value that the retry provided, and the failures it was asked about. */
export type Attempt<Value = unknown> = readonly [
  value: Value,
  failures: Readonly<Record<string, Failure>>,
]

/** The attempts of a retry, as TaskFlow's `retry.History`. */
export class History<Value = unknown> implements Iterable<Attempt<Value>> {
  readonly #attempts: readonly Attempt<Value>[]
  /** The failure of the retry's own execute, if it failed. */
  readonly failure: Failure | undefined

  constructor(attempts: readonly Attempt<Value>[], failure?: Failure) {
    this.#attempts = attempts
    this.failure = failure
  }

  /** How many attempts there were: n - 1 inside execute of attempt n, n when asked about it. */
  get length(): number {
    return this.#attempts.length
  }

  /** One attempt; a negative index counts from the newest. */
  at(index: number): Attempt<Value> | undefined {
    return this.#attempts.at(index)
  }

  /** The attempts, oldest first. */
  [Symbol.iterator](): IterableIterator<Attempt<Value>> {
    return this.#attempts.values()
  }

  /** The values provided, oldest first. */
  provided(): readonly Value[] {
    return this.#attempts.map(([value]) => value)
  }

  /** Name of the atom and failure, for one attempt or for all. */
  outcomes(index?: number): readonly (readonly [atom: string, failure: Failure])[] {
    const attempts = index === undefined ? this.#attempts : [this.#attempts.at(index)]
    return attempts.flatMap((attempt) => (attempt ? Object.entries(attempt[1]) : []))
  }

  /** True when a failure of the attempts (of one, or of all) is an instance of the given class. */
  causedBy(
    type: ErrorType,
    options: { readonly index?: number; readonly includeRetry?: boolean } = {},
  ): boolean {
    const own = options.includeRetry === true ? this.failure : undefined
    const failures = this.outcomes(options.index).map(([, failure]) => failure)
    return [...failures, ...(own ? [own] : [])].some((failure) => failure.check(type) !== undefined)
  }
}
