/**
 * Failures as they are stored: there and back, as Python TaskFlow writes them, and corrupt ones.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { Failure, type FailureRecord } from '../../src/base/failure.ts'
import { CorruptRecordError, NotStorableError } from '../../src/errors.ts'
import { fc } from '../properties.ts'

class QuotaError extends Error {}

const failures = fc
  .record({ message: fc.string(), code: fc.option(fc.string()), causes: fc.array(fc.string()) })
  .map(({ message, code, causes }) => {
    const cause = causes.reduce<unknown>(
      (below, text) => new QuotaError(text, { cause: below }),
      'x',
    )
    return Failure.from(Object.assign(new QuotaError(message, { cause }), { code }))
  })

function reload(failure: Failure): Failure {
  return Failure.fromRecord(JSON.parse(JSON.stringify(failure.toRecord())))
}

/** As TaskFlow 5.x writes it. */
const PYTHON_RECORD = {
  exception_str: 'no space',
  traceback_str: '  File "/srv/cinder/flows.py", line 12, in execute\n    reserve()\n',
  exc_type_names: ['cinder.exception.QuotaError', 'ValueError', 'Exception'],
  version: 1,
  exc_args: ['no space', 7],
  causes: [
    {
      exception_str: 'disk full',
      traceback_str: '',
      exc_type_names: ['OSError', 'Exception'],
      version: 1,
      exc_args: [28, 'disk full'],
      causes: [],
    },
  ],
} as const satisfies FailureRecord

describe('there and back', () => {
  test('a failure keeps everything but the thrown value', () => {
    fc.assert(
      fc.property(failures, (failure) => {
        const back = reload(failure)
        expect(back.toRecord()).toEqual(failure.toRecord())
        expect(back.code).toBe(failure.code)
        expect(back.causes.map(({ message }) => message)).toEqual(
          failure.causes.map(({ message }) => message),
        )
        expect([back.hasThrown, back.thrown]).toEqual([false, undefined])
      }),
    )
  })

  test('a record has the version, and the root that TaskFlow demands as the last name', () => {
    const record = Failure.from(
      Object.assign(new QuotaError('no space'), { code: 'E1' }),
    ).toRecord()
    expect(record).toMatchObject({
      exception_str: 'no space',
      exc_type_names: ['QuotaError', 'Error', 'Exception'],
      version: 1,
      exc_args: ['no space', 'E1'],
      causes: [],
    })
  })

  test.each([
    [['QuotaError'], ['QuotaError', 'Exception']],
    [
      ['SystemExit', 'BaseException'],
      ['SystemExit', 'BaseException'],
    ],
    [
      ['OSError', 'Exception'],
      ['OSError', 'Exception'],
    ],
    [
      ['Exception', 'Error'],
      ['Exception', 'Error', 'Exception'],
    ],
    [[], ['Exception']],
  ])('the names %j are stored as %j', (typeNames, expected) => {
    expect(new Failure({ message: '', typeNames }).toRecord().exc_type_names).toEqual(expected)
  })

  test('every cause has the root too', () => {
    const { causes } = Failure.from(new Error('top', { cause: 'a string' })).toRecord()
    expect(causes.map(({ exc_type_names }) => exc_type_names)).toEqual([['string', 'Exception']])
  })
})

describe('a record of Python', () => {
  const failure = Failure.fromRecord(PYTHON_RECORD)

  test('is read whole', () => {
    expect(failure.message).toBe('no space')
    expect(failure.typeNames).toEqual(PYTHON_RECORD.exc_type_names)
    expect(failure.traceback).toBe(PYTHON_RECORD.traceback_str)
    expect(failure.args).toEqual(['no space', 7])
    expect(failure.code).toBeUndefined()
    expect(failure.causes.map(String)).toEqual(['Failure: OSError: disk full'])
  })

  test('is written as it was', () => {
    expect(failure.toRecord()).toEqual(PYTHON_RECORD)
  })

  test('is checked by the qualified name', () => {
    expect(failure.check('cinder.exception.QuotaError')).toBe('cinder.exception.QuotaError')
    expect(failure.check('QuotaError')).toBeUndefined()
  })

  test('may lack version, arguments and causes, as old ones do', () => {
    const { exception_str, traceback_str, exc_type_names } = PYTHON_RECORD
    const old = Failure.fromRecord({ exception_str, traceback_str, exc_type_names })
    expect([old.args, old.causes, old.message]).toEqual([[], [], 'no space'])
  })

  test('may have fields that we do not know', () => {
    expect(Failure.fromRecord({ ...PYTHON_RECORD, extra: 1 }).message).toBe('no space')
  })
})

