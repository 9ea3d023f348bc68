/**
 * Wishes that a run be undone, from when somebody has one until the machine meets it.
 *
 * For the machine, which meets them where no atom is half dealt with.
 *
 * @module
 */

import type { Undo } from '../persistence/flow-meta.ts'
import type { Calls } from './calls.ts'
import type { Delays } from './delays.ts'
import type { Runtime } from './runtime.ts'
import type { UndoRequest } from './undo-requests.ts'
import { type UndoingParts, undoAll } from './undoing.ts'

/** What requests need of a run. */
export type RequestParts = UndoingParts & Pick<Runtime, 'agenda' | 'signals'>

/** The wish that waits, if there is one. */
export class Requests {
  readonly #run: RequestParts
  readonly #calls: Calls
  readonly #delays: Delays
  #request: UndoRequest | undefined

  constructor(run: RequestParts, calls: Calls, delays: Delays) {
    this.#run = run
    this.#calls = calls
    this.#delays = delays
  }

  /** True when a wish waits. */
  get isWaiting(): boolean {
    return this.#request !== undefined
  }

  /**
   * Adds a wish; of several, the first one counts.
   *
   * @returns resolves when it is met, or has no object any more
   */
  add(undo: Undo, reason: unknown): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = this.#request
    this.#request = { undo: earlier?.undo ?? undo, reason: earlier?.reason ?? reason, resolve }
    if (earlier !== undefined) void promise.then(earlier.resolve)
    return promise
  }

  /** Tells atoms going forward to stop, and means everything to be reverted. */
  meet(): void {
    const request = this.#request
    if (request === undefined) return
    this.#request = undefined
    const { reversal, signals, agenda } = this.#run
    if (reversal.undo === undefined) {
      reversal.begin(request.undo)
      signals.abort(request.reason, 'execute')
      this.#calls.giveGrace(request.undo.message, 'execute')
      agenda.add([...undoAll(this.#run), ...this.#delays.drop()])
    }
    request.resolve()
  }

  /** The run has ended: nobody waits for what is not done any more. */
  drop(): void {
    this.#request?.resolve()
    this.#request = undefined
  }
}
