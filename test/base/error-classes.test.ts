/**
 * Which class an error is of, while it is at hand and by its names.
 *
 * @module
 */
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  classNamesOf,
  constructorOf,
  type ErrorClass,
  isOfClass,
  nameIn,
  nameOfClass,
} from '../../src/base/error-classes.ts'
import * as errors from '../../src/errors.ts'

const { FlowError, NonRetryableError, TimeoutError } = errors

/** A class as it is after a minifier has renamed it. */
function minified<T extends ErrorClass>(type: T): T {
  return Object.defineProperty(type, 'name', { value: 'e' })
}

/** The same class, as another copy of this package has it. */
function copyOf(type: ErrorClass): ErrorClass {
  const mark = Symbol.for('taskflow-ts.error')
  const copy = class e extends Error {}
  const { value } = Object.getOwnPropertyDescriptor(type.prototype, mark) ?? {}
  Object.defineProperty(copy.prototype, mark, { value })
  return copy
}

class Problem {}
class NotFound extends Problem {}
class Branded {
  readonly brand = 1
  static [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && 'brand' in value
  }
}

const twin = (): ErrorClass => class t extends Error {}
const [first, second] = [twin(), twin()]

function make(type: ErrorClass): unknown {
  return Reflect.construct(type as never, ['x'])
}

describe('a value at hand', () => {
  test.each<readonly [string, () => unknown, ErrorClass, boolean]>([
    ['of its own class', () => make(first), first, true],
    ['of none of the same name', () => make(first), second, false],
    ['of a class above', () => new RangeError('x'), Error, true],
    ['of the class of another realm', () => runInNewContext("new RangeError('x')"), Error, true],
    ['of a realm when the class is of another', () => new RangeError('x'), foreign('Error'), true],
    ['of none beside it in another realm', () => new TypeError('x'), foreign('RangeError'), false],
    ['of none above in another realm', () => new Error('x'), foreign('RangeError'), false],
    ['of a class of another copy', () => make(copyOf(NonRetryableError)), NonRetryableError, true],
    ['of no other class of that copy', () => make(copyOf(TimeoutError)), NonRetryableError, false],
    [
      'of a class that says so itself',
      () => Object.assign(new Error('x'), { brand: 1 }),
      Branded,
      true,
    ],
    ['of the class above though it is no error', () => new NotFound(), Problem, true],
    ['of Object when it is plain', () => ({}), Object, true],
    ['of no Object when it is an error', () => new Error('x'), Object, false],
    ['of no class of errors when it is a text', () => 'x', Error, false],
    ['of no class that is none', () => new Error('x'), 'Error' as never, false],
    ['of no class when it is an arrow', () => new Error('x'), (() => 1) as never, false],
  ])('is %s', (_what, value, type, expected) => {
    expect(isOfClass(value(), type)).toBe(expected)
  })

  test('is of no class when it is a proxy that is revoked', () => {
    const { proxy, revoke } = Proxy.revocable(new Error('x'), {})
    revoke()
    expect(isOfClass(proxy, Error)).toBe(false)
  })
})

function foreign(name: string): ErrorClass {
  return runInNewContext(name)
}

describe('names', () => {
  test('every class of errors of this package has one that no minifier changes', () => {
    const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error'))
    expect(classes.length).toBeGreaterThan(10)
    for (const [name, type] of classes) expect(nameOfClass(type as ErrorClass)).toBe(name)
  })

  test('a minified class of this package keeps its name among those of a subclass', () => {
    const renamed = minified(class extends NonRetryableError {})
    expect(classNamesOf(new renamed('x'))).toEqual(['e', 'NonRetryableError', 'FlowError', 'Error'])
  })

  test.each<readonly [string, ErrorClass, string | undefined]>([
    ['its own', TypeError, 'TypeError'],
    [
      'a static one',
      class {
        static readonly name = 'Quota'
        readonly limit = 1
      } as ErrorClass,
      'Quota',
    ],
    ['that of its prototype before it', prototypeCalled('Quota'), 'Quota'],
    ['none when it is anonymous', (() => class {})(), undefined],
    ['none when it is none', 'Quota' as never, undefined],
  ])('a class has %s', (_what, type, expected) => {
    expect(nameOfClass(type)).toBe(expected)
  })

  test('an object without a class of its own has none', () => {
    expect([{}, Object.create(null), runInNewContext('({})')].map(classNamesOf)).toEqual([
      [],
      [],
      [],
    ])
  })

  test('those of a class and its prototype are both told', () => {
    expect(classNamesOf(make(prototypeCalled('Quota')) as object)).toEqual(['e', 'Quota', 'Error'])
  })

  test('what cannot be read has no name and no class', () => {
    const hostile = {
      get name() {
        throw new TypeError('no name')
      },
      get constructor() {
        throw new TypeError('no class')
      },
    }
    expect([nameIn(hostile), constructorOf(hostile)]).toEqual([undefined, undefined])
    expect([nameIn(undefined), nameIn({ name: '' }), nameIn({ name: 5 })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(FlowError.name).toBe('FlowError')
  })
})

/** A class whose prototype has a name, as classes of old have. */
function prototypeCalled(name: string): ErrorClass {
  const type = minified(class extends Error {})
  Object.defineProperty(type.prototype, 'name', { value: name })
  return type
}
