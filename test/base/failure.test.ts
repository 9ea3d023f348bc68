/**
 * What a failure tells of whatever was thrown.
 *
 * Its records and what is thrown for it again have files of their own.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { type ErrorType, Failure, isFailure } from '../../src/base/failure.ts'
import { fc } from '../properties.ts'

class QuotaError extends Error {}

class VolumeQuotaError extends QuotaError {
  override readonly name = 'VolumeQuotaError'
}

class Volume {
  readonly size = 10
}

/** An error with causes of any kind, and any other properties. */
function errorWith(properties: object, message = 'no space'): Error {
  return Object.assign(new Error(message), properties)
}

describe('an error', () => {
  test('is told by its message, names and the places of its stack', () => {
    const failure = Failure.from(new QuotaError('no space'))
    expect(failure.message).toBe('no space')
    expect(failure.typeNames).toEqual(['QuotaError', 'Error'])
    expect(failure.traceback).toMatch(/^ {4}at .*failure\.test\.ts/)
    expect(failure.traceback).not.toContain('no space')
  })

  test('is at hand', () => {
    const error = new QuotaError('no space')
    const failure = Failure.from(error)
    expect(failure.hasThrown).toBe(true)
    expect(failure.thrown).toBe(error)
  })

  test.each([
    [
      'of a subclass has all classes up to Error',
      new VolumeQuotaError(),
      ['VolumeQuotaError', 'QuotaError', 'Error'],
    ],
    ['of the language has its own class', new RangeError(), ['RangeError', 'Error']],
    [
      'of the web has its class',
      new DOMException('x', 'AbortError'),
      ['AbortError', 'DOMException', 'Error'],
    ],
    [
      'with a name that no class has, has it first',
      errorWith({ name: 'Quota' }),
      ['Quota', 'Error'],
    ],
    ['with the name of one of its classes has it once', errorWith({ name: 'Error' }), ['Error']],
    ['with an empty name has its classes', errorWith({ name: '' }), ['Error']],
    [
      'of a class without a name has its other classes',
      new (class extends QuotaError {})(),
      ['QuotaError', 'Error'],
    ],
    [
      'of two classes of one name has it once',
      new (class QuotaError2 extends Error {
        static override readonly name = 'Error'
      })(),
      ['Error'],
    ],
  ])('%s', (_what, error, expected) => {
    expect(Failure.from(error).typeNames).toEqual(expected)
  })

  test.each([
    ['has no stack', errorWith({ stack: undefined })],
    ['has a stack that is no text', errorWith({ stack: ['at x'] })],
    ['has a stack without places', errorWith({ stack: 'Error: no space' })],
  ])('that %s has an empty traceback', (_what, error) => {
    expect(Failure.from(error).traceback).toBe('')
  })

  test('has a traceback that starts at the first place of its stack', () => {
    const { traceback } = Failure.from(
      errorWith({ stack: 'Error: lost\n    at a (a.ts:1:1)\n    at b' }),
    )
    expect(traceback).toBe('    at a (a.ts:1:1)\n    at b')
  })

  test.each([
    ['ENOENT', 'ENOENT', ['no space', 'ENOENT']],
    [42, 42, ['no space', 42]],
    [Number.NaN, undefined, ['no space']],
    [10n, undefined, ['no space']],
    [undefined, undefined, ['no space']],
  ])('with the code %s has the code %s', (code, expected, args) => {
    const failure = Failure.from(errorWith({ code }))
    expect(failure.code).toBe(expected)
    expect(failure.args).toEqual(args)
  })
})

