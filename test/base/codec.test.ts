/**
 * The law of the codec: what comes back equals what was given, or it is refused with a path.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../src/base/codec.ts'
import { NotStorableError } from '../../src/errors.ts'
import { fc } from '../properties.ts'
import { key, storable } from './storable-values.ts'

function thereAndBack(value: unknown): unknown {
  return decode(encode(value))
}

/** The refusal of a value; fails the test when there is none. */
function refusalOf(value: unknown): NotStorableError {
  try {
    encode(value)
  } catch (error) {
    if (error instanceof NotStorableError) return error
    throw error
  }
  throw new Error('the value was not refused')
}

/** A value inside so many arrays. */
function nest(levels: number, innermost: unknown): unknown {
  let value = innermost
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

function withOwn(value: object, key: PropertyKey, descriptor: PropertyDescriptor): object {
  return Object.defineProperty(value, key, descriptor)
}

class Volume {
  readonly size = 10
}

class VolumeError extends Error {}

class Volumes extends Map<string, Volume> {}

describe('plain JSON', () => {
  test.each([
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    '',
    'snow ☃ \ud800 "quoted" \u2028',
    [],
    {},
    [1, [2, [null]]],
    { a: { b: [{ c: 'd' }] }, 'odd key': '', 10: 'ten', 9: 'nine' },
    { $taskflow: 1, more: 2 },
    { toJSON: 'data' },
  ])('stays what JSON.stringify makes of %j', (value) => {
    expect(encode(value)).toBe(JSON.stringify(value))
    expect(thereAndBack(value)).toStrictEqual(value)
  })

  test('stays what JSON.stringify makes of it, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text.replaceAll('-0', '0'))
        const plain = JSON.stringify(value)
        expect(encode(value)).toBe(plain)
        expect(decode(plain)).toStrictEqual(value)
      }),
    )
  })

  test('leaves the value that is encoded as it was', () => {
    const value = Object.freeze({ at: Object.freeze([new Date(0)]), none: undefined })
    encode(value)
    expect(value).toStrictEqual({ at: [new Date(0)], none: undefined })
  })
})

