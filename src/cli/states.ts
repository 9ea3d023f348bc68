/**
 * States of flows as arguments.
 *
 * @module
 */

import { didYouMean } from '../base/suggestions.ts'
import { FLOW_MOVES, type FlowState } from '../states/flow.ts'
import { usageError } from './exits.ts'

/**
 * Reads names of states, in whichever case, also several in one word with commas.
 *
 * @throws ExitError for one that there is not.
 */
export function readStates(words: readonly string[]): readonly FlowState[] {
  const known = Object.keys(FLOW_MOVES)
  return words
    .flatMap((word) => word.split(','))
    .map((word) => {
      const state = word.toUpperCase()
      if (known.includes(state)) return state as FlowState
      throw usageError(
        `there is no state '${word}': write ${known.join(', ')}${didYouMean(word, known)}`,
      )
    })
}
