import { describe, expect, test } from 'vitest'
import { oneLine } from '../../src/base/printable.ts'
import { didYouMean, nearest } from '../../src/base/suggestions.ts'
import { readAgeMs, readCount } from '../../src/cli/amounts.ts'
import { cutTo, Paint, padTo, widthOf } from '../../src/cli/paint.ts'
import { readStates } from '../../src/cli/states.ts'
import { readPairs } from '../../src/cli/values.ts'
import { ageInWords, durationInWords } from '../../src/inspection/words.ts'
import { FakeOutput } from './fake-terminal.ts'

describe('amounts', () => {
  test.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['250ms', 250],
    ['99999999999999999999w', 31_536_000_000_000],
  ])('reads %s', (text, ms) => {
    expect(readAgeMs(text, '--older-than')).toBe(ms)
  })

  test.each(['', '7', 'd', '-1d', '7 days', '1e3s'])('refuses the age "%s"', (text) => {
    expect(() => readAgeMs(text, '--older-than')).toThrow(`--older-than is '${text}'`)
  })

  test('refuses a count that is none', () => {
    expect(readCount('12', '--limit')).toBe(12)
    for (const text of ['0', '-1', '1.5', 'x', '']) {
      expect(() => readCount(text, '--limit')).toThrow(`--limit is '${text}'`)
    }
  })

  test.each([
    [-5, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [7_199_999, '1h'],
    [86_400_000, '1d'],
    [90 * 86_400_000, '90d'],
  ])('an age of %i ms is %s', (ms, words) => {
    expect(ageInWords(ms)).toBe(words)
  })

  test.each([
    [0.4, '0ms'],
    [999, '999ms'],
    [1_000, '1.0s'],
    [59_999, '59.9s'],
    [65_000, '1m05s'],
    [3_725_000, '1h02m'],
  ])('%d ms take %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words)
  })
})

describe('suggestions', () => {
  test.each([
    ['sohw', ['show']],
    ['SUCESS', ['SUCCESS']],
    ['create', ['create-volume', 'create-volumes']],
    ['zzz', []],
  ])('%s', (written, found) => {
    expect(nearest(written, ['show', 'SUCCESS', 'create-volume', 'create-volumes'])).toEqual(found)
  })

  test('are put into a question', () => {
    expect(didYouMean('a1', ['a2', 'a3'])).toBe(`; did you mean 'a2' or 'a3'?`)
    expect(didYouMean('a1', [])).toBe('')
  })
})

describe('widths', () => {
  test.each([
    ['plain', 5],
    ['\u001b[31mred\u001b[0m', 3],
    ['早く', 4],
    ['e\u0301', 1],
    ['🚀', 2],
    ['❤\ufe0f', 2],
    ['✓ ok', 4],
  ])('%s', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  test('texts are cut between characters, and filled up', () => {
    expect(cutTo('早く走る', 5, '…')).toBe('早く…')
    expect(cutTo('short', 5, '…')).toBe('short')
    expect(cutTo('short', 0, '…')).toBe('')
    expect(padTo('早', 4)).toBe('早  ')
  })

  test('a text cannot steer the terminal', () => {
    expect(oneLine('a\n  b\u001b[2J\u0007')).toBe('a b\\x1b[2J\\x07')
  })
})

describe('colours', () => {
  const paintFor = (isTTY: boolean, env: Readonly<Record<string, string>>): string =>
    Paint.for(new FakeOutput({ isTTY }), { env }).state('SUCCESS')
  const green = '\u001b[32mSUCCESS\u001b[39m'

  test.each([
    [true, {}, green],
    [false, {}, 'SUCCESS'],
    [true, { NO_COLOR: '1' }, 'SUCCESS'],
    [true, { NO_COLOR: '' }, green],
    [true, { TERM: 'dumb' }, 'SUCCESS'],
    [false, { FORCE_COLOR: '1' }, green],
    [false, { FORCE_COLOR: '0' }, 'SUCCESS'],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, 'SUCCESS'],
  ])('on a terminal: %s, with %o', (isTTY, env, text) => {
    expect(paintFor(isTTY, env)).toBe(text)
  })

  test('signs are ASCII where nothing else is known', () => {
    const paint = Paint.for(new FakeOutput({}), { env: { LANG: 'C' } })
    expect([paint.sign('SUCCESS'), paint.sign('RUNNING', 1), paint.bar(0.5, 4)]).toEqual([
      '+',
      '/',
      '##..',
    ])
  })
})

test('pairs are JSON if they parse, else text', () => {
  expect(readPairs(['n=10', 'on=true', 's=ten', 'list=[1,2]', 'q="10"', 'eq=a=b', 'e='])).toEqual({
    n: 10,
    on: true,
    s: 'ten',
    list: [1, 2],
    q: '10',
    eq: 'a=b',
    e: '',
  })
  expect(() => readPairs(['size'])).toThrow(`'size' is no name=value`)
  expect(() => readPairs(['=1'])).toThrow('no name=value')
})

test('states are read in any case, and mistyped ones are guessed', () => {
  expect(readStates(['success,failure', 'Suspended'])).toEqual(['SUCCESS', 'FAILURE', 'SUSPENDED'])
  expect(() => readStates(['SUSPEND'])).toThrow(`did you mean 'SUSPENDED'`)
})
