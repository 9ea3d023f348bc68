/**
 * What is wanted of a run from outside: that it be suspended, cancelled, or undone.
 *
 * For the engine. A wish counts at once: starts that nobody has heard of are withdrawn. It resolves
 * when it is stored and everything is called that is called in spite of it.
 *
 * @module
 */
import { unwatched } from '../base/unwatched.ts'
import { InvalidStateError } from '../errors.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import type { FlowRecordKeeper } from './flow-record.ts'
import type { Journal } from './journal.ts'
import type { Stops } from './limits.ts'
import type { Machine } from './machine.ts'
import type { Runtime } from './runtime.ts'
import type { Storage } from './storage.ts'
import { errorOfUndo, undoByCancel } from './undo-requests.ts'

/** The run, once its engine is prepared. */
type Prepared =
  | { readonly runtime: Pick<Runtime, 'standing'>; readonly machine: Machine }
  | undefined

/** Takes wishes. A promise of a wish need not be waited for. */
export class Wishes implements Stops {
  readonly #storage: Storage<object>
  readonly #record: FlowRecordKeeper
  readonly #journal: Journal<unknown>
  readonly #prepared: () => Prepared

  constructor(
    storage: Storage<object>,
    record: FlowRecordKeeper,
    journal: Journal<unknown>,
    prepared: () => Prepared,
  ) {
    this.#storage = storage
    this.#record = record
    this.#journal = journal
    this.#prepared = prepared
  }

  /** See {@link Engine.suspend}. */
  suspend(): Promise<void> {
    return unwatched(this.#suspend())
  }

  /** See {@link Engine.cancel}. */
  cancel(reason: unknown): Promise<void> {
    return unwatched(this.#cancel(reason))
  }

  /** The run is to be undone, for this reason. */
  undo(undo: Undo, reason: unknown): Promise<void> {
    return unwatched(this.#undo(undo, reason))
  }

  async #suspend(): Promise<void> {
    this.#record.move('SUSPENDING')
    const machine = this.#prepared()?.machine
    if (this.#storage.getFlowState() === 'SUSPENDING') machine?.suspend()
    await this.#journal.flush()
    await machine?.whenLaunched()
  }

  async #cancel(reason: unknown): Promise<void> {
    const { flowName } = this.#storage
    if (!this.#record.isRunning) {
      throw new InvalidStateError(
        `flow '${flowName}' is not running and cannot be cancelled; call revert() to undo what it did`,
      )
    }
    const undo = undoByCancel(flowName, reason)
    const standing = this.#prepared()?.runtime.standing
    if (standing !== undefined) standing.heedsSuspension = false
    await this.#undo(undo, errorOfUndo(undo))
  }

  async #undo(undo: Undo, reason: unknown): Promise<void> {
    await this.#prepared()?.machine.undo(undo, reason)
    await this.#journal.flush()
  }
}
