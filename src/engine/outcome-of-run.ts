/**
 * How a run ends in which nothing is under way and nothing can be started.
 *
 * For the machine. Reads states and intentions, changes nothing.
 *
 * @module
 */
import { isDone } from '../states/atom.ts'
import { isStuck } from './course.ts'
import type { Runtime } from './runtime.ts'

/** What is read of a run. */
type OutcomeParts = Pick<Runtime, 'compilation' | 'moves' | 'options' | 'reversal'>

/** Says from the states of the atoms how the run ends. */
export function outcomeOfRun(run: OutcomeParts): 'SUCCESS' | 'FAILURE' | 'REVERTED' {
  let isComplete = true
  for (const node of run.compilation.atoms) {
    const { state, intention } = run.moves.detailOf(node)
    if (isDone(state) && intention !== 'REVERT') continue
    isComplete &&= isDone(state)
    if (run.options.commit === 'tick' && isStuck(state, intention)) return 'FAILURE'
  }
  if (isComplete) return 'SUCCESS'
  return run.reversal.kept.size > 0 ? 'FAILURE' : 'REVERTED'
}
