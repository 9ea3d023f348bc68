/**
 * The states of a job on a board and the moves between them, as in TaskFlow's `states.py`.
 *
 * @module
 */

/** Where a job is. */
export type JobState = 'UNCLAIMED' | 'CLAIMED' | 'COMPLETE'

/** From each state, the states that may follow. */
export const JOB_MOVES: Readonly<Record<JobState, readonly JobState[]>> = {
  UNCLAIMED: ['CLAIMED'],
  CLAIMED: ['UNCLAIMED', 'COMPLETE'], // given back, or done
  COMPLETE: [],
}
