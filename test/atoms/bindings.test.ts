/**
 * TaskFlow's argument mapping: which arguments a method takes, and as what each is looked up.
 *
 * An argument is written `size`, `size=symbol` when it is rebound, with `?` when it is optional.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { type BindingRules, bind, type Rebind } from '../../src/atoms/bindings.ts'
import { fc, isName } from '../properties.ts'

type Fn = BindingRules['fn']

const RULES: Omit<BindingRules, 'fn'> = {
  atom: 'resize',
  method: 'execute',
  field: 'requires',
  ignore: [],
  requires: undefined,
  optional: undefined,
  rebind: undefined,
  borrowed: false,
}

function bound(fn: Fn, rules: Partial<BindingRules> = {}): readonly string[] {
  return bind({ ...RULES, ...rules, fn }).map(
    ({ argument, symbol, optional }) =>
      `${argument}${symbol === argument ? '' : `=${symbol}`}${optional ? '?' : ''}`,
  )
}

function refusal(fn: Fn, rules: Partial<BindingRules>): string {
  try {
    bound(fn, rules)
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
  throw new Error('the rules were not refused')
}

const none: Fn = () => 0
const whole: Fn = (inputs: never) => inputs
const pattern: Fn = ({ size, image, type = 1 }: Readonly<Record<string, unknown>>) => [
  size,
  image,
  type,
]
const open: Fn = ({ size, ...others }: Readonly<Record<string, unknown>>) => [size, others]

describe('the pattern', () => {
  test.each([
    ['names the arguments, optional ones last', pattern, {}, ['size', 'image', 'type?']],
    ['with a rest has its other names', open, { requires: [] }, ['size']],
    ['that is not there takes nothing', none, {}, []],
    ['leaves out what is ignored', pattern, { ignore: ['size', 'type'] }, ['image']],
  ])('%s', (_what, fn, rules, expected) => {
    expect(bound(fn, rules)).toEqual(expected)
  })

  test('that does not destructure is refused, with what to write', () => {
    expect(refusal(whole, {})).toBe(
      "'resize' does not say which inputs execute takes: destructure its first parameter, execute({ size, image }), or list them, requires: ['size', 'image'] (an empty list if it takes none)",
    )
  })

  test.each([
    ['an empty list of positions', []],
    ['an empty record', {}],
  ])('that does not destructure is refused in spite of a rebind that is %s', (_what, rebind) => {
    expect(refusal(whole, { rebind })).toMatch(/^'resize' does not say which inputs execute takes/)
  })
})

describe('requires', () => {
  test.each([
    ['names the inputs of a parameter that does not destructure', whole, ['a', 'b'], ['a', 'b']],
    ['may be empty', whole, [], []],
    ['may name what nobody takes when there is no parameter', none, ['a'], ['a']],
    ['makes an argument with a default required', pattern, ['type'], ['size', 'image', 'type']],
    ['does not name an argument twice', pattern, ['image'], ['size', 'image', 'type?']],
    ['may add names that the rest takes', open, ['a'], ['size', 'a']],
  ])('%s', (_what, fn, requires, expected) => {
    expect(bound(fn, { requires })).toEqual(expected)
  })

  test('of names that the method does not take is refused, with what to write', () => {
    expect(refusal(pattern, { requires: ['disk', 'size', 'zone'] })).toBe(
      "'resize' requires or rebinds 'disk', 'zone', which execute does not take: add the name to the pattern of its first parameter, or take the rest there (...others)",
    )
  })
})

describe('optional', () => {
  test.each([
    ['names the inputs of a parameter that does not destructure', whole, {}, ['a?']],
    ['comes after what is required', whole, { requires: ['b'] }, ['b', 'a?']],
    ['does not make a required name optional', whole, { requires: ['a'] }, ['a']],
    ['adds what the rest takes', open, {}, ['size', 'a?']],
    ['names the inputs where there is no parameter', none, {}, ['a?']],
  ])('%s', (_what, fn, rules, expected) => {
    expect(bound(fn, { ...rules, optional: ['a'] })).toEqual(expected)
  })

  test('does not repeat an argument with a default', () => {
    expect(bound(pattern, { optional: ['type'] })).toEqual(['size', 'image', 'type?'])
  })
})

describe.each(['requires', 'optional'] as const)('%s', (field) => {
  test.each([
    ['a name', 'size'],
    ['a list with something else', ['size', 1]],
    ['a record', { size: true }],
  ])('that is %s is refused, with what to write', (_what, names) => {
    expect(refusal(whole, { [field]: names as never })).toBe(
      `'resize' has a field '${field}' for execute that is not a list of names: write ${field}: ['size', 'image']`,
    )
  })
})

describe('rebind by name', () => {
  test.each([
    ['renames a required argument', pattern, { size: 'gib' }, ['size=gib', 'image', 'type?']],
    [
      'makes an argument with a default required',
      pattern,
      { type: 't' },
      ['size', 'image', 'type=t'],
    ],
    ['adds an argument that the rest takes', open, { zone: 'z' }, ['size', 'zone=z']],
    ['says what a whole parameter takes', whole, { zone: 'z' }, ['zone=z']],
    ['may be empty', pattern, {}, ['size', 'image', 'type?']],
  ])('%s', (_what, fn, rebind, expected) => {
    expect(bound(fn, { rebind })).toEqual(expected)
  })

  test('renames a name of requires', () => {
    expect(bound(whole, { requires: ['a', 'b'], rebind: { b: 'x' } })).toEqual(['a', 'b=x'])
  })

  test('of an argument that the method does not take is refused', () => {
    expect(refusal(pattern, { rebind: { zone: 'z' } })).toMatch(
      /^'resize' requires or rebinds 'zone', which execute does not take/,
    )
  })
})

describe('rebind by position', () => {
  test.each([
    ['goes over the required arguments', pattern, ['p', 'q'], ['size=p', 'image=q', 'type?']],
    ['that is shorter leaves the others', pattern, ['p'], ['size=p', 'image', 'type?']],
    ['that is empty changes nothing', pattern, [], ['size', 'image', 'type?']],
    ['that is longer adds what the rest takes', open, ['p', 'q'], ['size=p', 'q']],
    ['says what a whole parameter takes', whole, ['p', 'q'], ['p', 'q']],
    [
      'does not skip an argument that keeps its name',
      pattern,
      ['size', 'q'],
      ['size', 'image=q', 'type?'],
    ],
  ])('%s', (_what, fn, rebind, expected) => {
    expect(bound(fn, { rebind })).toEqual(expected)
  })

  test('goes over the names of requires where the parameter does not destructure', () => {
    expect(bound(whole, { requires: ['a', 'b'], rebind: ['p', 'q', 'r'] })).toEqual([
      'a=p',
      'b=q',
      'r',
    ])
  })

  test('does not count what is ignored', () => {
    expect(bound(pattern, { ignore: ['size'], rebind: ['p'] })).toEqual(['image=p', 'type?'])
  })

  test('that is longer is refused where the rest is not taken', () => {
    expect(refusal(pattern, { rebind: ['p', 'q', 'r'] })).toMatch(
      /^'resize' requires or rebinds 'r', which execute does not take/,
    )
  })
})

describe('a wrong rebind', () => {
  test.each([
    ['a name', 'gib', 'string'],
    ['a number', 5, 'number'],
    ['null', null, 'object'],
  ])('that is %s is refused, with what to write', (_what, rebind, type) => {
    expect(refusal(pattern, { rebind: rebind as never })).toBe(
      `'resize' has a rebind that is ${type}: write { argument: 'symbol' }, or a list of symbols by position`,
    )
  })

  test.each([
    ['by name', { size: 5 }],
    ['by position', [5]],
  ])('to what is no symbol, %s, is refused', (_what, rebind) => {
    expect(refusal(pattern, { rebind: rebind as never })).toBe(
      "'resize' rebinds 'size' to 5: write the name of a symbol",
    )
  })
})

describe('a borrowed rebind', () => {
  const rebind: Rebind = { size: 'gib', zone: 'z', type: 't' }

  test.each([
    ['renames only what the method takes', pattern, ['size=gib', 'image', 'type=t']],
    ['renames everything for the rest', open, ['size=gib', 'zone=z', 'type=t']],
    ['renames everything for a whole parameter', whole, ['size=gib', 'zone=z', 'type=t']],
  ])('%s', (_what, fn, expected) => {
    const requires = fn === whole ? [] : undefined
    expect(bound(fn, { rebind, borrowed: true, requires })).toEqual(expected)
  })

  test('does not say what a whole parameter takes', () => {
    expect(refusal(whole, { rebind, borrowed: true })).toContain('does not say which inputs')
  })
})

test('whatever is rebound, each argument has one symbol, and every symbol of the rebind is there', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/))
  const symbols = fc.string().filter(isName)
  const rebinds = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), symbols, { minKeys: 1 })
  fc.assert(
    fc.property(names, names, rebinds, (requires, optional, rebind) => {
      const bindings = bind({ ...RULES, fn: whole, requires, optional, rebind })
      const args = bindings.map(({ argument }) => argument)
      expect(new Set(args).size).toBe(args.length)
      expect(new Set(args)).toEqual(new Set([...requires, ...optional, ...Object.keys(rebind)]))
      for (const { argument, symbol, optional: isOptional } of bindings) {
        expect(symbol).toBe(Object.hasOwn(rebind, argument) ? rebind[argument] : argument)
        expect(isOptional).toBe(!requires.includes(argument) && !Object.hasOwn(rebind, argument))
      }
    }),
  )
})
