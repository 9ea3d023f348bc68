/**
 * Tasks that apply a function to several values, or fold them.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { mapTask, reduceTask } from '../../src/atoms/functors.ts'
import { fc } from '../properties.ts'
import { CONTEXT } from './context.ts'

const double = (size: number): number => size * 2
const join = (left: string, right: string): string => `(${left}${right})`

describe('mapTask', () => {
  test('gives the result for each value, in the order of the names', async () => {
    const sizes = mapTask('sizes', double, { requires: ['b', 'a'] })
    expect(await sizes.execute({ a: 1, b: 2 }, CONTEXT)).toEqual([4, 2])
  })

  test('calls an async function for all values at once', async () => {
    let running = 0
    const most: number[] = []
    const slow = async (value: number): Promise<number> => {
      most.push(++running)
      await Promise.resolve()
      running--
      return value
    }
    const task = mapTask('slow', slow, { requires: ['a', 'b', 'c'] })
    expect(await task.execute({ a: 1, b: 2, c: 3 }, CONTEXT)).toEqual([1, 2, 3])
    expect(Math.max(...most)).toBe(3)
  })

  test('fails with what the function throws', async () => {
    const broken = (size: number): number => {
      throw new RangeError(`${size} is too much`)
    }
    const sizes = mapTask('sizes', broken, { requires: ['a'] })
    await expect(async () => sizes.execute({ a: 1 }, CONTEXT)).rejects.toThrow('1 is too much')
  })

  test('requires and provides the symbols it is told, and takes the other options of a task', () => {
    const sizes = mapTask('sizes', double, {
      requires: ['a', 'b'],
      provides: ['a2', 'b2'],
      inject: { a: 1 },
      priority: 3,
    })
    expect([sizes.requires, sizes.provides]).toEqual([new Set(['b']), new Set(['a2', 'b2'])])
    expect([sizes.priority, sizes.revert]).toEqual([3, undefined])
  })
})

describe('reduceTask', () => {
  test('folds from the left, as Array.reduce does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { minLength: 2, maxLength: 6 }), async (values) => {
        const names = values.map((_value, i) => `v${i}`)
        const total = reduceTask('total', join, { requires: names })
        const inputs = Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
        expect(await total.execute(inputs, CONTEXT)).toBe(values.reduce((a, b) => join(a, b)))
      }),
    )
  })

  test('waits for an async function before the next value', async () => {
    const slow = async (left: string, right: string): Promise<string> => join(left, right)
    const total = reduceTask('total', slow, { requires: ['a', 'b', 'c'], provides: 'sum' })
    expect(await total.execute({ a: 'x', b: 'y', c: 'z' }, CONTEXT)).toBe('((xy)z)')
    expect(total.provides).toEqual(new Set(['sum']))
  })
})

describe('a wrong definition is refused:', () => {
  test.each([
    [
      'a map of no function',
      () => mapTask('sizes', 5 as never, { requires: ['a'] }),
      "map task 'sizes' needs a function, not number",
    ],
    [
      'a map of two parameters',
      () => mapTask('sizes', join as never, { requires: ['a'] }),
      "the function of map task 'sizes' takes 2 parameters: it must take exactly 1",
    ],
    [
      'a map of no parameter',
      () => mapTask('sizes', () => 0, { requires: ['a'] }),
      "the function of map task 'sizes' takes 0 parameters: it must take exactly 1",
    ],
    [
      'a map of nothing',
      () => mapTask('sizes', double, { requires: [] }),
      "'sizes' requires []: write a list of at least 1 symbol",
    ],
    [
      'a map of a name',
      () => mapTask('sizes', double, { requires: 'a' as never }),
      `'sizes' requires "a": write a list of at least 1 symbol`,
    ],
    [
      'a reduction of no function',
      () => reduceTask('total', undefined as never, { requires: ['a', 'b'] }),
      "reduce task 'total' needs a function, not undefined",
    ],
    [
      'a reduction of one parameter',
      () => reduceTask('total', double, { requires: ['a', 'b'] }),
      "the function of reduce task 'total' takes 1 parameters: it must take exactly 2",
    ],
    [
      'a reduction of one value',
      () => reduceTask('total', join, { requires: ['a'] }),
      `'total' requires ["a"]: write a list of at least 2 symbols`,
    ],
    [
      'a name that is none',
      () => mapTask('sizes', double, { requires: ['a', 1 as never] }),
      "'sizes' has a field 'requires' for execute that is not a list of names: write requires: ['size', 'image']",
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(new TypeError(message))
  })
})
