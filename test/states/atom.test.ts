/**
 * The states of tasks and retries: the tables as TaskFlow has them, and the laws of their walks.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { type AtomState, isDone, isUndone, RETRY_MOVES, TASK_MOVES } from '../../src/states/atom.ts'
import { fc } from '../properties.ts'

type Table = Readonly<Record<string, readonly string[]>>

/** TaskFlow's `_ALLOWED_TASK_TRANSITIONS`. */
const TASK_PAIRS = [
  'PENDING RUNNING',
  'PENDING IGNORE',
  'RUNNING SUCCESS',
  'RUNNING FAILURE',
  'SUCCESS REVERTING',
  'FAILURE REVERTING',
  'REVERTING REVERTED',
  'REVERTING REVERT_FAILURE',
  'REVERTED PENDING',
  'IGNORE PENDING',
]

const TABLES: readonly { name: string; table: Table; pairs: readonly string[] }[] = [
  { name: 'a task', table: TASK_MOVES, pairs: TASK_PAIRS },
  {
    name: 'a retry',
    table: RETRY_MOVES,
    pairs: [...TASK_PAIRS, 'SUCCESS RETRYING', 'RETRYING RUNNING'],
  },
]

describe.each(TABLES)('the table of $name', ({ table, pairs }) => {
  test('has every state that a move leads to', () => {
    expect(Object.keys(table)).toEqual(expect.arrayContaining(Object.values(table).flat()))
  })

  test('allows the moves that TaskFlow allows', () => {
    const moves = Object.entries(table).flatMap(([from, targets]) =>
      targets.map((to) => `${from} ${to}`),
    )
    const again = 'REVERT_FAILURE REVERTING' // somebody asks for the undo again
    const ours = pairs.includes('RETRYING RUNNING') // undone before the attempt has begun
      ? [again, 'RETRYING REVERTING']
      : [again]
    expect(moves.toSorted()).toEqual([...pairs, ...ours].toSorted())
  })

  test('a walk goes on from everywhere', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (dice) => {
        let state = 'PENDING'
        for (const roll of dice.take(100)) {
          const moves = table[state] ?? []
          if (moves.length === 0) return false
          state = moves[roll % moves.length] ?? ''
        }
        return true
      }),
    )
  })

  test('no walk passes RUNNING twice unless it is undone, ignored or retried between', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (dice) => {
        let state = 'PENDING'
        let isFresh = true
        for (const roll of dice.take(100)) {
          const moves = table[state] ?? []
          if (moves.length === 0) return true
          state = moves[roll % moves.length] ?? ''
          if (state === 'RUNNING' && !isFresh) return false
          if (state === 'RUNNING') isFresh = false
          if (['REVERTED', 'IGNORE', 'RETRYING'].includes(state)) isFresh = true
        }
        return true
      }),
    )
  })
})

const STATES = Object.keys(RETRY_MOVES) as AtomState[]

test('only SUCCESS and IGNORE let what comes after go on', () => {
  expect(STATES.filter(isDone)).toEqual(['SUCCESS', 'IGNORE'])
})

test('only PENDING, REVERTED and IGNORE let what comes before be reverted', () => {
  expect(STATES.filter(isUndone)).toEqual(['PENDING', 'REVERTED', 'IGNORE'])
})
