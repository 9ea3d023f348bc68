import { describe, expect, test } from 'vitest'
import {
  BOOLEAN,
  type Check,
  CLOCK,
  count,
  DURATION,
  FUNCTION,
  LIMIT,
  LIST,
  LOGGER,
  listOf,
  methods,
  number,
  oneOf,
  PROGRESS,
  readOptions,
  SIGNAL,
  shown,
  split,
  TEXT,
  VALUES,
} from '../../src/base/checks.ts'
import { SILENT_LOGGER, SYSTEM_CLOCK } from '../../src/index.ts'

const NO_NUMBERS: readonly unknown[] = ['5', null, {}, [], true, 5n, () => 5, new Date(5)]

const CHECKS: Readonly<Record<string, readonly [Check, readonly unknown[], readonly unknown[]]>> = {
  DURATION: [DURATION, [0, 1.5, 2 ** 31, Infinity], [-1, NaN, -Infinity, ...NO_NUMBERS]],
  LIMIT: [LIMIT, [0.1, 2 ** 40, Infinity], [0, -1, NaN, ...NO_NUMBERS]],
  'count from 1': [count(1), [1, 2 ** 40], [0, 1.5, NaN, Infinity, 2 ** 54, ...NO_NUMBERS]],
  'whole from 0': [number({ least: 0, whole: true }), [0, Infinity], [-1, 0.5, NaN]],
  PROGRESS: [PROGRESS, [0, 0.5, 1], [-0.1, 1.1, NaN, '1']],
  BOOLEAN: [BOOLEAN, [true, false], ['true', 0, 1, null]],
  FUNCTION: [FUNCTION, [() => {}, class {}], ['f', {}, null]],
  TEXT: [TEXT, ['', 'a'], [1, null, ['a']]],
  VALUES: [VALUES, [{}, { a: 1 }, Object.create(null)], [null, 'a', 1]],
  LIST: [LIST, [[], new Set(), new Map()], ['abc', {}, null, 1]],
  SIGNAL: [SIGNAL, [AbortSignal.abort()], [{}, null, { aborted: true }, new AbortController()]],
  CLOCK: [
    CLOCK,
    [SYSTEM_CLOCK, { now: () => new Date() }],
    [{}, null, Date, { now: 5 }, { now: () => new Date(), elapsedMs: 5 }],
  ],
  LOGGER: [LOGGER, [console, SILENT_LOGGER], [{}, null, { info() {} }, () => {}]],
  'one of': [oneOf('a', 'b'), ['a', 'b'], ['c', 'A', '', null, 1, ['a']]],
  'list of texts': [listOf(TEXT), [[], ['a']], ['a', [1], null]],
  'something with methods': [methods('a Thing', ['go']), [{ go() {} }], [{}, null, 'go']],
}

describe.each(Object.entries(CHECKS))('%s', (_what, [check, right, wrong]) => {
  test('lets pass what is right', () => {
    for (const value of right) check('it', value)
  })

  test('refuses the rest: another type with a TypeError, another number or word with a RangeError', () => {
    for (const value of wrong) {
      const [one] = right
      const isOfType = typeof value === typeof one && ['number', 'string'].includes(typeof value)
      const Problem = isOfType ? RangeError : TypeError
      expect(() => check('it', value), shown(value)).toThrow(Problem)
      expect(() => check('it', value), shown(value)).toThrow(
        /^(?:it|.* of it)\b.* must (?:be|give) .*, got /,
      )
    }
  })
})

test.each([
  [DURATION, -1, 'graceMs must be at least 0, got -1'],
  [DURATION, '5', "graceMs must be a number, got '5'"],
  [LIMIT, 0, 'graceMs must be above 0, got 0'],
  [count(1), 1.5, 'graceMs must be a whole number of at least 1, got 1.5'],
  [
    number({ least: 1, whole: true }),
    0,
    'graceMs must be a whole number of at least 1, or Infinity, got 0',
  ],
  [oneOf('tick', 'move'), 'ticks', "graceMs must be 'tick' or 'move', got 'ticks'"],
  [oneOf('a', 'b', 'c'), 1, "graceMs must be 'a', 'b' or 'c', got 1"],
  [BOOLEAN, 'False', "graceMs must be true or false, got 'False'"],
  [
    methods('a Logger', ['info', 'warn']),
    { info() {} },
    'graceMs must be a Logger, got an object without a method warn',
  ],
] as const)('%# says what is wrong and what was found', (check, value, message) => {
  expect(() => check('graceMs', value)).toThrow(message)
})

describe('options', () => {
  interface Options {
    readonly graceMs?: number
    readonly backend?: object
  }
  const checks = { graceMs: DURATION, backend: VALUES }
  const read = (given: unknown) => readOptions<Options>('load()', given, checks)

  test('are copied, so that they are read once', () => {
    let reads = 0
    const given = {
      get graceMs() {
        reads += 1
        return reads
      },
    }
    expect([read(given).graceMs, read(given).graceMs, reads]).toEqual([1, 2, 2])
  })

  test('may be inherited, undefined, or not there', () => {
    expect(read(Object.create({ graceMs: 5 }))).toEqual({ graceMs: 5 })
    expect(read({ graceMs: undefined })).toEqual({})
    expect(read(undefined)).toEqual({})
  })

  test('with a name that there is not are refused, with those there are', () => {
    expect(() => read({ backEnd: {} })).toThrow(
      new TypeError(
        "load() has no option 'backEnd'; did you mean 'backend'? its options are backend, graceMs",
      ),
    )
    expect(() => read({ constructor: 1 })).toThrow("load() has no option 'constructor'")
    expect(() => read(JSON.parse('{ "__proto__": { "graceMs": 1 } }'))).toThrow("'__proto__'")
  })

  test.each([null, 'graceMs', 5, []])('are not %j', (given) => {
    expect(() => read(given)).toThrow(/^the options of load\(\) must be an object, got/)
  })

  test('of two kinds are told apart', () => {
    expect(
      split<Pick<Options, 'graceMs'>, Options>({ graceMs: 1, backend: {} }, { graceMs: DURATION }),
    ).toEqual([{ graceMs: 1 }, { backend: {} }])
  })
})

test.each([
  ["it's", "'it's'"],
  ['x'.repeat(80), `'${'x'.repeat(60)}… (80 characters)'`],
  ['a\0\ud800', "'a\\u0000\\ud800'"],
  [Symbol('s'), 'Symbol(s)'],
  [{ password: 'secret' }, 'an object'],
  [['secret'], 'a list'],
  [null, 'null'],
])('%# is shown in a message as %s', (value, text) => {
  expect(shown(value)).toBe(text)
})
