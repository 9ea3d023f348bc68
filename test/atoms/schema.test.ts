/**
 * What counts as a Standard Schema, and how its issues read.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { formatIssues, isStandardSchema } from '../../src/atoms/schema.ts'
import { type Engine, linear, load, task } from '../../src/index.ts'

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

test('checked inputs have no prototype either, and may be called __proto__', async () => {
  let seen: object = {}
  const schema = { '~standard': STANDARD }
  const takes = task('takes', {
    requires: Object.fromEntries([['__proto__', schema]]),
    execute: (inputs: object) => {
      seen = inputs
    },
  } as never)
  const store = JSON.parse('{ "__proto__": { "isAdmin": true } }') as never
  await (load as (flow: never, options: object) => Engine)(linear('f').add(takes) as never, {
    store,
  }).run()
  expect(Object.getPrototypeOf(seen)).toBeNull()
  expect(Object.entries(seen)).toEqual([['__proto__', { isAdmin: true }]])
})
