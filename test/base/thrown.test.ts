/**
 * What is told of values that were made to resist.
 *
 * @module
 */
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { type ErrorType, Failure, WrappedFailure } from '../../src/base/failure.ts'
import { inShort, inspectThrown, inWords } from '../../src/base/thrown.ts'

function refuse(): never {
  throw new TypeError('not to be read')
}

/** An error of which the named properties cannot be read. */
function unreadable(...keys: readonly string[]): Error {
  const error = new RangeError('no space')
  for (const key of keys) Object.defineProperty(error, key, { get: refuse, enumerable: true })
  return error
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const silent: ProxyHandler<object> = {
  get: refuse,
  has: refuse,
  ownKeys: refuse,
  getPrototypeOf: refuse,
  getOwnPropertyDescriptor: refuse,
}

const INDESCRIBABLE = 'an error that cannot be described'

/** An error whose causes have no end, since each is made when it is asked for. */
function endless(length = 10): Error {
  return Object.defineProperty(new Error('x'.repeat(length)), 'cause', {
    get: () => endless(length),
  })
}

describe('a thrown value that resists', () => {
  test.each<readonly [string, () => unknown, string, readonly string[]]>([
    ['its message', () => unreadable('message'), INDESCRIBABLE, ['RangeError', 'Error']],
    [
      'everything but its classes',
      () => unreadable('message', 'name', 'stack', 'cause', 'code', 'constructor'),
      INDESCRIBABLE,
      ['RangeError', 'Error'],
    ],
    [
      'its class',
      () => Object.setPrototypeOf(new Error('no space'), new Proxy(Error.prototype, silent)),
      'no space',
      ['Error'],
    ],
    [
      'text, having a symbol',
      () => Object.assign(new Error('a'), { message: Symbol('m') }),
      'Symbol(m)',
      ['Error'],
    ],
    [
      'text, having an object',
      () => Object.assign(new Error('a'), { message: { toJSON: refuse } }),
      '[object Object]',
      ['Error'],
    ],
    ['being frozen', () => Object.freeze(new Error('no space')), 'no space', ['Error']],
    ['being looked at, as a proxy', () => new Proxy({}, silent), INDESCRIBABLE, ['object']],
    [
      'being looked at, as a function',
      () => new Proxy(refuse, silent),
      INDESCRIBABLE,
      ['function'],
    ],
    ['being looked at, as a revoked proxy', revoked, INDESCRIBABLE, ['object']],
    [
      'every way to text',
      () => ({ toJSON: refuse, toString: refuse, [Symbol.toPrimitive]: refuse }),
      '[object Object]',
      ['Object'],
    ],
    [
      'every way to text, and its tag',
      () => ({
        toJSON: refuse,
        get [Symbol.toStringTag]() {
          return refuse()
        },
      }),
      INDESCRIBABLE,
      ['Object'],
    ],
    [
      'its class, being no error',
      () => ({
        get constructor() {
          return refuse()
        },
      }),
      '[object Object]',
      ['object'],
    ],
    [
      'an end, being an array',
      () => Object.assign([], { length: 4e9 }),
      '[object Array]',
      ['Array'],
    ],
    [
      'being short, as an array',
      () => Array.from({ length: 20_000 }, () => 0),
      '[object Array]',
      ['Array'],
    ],
    ['an end, being objects', endlessObject, '[object Object]', ['Object']],
  ])('%s is told as far as it lets itself be', (_what, make, message, typeNames) => {
    const failure = Failure.from(make())
    expect([failure.message, failure.typeNames]).toEqual([message, typeNames])
    expect(Failure.fromRecord(failure.toRecord()).message).toBe(message)
    expect(String(new WrappedFailure([failure]))).toContain(message)
  })

  test('has a class, though its own field says that it has none', () => {
    const error = Object.assign(new RangeError('x'), { constructor: null })
    expect(Failure.from(error).typeNames).toEqual(['RangeError', 'Error'])
  })

  test('by its stack is told without', () => {
    expect(Failure.from(unreadable('stack')).traceback).toBe('')
  })

  test('by a stack of blanks is told in no time', () => {
    const stack = `${'\n'.repeat(200_000)}${' '.repeat(200_000)}`
    expect(Failure.from(Object.assign(new Error('x'), { stack })).traceback).toBe('')
  })

  test('is known as the failure that was made of it', () => {
    const value = revoked()
    expect(Failure.from(value).matches(Failure.from(value))).toBe(true)
    expect(Failure.from(value).check<ErrorType>(Error, 'Error')).toBeUndefined()
  })
})

function endlessObject(): object {
  return {
    get a() {
      return endlessObject()
    },
  }
}

describe('causes', () => {
  test('without end are told up to a number', () => {
    const { causes } = Failure.from(endless())
    expect(causes).toHaveLength(200)
    expect(causes.at(-1)?.message).toBe('further errors are left out')
    expect(causes.at(-1)?.hasThrown).toBe(false)
  })

  test('with long messages are told up to a length', () => {
    expect(Failure.from(endless(5_000_000)).causes.length).toBeLessThan(6)
  })

  test('that are failures already are taken as they are', () => {
    const cause = new Failure({ message: 'stored', typeNames: ['Error'] })
    expect(Failure.from(new Error('x', { cause })).causes).toEqual([cause])
  })
})

describe('errors inside of an error', () => {
  const messages = ({ errors }: Failure): readonly string[] => errors.map(({ message }) => message)

  test('are those of an AggregateError', () => {
    const known = Failure.from('known')
    const errors = [new RangeError('a'), 'b', known, new Error('a', { cause: 'c' })]
    const failure = Failure.from(new AggregateError(errors, 'all'))
    expect(messages(failure)).toEqual(['a', 'b', 'known', 'a'])
    expect(failure.errors[0]?.check(RangeError)).toBe(RangeError)
    expect(failure.errors[2]).toBe(known)
    expect(failure.errors[3]?.causes.map(String)).toEqual(['Failure: string: c'])
  })

  test('are those of one of another realm', () => {
    const error = runInNewContext("new AggregateError([new Error('a')], 'all')")
    expect(messages(Failure.from(error))).toEqual(['a'])
  })

  test('are the error and what it suppressed', () => {
    const error = new SuppressedError(new Error('closing'), new Error('working'), 'both')
    expect(messages(Failure.from(error))).toEqual(['closing', 'working'])
  })

  test('are those of a cause as well', () => {
    const cause = new AggregateError([new Error('a')])
    const [told] = Failure.from(new Error('top', { cause })).causes
    expect(messages(told as Failure)).toEqual(['a'])
  })

  test('may hold one another, and are told once on each way', () => {
    const [a, b] = [new AggregateError([], 'a'), new AggregateError([], 'b')]
    a.errors.push(b, a)
    b.errors.push(a, new Error('leaf'))
    const [inner] = Failure.from(a).errors
    expect(messages(Failure.from(a))).toEqual(['b'])
    expect(messages(inner as Failure)).toEqual(['leaf'])
  })

  test('may be many and deep, and are told up to a number and a depth', () => {
    const many = new AggregateError(Array.from({ length: 300 }, (_, i) => new Error(`${i}`)))
    expect(Failure.from(many).errors).toHaveLength(100)
    const crowd = Array.from({ length: 100 }, () => new AggregateError([1, 2, 3]))
    const told = Failure.from(new AggregateError(crowd)).errors
    expect(told.at(-1)?.message).toBe('further errors are left out')
    let deep: Error = new Error('bottom')
    for (let i = 0; i < 100; i += 1) deep = new SuppressedError(deep, undefined)
    const text = JSON.stringify(Failure.from(deep).toRecord())
    expect(text).toContain('further errors are left out')
  })

  test.each([
    [
      'cannot be read',
      () => Object.defineProperty(new AggregateError([]), 'errors', { get: refuse }),
    ],
    [
      'are a proxy that is revoked',
      () => Object.assign(new AggregateError([]), { errors: revoked() }),
    ],
  ])('are told as far as that goes when they %s', (_what, make) => {
    expect(Failure.from(make()).errors.length).toBeLessThan(2)
  })
})

describe('in words', () => {
  test.each<readonly [string, () => unknown, string, string]>([
    ['an error', () => new RangeError('no space'), 'no space', 'RangeError: no space'],
    ['one without a name', () => unreadable('name'), 'no space', 'Error: no space'],
    ['a text', () => 'full', 'full', 'full'],
    ['an object', () => ({ a: 1 }), '{"a":1}', '{"a":1}'],
    ['an object without a prototype', () => Object.create(null), '{}', '{}'],
    ['a symbol', () => Symbol('s'), 'Symbol(s)', 'Symbol(s)'],
    ['a revoked proxy', revoked, INDESCRIBABLE, INDESCRIBABLE],
  ])('%s has a text', (_what, make, words, short) => {
    expect([inWords(make()), inShort(make())]).toEqual([words, short])
  })

  test('what is printed has the stack, or at least the message', () => {
    expect(inspectThrown(new Error('no space'))).toMatch(/^Error: no space\n {4}at /)
    const hostile = { [Symbol.for('nodejs.util.inspect.custom')]: refuse }
    expect(inspectThrown(hostile)).toBe('{}')
  })
})
