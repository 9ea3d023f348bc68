/**
 * What the ready-made retries provide and decide, attempt by attempt.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import {
  alwaysRevert,
  alwaysRevertAll,
  forEach,
  parameterizedForEach,
  times,
} from '../../src/atoms/controllers.ts'
import { History } from '../../src/atoms/history.ts'
import type { Retry } from '../../src/atoms/retry.ts'
import { NotFoundError } from '../../src/errors.ts'
import { fc } from '../properties.ts'
import { CONTEXT } from './context.ts'

const EMPTY = new History([])

/** Runs a flow that always fails: the values of its attempts, and the last decision. */
async function exhaust(
  controller: Retry<never, object>,
  inputs: object = {},
): Promise<{ values: readonly unknown[]; decision: string }> {
  const values: unknown[] = []
  for (;;) {
    const before = new History(values.map((value) => [value, {}]))
    values.push(await controller.execute({ ...inputs, history: before } as never, CONTEXT))
    const history = new History(values.map((value) => [value, {}]))
    const decision = await controller.onFailure({ ...inputs, history } as never, CONTEXT)
    if (decision !== 'RETRY') return { values, decision }
  }
}

describe('a controller that never tries again', () => {
  test.each([
    ['alwaysRevert', alwaysRevert, 'REVERT'],
    ['alwaysRevertAll', alwaysRevertAll, 'REVERT_ALL'],
  ])('%s provides null and decides for good', async (_what, make, decision) => {
    expect(await exhaust(make())).toEqual({ values: [null], decision })
    expect(make({ name: 'never', provides: 'nothing' }).provides).toEqual(new Set(['nothing']))
  })
})

describe('times', () => {
  test.each([
    [0, [1]],
    [1, [1]],
    [2, [1, 2]],
    [5, [1, 2, 3, 4, 5]],
  ])('%i provides the numbers %j', async (attempts, values) => {
    expect(await exhaust(times(attempts))).toEqual({ values, decision: 'REVERT' })
  })

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s attempts', (attempts) => {
    expect(() => times(attempts)).toThrow(
      new RangeError(`attempts of times() must be a whole number of at least 0, got ${attempts}`),
    )
  })

  test.each(['3', null])('refuses %j as a number of attempts', (attempts) => {
    expect(() => times(attempts as never)).toThrow(
      /^attempts of times\(\) must be a whole number, got/,
    )
  })
})

describe('forEach', () => {
  test.each([
    ['each value once', ['a', 'b'], ['a', 'b']],
    ['a value twice that stands twice', ['a', 'b', 'a'], ['a', 'b', 'a']],
    [
      'values that are equal and not the same',
      [{ x: 1 }, { x: 1 }, [2]],
      [{ x: 1 }, { x: 1 }, [2]],
    ],
  ])('tries %s', async (_what, values: readonly unknown[], expected) => {
    expect(await exhaust(forEach(values))).toEqual({ values: expected, decision: 'REVERT' })
  })

  test('tries a collection of any values to its end, as it was when the retry was made', async () => {
    const anything = fc.array(fc.oneof(fc.constantFrom(1, 1, 'a', null), fc.array(fc.nat(2))), {
      minLength: 1,
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(anything, async (values) => {
        const given = [...values]
        const controller = forEach(given)
        given.push('late')
        const tried = (await exhaust(controller)).values
        const text = (all: readonly unknown[]): string[] => all.map((one) => JSON.stringify(one))
        expect(text(tried).toSorted()).toEqual(text(values).toSorted())
      }),
    )
  })

  test('goes on behind what was tried before, be it in another order', () => {
    const history = new History([
      ['b', {}],
      ['gone', {}],
    ])
    const inputs = { history } as never
    expect(forEach(['a', 'b', 'c']).execute(inputs, CONTEXT)).toBe('a')
    expect(forEach(['a', 'b']).onFailure(inputs, CONTEXT)).toBe('RETRY')
    expect(forEach(['b']).onFailure(inputs, CONTEXT)).toBe('REVERT')
  })

  test('fails when there is nothing to try, and says of which retry', () => {
    const none = forEach([], { name: 'zones' })
    expect(() => none.execute({ history: EMPTY } as never, CONTEXT)).toThrow(NotFoundError)
    expect(() => none.execute({ history: EMPTY } as never, CONTEXT)).toThrow(
      "retry 'zones' has no value left to try",
    )
  })

  test.each([undefined, 'abc', new Set(['a'])])('refuses %s, which is no array', (values) => {
    expect(() => forEach(values as never)).toThrow(/^values of forEach\(\) must be an array, got/)
  })
})

describe('parameterizedForEach', () => {
  test('tries the values of its input, of any collection', async () => {
    const values = new Set(['a', 'b'])
    expect(await exhaust(parameterizedForEach(), { values })).toEqual({
      values: ['a', 'b'],
      decision: 'REVERT',
    })
  })

  test('requires the values, which may be rebound, and whatever it is told', () => {
    expect(parameterizedForEach().requires).toEqual(new Set(['values']))
    expect(parameterizedForEach({ rebind: ['zones'] }).requires).toEqual(new Set(['zones']))
    expect(parameterizedForEach({ rebind: { values: 'zones' } }).requires).toEqual(
      new Set(['zones']),
    )
    expect(parameterizedForEach({ requires: ['limit'] }).requires).toEqual(
      new Set(['values', 'limit']),
    )
  })

  test('fails when the input is empty', () => {
    const inputs = { values: [], history: EMPTY } as never
    expect(() => parameterizedForEach().execute(inputs, CONTEXT)).toThrow(NotFoundError)
  })
})

describe('giving up', () => {
  test.each([
    ['times', (revertAll: boolean) => times(1, { revertAll })],
    ['forEach', (revertAll: boolean) => forEach(['a'], { revertAll })],
    ['parameterizedForEach', (revertAll: boolean) => parameterizedForEach({ revertAll })],
  ])('%s reverts everything only when it is told so', async (_what, make) => {
    expect((await exhaust(make(true), { values: ['a'] })).decision).toBe('REVERT_ALL')
    expect((await exhaust(make(false), { values: ['a'] })).decision).toBe('REVERT')
  })
})

const OPTIONS = { name: 'own', provides: 'x', requires: ['extra'] } as const

test.each<[string, Retry<never, object>]>([
  ['alwaysRevert', alwaysRevert(OPTIONS)],
  ['alwaysRevertAll', alwaysRevertAll(OPTIONS)],
  ['times', times(1, OPTIONS)],
  ['forEach', forEach(['a'], OPTIONS)],
  ['parameterizedForEach', parameterizedForEach(OPTIONS)],
])('%s takes name, provides and more inputs', (_what, made) => {
  expect([made.name, made.provides]).toEqual(['own', new Set(['x'])])
  expect(made.requires).toContain('extra')
})