describe('refused', () => {
  const inner: { back?: object } = {}
  const cycle = { a: [inner] }
  inner.back = cycle
  const accessor = { get: () => 1, enumerable: true }
  const aMapInAMap = new Map([[new Map([[() => 0, 1]]), 1]])

  test.each([
    { path: '$', value: () => 0, reason: 'it is a function' },
    { path: '$', value: Symbol('s'), reason: 'it is a symbol' },
    { path: '$.items[3].run', value: { items: [0, 1, 2, { run() {} }] }, reason: 'a function' },
    { path: '$["odd key"]', value: { 'odd key': Symbol.iterator }, reason: 'a symbol' },
    { path: '$["a\\"b"][0]', value: { 'a"b': [Symbol.iterator] }, reason: 'a symbol' },
    { path: '$["10"]', value: { 10: Symbol.iterator }, reason: 'a symbol' },
    { path: '$.m.get("k")', value: { m: new Map([['k', () => 0]]) }, reason: 'a function' },
    { path: '$.get(1n)[0]', value: new Map([[1n, [() => 0]]]), reason: 'a function' },
    { path: '$.get(undefined)', value: new Map([[undefined, () => 0]]), reason: 'a function' },
    {
      path: '$.values()[1]',
      value: new Map<object, unknown>([
        [{}, 0],
        [{}, () => 0],
      ]),
      reason: 'a function',
    },
    { path: '$.keys()[0].keys()[0]', value: aMapInAMap, reason: 'a function' },
    { path: '$[0].values()[1].a', value: [new Set([0, { a: () => 0 }])], reason: 'a function' },
    { path: '$.$taskflow.a', value: { $taskflow: { a: () => 0 } }, reason: 'a function' },
    {
      path: '$.cause.code',
      value: new Error('', { cause: { code: () => 0 } }),
      reason: 'function',
    },
    { path: '$.lastIndex', value: Object.assign(/a/, { lastIndex: () => 0 }), reason: 'function' },
    { path: '$.a', value: { a: { [Symbol('s')]: 1 } }, reason: 'a symbol as a key' },
    { path: '$', value: Math, reason: 'a symbol as a key' },
    { path: '$', value: withOwn([], Symbol('s'), { value: 1 }), reason: 'a symbol as a key' },
    { path: '$', value: withOwn(new Date(), Symbol('s'), { value: 1 }), reason: 'a symbol' },
    { path: '$.a', value: withOwn({}, 'a', accessor), reason: 'an accessor' },
    { path: '$.a', value: { set a(_: number) {} }, reason: 'an accessor' },
    { path: '$.a', value: withOwn(Object.create(null), 'a', accessor), reason: 'an accessor' },
    { path: '$', value: withOwn(new Error(), 'a', accessor), reason: "its 'a' is an accessor" },
    { path: '$', value: withOwn(new Error(), 'a', { set() {} }), reason: "its 'a' is an accessor" },
    {
      path: '$.toString',
      value: withOwn(new Error(), 'toString', { value() {} }),
      reason: 'function',
    },
    { path: '$', value: { toJSON: () => 1 }, reason: 'toJSON' },
    { path: '$', value: withOwn({}, 'toJSON', { value: () => 1 }), reason: 'toJSON' },
    { path: '$[0]', value: [withOwn([], 'toJSON', { value: () => 1 })], reason: 'toJSON' },
    { path: '$[1]', value: new Array(3).fill(0, 0, 1), reason: 'a hole' },
    { path: '$[0]', value: Object.assign(new Array(1), { a: 1 }), reason: 'a hole' },
    { path: '$', value: 'abc'.match(/b/), reason: 'properties of its own' },
    { path: '$', value: Object.assign(new Map(), { a: 1 }), reason: 'properties of its own' },
    { path: '$', value: Object.assign(new Date(), { a: 1 }), reason: 'properties of its own' },
    {
      path: '$',
      value: Object.assign(Buffer.from('a'), { a: 1 }),
      reason: 'properties of its own',
    },
    { path: '$.a', value: { a: new Volume() }, reason: 'an instance of Volume' },
    { path: '$', value: new VolumeError(), reason: 'an instance of VolumeError' },
    { path: '$', value: new Volumes(), reason: 'an instance of Volumes' },
    { path: '$', value: new (class extends Array {})(), reason: 'an unnamed class' },
    { path: '$', value: Object.create({ constructor: { name: 1 } }), reason: 'an unnamed class' },
    { path: '$', value: Object.create({ constructor: null }), reason: 'an unnamed class' },
    { path: '$', value: Object(1), reason: 'an instance of Number' },
    { path: '$', value: new WeakMap(), reason: 'an instance of WeakMap' },
    { path: '$', value: Promise.resolve(), reason: 'an instance of Promise' },
    { path: '$', value: new Float64Array(1), reason: 'an instance of Float64Array' },
    { path: '$', value: runInNewContext('new Promise(() => {})'), reason: 'of Promise' },
    {
      path: '$',
      value: runInNewContext('Object.create(Array.prototype)'),
      reason: 'an instance of Array',
    },
    { path: '$.a', value: { a: Object.create(Date.prototype) }, reason: 'not a Date' },
    { path: '$', value: Object.create(Array.prototype), reason: 'an instance of Array' },
    { path: '$', value: Object.create(Map.prototype), reason: 'incompatible receiver' },
    { path: '$', value: Object.create(Error.prototype), reason: 'only inherits from Error' },
    { path: '$.a[0].back', value: cycle, reason: 'it is $ too' },
    { path: '$.b.a[0].back', value: { b: cycle }, reason: 'it is $.b too' },
  ])('$path: $reason', ({ path, value, reason }) => {
    const refusal = refusalOf(value)
    expect(refusal.path).toBe(path)
    expect(refusal.message).toContain(reason)
  })

  test('what throws when it is looked at, with what it threw', () => {
    const thrown: unknown[] = [new Error('no peeking'), 'no peeking']
    for (const error of thrown) {
      const ownKeys = (): never => {
        throw error
      }
      const refusal = refusalOf({ a: new Proxy({}, { ownKeys }) })
      expect(refusal.path).toBe('$.a')
      expect(refusal.message).toContain(error instanceof Error ? 'no peeking' : 'reading it failed')
    }
  })

  test('what throws only when it is written', () => {
    let looks = 0
    const get = (): unknown => {
      looks++
      throw new Error('no peeking')
    }
    const refusal = refusalOf(new Proxy({ a: 1 }, { get }))
    expect(looks).toBe(1)
    expect(refusal).toMatchObject({ path: '$', message: expect.stringContaining('no peeking') })
  })

  test('a value that is nested too deeply, but nothing below 500 levels', () => {
    const deep = nest(500, null)
    expect(isDeepStrictEqual(thereAndBack(deep), deep)).toBe(true)
    expect(isDeepStrictEqual(thereAndBack(nest(499, new Date(0))), nest(499, new Date(0)))).toBe(
      true,
    )
    for (const levels of [501, 10_000, 200_000]) {
      const refusal = refusalOf(nest(levels, null))
      expect(refusal.path).toBe(`$${'[0]'.repeat(500)}`)
      expect(refusal.message).toContain('over 500 levels')
    }
  })

  test('tags count as levels, so that Python can read the text', () => {
    let maps: unknown = null
    let plains: unknown = null
    for (let level = 0; level < 200; level++) {
      maps = new Map([[0, maps]])
      plains = { $taskflow: plains }
    }
    expect(refusalOf(maps).path).toBe(`$${'.get(0)'.repeat(125)}`)
    expect(refusalOf(plains).path).toBe(`$${'.$taskflow'.repeat(125)}`)
  })

  test('as soon as the stack has room for saying so, where it has no room for the value', () => {
    const value = nest(400, 1n)
    const outcomes: string[] = []
    const attempt = (): string => {
      try {
        encode(value)
        return 'encoded'
      } catch (error) {
        return error instanceof Error ? error.name : 'thrown'
      }
    }
    // Goes down to the end of the stack, and tries every few frames on the way up.
    const dig = (depth: number): void => {
      try {
        dig(depth + 1)
      } catch {
        // The end of the stack.
      }
      if (depth % 20 === 0 && !outcomes.includes('encoded')) outcomes.push(attempt())
    }
    dig(1)
    const said = outcomes.slice(outcomes.indexOf('NotStorableError'))
    expect(new Set(said)).toEqual(new Set(['NotStorableError', 'encoded']))
  })
})

