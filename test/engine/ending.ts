/**
 * What two runs of one flow have in common when they came to the same end.
 *
 * @module
 */
import { Failure, type FlowDetail, RetryDetail, type TaskDetail } from '../../src/index.ts'

/** What is compared between a run that was cut short and one that was not. */
export function endOf(detail: FlowDetail): unknown {
  const plain = (value: unknown): unknown => (value instanceof Failure ? value.message : value)
  const atoms = [...detail].map((atom) => {
    const results =
      atom instanceof RetryDetail
        ? atom.results.map(([value, failures]) => [
            value,
            Object.entries(failures).map(([name, failure]) => `${name}: ${failure.message}`),
          ])
        : (atom as TaskDetail).results
    const { name, state, intention, attempt, failure, revertResults, revertFailure } = atom
    // What was cut short is reverted without a result, and nobody can fetch it afterwards.
    const kept = state === 'REVERTED' ? undefined : results
    const ends = { state, intention, attempt, results: kept, revertResults }
    return [name, { ...ends, failure: plain(failure), revertFailure: plain(revertFailure) }]
  })
  return { state: detail.state, ...Object.fromEntries(atoms) }
}
