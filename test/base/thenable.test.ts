/**
 * What counts as a promise.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { isThenable } from '../../src/base/thenable.ts'

const THENABLE = Object.fromEntries([['then', () => undefined]])

test.each([
  ['a promise', Promise.resolve(1), true],
  ['an object with a method then', THENABLE, true],
  ['an object that inherits then', Object.create(THENABLE), true],
  ['an object whose then is no function', Object.fromEntries([['then', 1]]), false],
  ['a plain object', {}, false],
  ['an array', [], false],
  ['null', null, false],
  ['undefined', undefined, false],
  ['a string', 'then', false],
  ['a function', () => undefined, false],
])('%s: %#', (_what, value, expected) => {
  expect(isThenable(value)).toBe(expected)
})
