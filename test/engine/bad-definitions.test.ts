import { describe, expect, test } from 'vitest'
import {
  forEach,
  graph,
  linear,
  Retry,
  retry,
  Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { thrownBy, workshop } from './steps.ts'

describe('definitions of tasks', () => {
  const execute = ({ size }: { size: number }): number => size
  const whole = (inputs: object): object => inputs

  test.each([
    ['neither destructures nor requires', { execute: whole }],
    ['has no execute', {}],
    ['has an execute that is none', { execute: 'run it' }],
    ['has a revert that is none', { execute, revert: 'undo it' }],
    ['requires a word', { execute, requires: 'size' }],
    ['requires a number', { execute, requires: 3 }],
    ['requires nothing at all', { execute, requires: null }],
    ['requires a list of other things', { execute, requires: [3] }],
    ['requires an empty map', { execute, requires: {} }],
    ['requires a map of other things', { execute, requires: { size: 'number' } }],
    ['requires what execute does not take', { execute, requires: ['colour'] }],
    ['makes a word optional', { execute, optional: 'size' }],
    ['reverts with a word', { execute, revert: whole, revertRequires: 'size' }],
    ['rebinds a word', { execute, rebind: 'rawSize' }],
    ['rebinds to a number', { execute, rebind: { size: 3 } }],
    ['rebinds what execute does not take', { execute, rebind: { colour: 'rawColour' } }],
    ['rebinds more positions than there are', { execute, rebind: ['rawSize', 'rawColour'] }],
    ['provides a number', { execute, provides: 3 }],
    ['provides a list of numbers', { execute, provides: [3] }],
    ['provides an object without pick', { execute, provides: { size: 'size' } }],
    ['provides nothing at all', { execute, provides: null }],
    ['has a word as priority', { execute, priority: 'high' }],
  ])('a task that %s is refused, and named', (_, spec) => {
    const error = thrownBy(() => task('create-volume', spec as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toHaveProperty('message', expect.stringContaining('create-volume'))
  })

  test('a task that has no number as priority is refused, and named', () => {
    expect(() => task('create-volume', { execute, priority: Number.NaN } as never)).toThrow(
      new RangeError("priority of 'create-volume' must be a number, got NaN"),
    )
  })

  test.each([undefined, null, '', 3, {}])('a task called %j is refused', (name) => {
    expect(thrownBy(() => task(name as never, { execute }))).toBeInstanceOf(TypeError)
  })

  test.each([undefined, null, 'execute'])('a task made of %j is refused', (spec) => {
    const error = thrownBy(() => task('create-volume', spec as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toHaveProperty('message', expect.stringContaining('create-volume'))
  })

  test('a class whose execute is a field is refused, because it is set too late', () => {
    class Late extends Task {
      override readonly execute = execute as never
    }
    expect(thrownBy(() => new Late('late'))).toBeInstanceOf(TypeError)
  })
})

describe('definitions of retries', () => {
  const execute = (): number => 1
  const onFailure = (): 'RETRY' => 'RETRY'

  test.each([
    ['has no execute', { onFailure }],
    ['has no onFailure', { execute }],
    ['requires a word', { execute, onFailure, requires: 'size' }],
    [
      'rebinds what execute does not take',
      {
        execute: ({ size }: { size: number }) => size,
        onFailure,
        rebind: { colour: 'c' },
      },
    ],
    ['provides a number', { execute, onFailure, provides: 3 }],
    ['has a word as priority', { execute, onFailure, priority: 'high' }],
    ['is made of nothing', undefined],
    ['is made of a word', 'times'],
  ])('a retry that %s is refused, and named', (_, spec) => {
    const error = thrownBy(() => retry('patient', spec as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toHaveProperty('message', expect.stringContaining('patient'))
  })

  test.each([null, '', 3])('a retry called %j is refused', (name) => {
    expect(thrownBy(() => retry(name as never, { execute, onFailure }))).toBeInstanceOf(TypeError)
  })

  test.each([-1, 1.5, Number.NaN, '3', undefined])('times(%j) is refused', (attempts) => {
    const Problem = typeof attempts === 'number' ? RangeError : TypeError
    expect(thrownBy(() => times(attempts as number))).toBeInstanceOf(Problem)
  })

  test.each(['abc', undefined, new Set([1])])('forEach(%s) is refused', (values) => {
    expect(thrownBy(() => forEach(values as never))).toBeInstanceOf(TypeError)
  })

  test('a class without onFailure is refused', () => {
    class Careless extends Retry {
      override execute(): number {
        return 1
      }
      override onFailure = undefined as never
    }
    Reflect.deleteProperty(Careless.prototype, 'onFailure')
    expect(thrownBy(() => new Careless('careless'))).toBeInstanceOf(TypeError)
  })
})

describe('definitions of flows', () => {
  const { step } = workshop()
  const makers = { linear, unordered, graph }

  test.each(Object.entries(makers))('%s refuses an empty name or none', (_, make) => {
    for (const name of ['', undefined, 3]) {
      expect(thrownBy(() => make(name as string))).toBeInstanceOf(TypeError)
    }
  })

  test.each(Object.entries(makers))('%s refuses what is no retry', (_, make) => {
    for (const one of [step('a'), 3, null, { execute() {} }]) {
      const error = thrownBy(() => make('f', { retry: one as never }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toHaveProperty('message', expect.stringContaining("'f'"))
    }
  })

  test.each(Object.entries(makers))(
    '%s refuses other children, and adds none of them',
    (_, make) => {
      const flow = make('f')
      for (const one of [undefined, 'a', {}, times(2, { name: 'r' })]) {
        expect(thrownBy(() => flow.add(step('a'), one as never))).toBeInstanceOf(TypeError)
        expect(flow.length).toBe(0)
      }
    },
  )

  test('a link refuses what is not a child, and names it', () => {
    const [a, stranger] = [step('a'), step('stranger')]
    const flow = graph('f').add(a)
    for (const link of [() => flow.link(a, stranger), () => flow.link(stranger, a)]) {
      const error = thrownBy(link)
      expect(error).toBeInstanceOf(RangeError)
      expect(error).toHaveProperty('message', expect.stringContaining("'stranger'"))
    }
    expect([...flow.links()]).toEqual([])
  })

  test('a target refuses what is not a child, and names it', () => {
    const error = thrownBy(() => graph('f').add(step('a')).target(step('stranger')))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toHaveProperty('message', expect.stringContaining("'stranger'"))
  })

  test.each([
    ['a depth that is no word', { decider: () => true, depth: 3 }, TypeError],
    ['a depth that is none', { decider: () => true, depth: 'everything' }, RangeError],
    ['a depth without a decider', { depth: 'ALL' }, TypeError],
    ['a decider that is no function', { decider: true }, TypeError],
  ])('a link refuses %s', (_, options, type) => {
    const [a, b] = [step('a'), step('b')]
    const flow = graph('f').add(a, b)
    expect(thrownBy(() => flow.link(a, b, options as never))).toBeInstanceOf(type)
    expect([...flow.links()]).toEqual([])
  })

  test('a link to itself is a cycle', () => {
    const a = step('a')
    expect(thrownBy(() => graph('f').add(a).link(a, a))).toMatchObject({
      code: 'CYCLE',
      cycle: ['a'],
    })
  })
})
