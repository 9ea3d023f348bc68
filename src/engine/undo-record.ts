/**
 * Why a run is being undone, and when it must be over, as it is stored with the flow.
 *
 * Whoever resumes the run goes on in the same direction, and has as much time as is left.
 *
 * @module
 */
import { inWords } from '../base/thrown.ts'
import { CancelledError, type FlowError, TimeoutError } from '../errors.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'

/** Why a run is being undone, and how far. */
export interface Undo {
  /** Somebody reverts it, has cancelled it, or its deadline is over. */
  readonly why: 'revert' | 'cancel' | 'deadline'
  /** What the run rejects with at the end; nothing, when somebody reverts it. */
  readonly message: string
  /** Tasks that stay, with everything before them. */
  readonly downTo: readonly string[]
  /** Undoing that broke before is tried again. */
  readonly triesBrokenAgain?: boolean | undefined
}

/** A wish that the run be undone. */
export interface UndoRequest {
  readonly undo: Undo
  /** What the atoms under way are told. */
  readonly reason: unknown
  /** Called when the wish is met, or has no object any more. */
  readonly resolve: () => void
}

const UNDO_KEY = 'taskflow_ts_undo'
/** When a run must be over. */
export interface Deadline {
  /** The moment. */
  readonly at: Date
  /** How much time the run had altogether, in milliseconds; undefined when nobody wrote it down. */
  readonly limitMs: number | undefined
}

const DEADLINE_KEY = 'taskflow_ts_deadline'
const LIMIT_KEY = 'taskflow_ts_deadline_ms'

/** Why the run is being undone, as it is stored. */
export function readUndo({ meta }: FlowDetail): Undo | undefined {
  const found = meta[UNDO_KEY] as Partial<Undo> | undefined
  if (found?.why !== 'revert' && found?.why !== 'cancel' && found?.why !== 'deadline')
    return undefined
  const { why, message = '', downTo = [], triesBrokenAgain = false } = found
  return { why, message, downTo, triesBrokenAgain }
}

/** When the run must be over, as it is stored. */
export function readDeadline({ meta }: FlowDetail): Deadline | undefined {
  const { [DEADLINE_KEY]: text, [LIMIT_KEY]: limitMs } = meta
  if (typeof text !== 'string') return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return undefined
  return { at, limitMs: typeof limitMs === 'number' ? limitMs : undefined }
}

/** What is stored with the flow when a run is undone. */
export function undoMeta(undo: Undo): Readonly<Record<string, unknown>> {
  return { [UNDO_KEY]: undo }
}

/** What is stored with the flow when a run must be over at a moment. */
export function deadlineMeta({ at, limitMs }: Deadline): Readonly<Record<string, unknown>> {
  return { [DEADLINE_KEY]: at.toISOString(), [LIMIT_KEY]: limitMs }
}

/** The metadata of a flow whose undo has broken: what broke is tried again only on demand. */
export function metaOfBrokenRun(detail: FlowDetail): Readonly<Record<string, unknown>> {
  const undo = readUndo(detail)
  if (undo?.triesBrokenAgain !== true) return detail.meta
  return { ...detail.meta, ...undoMeta({ ...undo, triesBrokenAgain: false }) }
}

/** The metadata of a flow without what belongs to the run that has ended. */
export function metaOfNewRun({ meta }: FlowDetail): Readonly<Record<string, unknown>> {
  const { [UNDO_KEY]: _undo, [DEADLINE_KEY]: _at, [LIMIT_KEY]: _ms, ...rest } = meta
  return rest
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
