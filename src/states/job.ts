/**
 * The states of a job on a board and the moves between them, as in TaskFlow's `states.py`.
 *
 * @module
 */
import { InvalidStateError } from '../errors.ts'

/** Where a job is. */
export type JobState = 'UNCLAIMED' | 'CLAIMED' | 'COMPLETE'

/** From each state, the states that may follow. */
export const JOB_MOVES: Readonly<Record<JobState, readonly JobState[]>> = {
  UNCLAIMED: ['CLAIMED'],
  CLAIMED: ['UNCLAIMED', 'COMPLETE'], // given back, or done
  COMPLETE: [],
}

/**
 * Makes sure that a job may move so.
 *
 * @throws {@link InvalidStateError} when the move is not in the table.
 */
export function checkJobMove(job: string, from: JobState, to: JobState): void {
  if (JOB_MOVES[from].includes(to)) return
  throw new InvalidStateError(
    `job '${job}' cannot go from ${from} to ${to}; from ${from} it may go to ${JOB_MOVES[from].join(', ') || 'no other'}`,
  )
}
