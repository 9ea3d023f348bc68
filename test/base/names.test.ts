import { describe, expect, test } from 'vitest'
import { demandName, demandSymbol } from '../../src/base/names.ts'
import {
  defineFlow,
  FlowDetail,
  LogBook,
  linear,
  load,
  memory,
  retry,
  task,
  times,
  unordered,
} from '../../src/index.ts'

const UNFIT: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, 'be a string, got undefined'],
  ['a number', 7, 'be a string, got 7'],
  ['an empty text', '', "not be empty, got ''"],
  [
    'half a character',
    'a\ud800b',
    "be well-formed text, without half a character, got 'a\\ud800b'",
  ],
  ['NUL', 'a\0b', "have no NUL character, got 'a\\u0000b'"],
  ['a space before', ' a', "not begin or end with a space, got ' a'"],
  ['a space behind', 'a ', "not begin or end with a space, got 'a '"],
  ['a line end behind', 'a\n', "not begin or end with a space, got 'a\\u000a'"],
  ['256 characters', 'x'.repeat(256), 'have at most 255 characters, got'],
  ['256 characters of two units', '😀'.repeat(256), 'have at most 255 characters, got'],
]

const FIT = [
  'a',
  'x'.repeat(255),
  '😀'.repeat(255),
  'größe/π.v1',
  'a b',
  'a\nb',
  '__proto__',
  '京都',
]

describe('a name', () => {
  test.each(UNFIT)('of %s is refused', (_what, name, why) => {
    expect(() => demandName('the name of a task', name)).toThrow(TypeError)
    expect(() => demandName('the name of a task', name)).toThrow(`the name of a task must ${why}`)
  })

  test.each(FIT)('%j is a name', (name) => {
    demandName('it', name)
    demandSymbol('it', name)
  })

  test('then is no symbol, as whoever awaits the results would call it', () => {
    demandName('it', 'then')
    expect(() => demandSymbol('it', 'then')).toThrow("it must not be 'then'")
  })
})

const execute = () => 1
const onFailure = () => 'REVERT' as const

/** Everything that is defined by a name. */
const DEFINITIONS: Readonly<Record<string, (name: never) => unknown>> = {
  'a task': (name) => task(name, { execute }),
  'a retry of functions': (name) => retry(name, { execute, onFailure }),
  'a ready-made retry': (name) => times(2, { name }),
  'a flow': (name) => unordered(name),
  'a definition': (name) => defineFlow(name, () => linear('f')),
  'what a task provides': (name) => task('t', { execute, provides: name }),
  'one of several that a task provides': (name) => task('t', { execute, provides: ['a', name] }),
  'a field that a task provides': (name) => task('t', { execute, provides: { pick: [name] } }),
  'what a task requires': (name) =>
    task('t', { execute: (inputs: object) => inputs, requires: [name] } as never),
  'what an input is rebound to': (name) =>
    task('t', { execute: ({ a }: { a: number }) => a, rebind: { a: name } }),
  'what is injected': (name) => task('t', { execute, inject: { [name]: 1 } }),
  'a value of the store': (name) => load(linear('f'), { store: { [name]: 1 } } as never),
  'a value put in': (name) => load(linear('f')).storage.inject({ [name]: 1 }),
  'a new flow detail': (name) => load(linear('f'), { flowDetail: new FlowDetail(name) }),
  'a new book': (name) => load(linear('f'), { backend: memory(), book: new LogBook(name) }),
}

describe.each(Object.entries(DEFINITIONS))('the name of %s', (_what, define) => {
  test.each(UNFIT.filter(([, name]) => typeof name === 'string' && name !== ''))(
    'is refused with %s',
    (_problem, name) => {
      expect(() => define(name as never)).toThrow(TypeError)
    },
  )

  test.each(FIT)('may be %j', (name) => {
    define(name as never)
  })
})

test.each([
  ['half a character', '1.\ud800'],
  ['a NUL', '1.0\0'],
  ['a space at the end', '1.0 '],
  ['65 characters', '1'.repeat(65)],
  ['many numbers', Array.from({ length: 40 }, () => 1)],
])('a version with %s is refused with the atom', (_problem, version) => {
  expect(() => task('t', { execute, version })).toThrow(/^version of 't' must /)
  expect(() => times(2, { name: 'r', version })).toThrow(/^version of 'r' must /)
})

test('a version may have 64 characters', () => {
  expect(task('t', { execute, version: '1'.repeat(64) }).version).toHaveLength(64)
})

test('a retry whose name would be too long with that of its flow is refused with the flow', () => {
  expect(() => linear('x'.repeat(253), { retry: times(2) })).toThrow(
    /^the name of the retry of flow/,
  )
})
