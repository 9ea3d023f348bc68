/**
 * What a retry can ask its history.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { type Attempt, History } from '../../src/atoms/history.ts'
import { Failure } from '../../src/base/failure.ts'

class QuotaError extends Error {}

const QUOTA = Failure.from(new QuotaError('no space'))
const TYPE = Failure.from(new TypeError('no number'))
const RANGE = Failure.from(new RangeError('too far'))

const ATTEMPTS: readonly Attempt[] = [
  ['first', { reserve: QUOTA, resize: TYPE }],
  ['second', {}],
  ['third', { resize: QUOTA }],
]

const HISTORY = new History(ATTEMPTS, RANGE)

test('an empty history has no attempts, values, outcomes and no failure', () => {
  const history = new History([])
  expect([history.length, [...history], history.provided(), history.outcomes()]).toEqual([
    0,
    [],
    [],
    [],
  ])
  expect([history.failure, history.at(0), history.at(-1)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(history.causedBy(Error, { includeRetry: true })).toBe(false)
})

test('attempts and their values come oldest first', () => {
  expect(HISTORY.length).toBe(3)
  expect([...HISTORY]).toEqual(ATTEMPTS)
  expect(HISTORY.provided()).toEqual(['first', 'second', 'third'])
})

test.each([
  [0, 'first'],
  [-1, 'third'],
  [-3, 'first'],
  [3, undefined],
])('attempt %i is the %s', (index, value) => {
  expect(HISTORY.at(index)?.[0]).toBe(value)
})

describe('outcomes', () => {
  test.each([
    [
      'of all attempts',
      undefined,
      [
        ['reserve', QUOTA],
        ['resize', TYPE],
        ['resize', QUOTA],
      ],
    ],
    [
      'of one attempt',
      0,
      [
        ['reserve', QUOTA],
        ['resize', TYPE],
      ],
    ],
    ['of the newest attempt', -1, [['resize', QUOTA]]],
    ['of an attempt that went well', 1, []],
    ['of an attempt that never was', 7, []],
  ])('%s', (_what, index, expected) => {
    expect(HISTORY.outcomes(index)).toEqual(expected)
  })
})

describe('causedBy', () => {
  test.each([
    ['a class of any attempt', QuotaError, {}, true],
    ['a class above', Error, {}, true],
    ['a name', 'TypeError', {}, true],
    ['a class of no attempt', SyntaxError, {}, false],
    ['a class of that attempt', TypeError, { index: 0 }, true],
    ['a class of another attempt only', TypeError, { index: -1 }, false],
    ['a class of an attempt that never was', Error, { index: 7 }, false],
    ["the retry's own failure, unless it is asked for", RangeError, {}, false],
    ["the retry's own failure, when it is asked for", RangeError, { includeRetry: true }, true],
    [
      "the retry's own failure, beside one attempt",
      RangeError,
      { index: 1, includeRetry: true },
      true,
    ],
  ])('%s', (_what, type, options, expected) => {
    expect(HISTORY.causedBy(type, options)).toBe(expected)
  })

  test('a retry that did not fail has no failure of its own', () => {
    expect(new History(ATTEMPTS).causedBy(RangeError, { includeRetry: true })).toBe(false)
  })
})
