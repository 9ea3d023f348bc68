/**
 * The states of a flow and the moves between them.
 *
 * TaskFlow's table (`states.py`); the diagram in docs/states.md is printed from it.
 *
 * @module
 */
import { InvalidStateError } from '../errors.ts'

/** Where a flow is. */
export type FlowState =
  | 'PENDING'
  | 'RUNNING'
  | 'SUCCESS'
  | 'FAILURE'
  | 'REVERTED'
  | 'SUSPENDING'
  | 'SUSPENDED'
  | 'RESUMING'

/** From each state, the states that may follow. */
export const FLOW_MOVES: Readonly<Record<FlowState, readonly FlowState[]>> = {
  PENDING: ['RUNNING'],
  RUNNING: ['SUCCESS', 'FAILURE', 'REVERTED', 'SUSPENDING', 'RESUMING'], // RESUMING: its process died
  SUCCESS: ['RUNNING', 'PENDING'],
  FAILURE: ['RUNNING'], // broken, and run again
  REVERTED: ['PENDING'],
  SUSPENDING: ['SUSPENDED', 'SUCCESS', 'FAILURE', 'REVERTED', 'RESUMING'], // it may end before it stops
  SUSPENDED: ['RUNNING'],
  RESUMING: ['SUSPENDED'],
}

/** All of them. */
export const FLOW_STATES = Object.keys(FLOW_MOVES) as readonly FlowState[]

const AT_REST: readonly FlowState[] = ['PENDING', 'FAILURE', 'SUCCESS', 'SUSPENDED', 'REVERTED']
const STOPPING: readonly FlowState[] = ['SUSPENDING', 'SUSPENDED', 'RESUMING']

/** The flow has an outcome: nothing is left to do unless somebody asks for more. */
export function isFlowFinished(state: FlowState): boolean {
  return state === 'SUCCESS' || state === 'REVERTED' || state === 'FAILURE'
}

/**
 * Says whether a flow moves: true when it does, false when the wish is dropped because it makes
 * no difference (the same state, or stopping a flow that is at rest).
 *
 * @throws {@link InvalidStateError} when the move is not allowed.
 */
export function checkFlowMove(flow: string, from: FlowState, to: FlowState): boolean {
  if (from === to) return false
  if (FLOW_MOVES[from].includes(to)) return true
  if (AT_REST.includes(from) && STOPPING.includes(to)) return false
  throw new InvalidStateError(
    `flow '${flow}' cannot go from ${from} to ${to}; from ${from} it may go to ${FLOW_MOVES[from].join(', ')}`,
  )
}