describe('a corrupt record', () => {
  test.each([
    ['no object', 'Failure: QuotaError'],
    ['null', null],
    ['undefined', undefined],
    ['an array', []],
    ['without a message', { ...PYTHON_RECORD, exception_str: undefined }],
    ['with a message that is no text', { ...PYTHON_RECORD, exception_str: 5 }],
    ['without a traceback', { ...PYTHON_RECORD, traceback_str: null }],
    ['without names', { ...PYTHON_RECORD, exc_type_names: undefined }],
    ['with one name', { ...PYTHON_RECORD, exc_type_names: 'Exception' }],
    ['with an empty list of names', { ...PYTHON_RECORD, exc_type_names: [] }],
    ['with a name that is no text', { ...PYTHON_RECORD, exc_type_names: ['E', 1] }],
    ['of a later version', { ...PYTHON_RECORD, version: 2 }],
    ['with a version that is no number', { ...PYTHON_RECORD, version: '1' }],
    ['with a corrupt cause', { ...PYTHON_RECORD, causes: [{ exception_str: 'x' }] }],
  ])('%s is refused', (_what, record) => {
    expect(() => Failure.fromRecord(record)).toThrow(CorruptRecordError)
    expect(() => Failure.fromRecord(record)).toThrow(
      'the stored record failure cannot be read: it is not a failure dictionary of version 1',
    )
  })
})

describe('matches', () => {
  const error = new QuotaError('no space')

  test('a failure is the same as its reload, either way round', () => {
    fc.assert(
      fc.property(failures, (failure) => {
        expect(failure.matches(reload(failure))).toBe(true)
        expect(reload(failure).matches(failure)).toBe(true)
        expect(reload(failure).matches(reload(failure))).toBe(true)
      }),
    )
  })

  test('two failures of one error are the same', () => {
    expect(Failure.from(error).matches(Failure.from(error))).toBe(true)
  })

  test('two errors at hand are not the same, be they alike', () => {
    const alike = Object.assign(new QuotaError('no space'), { stack: error.stack })
    expect(Failure.from(error).matches(Failure.from(alike))).toBe(false)
    expect(Failure.from(error).matches(reload(Failure.from(alike)))).toBe(true)
  })

  test('a failure is the same as itself, whatever was thrown', () => {
    const failure = Failure.from(Number.NaN)
    expect(failure.matches(failure)).toBe(true)
  })

  test.each([
    ['message', { exception_str: 'no room' }],
    ['names', { exc_type_names: ['ValueError', 'Exception'] }],
    ['traceback', { traceback_str: '' }],
    ['arguments', { exc_args: [] }],
    ['causes', { causes: [] }],
  ])('reloaded failures with other %s are not the same', (_what, change) => {
    const failure = Failure.fromRecord(PYTHON_RECORD)
    expect(failure.matches(Failure.fromRecord({ ...PYTHON_RECORD, ...change }))).toBe(false)
  })
})

