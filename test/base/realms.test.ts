/**
 * What is recognized of other realms, and of values that resist.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  builtinName,
  fieldOf,
  firstInside,
  isError,
  isInstance,
  isUrl,
  prototypesOf,
} from '../../src/base/realms.ts'

const SOURCES = join(import.meta.dirname, '..', '..', 'src')

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const FOREIGN_CLASS = '(class Quota extends Error {})'

describe('an error', () => {
  test.each([
    ['of this realm', new TypeError('x')],
    ['of another realm', runInNewContext("new TypeError('x')")],
    ['of a class of another realm', new (runInNewContext(FOREIGN_CLASS))('x')],
    [
      'that only inherits from one of another realm',
      Object.create(runInNewContext('Error.prototype')),
    ],
    ['of the web', new DOMException('x')],
    ['behind a proxy', new Proxy(new Error('x'), {})],
  ])('%s is one', (_what, value) => {
    expect(isError(value)).toBe(true)
  })

  test.each([
    ['a plain object', { name: 'Error', message: 'x' }],
    ['an object of another realm', runInNewContext('({})')],
    ['an object without a prototype', Object.create(null)],
    ['a class', Error],
    ['a string', 'Error'],
    ['null', null],
  ])('%s is none', (_what, value) => {
    expect(isError(value)).toBe(false)
    expect(isError(revoked())).toBe(false)
  })
})

test('what throws when it is asked for its class is of none', () => {
  expect(isInstance(revoked(), Map)).toBe(false)
  expect(isInstance(new Map(), Map)).toBe(true)
})

test.each([
  ['one of Node', () => new URL('file:///a'), true],
  ['one of jsdom', () => Object.create(null, { [Symbol.toStringTag]: { value: 'URL' } }), true],
  ['an object with an href', () => ({ href: 'file:///a' }), false],
  ['a proxy that is revoked', revoked, false],
  ['a text', () => 'file:///a', false],
  [
    'what does not say',
    () => ({
      get [Symbol.toStringTag]() {
        return JSON.parse('')
      },
    }),
    false,
  ],
])('%s is a URL or not', (_what, make, expected) => {
  expect(isUrl(make())).toBe(expected)
})

test('the prototypes of a proxy end where it does not tell, or tells too much', () => {
  const endless: ProxyHandler<object> = { getPrototypeOf: () => new Proxy({}, endless) }
  expect(prototypesOf(new Proxy({}, endless))).toHaveLength(100)
  expect(prototypesOf(Object.create(revoked()))).toHaveLength(1)
  expect(prototypesOf(new RangeError('x')).map(builtinName)).toEqual([
    'RangeError',
    'Error',
    'Object',
  ])
})

test.each([
  ['of another realm', (): object => runInNewContext('Map.prototype'), 'Map'],
  ['of a class of users', () => class Volume {}.prototype, undefined],
  ['of a bound class', () => ({ constructor: Map.bind(undefined) }), undefined],
  ['that is a proxy that is revoked', revoked, undefined],
])('a prototype %s is known by the name of its class, or not', (_what, make, expected) => {
  expect(builtinName(make())).toBe(expected)
})

test('a field that cannot be read is undefined', () => {
  expect([{ a: 1 }, revoked(), null].map((value) => fieldOf(value, 'a'))).toEqual([
    1,
    undefined,
    undefined,
  ])
})

test('the first error inside of another is found, and the error itself where there is none', () => {
  const [first, alone] = [new Error('first'), new AggregateError([])]
  expect(firstInside(new AggregateError([first]))).toBe(first)
  expect(firstInside(alone)).toBe(alone)
  expect(firstInside('no error')).toBe('no error')
})

test('no source asks by instanceof for what may be of another realm', () => {
  const asks = /instanceof (?:Error|AggregateError|Map|Set|Date|RegExp|URL|Uint8Array|Array)\b/
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  const found = files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('realms.ts'))
    .filter((file) => asks.test(readFileSync(join(SOURCES, file), 'utf8')))
  expect(found).toEqual([])
})
