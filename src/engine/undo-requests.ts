/**
 * Why a run is undone, from the wish to what the run rejects with.
 *
 * @module
 */
import { inWords } from '../base/thrown.ts'
import { CancelledError, type FlowError, TimeoutError } from '../errors.ts'
import type { Undo } from '../persistence/flow-meta.ts'

/** A wish that the run be undone. */
export interface UndoRequest {
  readonly undo: Undo
  /** What the atoms under way are told. */
  readonly reason: unknown
  /** Called when the wish is met, or has no object any more. */
  readonly resolve: () => void
}

/** What the run rejects with; undefined when it was reverted on demand. */
export function errorOfUndo({ why, message }: Undo): FlowError | undefined {
  if (why === 'revert') return undefined
  return why === 'cancel' ? new CancelledError(message) : new TimeoutError(message)
}

/** What becomes of a run that somebody cancels. */
export function undoByCancel(flow: string, reason: unknown): Undo {
  return { why: 'cancel', message: `flow '${flow}' was cancelled: ${inWords(reason)}`, downTo: [] }
}
