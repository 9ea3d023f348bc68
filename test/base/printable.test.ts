import { describe, expect, test, vi } from 'vitest'
import { CONSOLE_LOGGER } from '../../src/base/logger.ts'
import { flat, harmless, harmlessJson, oneLine } from '../../src/base/printable.ts'
import { fc } from '../properties.ts'

/** What a terminal obeys, and what hides or reverses text. */
const STEERING = /[^\P{Cc}\n\t]|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u

describe('a harmless text', () => {
  test.each([
    ['\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
    ['\u009b31m\u0085', '\\x9b31m\\x85'],
    ['\u202eevil\u2066', '\\u202eevil\\u2066'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['\u{e0041}tag', '\\u{e0041}tag'],
    ['half \ud800', 'half \\ud800'],
    ['a\rb\r\nc', 'a\\x0db\nc'],
    ['\u007f', '\\x7f'],
    ['a\n\tb', 'a\n\tb'],
    ['Zürich 東京 👩‍👧 می‌خواهم', 'Zürich 東京 👩‍👧 می‌خواهم'],
  ])('is of %j', (text, shown) => {
    expect(harmless(text)).toBe(shown)
  })

  test('has nothing that steers a terminal, whatever it was', () => {
    const any = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(any, (text) => {
        expect(harmless(text)).not.toMatch(STEERING)
        expect(oneLine(text)).not.toMatch(/[\n\t]/)
        const json = harmlessJson(JSON.stringify({ [text]: text }))
        expect(json).not.toMatch(STEERING)
        expect(JSON.parse(json)).toEqual({ [text]: text })
      }),
    )
  })

  test('may be on one line', () => {
    expect(flat('a \n  b\nc')).toBe('a b c')
    expect(oneLine('a\n\tb\tc')).toBe('a b\\x09c')
  })
})

test.each(['debug', 'info', 'warn', 'error'] as const)(
  'the console gets harmless lines of %s',
  (level) => {
    const spy = vi.spyOn(console, level).mockImplementation(() => {})
    const error = Object.assign(new Error('x'), { stack: 'Error: \u001b[2J' })
    CONSOLE_LOGGER[level]('\u001b[31m', '\u202e', error, { a: 1 })
    expect(spy.mock.calls).toEqual([['\\x1b[31m', '\\u202e', 'Error: \\x1b[2J', { a: 1 }]])
    spy.mockRestore()
  },
)
