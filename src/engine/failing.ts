/**
 * The failures of a run that nothing has made good, as reverts are told of them.
 *
 * For the phases. Thousands of atoms may fail and be reverted together: so the list that a revert
 * gets is made when it is looked at, and once for all that look before it changes.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'

/** What reverts are told. */
type FlowFailures = Readonly<Record<string, Failure>>

/** Failures of execute, by atom. */
export class Failing {
  readonly #failures = new Map<string, Failure>()
  #list: FlowFailures | undefined

  /** An atom has failed. */
  set(atom: string, failure: Failure): void {
    this.#failures.set(atom, failure)
    this.#list = undefined
  }

  /** The failure of an atom is none any more. */
  delete(atom: string): void {
    if (this.#failures.size > 0 && this.#failures.delete(atom)) this.#list = undefined
  }

  /** Nothing has failed. */
  clear(): void {
    this.#failures.clear()
    this.#list = undefined
  }

  /** Gives the inputs of a revert its `flowFailures`. */
  putInto(inputs: Record<string, unknown>): void {
    Object.defineProperty(inputs, 'flowFailures', {
      enumerable: true,
      configurable: true,
      get: () => this.#asList(),
    })
  }

  #asList(): FlowFailures {
    this.#list ??= Object.freeze(Object.fromEntries(this.#failures))
    return this.#list
  }
}
