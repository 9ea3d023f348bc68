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

/** Says from the states of the atoms how the run ends. */
export function outcomeOfRun(runtime: Runtime): 'SUCCESS' | 'FAILURE' | 'REVERTED' {
  let isComplete = true
  for (const node of runtime.compilation.atoms) {
    const { state, intention } = runtime.detailOf(node)
    if (isDone(state) && intention !== 'REVERT') continue
    isComplete &&= isDone(state)
    if (!runtime.options.commitEachMove && isStuck(state, intention)) return 'FAILURE'
  }
  if (isComplete) return 'SUCCESS'
  return runtime.kept.size > 0 ? 'FAILURE' : 'REVERTED'
}
