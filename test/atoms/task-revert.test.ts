/**
 * What the revert of a task takes when it does not say it all: the fallbacks to execute.
 *
 * An argument is written `size`, `size=symbol` when it is rebound, with `?` when it is optional.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { task } from '../../src/atoms/function-task.ts'

type Inputs = Readonly<Record<string, unknown>>

const execute = ({ size, image, type = 'ssd' }: Inputs): unknown => [size, image, type]
const whole = (inputs: Inputs): unknown => inputs
const rest = ({ size, ...others }: Inputs): unknown => [size, others]

function takenBy(revert: (inputs: Inputs) => unknown, options: object = {}): readonly string[] {
  const made = task('resize', { execute, revert, ...options } as never)
  return made.revertBindings.map(
    ({ argument, symbol, optional }) =>
      `${argument}${symbol === argument ? '' : `=${symbol}`}${optional ? '?' : ''}`,
  )
}

describe('a revert that destructures', () => {
  test.each([
    [
      'takes the names of its pattern',
      ({ image, zone = 1 }: Inputs) => [image, zone],
      ['image', 'zone?'],
    ],
    [
      'does not require what it gets anyway',
      ({ result, flowFailures, size }: Inputs) => [result, flowFailures, size],
      ['size'],
    ],
    ['may give what it gets anyway a default', ({ result = 1 }: Inputs) => result, []],
    ['does not get what execute takes beside', ({ result }: Inputs) => result, []],
    ['may take what execute does not', ({ zone }: Inputs) => zone, ['zone']],
    ['may take nothing', () => 0, []],
  ])('%s', (_what, revert, expected) => {
    expect(takenBy(revert)).toEqual(expected)
  })

  test.each([
    ['by name', { size: 'gib', image: 'img' }],
    ['by position', ['gib', 'img']],
  ])('takes renamed inputs of execute as execute does, %s', (_what, rebind) => {
    expect(takenBy(({ image, zone }: Inputs) => [image, zone], { rebind })).toEqual([
      'image=img',
      'zone',
    ])
    expect(takenBy(rest, { rebind })).toEqual(['size=gib', 'image=img'])
  })

  test('requires what execute renamed, even with a default of its own', () => {
    expect(takenBy(({ size = 1 }: Inputs) => size, { rebind: { size: 'gib' } })).toEqual([
      'size=gib',
    ])
  })
})

describe('a revert that does not destructure', () => {
  test.each([
    ['gets the required inputs of execute', { revertRequires: [] }, ['size', 'image']],
    [
      'gets them as renamed by name',
      { revertRequires: [], rebind: { image: 'img' } },
      ['size', 'image=img'],
    ],
    [
      'gets them as renamed by position',
      { revertRequires: [], rebind: ['gib'] },
      ['size=gib', 'image'],
    ],
    [
      'gets an optional input that was renamed',
      { revertRequires: [], rebind: { type: 't' } },
      ['size', 'image', 'type=t'],
    ],
    [
      'gets an optional input when it says so',
      { revertRequires: [], revertOptional: ['type'] },
      ['size', 'image', 'type?'],
    ],
    ['gets what it requires in their place', { revertRequires: ['zone'] }, ['zone']],
  ])('%s', (_what, options, expected) => {
    expect(takenBy(whole, options)).toEqual(expected)
  })

  test('gets the names that execute requires when execute does not destructure either', () => {
    expect(takenBy(whole, { execute: whole, requires: ['a', 'b'] })).toEqual(['a', 'b'])
    expect(takenBy(whole, { execute: whole, requires: [] })).toEqual([])
  })

  test('takes only the optional inputs when execute takes none', () => {
    expect(takenBy(whole, { execute: () => 0, revertOptional: ['a'] })).toEqual(['a?'])
  })
})

describe('revertRequires', () => {
  test('is looked up as execute looks it up', () => {
    const options = { revertRequires: ['image', 'zone'], rebind: { image: 'img' } }
    expect(takenBy(whole, options)).toEqual(['image=img', 'zone'])
  })

  test('of a name that revert does not take is refused', () => {
    expect(() => takenBy(({ size }: Inputs) => size, { revertRequires: ['zone'] })).toThrow(
      /^'resize' requires or rebinds 'zone', which revert does not take/,
    )
  })
})

describe('revertRebind', () => {
  test.each([
    ['wins over rebind', { revertRebind: { size: 'old' }, rebind: { size: 'gib' } }, ['size=old']],
    ['goes by position of what revert requires', { revertRebind: ['old'] }, ['size=old']],
    [
      'that is an empty record leaves rebind',
      { revertRebind: {}, rebind: { size: 'gib' } },
      ['size=gib'],
    ],
    [
      'that is an empty list leaves rebind',
      { revertRebind: [], rebind: { size: 'gib' } },
      ['size=gib'],
    ],
  ])('%s', (_what, options, expected) => {
    expect(takenBy(({ size }: Inputs) => size, options)).toEqual(expected)
  })

  test('of a name that revert does not take is refused, unlike what is borrowed of execute', () => {
    const revert = ({ size }: Inputs): unknown => size
    expect(() => takenBy(revert, { revertRebind: { image: 'img' } })).toThrow(
      /^'resize' requires or rebinds 'image', which revert does not take/,
    )
    expect(takenBy(revert, { rebind: { image: 'img' } })).toEqual(['size'])
  })
})

test('a revert without a parameter gets nothing that execute renamed', () => {
  expect(takenBy(() => 0, { rebind: { size: 'gib' } })).toEqual([])
})

test('values are injected into revert by symbol too', () => {
  const made = task('resize', {
    execute: ({ size }: { size: number }) => size,
    revert: ({ zone }: { zone: string }) => zone,
    inject: { zone: 'eu' },
  } as never)
  expect(made.requires).toEqual(new Set(['size']))
})
