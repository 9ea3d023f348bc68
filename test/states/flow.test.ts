/**
 * The states of a flow: the table as TaskFlow has it, and which wishes are dropped or refused.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { InvalidStateError } from '../../src/errors.ts'
import { checkFlowMove, FLOW_MOVES, type FlowState, isFlowFinished } from '../../src/states/flow.ts'
import { fc } from '../properties.ts'

const STATES = Object.keys(FLOW_MOVES) as FlowState[]
const PAIRS = STATES.flatMap((from) => STATES.map((to) => ({ from, to })))

/** TaskFlow's `_ALLOWED_FLOW_TRANSITIONS`. */
const ALLOWED = new Set([
  'PENDING RUNNING',
  'RUNNING SUCCESS',
  'RUNNING FAILURE',
  'RUNNING REVERTED',
  'RUNNING SUSPENDING',
  'RUNNING RESUMING',
  'SUCCESS RUNNING',
  'SUCCESS PENDING',
  'FAILURE RUNNING',
  'REVERTED PENDING',
  'SUSPENDING SUSPENDED',
  'SUSPENDING SUCCESS',
  'SUSPENDING FAILURE',
  'SUSPENDING REVERTED',
  'SUSPENDING RESUMING',
  'SUSPENDED RUNNING',
  'RESUMING SUSPENDED',
])

/** TaskFlow's `_IGNORED_FLOW_TRANSITIONS`. */
const DROPPED = new Set(
  ['PENDING', 'FAILURE', 'SUCCESS', 'SUSPENDED', 'REVERTED'].flatMap((from) =>
    ['SUSPENDING', 'SUSPENDED', 'RESUMING'].map((to) => `${from} ${to}`),
  ),
)

function verdictOf({ from, to }: { from: FlowState; to: FlowState }): string {
  if (from === to) return 'dropped'
  if (ALLOWED.has(`${from} ${to}`)) return 'moves'
  return DROPPED.has(`${from} ${to}`) ? 'dropped' : 'refused'
}

describe('the table', () => {
  test('has every state that a move leads to', () => {
    expect(STATES).toEqual(expect.arrayContaining(Object.values(FLOW_MOVES).flat()))
  })

  test('allows the moves that TaskFlow allows', () => {
    const moves = STATES.flatMap((from) => FLOW_MOVES[from].map((to) => `${from} ${to}`))
    expect(new Set(moves)).toEqual(ALLOWED)
    expect(moves).toHaveLength(ALLOWED.size)
  })

  test('leads from every state back to RUNNING', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STATES), fc.infiniteStream(fc.nat()), (start, dice) => {
        let state = start
        for (const roll of dice.take(200)) {
          if (state === 'RUNNING') return true
          const moves = FLOW_MOVES[state]
          state = moves[roll % moves.length] ?? state
        }
        return false
      }),
    )
  })
})

describe('checkFlowMove', () => {
  test.each(PAIRS.filter((pair) => verdictOf(pair) === 'moves'))(
    'lets a flow go from $from to $to',
    ({ from, to }) => {
      expect(checkFlowMove('deploy', from, to)).toBe(true)
    },
  )

  test.each(PAIRS.filter((pair) => verdictOf(pair) === 'dropped'))(
    'drops the wish to go from $from to $to',
    ({ from, to }) => {
      expect(checkFlowMove('deploy', from, to)).toBe(false)
    },
  )

  test.each(PAIRS.filter((pair) => verdictOf(pair) === 'refused'))(
    'refuses to go from $from to $to',
    ({ from, to }) => {
      expect(() => checkFlowMove('deploy', from, to)).toThrow(InvalidStateError)
    },
  )

  test('a refusal names the flow and where it may go', () => {
    expect(() => checkFlowMove('deploy', 'SUCCESS', 'REVERTED')).toThrow(
      "flow 'deploy' cannot go from SUCCESS to REVERTED; from SUCCESS it may go to RUNNING, PENDING",
    )
  })
})

test('only SUCCESS, FAILURE and REVERTED are outcomes', () => {
  expect(STATES.filter(isFlowFinished)).toEqual(['SUCCESS', 'FAILURE', 'REVERTED'])
})
