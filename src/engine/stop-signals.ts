/**
 * The signals that tell the atoms of a run to stop: one for those that go forward, one for those
 * that are undone.
 *
 * @module
 */
import { fieldOf, isError } from '../base/realms.ts'
import { StorageError } from '../errors.ts'
import type { CallDirection } from '../executors/executor.ts'

/** The signals of one run. */
export class StopSignals {
  readonly #stops = { execute: new AbortController(), revert: new AbortController() }

  /** Asks the atoms under way to stop: all of them, or those that go forward. */
  abort(reason: unknown, direction?: 'execute'): void {
    this.#stops.execute.abort(reason)
    if (direction === undefined) this.#stops.revert.abort(reason)
  }

  /** The signal of a call; with `own`, it is aborted as well when this call alone is to stop. */
  of(direction: CallDirection, own?: AbortSignal): AbortSignal {
    const { signal } = this.#stops[direction]
    return own === undefined ? signal : AbortSignal.any([signal, own])
  }

  /** The atom only says that it was told to stop, since the run could not be written any more. */
  isOwnStop(outcome: {
    readonly direction: CallDirection
    readonly hasFailed: boolean
    readonly value: unknown
  }): boolean {
    const { reason } = this.#stops[outcome.direction].signal
    return outcome.hasFailed && reason instanceof StorageError && comesOf(outcome.value, reason)
  }

  /** A run begins: nothing was told to stop. */
  restart(): void {
    for (const direction of ['execute', 'revert'] as const) {
      if (this.#stops[direction].signal.aborted) this.#stops[direction] = new AbortController()
    }
  }
}

/** An error is thrown, or is the cause of what is thrown. */
function comesOf(thrown: unknown, error: unknown): boolean {
  return thrown === error || (isError(thrown) && fieldOf(thrown, 'cause') === error)
}
