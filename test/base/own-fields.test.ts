/**
 * What is kept of the fields that somebody put into an error.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { ownFieldsOf } from '../../src/base/own-fields.ts'

const NOTHING: ReadonlySet<string> = new Set()

function fieldsOf(object: object) {
  return ownFieldsOf(object, NOTHING)
}

describe('a field is kept', () => {
  test.each([
    ['a number', 503],
    ['a text', 'ENOENT'],
    ['null', null],
    ['a large number', 10n ** 18n],
    ['a date', new Date(0)],
    ['a map', new Map([['a', 1]])],
    ['a set', new Set([1, 2])],
    ['bytes', new Uint8Array([1, 2])],
    ['plain data', { retryAfter: [1, { unit: 's' }] }],
    ['an error', new RangeError('inner')],
  ])('%s', (_what, value) => {
    const { fields, omitted } = fieldsOf({ value })
    expect(fields).toEqual({ value })
    expect(omitted).toEqual([])
  })

  test('as a copy, which later changes do not reach', () => {
    const value = { list: [1] }
    const { fields } = fieldsOf({ value })
    value.list.push(2)
    expect(fields).toEqual({ value: { list: [1] } })
  })

  test('even when it is called __proto__', () => {
    const { fields } = fieldsOf(JSON.parse('{"__proto__": 1}'))
    expect(Object.keys(fields)).toEqual(['__proto__'])
  })
})

describe('a field is left out', () => {
  test('when it is told otherwise, undefined, hidden or inherited', () => {
    const object = Object.create({ inherited: 1 })
    Object.assign(object, { message: 'x', nothing: undefined })
    Object.defineProperty(object, 'hidden', { value: 1 })
    expect(ownFieldsOf(object, new Set(['message']))).toEqual({ fields: {}, omitted: [] })
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const sparse: unknown[] = []
  sparse.length = 4_000_000_000

  test.each<readonly [string, unknown, RegExp]>([
    ['a function', () => 1, /^value: .*it is a function/],
    ['an instance of a class', new (class Response {})(), /instance of Response/],
    ['a circle', circle, /too large/],
    ['a long text', 'x'.repeat(40_000), /too large/],
    ['texts that are long together', Array.from('abcd', (c) => c.repeat(9_000)), /too large/],
    ['a large number', 2n ** 70n, /too large/],
    ['a large negative number', -(2n ** 70n), /too large/],
    ['many items', sparse, /too large/],
    ['many entries', new Map(Array.from({ length: 2_000 }, (_, i) => [i, i])), /too large/],
    ['many bytes', new Uint8Array(2_000), /too large/],
  ])('with the reason, when it is %s', (_what, value, reason) => {
    const { fields, omitted } = fieldsOf({ before: 1, value, after: 2 })
    expect(fields).toEqual({ before: 1, after: 2 })
    expect(omitted).toHaveLength(1)
    expect(omitted[0]).toMatch(reason)
  })

  test.each<readonly [string, () => unknown]>([
    ['with a text', () => 'no'],
    [
      'with an error that cannot be read either',
      () =>
        Object.defineProperty(new Error('x'), 'message', {
          get() {
            throw new Error('no')
          },
        }),
    ],
    ['with an error whose message is none', () => Object.assign(new Error('x'), { message: 5 })],
  ])('when it cannot be read, %s', (_what, make) => {
    const object = {
      get value() {
        throw make()
      },
      after: 2,
    }
    expect(fieldsOf(object)).toEqual({
      fields: { after: 2 },
      omitted: ['value: it cannot be read'],
    })
  })

  test('when there are too many, or too much before it', () => {
    const many = Object.fromEntries(Array.from({ length: 103 }, (_, i) => [`f${i}`, i]))
    const { fields, omitted } = fieldsOf(many)
    expect([Object.keys(fields).length, omitted]).toEqual([100, ['3 more fields']])
    const texts = { a: 'x'.repeat(30_000), b: 'x'.repeat(3_000), c: 'y' }
    expect(fieldsOf(texts)).toEqual({
      fields: { a: texts.a, c: 'y' },
      omitted: ['b: it is too large'],
    })
  })

  test('when the object does not tell what it has', () => {
    const silent = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no')
        },
      },
    )
    expect(fieldsOf(silent)).toEqual({ fields: {}, omitted: [] })
  })
})
