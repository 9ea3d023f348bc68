/**
 * The states of tasks and retries, the moves between them, and the intentions beside them.
 *
 * TaskFlow's tables (`states.py`); the diagrams in docs/states.md are printed from them.
 *
 * @module
 */
import { InvalidStateError } from '../errors.ts'

/** Where a task is. */
export type TaskState =
  | 'PENDING'
  | 'RUNNING'
  | 'SUCCESS'
  | 'FAILURE'
  | 'REVERTING'
  | 'REVERTED'
  | 'REVERT_FAILURE'
  | 'IGNORE'

/** Where a retry is. */
export type RetryState = TaskState | 'RETRYING'

/** Where an atom is, of whichever kind. */
export type AtomState = RetryState

/** Where an atom is meant to go; stored beside its state. */
export type Intention = 'EXECUTE' | 'IGNORE' | 'REVERT' | 'RETRY'

/** From each state of a task, the states that may follow while a flow runs. */
export const TASK_MOVES: Readonly<Record<TaskState, readonly TaskState[]>> = {
  PENDING: ['RUNNING', 'IGNORE'],
  RUNNING: ['SUCCESS', 'FAILURE', 'REVERTING'], // REVERTING: its process died, and the run is undone
  SUCCESS: ['REVERTING'], // a later atom failed
  FAILURE: ['REVERTING'],
  REVERTING: ['REVERTED', 'REVERT_FAILURE'],
  REVERTED: ['PENDING'], // a retry asked for another round, or the engine was reset
  REVERT_FAILURE: ['REVERTING'], // the undo broke, and somebody asks for it again
  IGNORE: ['PENDING'],
}

/** From each state of a retry, the states that may follow while a flow runs. */
export const RETRY_MOVES: Readonly<Record<RetryState, readonly RetryState[]>> = {
  ...TASK_MOVES,
  SUCCESS: ['REVERTING', 'RETRYING'],
  RETRYING: ['RUNNING', 'REVERTING'], // the run is undone before the attempt has begun
}

/**
 * Makes sure that an atom may move so while a flow runs. Sending it back to PENDING, to start anew,
 * is no such move, and always allowed; staying where it is, too.
 *
 * @throws {@link InvalidStateError} when the move is not in the table.
 */
export function checkAtomMove(
  { name, kind }: { readonly name: string; readonly kind: 'task' | 'retry' },
  from: AtomState,
  to: AtomState,
): void {
  if (from === to || to === 'PENDING') return
  const moves: Readonly<Partial<Record<AtomState, readonly AtomState[]>>> =
    kind === 'task' ? TASK_MOVES : RETRY_MOVES
  const allowed = moves[from] ?? []
  if (allowed.includes(to)) return
  throw new InvalidStateError(
    `${kind} '${name}' cannot go from ${from} to ${to}; from ${from} it may go to ${allowed.join(', ') || 'no other'}`,
  )
}

/** An atom in one of these holds nobody back that comes after it. */
export function isDone(state: AtomState): boolean {
  return state === 'SUCCESS' || state === 'IGNORE'
}

/** An atom in one of these holds nobody back that must be reverted before it. */
export function isUndone(state: AtomState): boolean {
  return state === 'PENDING' || state === 'REVERTED' || state === 'IGNORE'
}