describe('decode', () => {
  test.each(['', '{', 'NaN', '{"$taskflow":["undefined"]'])(
    'refuses %j, which is no JSON',
    (text) => {
      expect(() => decode(text)).toThrow(SyntaxError)
    },
  )

  test('refuses a tag that is nested too deeply', () => {
    const text = `${'['.repeat(100_000)}{"$taskflow":["undefined"]}${']'.repeat(100_000)}`
    expect(() => decode(text)).toThrow(SyntaxError)
  })

  test('tells which tag it is and keeps the cause', () => {
    const urlError = expect.objectContaining({ code: 'ERR_INVALID_URL' })
    expect(() => decode('{"$taskflow":["URL","nowhere"]}')).toThrow(
      expect.objectContaining({ message: expect.stringContaining('$taskflow'), cause: urlError }),
    )
    expect(() => decode('{"$taskflow":["Volume",1]}')).toThrow("'Volume'")
    expect(() => decode('{"$taskflow":"Volume"}')).toThrow("'Volume'")
  })

  test('reads tags however the text is spaced', () => {
    const spaced = '{ "a" : { "$taskflow" : [ "BigInt" , "1" ] } }'
    expect(decode(spaced)).toStrictEqual({ a: 1n })
  })

  test('reads plain JSON of any depth', () => {
    expect(decode('['.repeat(100_000) + ']'.repeat(100_000))).toHaveLength(1)
  })
})

