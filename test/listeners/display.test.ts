import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/base/failure.ts'
import { display, displayBare } from '../../src/listeners/display.ts'

class Account {
  static readonly bank = 'b'
  name = 'ann'
  secret = 's3cret'
  #hidden = 'h1dden'

  get length(): number {
    return this.#hidden.length
  }

  set never(_value: string) {
    throw new Error('must not be set')
  }
}

class Opaque {
  secret = 's3cret';

  [inspect.custom](): string {
    return 'Opaque\n  <2>'
  }
}

const circular: { self?: unknown; n: number } = { n: 1 }
circular.self = circular

describe('display', () => {
  test.each([
    ['a string', 'it', "'it'"],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a bigint', 5n, '5n'],
    ['a function, without its fields', Object.assign(() => 1, { s: 1 }), '[Function: ]'],
    ['an object', { a: 1, b: ['x', { c: null }] }, "{ a: 1, b: [ 'x', { c: null } ] }"],
    ['a map', new Map([['a', 1]]), "Map(1) { 'a' => 1 }"],
    ['a set', new Set([[1]]), 'Set(1) { [ 1 ] }'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a pattern', /x/g, '/x/g'],
    ['bytes', new Uint8Array([1, 2]), 'Uint8Array(2) [ 1, 2 ]'],
    ['an instance', new Account(), "Account { name: 'ann', secret: 's3cret' }"],
    ['an instance that shows itself, on one line', [new Opaque()], '[ Opaque <2> ]'],
    ['a dictionary without prototype', Object.assign(Object.create(null), { a: 1 }), '{ a: 1 }'],
    ['a key called __proto__', JSON.parse('{"__proto__":{"a":1}}'), "{ ['__proto__']: { a: 1 } }"],
    ['an error, by its message alone', [new TypeError('no\nway')], '[ [TypeError: no way] ]'],
    ['a failure', { f: Failure.from(new Error('no')) }, '{ f: [Failure: Error: no] }'],
    ['a promise, without its value', Promise.resolve({ a: 1 }), 'Promise {}'],
    ['a circle', circular, '{ n: 1, self: [Circular] }'],
    ['line breaks', { text: 'a\nb' }, "{ text: 'a\\nb' }"],
  ])('shows %s', (_title, value, text) => {
    expect(display(value)).toBe(text)
  })

  test('masks keys at any depth, in maps and arrays too, without calling getters', () => {
    const value = {
      key: { whole: 'gone' },
      list: [{ key: 1 }, [{ deep: { key: 2, rest: 3 } }]],
      map: new Map<unknown, unknown>([
        ['key', 'gone'],
        [{ key: 4 }, 5],
      ]),
      set: new Set([{ key: 6 }]),
      account: new Account(),
      get token(): string {
        throw new Error('must not be read')
      },
      get other(): string {
        throw new Error('must not be read')
      },
    }
    expect(display(value, { maskedKeys: new Set(['key', 'token', 'secret']) })).toBe(
      "{ key: '***', list: [ { key: '***' }, [ { deep: { key: '***', rest: 3 } } ] ], " +
        "map: Map(2) { 'key' => '***', { key: '***' } => 5 }, set: Set(1) { { key: '***' } }, " +
        "account: Account { name: 'ann', secret: '***' }, token: '***', other: [Getter] }",
    )
    expect(value.key).toEqual({ whole: 'gone' })
  })

  test('says how much it leaves out of arrays, maps, sets and objects', () => {
    const numbers = Array.from({ length: 103 }, (_, i) => i)
    const pairs = numbers.map((n) => [`k${n}`, n] as const)
    expect(display(numbers)).toMatch(/ 99, \.\.\. 3 more \]$/)
    expect(display(new Map(pairs))).toMatch(/'k99' => 99, \.\.\. 3 more => '' }$/)
    expect(display(new Set(numbers))).toMatch(/ 99, \.\.\. 3 more }$/)
    expect(display(Object.fromEntries(pairs))).toMatch(/ k99: 99, '\.\.\.': \.\.\. 3 more }$/)
  })

  test('stays short and quick however deep and wide the value is', () => {
    const wide: unknown = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => [{}]))
    expect(display(wide)).toContain('[Array]')
    let deep: unknown = 1
    for (let i = 0; i < 10_000; i += 1) deep = { deep }
    expect(display(deep)).toMatch(/\[Object\]( })+$/)
    expect(display('x'.repeat(20_000)).length).toBeLessThan(10_100)
    expect(display({ x: 'x'.repeat(50), y: 'y' }, { maxLength: 20 })).toBe("{ x: 'xxxxxxxxxxxxxx…")
  })

  test('shows in place of a value that cannot be read why it cannot', () => {
    const broken = (thrown: unknown) =>
      new Proxy(
        {},
        {
          ownKeys() {
            throw thrown
          },
        },
      )
    expect(display(broken(new Error('closed')))).toBe('[cannot be shown: closed]')
    expect(display([broken('text')])).toBe('[cannot be shown: string]')
  })

  test('shows a string bare without quotes, on one line', () => {
    expect(displayBare("it's\n2")).toBe("it's\\n2")
    expect(displayBare('abcdef', { maxLength: 3 })).toBe('abc…')
    expect(displayBare({ a: 'b' })).toBe("{ a: 'b' }")
  })
})
