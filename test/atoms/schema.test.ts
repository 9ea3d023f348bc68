/**
 * What counts as a Standard Schema, and how its issues read.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { formatIssues, isStandardSchema } from '../../src/atoms/schema.ts'

const STANDARD = { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) }

describe('isStandardSchema', () => {
  test.each([
    ['an object', { '~standard': STANDARD }, true],
    ['a function, as arktype has', Object.assign(() => 0, { '~standard': STANDARD }), true],
    ['an object without the mark', {}, false],
    ['an object whose mark is no object', { '~standard': 1 }, false],
    ['an object whose mark cannot validate', { '~standard': { version: 1 } }, false],
    ['an object whose mark is null', { '~standard': null }, false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a string', 'string', false],
  ])('%s: %#', (_what, value, expected) => {
    expect(isStandardSchema(value)).toBe(expected)
  })
})

describe('an issue', () => {
  test.each([
    ['without a path is its message', undefined, 'too small'],
    ['with an empty path is its message', [], 'too small'],
    ['has the keys of its path', ['volumes', 0, 'size'], 'volumes.0.size: too small'],
    ['may have keys in objects', [{ key: 'volumes' }, { key: 0 }], 'volumes.0: too small'],
    ['may have symbols for keys', [Symbol('size')], 'Symbol(size): too small'],
  ])('%s', (_what, path, expected) => {
    expect(formatIssues([{ message: 'too small', path }])).toEqual([expected])
  })

  test('is a line each', () => {
    expect(formatIssues([{ message: 'a' }, { message: 'b', path: ['x'] }])).toEqual(['a', 'x: b'])
  })
})