describe('what Python has no place for', () => {
  const own = { status: 503, at: new Date(0), hint: { list: [1] } }

  function thrown(properties: object, make: () => Error = () => new QuotaError('no space')) {
    return Failure.from(Object.assign(make(), properties))
  }

  test('is the same before and after a reload: fields, code, and errors inside', () => {
    const inside = [thrown(own), new RangeError('b')].map((one) =>
      one instanceof Failure ? one.thrown : one,
    )
    const failure = thrown({ ...own, code: 42 }, () => new AggregateError(inside, 'all'))
    const back = reload(failure)
    for (const one of [failure, back]) {
      expect([one.code, one.fields]).toEqual([42, own])
      expect(one.errors.map(({ message, fields }) => [message, fields])).toEqual([
        ['no space', own],
        ['b', {}],
      ])
    }
    expect(back.matches(failure)).toBe(true)
    expect(back.toRecord()).toEqual(failure.toRecord())
  })

  test('stands behind message and code in the arguments, so that Python reads it', () => {
    const { exc_args, ...others } = thrown({ status: 503 }).toRecord()
    expect(exc_args).toEqual(['no space', null, { taskflow_ts: { fields: { status: 503 } } }])
    expect(Object.keys(others).toSorted()).toEqual([
      'causes',
      'exc_type_names',
      'exception_str',
      'traceback_str',
      'version',
    ])
    expect(thrown({ code: 'E1', status: 503 }).toRecord().exc_args[1]).toBe('E1')
  })

  test('are fields that were left out, with the reason', () => {
    const back = reload(thrown({ callback: () => 1 }))
    expect(back.omittedFields).toEqual([expect.stringMatching(/^callback: .*function/)])
  })

  test.each([
    ['a text', ['x', 'E1'], 'E1'],
    ['a number that Python wrote', ['x', 7], undefined],
    ['a number that we wrote', ['x', 7, { taskflow_ts: {} }], 7],
    ['none that we wrote', ['x', null, { taskflow_ts: {} }], undefined],
    ['of another program', ['x', 'E1', { other: {} }], 'E1'],
    ['with details that are none', ['x', 7, { taskflow_ts: 1 }], undefined],
    ['with details that are null', ['x', 7, { taskflow_ts: null }], undefined],
    ['of three arguments', ['x', 'E1', null], 'E1'],
  ])('the code of a record: %s', (_what, exc_args, code) => {
    const failure = Failure.fromRecord({ ...PYTHON_RECORD, exc_args })
    expect(failure.code).toBe(code)
    expect(Failure.fromRecord(failure.toRecord()).code).toBe(code)
  })

  test('is corrupt when it cannot be read', () => {
    const details = { fields: { at: { $taskflow: ['Date', 'never'] } } }
    const record = { ...PYTHON_RECORD, exc_args: ['x', null, { taskflow_ts: details }] }
    expect(() => Failure.fromRecord(record)).toThrow(CorruptRecordError)
    const odd = { errors: 5, omitted: [1, 'a'] }
    const read = Failure.fromRecord({ ...record, exc_args: ['x', null, { taskflow_ts: odd }] })
    expect([read.errors, read.omittedFields]).toEqual([[], ['a']])
  })

  test('may be given by hand, and is refused when it cannot be stored', () => {
    const parts = { message: 'm', typeNames: ['E'], code: 7, fields: { a: 1 } }
    expect(reload(new Failure(parts))).toMatchObject({ code: 7, fields: { a: 1 } })
    expect(() => new Failure({ ...parts, fields: { a: () => 1 } })).toThrow(NotStorableError)
  })
})

describe('a class is found by its name after a reload', () => {
  class TimeoutLike extends Error {}

  test('and not by the name that the error alone has', () => {
    const failure = Failure.from(Object.assign(new Error('x'), { name: 'TimeoutLike' }))
    expect([failure.check(TimeoutLike), failure.check('TimeoutLike')]).toEqual([
      undefined,
      'TimeoutLike',
    ])
    expect([reload(failure).check(TimeoutLike), reload(failure).check('TimeoutLike')]).toEqual([
      undefined,
      'TimeoutLike',
    ])
  })

  test('though two of one name cannot be told apart any more', () => {
    const twin = () => class TimeoutLike extends Error {}
    const failure = Failure.from(new (twin())('x'))
    expect([failure.check(TimeoutLike), reload(failure).check(TimeoutLike)]).toEqual([
      undefined,
      TimeoutLike,
    ])
  })

  test('with those above it, also when it is no error', () => {
    class Problem {}
    class NotThere extends Problem {}
    const failure = reload(Failure.from(new NotThere()))
    expect([failure.check(Problem), failure.check(Object)]).toEqual([Problem, undefined])
  })

  test('and an anonymous one not at all', () => {
    const [type] = [class extends Error {}]
    const failure = Failure.from(new type('x'))
    expect(failure.check(type)).toBe(type)
    expect(reload(failure).check(class extends Error {})).toBeUndefined()
  })
})