describe('the law', () => {
  test('every value made of what can be stored comes back equal', () => {
    fc.assert(
      fc.property(storable, (value) => {
        const text = encode(value)
        const back = decode(text)
        expect(isDeepStrictEqual(back, value)).toBe(true)
        expect(encode(back)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })

  test('any value at all comes back equal, or is refused with a path', () => {
    const anything = fc.anything({
      key,
      maxDepth: 4,
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      values: [
        fc.anything({ maxDepth: 0 }),
        fc.constantFrom<unknown>(Symbol.iterator, () => 0, new Volume(), Object.create(new Date())),
      ],
    })
    fc.assert(
      fc.property(anything, (value) => {
        let text: string
        try {
          text = encode(value)
        } catch (error) {
          expect(error).toBeInstanceOf(NotStorableError)
          expect(error).toHaveProperty('path', expect.stringMatching(/^\$/))
          return
        }
        expect(isDeepStrictEqual(decode(text), value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('values of another realm', () => {
  test.each([
    ['plain data', '({ a: [1, { b: 2 }], c: Object.create(null) })'],
    ['an empty object', '({})'],
    ['an object that looks like a tag', "({ $taskflow: ['Date', '1'] })"],
    ['a date', 'new Date(0)'],
    ['a map', "new Map([['a', new Map()]])"],
    ['a set', 'new Set([1, [2]])'],
    ['bytes', 'new Uint8Array([1, 2, 3])'],
    ['an expression', '/a/g'],
    ['an error', "Object.assign(new RangeError('x', { cause: new Error('y') }), { code: 1 })"],
    ['an aggregate', "new AggregateError([new Error('a')], 'all')"],
  ])('%s is stored as that of this one', (_what, source) => {
    const make = new Function(`return ${source}`) as () => unknown
    const [here, there] = [make(), runInNewContext(source)]
    // Where an error was made is no part of what is compared.
    const stackless = (text: string): string => text.replaceAll(/"stack":"[^"]*"/g, '')
    expect(stackless(encode(there))).toBe(stackless(encode(here)))
    expect(Object.getPrototypeOf(decode(encode(there)))).toBe(Object.getPrototypeOf(here))
  })

  test.each([
    ['bytes with a field', 'Object.assign(new Uint8Array(1), { field: 1 })'],
    ['an instance of a class', 'new (class Volume {})()'],
    ['an object with a prototype of its own', 'Object.create(Object.create(null))'],
    ['an array that is none', 'Object.create(Array.prototype)'],
  ])('%s are refused as those of this one', (_what, source) => {
    expect(() => encode(runInNewContext(source))).toThrow(NotStorableError)
  })
})

describe('values that throw when they are read', () => {
  function throwing(what: unknown): object {
    return new Proxy(
      {},
      {
        getPrototypeOf() {
          throw what
        },
      },
    )
  }

  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()

  test.each([
    ['an error', new Error('not today'), 'not today'],
    ['an error whose message is none', Object.assign(new Error(), { message: 5 }), 'reading it'],
    ['undefined', undefined, 'reading it failed'],
  ])('are refused when that is %s', (_what, thrown, reason) => {
    expect(() => encode({ a: throwing(thrown) })).toThrow(NotStorableError)
    expect(() => encode({ a: throwing(thrown) })).toThrow(reason)
  })

  test('are refused when that is a proxy that is revoked', () => {
    expect(() => encode({ a: throwing(proxy) })).toThrow(NotStorableError)
    expect(() => encode([proxy])).toThrow(NotStorableError)
  })
})
