/**
 * How each thing that plain JSON cannot hold is stored, and comes back.
 *
 * The stored forms are pinned, because records outlive releases.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decode, encode } from '../../src/base/codec.ts'
import { fc } from '../properties.ts'

function thereAndBack(value: unknown): unknown {
  return decode(encode(value))
}

function withOwn(value: object, key: PropertyKey, descriptor: PropertyDescriptor): object {
  return Object.defineProperty(value, key, descriptor)
}

describe('tagged values', () => {
  test.each([
    [undefined, '["undefined"]'],
    [-0, '["Number","-0"]'],
    [Number.NaN, '["Number","NaN"]'],
    [Number.POSITIVE_INFINITY, '["Number","Infinity"]'],
    [Number.NEGATIVE_INFINITY, '["Number","-Infinity"]'],
    [-12345678901234567890n, '["BigInt","-12345678901234567890"]'],
    [new Date('2026-01-31T12:00:00.5Z'), '["Date","2026-01-31T12:00:00.500Z"]'],
    [new Date(8.64e15), '["Date","+275760-09-13T00:00:00.000Z"]'],
    [new Date(Number.NaN), '["Date","Invalid Date"]'],
    [new URL('https://a.example/b?c=%20#d'), '["URL","https://a.example/b?c=%20#d"]'],
    [new Uint8Array([1, 2, 255]), '["Uint8Array","AQL/"]'],
    [new Uint8Array([0, 1, 2, 255]).subarray(2), '["Uint8Array","Av8="]'],
    [Buffer.from('hé'), '["Buffer","aMOp"]'],
    [/a\/[b-d]+\n/giu, '["RegExp","a\\\\/[b-d]+\\\\n","giu",0]'],
    [Object.assign(/a/y, { lastIndex: 3 }), '["RegExp","a","y",3]'],
    [new Map<unknown, unknown>([['a', 1]]), '["Map",[["a",1]]]'],
    [new Set([1, 'b']), '["Set",[1,"b"]]'],
    [Object.assign(Object.create(null), { a: 1 }), '["NullObject",{"a":1}]'],
    [{ $taskflow: ['Date', ''] }, '["Object",{"$taskflow":["Date",""]}]'],
  ])('%o is stored as %s', (value, stored) => {
    expect(encode(value)).toBe(`{"$taskflow":${stored}}`)
    expect(isDeepStrictEqual(thereAndBack(value), value)).toBe(true)
  })

  test.each([
    { title: 'undefined in objects', value: { a: undefined, b: 1 } },
    { title: 'undefined in arrays', value: [undefined, 1, undefined] },
    {
      title: 'collections in collections',
      value: new Map([[new Set([new Map()]), [new Set([0])]]]),
    },
    {
      title: 'map keys of any type',
      value: new Map<unknown, unknown>([
        [Number.NaN, 1],
        [1n, 2],
      ]),
    },
    { title: 'the reserved key in itself', value: { $taskflow: { $taskflow: { $taskflow: 1n } } } },
    { title: 'the reserved key with a tag inside', value: { $taskflow: [new Date(0)] } },
    { title: 'the reserved key without a prototype', value: { __proto__: null, $taskflow: 1 } },
    { title: 'the reserved key as a value', value: ['$taskflow', { a: '"$taskflow"' }] },
    { title: 'fields without a prototype', value: { a: { __proto__: null, b: { c: 1n } } } },
    { title: 'a regular expression that was never asked for a number', value: /x/ },
  ])('$title: equal again', ({ value }) => {
    expect(isDeepStrictEqual(thereAndBack(value), value)).toBe(true)
  })

  test('the order of keys and entries is kept', () => {
    const value = {
      z: 1n,
      a: new Map([
        ['z', 1],
        ['a', 2],
      ]),
      5: undefined,
    }
    expect(encode(thereAndBack(value))).toBe(encode(value))
  })

  test('__proto__ is a key like others and pollutes nothing', () => {
    const parsed: unknown = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}')
    for (const inner of [parsed, new Date(0), undefined]) {
      const value = withOwn({}, '__proto__', { value: inner, enumerable: true })
      for (const outer of [
        value,
        { __proto__: null, ...value },
        Object.assign(new Error(), { value }),
      ]) {
        expect(isDeepStrictEqual(thereAndBack(outer), outer)).toBe(true)
      }
      const back = thereAndBack(value)
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
      expect(Object.hasOwn(Object(back), '__proto__')).toBe(true)
    }
    expect(Reflect.get({}, 'polluted')).toBe(undefined)
  })

  test('an object that is met twice comes back as two equal ones', () => {
    const shared = { at: new Date(0) }
    const back = thereAndBack([shared, shared]) as unknown[]
    expect(back).toStrictEqual([shared, shared])
    expect(back[0]).not.toBe(back[1])
  })

  test('hidden properties are no part of a value', () => {
    const hidden = { value: () => 0, enumerable: false }
    for (const value of [withOwn({ a: 1 }, 'b', hidden), withOwn([1], 'b', hidden)]) {
      expect(encode(value)).toBe(JSON.stringify(value))
    }
    expect(thereAndBack(withOwn(new Set([1]), 'b', hidden))).toStrictEqual(new Set([1]))
  })

  test('bytes come back in memory of their own', () => {
    expect((thereAndBack(new Uint8Array(3)) as Uint8Array).buffer.byteLength).toBe(3)
  })

  describe('under fake timers', () => {
    afterEach(() => {
      vi.useRealTimers()
    })

    test('dates of both makes are stored', () => {
      const real = new Date(1)
      vi.useFakeTimers({ now: 2 })
      expect(encode([real, new Date()])).toBe(
        '[{"$taskflow":["Date","1970-01-01T00:00:00.001Z"]},{"$taskflow":["Date","1970-01-01T00:00:00.002Z"]}]',
      )
    })
  })
})

describe('errors', () => {
  test.each([
    new Error('plain'),
    new Error(),
    new Error('why', { cause: new TypeError('deep', { cause: { at: new Date(0) } }) }),
    new Error('why', { cause: undefined }),
    new EvalError('e'),
    new RangeError('r'),
    new ReferenceError('r'),
    new SyntaxError('s'),
    new TypeError('t'),
    new URIError('u'),
    new AggregateError([new Error('a'), 'b', 1n], 'all'),
    new SuppressedError(new Error('in dispose'), new Error('in body'), 's'),
    Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2, name: 'Gone' }),
    Object.assign(new Error('a field like a tag'), { $taskflow: 1n }),
  ])('%o comes back with all that it says', (error) => {
    const back = thereAndBack(error) as Error
    expect(isDeepStrictEqual(back, error)).toBe(true)
    expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(error))
    expect(back.stack).toBe(error.stack)
    for (const key of Object.getOwnPropertyNames(error)) {
      const property = Object.getOwnPropertyDescriptor(back, key)
      expect(property?.enumerable).toBe(Object.getOwnPropertyDescriptor(error, key)?.enumerable)
      expect(isDeepStrictEqual(property?.value, Reflect.get(error, key))).toBe(true)
    }
    expect(Object.getOwnPropertyNames(back).sort()).toEqual(
      Object.getOwnPropertyNames(error).sort(),
    )
  })

  test('an error without a stack comes back without one', () => {
    const error = new Error('bare')
    delete error.stack
    expect(encode(error)).toBe('{"$taskflow":["Error",{"message":"bare"},{}]}')
    expect(Object.hasOwn(Object(thereAndBack(error)), 'stack')).toBe(false)
  })
})

describe('stored parts that are none', () => {
  test.each([
    'null',
    '"undefined"',
    '{}',
    '[]',
    '[null]',
    '["Volume",1]',
    '["constructor"]',
    '["undefined",1]',
    '["Number"]',
    '["Number",5]',
    '["Number","x"]',
    '["Number","-0",1]',
    '["BigInt","x"]',
    '["BigInt",""]',
    '["BigInt","1.5"]',
    '["Date","yesterday"]',
    '["Date",0]',
    '["Date",["2026-01-31T12:00:00.000Z"]]',
    '["URL","nowhere"]',
    '["URL",{"toString":1}]',
    '["Uint8Array","AQ"]',
    '["Buffer","*"]',
    '["RegExp","a"]',
    '["RegExp","(","",0]',
    '["RegExp","a","gg",0]',
    '["RegExp","/","",0]',
    '["RegExp","a","vg",0]',
    '["Map",{}]',
    '["Map",[1]]',
    '["Map",[[1]]]',
    '["Set",1]',
    '["Set",[{"$taskflow":0}]]',
    '["Error",{}]',
    '["Error",{},[]]',
    '["TypeError",null,{}]',
    '["Object",1]',
    '["NullObject",null]',
  ])('%s is refused with a SyntaxError', (stored) => {
    expect(() => decode(`{"$taskflow":${stored}}`)).toThrow(SyntaxError)
  })

  test('throws nothing but SyntaxError, whatever a tag holds', () => {
    const name = fc.constantFrom(
      ...['Number', 'BigInt', 'Date', 'URL', 'RegExp', 'Uint8Array', 'Buffer', 'undefined'],
      ...['Map', 'Set', 'Error', 'AggregateError', 'Object', 'NullObject', 'constructor'],
    )
    const parts = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 3 })
    fc.assert(
      fc.property(name, parts, (tag, rest) => {
        const text = JSON.stringify([{ $taskflow: [tag, ...rest] }])
        try {
          thereAndBack(decode(text))
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