describe('a thrown value that is no error', () => {
  test.each([
    ['a string', 'no space', 'string', 'no space'],
    ['an empty string', '', 'string', ''],
    ['a number', 42, 'number', '42'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['null', null, 'null', 'null'],
    ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
    ['a bigint', 10n, 'bigint', '10'],
    ['a plain object', { reason: 'full' }, 'Object', '{"reason":"full"}'],
    ['an array', ['full'], 'Array', '["full"]'],
    ['an instance', new Volume(), 'Volume', '{"size":10}'],
    ['an object without a prototype', Object.create(null), 'object', '{}'],
    [
      'an object whose toJSON gives nothing',
      { toJSON: () => undefined },
      'Object',
      '[object Object]',
    ],
    [
      'an object whose toJSON throws',
      {
        toJSON() {
          throw new Error('not now')
        },
      },
      'Object',
      '[object Object]',
    ],
    ['an object that JSON cannot hold', { size: 10n }, 'Object', '[object Object]'],
  ])('%s has its type for a name, and a message', (_what, value, name, message) => {
    const failure = Failure.from(value)
    expect([failure.typeNames, failure.message, failure.args]).toEqual([[name], message, [message]])
    expect([failure.traceback, failure.code, failure.causes]).toEqual(['', undefined, []])
    expect([failure.hasThrown, failure.thrown]).toEqual([true, value])
  })

  test('a function has its source for a message', () => {
    const failure = Failure.from(() => 1)
    expect([failure.typeNames, failure.message]).toEqual([['function'], '() => 1'])
  })

  test('whatever it is, it makes a failure that can be stored', () => {
    fc.assert(
      fc.property(
        fc.anything({
          key: fc.stringMatching(/^[a-z]$/),
          withBigInt: true,
          withNullPrototype: true,
        }),
        (value) => {
          const stored: unknown = JSON.parse(JSON.stringify(Failure.from(value).toRecord()))
          expect(Failure.fromRecord(stored).message).toBe(Failure.from(value).message)
        },
      ),
    )
  })
})

describe('an error with odd properties', () => {
  test.each([
    ['a message that is an object', errorWith({ message: { a: 1 } }), '{"a":1}', ['Error']],
    ['no message', errorWith({ message: undefined }), 'undefined', ['Error']],
    ['a name that is no text', errorWith({ name: 5 }), 'no space', ['Error']],
    [
      'a class whose name is no text',
      new (class extends Error {
        static override readonly name = 5 as never
      })('no space'),
      'no space',
      ['Error'],
    ],
    [
      'no constructor',
      Object.setPrototypeOf(
        new Error('no space'),
        Object.create(Error.prototype, { constructor: { value: undefined } }),
      ),
      'no space',
      ['Error'],
    ],
    ['no class', { constructor: { name: 5 } }, '{"constructor":{"name":5}}', ['object']],
  ])('of %s can be stored', (_what, error, message, typeNames) => {
    const failure = Failure.fromRecord(Failure.from(error).toRecord())
    expect([failure.message, failure.typeNames]).toEqual([message, [...typeNames, 'Exception']])
  })
})

describe('causes', () => {
  test('are listed flat, nearest first', () => {
    const root = new RangeError('root')
    const middle = new QuotaError('middle', { cause: root })
    const { causes } = Failure.from(new Error('top', { cause: middle }))
    expect(causes.map(({ message }) => message)).toEqual(['middle', 'root'])
    expect(causes.map(({ thrown }) => thrown)).toEqual([middle, root])
    expect(causes.map((cause) => cause.causes)).toEqual([[], []])
  })

  test.each([
    ['a string', 'disk full', 'string'],
    ['null', null, 'null'],
    ['an object', { cause: 'not followed' }, 'Object'],
  ])('may be %s, where they end', (_what, cause, name) => {
    const { causes } = Failure.from(new Error('top', { cause }))
    expect(causes.map(({ typeNames }) => typeNames)).toEqual([[name]])
  })

  test('a cause that is a failure stays that failure', () => {
    const cause = Failure.from(new Error('below'))
    expect(Failure.from(new Error('top', { cause })).causes).toEqual([cause])
  })

  test('an error that causes itself has none', () => {
    const error = new Error('top')
    error.cause = error
    expect(Failure.from(error).causes).toEqual([])
  })

  test('a circle of errors is gone round once', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Error(name)) as [Error, Error, Error]
    a.cause = b
    b.cause = c
    c.cause = a
    expect(Failure.from(a).causes.map(({ message }) => message)).toEqual(['b', 'c'])
  })
})

test('a failure is not wrapped in another one', () => {
  const failure = Failure.from(new Error('once'))
  expect(Failure.from(failure)).toBe(failure)
})

test('isFailure tells failures from errors and from what looks like one', () => {
  const failure = Failure.from('x')
  const values = [failure, new Error('x'), failure.toRecord(), undefined]
  expect(values.map(isFailure)).toEqual([true, false, false, false])
})

test('a failure made by hand lacks what was not given', () => {
  const failure = new Failure({ message: 'no space', typeNames: ['QuotaError'] })
  expect([failure.traceback, failure.args, failure.causes]).toEqual(['', [], []])
  expect([failure.hasThrown, failure.thrown, failure.code]).toEqual([false, undefined, undefined])
})

describe('check', () => {
  const failure = Failure.from(new VolumeQuotaError('no space'))

  test.each([
    ['its own class', VolumeQuotaError, VolumeQuotaError],
    ['a class above', QuotaError, QuotaError],
    ['Error', Error, Error],
    ['a name', 'QuotaError', 'QuotaError'],
    ['another class', TypeError, undefined],
    ['another name', 'TypeError', undefined],
  ])('by %s', (_what, type, expected) => {
    expect(failure.check(type)).toBe(expected)
    expect(Failure.fromRecord(failure.toRecord()).check(type)).toBe(expected)
  })

  test('gives the first of those asked for, not the most special one', () => {
    const types: readonly ErrorType[] = [TypeError, Error, VolumeQuotaError]
    expect(failure.check(...types)).toBe(Error)
  })

  test('gives nothing when nothing is asked for', () => {
    expect(failure.check()).toBeUndefined()
  })

  test('a thrown string is a string and no error', () => {
    expect([Failure.from('x').check('string'), Failure.from('x').check(Error)]).toEqual([
      'string',
      undefined,
    ])
  })
})

describe('format', () => {
  test('is one line', () => {
    expect(Failure.from(new QuotaError('no space')).format()).toBe('Failure: QuotaError: no space')
    expect(String(Failure.from('no space'))).toBe('Failure: string: no space')
  })

  test('has the stack below on demand', () => {
    const failure = new Failure({ message: 'm', typeNames: ['E'], traceback: '    at a.ts:1:1' })
    expect(failure.format({ traceback: true })).toBe('Failure: E: m\n    at a.ts:1:1')
    expect(failure.format({ traceback: false })).toBe('Failure: E: m')
  })

  test('says so when there is no stack', () => {
    expect(Failure.from('x').format({ traceback: true })).toBe(
      'Failure: string: x\nTraceback not available.',
    )
  })

  test('calls a failure without names an Error', () => {
    expect(new Failure({ message: 'm', typeNames: [] }).format()).toBe('Failure: Error: m')
  })
})
