/**
 * The states of tasks and retries: the tables as TaskFlow has them, and the laws of their walks.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import {
  type AtomState,
  checkAtomMove,
  isDone,
  isUndone,
  RETRY_MOVES,
  TASK_MOVES,
} from '../../src/states/atom.ts'
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
    const cutShort = 'RUNNING REVERTING' // its process died, and the run is undone
    const ours = pairs.includes('RETRYING RUNNING') // undone before the attempt has begun
      ? [again, cutShort, 'RETRYING REVERTING']
      : [again, cutShort]
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

describe.each([
  ['task', TASK_MOVES],
  ['retry', RETRY_MOVES],
] as const)('the moves of a %s', (kind, table: Table) => {
  const states = Object.keys(RETRY_MOVES) as AtomState[]
  const cases = states.flatMap((from) => states.map((to) => [from, to] as const))

  test.each(cases)('from %s to %s are asked of the table', (from, to) => {
    const ask = (): void => checkAtomMove({ name: 'a', kind }, from, to)
    const isAllowed = from === to || to === 'PENDING' || table[from]?.includes(to) === true
    if (isAllowed) expect(ask).not.toThrow()
    else
      expect(ask).toThrow(`${kind} 'a' cannot go from ${from} to ${to}; from ${from} it may go to`)
  })
})
