/**
 * The records of atoms as cases write them.
 *
 * @module
 */
import { type AtomDetail, type FlowDetail, RetryDetail, TaskDetail } from '../../src/index.ts'
import { observeFailure, observeValue } from './faults.ts'
import type { ObservedAtom } from './outcome.ts'
import type { Recording } from './recording.ts'
import { observeAttempts } from './script.ts'

/** The atoms of a flow detail by name. */
export function observeAtoms(
  detail: FlowDetail,
  recording: Recording,
): Readonly<Record<string, ObservedAtom>> {
  const atoms: Record<string, ObservedAtom> = {}
  for (const atom of detail) {
    if (atom.name.startsWith('_TaskFlow_')) continue // what was put into storage
    atoms[atom.name] = { ...observeRecord(atom), ...recording.historyOf(atom.name) }
  }
  return atoms
}

function observeRecord(
  atom: AtomDetail,
): Pick<ObservedAtom, 'kind' | 'state' | 'intention' | 'failure' | 'revertFailure'> {
  const { kind, state, intention, failure, revertFailure } = atom
  return {
    kind,
    state,
    intention,
    failure: failure === undefined ? null : observeFailure(failure),
    revertFailure: revertFailure === undefined ? null : observeFailure(revertFailure),
    ...(atom instanceof TaskDetail && {
      result: observeValue(atom.results),
      revertResult: observeValue(atom.revertResults),
    }),
    ...(atom instanceof RetryDetail && { history: observeAttempts(atom.results) }),
  }
}
