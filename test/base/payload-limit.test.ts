/**
 * What is too large is refused, and a failure that is too large is cut down to what can be stored.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { encode } from '../../src/base/codec.ts'
import { Failure } from '../../src/base/failure.ts'
import { NO_PAYLOAD_LIMIT, PayloadLimit } from '../../src/base/payload-limit.ts'
import { NotStorableError } from '../../src/errors.ts'
import { thrownBy } from '../engine/steps.ts'
import { fc } from '../properties.ts'

const LIMIT = new PayloadLimit(1_024)

function sizeOf(value: unknown): number {
  return Buffer.byteLength(encode(value))
}

describe('the limit', () => {
  test('is 1 MiB unless another is given', () => {
    expect(new PayloadLimit().maxBytes).toBe(1_048_576)
  })

  test.each([0, 1_023, 1_024.5, -1, Number.NaN, Number.NEGATIVE_INFINITY, '2048'])(
    'refuses %s as maxPayloadBytes',
    (maxBytes) => {
      const error = thrownBy(() => new PayloadLimit(maxBytes as number))
      expect(error).toBeInstanceOf(typeof maxBytes === 'number' ? RangeError : TypeError)
      expect(error).toHaveProperty('message', expect.stringContaining(String(maxBytes)))
    },
  )

  test('counts the bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1_200 }), fc.nat(3), (text, times) => {
        const long = text.repeat(times)
        expect(LIMIT.isOver(long)).toBe(Buffer.byteLength(long) > 1_024)
      }),
    )
  })

  test.each([
    { text: 'a'.repeat(1_024), isOver: false },
    { text: 'a'.repeat(1_025), isOver: true },
    { text: 'ü'.repeat(512), isOver: false },
    { text: `a${'ü'.repeat(512)}`, isOver: true },
    { text: '€'.repeat(341), isOver: false },
    { text: '€'.repeat(342), isOver: true },
  ])('says $isOver at its edge', ({ text, isOver }) => {
    expect(LIMIT.isOver(text)).toBe(isOver)
    expect(NO_PAYLOAD_LIMIT.isOver(text)).toBe(false)
  })

  test('says which of several values is too large, and looks at each alone', () => {
    const half = 'a'.repeat(1_000)
    expect(LIMIT.encodeEach({ a: half, b: 1 }, 'the value')).toEqual([
      ['a', `"${half}"`],
      ['b', '1'],
    ])
    const error = thrownBy(() =>
      LIMIT.encodeEach({ a: half, 'b c': `${half}${half}` }, 'the value'),
    )
    expect(error).toBeInstanceOf(NotStorableError)
    expect(error).toMatchObject({
      code: 'NOT_STORABLE',
      path: '$["b c"]',
      size: { sizeBytes: 2_002, maxPayloadBytes: 1_024 },
      message: expect.stringMatching(
        /the value 'b c' has 2002 bytes.*at most 1024.*maxPayloadBytes/,
      ),
    })
  })

  test('says which of several values cannot be stored at all, and where in it', () => {
    const error = thrownBy(() => LIMIT.encodeEach({ a: 1, b: { run() {} } }, 'the value'))
    expect(error).toMatchObject({ code: 'NOT_STORABLE', path: '$.b.run' })
    expect(String(error)).toContain('at $.b.run cannot be stored: it is a function')
  })

  test('passes on what is no refusal', () => {
    const values = {
      get a(): never {
        throw new Error('on reading')
      },
    }
    expect(() => LIMIT.encodeEach(values, 'the value')).toThrow('on reading')
  })
})

describe('a failure', () => {
  test('that is small enough stays the same', () => {
    const record = Failure.from(new Error('no')).toRecord()
    expect(new PayloadLimit().fit(record)).toBe(record)
  })

  test('loses its arguments first, except for its code', () => {
    const record = Failure.from(Object.assign(new Error('m'.repeat(400)), { code: 'E_FULL' }))
    const short = { ...record.toRecord(), traceback_str: 't'.repeat(300) }
    const fit = LIMIT.fit(short)
    expect(fit).toEqual({ ...short, exc_args: ['', 'E_FULL'] })
    expect(Failure.fromRecord(fit).code).toBe('E_FULL')
  })

  test('loses its fields with its arguments, and says so, but no errors and no number', () => {
    const fields = { body: 'b'.repeat(500), callback: () => 1 }
    const inner = Object.assign(new Error('inner'), { ...fields, stack: '' })
    const error = Object.assign(new AggregateError([inner], 'all'), {
      ...fields,
      code: 42,
      stack: '',
    })
    const failure = Failure.fromRecord(LIMIT.fit(Failure.from(error).toRecord()))
    expect([failure.code, failure.fields]).toEqual([42, {}])
    expect(failure.omittedFields).toEqual(['all fields: the failure is too large'])
    expect(failure.errors).toMatchObject([{ message: 'inner', fields: {} }])
  })

  test('keeps why its fields are missing already, and no code that is none', () => {
    const properties = { callback: () => 1, code: 'c'.repeat(900), stack: '' }
    const error = Object.assign(new Error('m'.repeat(100)), properties)
    const failure = Failure.fromRecord(LIMIT.fit(Failure.from(error).toRecord()))
    expect(failure.omittedFields).toEqual([expect.stringMatching(/^callback: /)])
    expect([failure.code, failure.message]).toEqual([undefined, 'm'.repeat(100)])
  })

  test('keeps the first of the errors inside of it', () => {
    const errors = Array.from({ length: 100 }, (_, i) => new Error(`${i} ${'x'.repeat(500)}`))
    const limit = new PayloadLimit(8_192)
    const record = limit.fit(Failure.from(new AggregateError(errors, 'all')).toRecord())
    const { errors: kept } = Failure.fromRecord(record)
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.every(({ message }, i) => message.startsWith(`${i} `))).toBe(true)
  })

  test('keeps the start of its message, and says how much is missing', () => {
    const error = new RangeError(`volume 7 is full: ${'x'.repeat(2_000_000)}`)
    const fit = Failure.fromRecord(new PayloadLimit().fit(Failure.from(error).toRecord()))
    expect(fit.message).toMatch(/^volume 7 is full: x{100000,}… \(\d+ more characters\)$/)
    expect(fit.typeNames).toEqual(['RangeError', 'Error', 'Exception'])
  })

  test('keeps its nearest causes', () => {
    let error: Error | undefined
    for (let i = 0; i < 3_000; i += 1) error = new Error(`cause ${i}`, { cause: error })
    const limit = new PayloadLimit(100_000)
    const fit = Failure.fromRecord(limit.fit(Failure.from(error).toRecord()))
    expect(fit.message).toBe('cause 2999')
    expect(fit.causes.length).toBeGreaterThan(10)
    expect(fit.causes.map(({ message }) => message)).toEqual(
      fit.causes.map((_, i) => `cause ${2_998 - i}`),
    )
  })

  test('of whatever size and make can be stored and read', () => {
    const text = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat(200))
      .map(([part, count]) => part.repeat(count))
    const { record } = fc.letrec<{ record: Failure }>((tie) => ({
      record: fc
        .record({
          message: text,
          traceback: text,
          typeNames: fc.array(text, { maxLength: 30 }),
          args: fc.array(
            fc.oneof(
              text,
              fc.constant(() => 0),
            ),
            { maxLength: 3 },
          ),
          causes: fc.oneof(
            { maxDepth: 3, withCrossShrink: true },
            fc.constant([]),
            fc.array(tie('record'), { maxLength: 9 }),
          ),
        })
        .map((parts) => new Failure(parts)),
    }))
    fc.assert(
      fc.property(record, fc.integer({ min: 1_024, max: 10_000 }), (failure, maxBytes) => {
        const fit = new PayloadLimit(maxBytes).fit(failure.toRecord())
        expect(sizeOf(fit)).toBeLessThanOrEqual(maxBytes)
        expect(Failure.fromRecord(fit).typeNames.at(-1)).toMatch(/^(Base)?Exception$/)
      }),
      { numRuns: 300 },
    )
  })
})
