/**
 * Which symbols a result is known by, and which part of it each stands for.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { extract, type Provides, provisionsOf } from '../../src/atoms/provides.ts'
import { fc, isName } from '../properties.ts'

/** The part of a result under each symbol; symbols without a part are left out. */
function partsOf(provides: Provides | undefined, result: unknown): Record<string, unknown> {
  const parts: Record<string, unknown> = {}
  for (const { symbol, index } of provisionsOf('resize', provides)) {
    const part = extract(result, index)
    if (part.found) parts[symbol] = part.value
  }
  return parts
}

describe('a result', () => {
  test.each([
    ['under no name is known by none', undefined, { a: 1 }, {}],
    ['under a name is known whole', 'x', [1, 2], { x: [1, 2] }],
    ['that is undefined is known by its name', 'x', undefined, { x: undefined }],
    ['under a list of names is known by position', ['a', 'b'], [1, 2, 3], { a: 1, b: 2 }],
    ['under a list of one name is taken apart too', ['a'], [[1]], { a: [1] }],
    ['that is a string has its characters by position', ['a', 'b'], 'hi', { a: 'h', b: 'i' }],
    ['that is too short lacks the last names', ['a', 'b'], [1], { a: 1 }],
    ['that is undefined at a position is known by it', ['a'], [undefined], { a: undefined }],
    ['that has no positions lacks all names', ['a', 'b'], { 0: 1, length: 1 }, {}],
    ['that is null lacks all names', ['a'], null, {}],
    ['under the empty list is known by none', [], [1], {}],
    [
      'under a name given twice is known by the last position',
      ['a', 'b', 'a'],
      [1, 2, 3],
      { a: 3, b: 2 },
    ],
    [
      'of picked fields is known by them',
      { pick: ['a', 'b'] },
      { a: 1, b: 2, c: 3 },
      { a: 1, b: 2 },
    ],
    [
      'that lacks a picked field lacks the name',
      { pick: ['a', 'b'] },
      { b: undefined },
      { b: undefined },
    ],
    ['has only fields of its own', { pick: ['toString', 'length'] }, {}, {}],
    ['that is null has no fields', { pick: ['a'] }, null, {}],
    ['that is a string has no fields', { pick: ['length'] }, 'hi', {}],
    ['that is an array has its own fields', { pick: ['length'] }, [1, 2], { length: 2 }],
  ] as const)('%s', (_what, provides, result, expected) => {
    expect(partsOf(provides, result)).toEqual(expected)
  })

  test('is known by every name of a list, in order, when it is long enough', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string().filter(isName)), (names) => {
        const entries = names.map((name, i): [string, unknown] => [name, i])
        const found = provisionsOf('resize', names).map(({ symbol, index }) => [
          symbol,
          extract([...names.keys()], index),
        ])
        expect(found).toEqual(entries.map(([name, value]) => [name, { found: true, value }]))
      }),
    )
  })
})

describe('a wrong provides', () => {
  test.each([
    ['null', null],
    ['a number', 5],
    ['an object without pick', { a: 0 }],
    ['a set', new Set(['a'])],
    ['a list with something else', ['a', 1]],
    ['a pick of one name', { pick: 'a' }],
    ['a pick with something else', { pick: [undefined] }],
  ])('of %s is refused with the name of the atom and what to write', (_what, provides) => {
    expect(() => provisionsOf('resize', provides as never)).toThrow(
      new TypeError(
        "'resize' provides something without a name: write a name, a list of names by position, or { pick: ['field'] }",
      ),
    )
  })
})
