/**
 * What is thrown for failures: the one error itself, or all of them wrapped.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { Failure, WrappedFailure } from '../../src/base/failure.ts'

class QuotaError extends Error {}

/** What a call throws, be it undefined. */
function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function reload(failure: Failure): Failure {
  return Failure.fromRecord(failure.toRecord())
}

const QUOTA = Failure.from(new QuotaError('no space'))
const TEXT = Failure.from('no disk')

describe('rethrow', () => {
  test.each([
    ['an error', new QuotaError('no space')],
    ['a string', 'no space'],
    ['undefined', undefined],
  ])('throws %s itself while it is at hand', (_what, value) => {
    expect(thrownBy(() => Failure.from(value).rethrow())).toBe(value)
  })

  test('throws a reloaded failure wrapped', () => {
    const failure = reload(QUOTA)
    const error = thrownBy(() => failure.rethrow())
    expect(error).toBeInstanceOf(WrappedFailure)
    expect(error).toMatchObject({ failures: [failure], errors: [failure] })
  })
})

describe('errorOf', () => {
  test('one failure of undefined is wrapped, since nobody would take that for an error', () => {
    const error = Failure.errorOf([Failure.from(undefined)])
    expect(error).toBeInstanceOf(WrappedFailure)
    expect(error).toMatchObject({ message: 'Failure: undefined: undefined' })
  })

  test.each([[null], [false], [0], ['']])('one failure of %j gives that', (value) => {
    expect(Failure.errorOf([Failure.from(value)])).toBe(value)
  })

  test('one failure gives what was thrown', () => {
    expect(Failure.errorOf([QUOTA])).toBe(QUOTA.thrown)
  })

  test('several failures are wrapped, with what was thrown where it is at hand', () => {
    const stored = reload(QUOTA)
    const error = Failure.errorOf([QUOTA, TEXT, stored])
    expect(error).toBeInstanceOf(WrappedFailure)
    expect(error).toMatchObject({
      failures: [QUOTA, TEXT, stored],
      errors: [QUOTA.thrown, 'no disk', stored],
    })
  })

  test('no failure gives an empty wrapping', () => {
    expect(Failure.errorOf([])).toMatchObject({ failures: [], errors: [], message: '' })
  })
})

describe('WrappedFailure', () => {
  test('is an AggregateError with a name, a code and a line for each failure', () => {
    const error = new WrappedFailure([QUOTA, TEXT])
    expect(error).toBeInstanceOf(AggregateError)
    expect([error.name, error.code]).toEqual(['WrappedFailure', 'WRAPPED_FAILURE'])
    expect(error.message).toBe('Failure: QuotaError: no space, Failure: string: no disk')
  })

  test('takes the failures out of those that are wrapped already, in their order', () => {
    const inner = Failure.from(new WrappedFailure([TEXT, QUOTA]))
    const outer = new WrappedFailure([QUOTA, inner, TEXT])
    expect(outer.failures).toEqual([QUOTA, TEXT, QUOTA, TEXT])
    expect(new WrappedFailure([Failure.from(outer)]).failures).toEqual(outer.failures)
  })

  test('takes the failures out of a wrapping that was reloaded', () => {
    const stored = reload(Failure.from(new WrappedFailure([QUOTA, TEXT])))
    expect(new WrappedFailure([stored]).failures).toEqual([reload(QUOTA), reload(TEXT)])
    expect(stored.typeNames).toEqual(['WrappedFailure', 'AggregateError', 'Error', 'Exception'])
  })

  test.each([
    ['a class of any failure', [TypeError, QuotaError], QuotaError],
    ['a name of any failure', ['string'], 'string'],
    ['the first that is asked for', ['string', QuotaError], 'string'],
    ['nothing that none of them is', [TypeError, 'number'], undefined],
  ])('check gives %s', (_what, types, expected) => {
    expect(new WrappedFailure([QUOTA, TEXT]).check(...types)).toBe(expected)
  })
})
