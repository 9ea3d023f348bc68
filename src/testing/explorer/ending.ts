/**
 * How a simulated run ended, and whether that fits what is stored.
 *
 * @module
 */
import type { AtomDetail } from '../../persistence/atom-detail.ts'
import type { FlowDetail } from '../../persistence/flow-detail.ts'
import { INJECTOR_NAME } from '../../persistence/records.ts'
import { isDone, isUndone } from '../../states/atom.ts'

/** How a flow ends. */
export type EndState = 'SUCCESS' | 'REVERTED' | 'FAILURE'

/**
 * What in the records contradicts the end of the flow; empty when all of it fits.
 *
 * SUCCESS: every atom is done or ignored. REVERTED: every atom is untouched, undone or ignored, or
 * is done and was to be kept, as where a retry reverts its own flow alone. FAILURE says nothing of
 * atoms, since the flow stopped where it broke.
 */
export function findMisfits(detail: FlowDetail): string[] {
  if (detail.state === 'FAILURE') return []
  return [...detail]
    .filter(({ name }) => name !== INJECTOR_NAME)
    .filter((atom) => !fits(atom, detail.state))
    .map(({ name, state, intention }) => `${name} is ${state} and meant to ${intention}`)
}

function fits({ state, intention }: AtomDetail, end: string): boolean {
  const isKept = isDone(state) && intention !== 'REVERT'
  return end === 'SUCCESS' ? isKept : isKept || isUndone(state)
}

/** The states of flow and atoms, in one line. */
export function describeEnd(detail: FlowDetail): string {
  const atoms = [...detail].filter(({ name }) => name !== INJECTOR_NAME)
  return `flow ${detail.state}; ${atoms.map(({ name, state }) => `${name} ${state}`).join(', ')}`
}
