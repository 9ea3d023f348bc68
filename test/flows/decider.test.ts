/**
 * The depths of deciders.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { DEPTHS, readDepth, widest } from '../../src/flows/decider.ts'
import { fc } from '../properties.ts'

describe('readDepth', () => {
  test.each(
    DEPTHS.flatMap((depth) => [
      [depth, depth],
      [depth.toLowerCase(), depth],
    ]),
  )('reads %s as %s', (text, depth) => {
    expect(readDepth(text)).toBe(depth)
  })

  test('reads a depth in any letter case', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...DEPTHS)
          .chain((depth) =>
            fc.tuple(fc.constant(depth), fc.mixedCase(fc.constant(depth.toLowerCase()))),
          ),
        ([depth, text]) => {
          expect(readDepth(text)).toBe(depth)
        },
      ),
    )
  })

  test.each(['', 'NEIGHBOURS', ' ALL', 'toString'])("refuses the word '%s'", (word) => {
    expect(() => readDepth(word)).toThrow(
      new RangeError(`depth must be 'ALL', 'FLOW', 'NEIGHBORS' or 'ATOM', got '${word}'`),
    )
  })

  test.each([1, null, undefined, true])('refuses %s, which is no text', (value) => {
    expect(() => readDepth(value)).toThrow(
      new TypeError(`depth must be 'ALL', 'FLOW', 'NEIGHBORS' or 'ATOM', got ${value}`),
    )
  })
})

describe('widest', () => {
  test.each([
    [['ATOM', 'NEIGHBORS'], 'NEIGHBORS'],
    [['FLOW', 'ALL', 'ATOM'], 'ALL'],
    [['ATOM', 'ATOM'], 'ATOM'],
    [['NEIGHBORS', 'FLOW'], 'FLOW'],
    [[], 'ALL'],
  ] as const)('of %j is %s', (depths, expected) => {
    expect(widest(depths)).toBe(expected)
  })
})
