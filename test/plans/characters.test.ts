/**
 * Widths of text, in columns and in pixels.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { columnsOf, inOneLine, pixelsOf, shorten, wrap } from '../../src/plans/characters.ts'
import { fc } from '../properties.ts'

/** From the metrics that Adobe publishes for Helvetica, which Arial shares; in thousandths. */
const HELVETICA: Readonly<Record<string, number>> = {
  ' ': 278,
  '%': 889,
  '-': 333,
  '0': 556,
  '@': 1015,
  A: 667,
  G: 778,
  I: 278,
  J: 500,
  M: 833,
  Q: 778,
  W: 944,
  _: 556,
  a: 556,
  f: 278,
  i: 222,
  j: 222,
  l: 222,
  m: 833,
  s: 500,
  w: 722,
  z: 500,
}

describe('pixels', () => {
  test.each(Object.entries(HELVETICA))(
    '%j is given at least the room of Helvetica',
    (one, width) => {
      expect(pixelsOf(one, 1000)).toBeGreaterThanOrEqual(width)
    },
  )

  test('other alphabets, signs and marks have widths', () => {
    expect(pixelsOf('é', 10)).toBe(10)
    expect(pixelsOf('e\u0301', 10)).toBe(pixelsOf('e', 10))
    expect(pixelsOf('京', 10)).toBe(14)
  })

  test('a shortened text fits, and keeps both of its ends', () => {
    expect(shorten('short', 10, 100)).toBe('short')
    expect(shorten('abcdefghijklmnopqrstuvwxyz', 10, 60)).toMatch(/^abc.*….*xyz$/)
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 10, max: 200 }),
        (text, max) => {
          expect(pixelsOf(shorten(text, 10, max), 10)).toBeLessThanOrEqual(max)
        },
      ),
    )
  })
})

describe('columns', () => {
  test('East Asian letters take two, marks none', () => {
    expect(columnsOf('ab')).toBe(2)
    expect(columnsOf('北京')).toBe(4)
    expect(columnsOf('e\u0301')).toBe(1)
  })

  test('wrapping keeps every letter, in lines that fit', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '京') })
    fc.assert(
      fc.property(texts, fc.integer({ min: 8, max: 30 }), (text, width) => {
        const lines = wrap(text, '- ', '  ', width)
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replaceAll(/[- ]/g, '')).toBe(text.replaceAll(' ', ''))
      }),
    )
  })
})

test('what cannot be seen is shown by its number, line breaks as spaces', () => {
  expect(inOneLine('a \r\n b\tc\u2028d\ud800')).toBe('a b\\u{9}c\\u{2028}d\ufffd')
})
