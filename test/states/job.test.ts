/**
 * The states of a job.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { checkJobMove, JOB_MOVES } from '../../src/states/job.ts'

test('the table allows the moves that TaskFlow allows', () => {
  expect(JOB_MOVES).toEqual({
    UNCLAIMED: ['CLAIMED'],
    CLAIMED: ['UNCLAIMED', 'COMPLETE'],
    COMPLETE: [],
  })
})

test('a job that is complete goes nowhere, and no job gets there unclaimed', () => {
  const sources = Object.entries(JOB_MOVES).filter(([, targets]) => targets.includes('COMPLETE'))
  expect(sources.map(([from]) => from)).toEqual(['CLAIMED'])
  expect(JOB_MOVES.COMPLETE).toEqual([])
})

test('a move that is not in the table is refused with those that are', () => {
  expect(() => checkJobMove('j', 'CLAIMED', 'COMPLETE')).not.toThrow()
  expect(() => checkJobMove('j', 'UNCLAIMED', 'COMPLETE')).toThrow(
    "job 'j' cannot go from UNCLAIMED to COMPLETE; from UNCLAIMED it may go to CLAIMED",
  )
  expect(() => checkJobMove('j', 'COMPLETE', 'CLAIMED')).toThrow('it may go to no other')
})
