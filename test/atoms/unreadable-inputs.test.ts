/**
 * Inputs whose names cannot be read from a function: refused when the atom is defined, rather than
 * left out when it is called.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { hidesInputs } from '../../src/atoms/parameters.ts'
import {
  graph,
  linear,
  load,
  mapTask,
  Retry,
  retry,
  run,
  Task,
  task,
  times,
} from '../../src/index.ts'
import { evaluate, type Fn } from './function-sources.ts'

const take = ({ token }: { token?: string }): unknown => token

/** Functions whose inputs cannot be read, as wrappers and compilers make them. */
const UNREADABLE: Readonly<Record<string, Fn>> = {
  'a wrapper': (...args: never[]) => take(...(args as [never])),
  'a wrapper with one parameter': (inputs: never) => take(inputs),
  'a bound function': take.bind(undefined),
  'a proxy': new Proxy(take, {}),
  'a native function': Object.freeze as Fn,
  'a mock': evaluate('function mockConstructor() { return base.apply(this, arguments) }'),
  'a pattern lowered by TypeScript': evaluate(
    'function (_a) { var token = _a.token; return token }',
  ),
  'a pattern lowered by Babel': evaluate('function (_ref) { let { token } = _ref; return token }'),
  'a pattern with a default, lowered': evaluate(
    'function () { var _ref = arguments.length > 0 && arguments[0] !== undefined ? arguments[0] : {}, token = _ref.token; return token }',
  ),
  'an async function lowered by TypeScript': evaluate(
    'function (_a) { return base(this, arguments, void 0, function* ({ token }) { return token }) }',
  ),
  'an async function lowered by Babel': evaluate(
    'function (_x) { return base.apply(this, arguments) }',
  ),
  'a method that looks into arguments': evaluate(
    '({ execute() { return arguments[0].token } }).execute',
  ),
  'an arrow inside that does so': evaluate('function () { return () => arguments[0] }'),
  'a parameter that eval may find': evaluate('function (inputs) { return eval("inputs.token") }'),
  'a pattern and arguments beside it': evaluate(
    'function ({ size }) { return [size, arguments[0].token] }',
  ),
  'a pattern with a rest': ({ size, ...rest }: { size?: number }) => [size, rest],
}

/** Functions that take what can be read of them, whatever they look like. */
const READABLE: Readonly<Record<string, Fn>> = {
  nothing: () => 1,
  'a parameter that is never mentioned': evaluate('(_inputs, { signal }) => signal'),
  'a parameter of a method that is never mentioned': evaluate(
    '({ async execute(_inputs, { signal }) { return signal } }).execute',
  ),
  'arguments of a function inside': evaluate('() => function () { return arguments }'),
  'the word arguments': evaluate('function () { return "arguments" }'),
  'a member called arguments': evaluate('function () { return base.arguments }'),
}

const onFailure = () => 'REVERT' as const
const anything = (fn: Fn) => fn as never

/** Where such a function may stand. */
const PLACES: Readonly<Record<string, (fn: Fn, options?: object) => unknown>> = {
  'execute of a task': (fn, options) => task('t', { execute: anything(fn), ...options }),
  'revert of a task': (fn, options) =>
    task('t', { execute: () => 1, revert: anything(fn), ...options }),
  'execute of a retry': (fn, options) =>
    retry('t', { execute: anything(fn), onFailure, ...options }),
  'onFailure of a retry': (fn, options) =>
    retry('t', { execute: () => 1, onFailure: anything(fn), ...options }),
  'revert of a retry': (fn, options) =>
    retry('t', { execute: () => 1, onFailure, revert: anything(fn), ...options }),
}

describe.each(Object.entries(PLACES))('%s', (place, define) => {
  const unreadable = Object.entries(UNREADABLE).filter(
    ([what]) => !(what === 'a pattern with a rest' && !place.startsWith('execute')),
  )

  test.each(unreadable)('is not %s', (_what, fn) => {
    expect(() => define(fn)).toThrow(TypeError)
    const method = place.split(' ')[0] ?? ''
    expect(() => define(fn)).toThrow(
      new RegExp(`^'t' .*(?:which inputs ${method} takes|in ${method}).*equires`),
    )
  })

  test.each(unreadable.filter(([what]) => !what.startsWith('a pattern')))(
    'may be %s when its inputs are listed',
    (_what, fn) => {
      const isRevert = place === 'revert of a task'
      define(fn, isRevert ? { revertRequires: ['token'] } : { requires: ['token'] })
    },
  )

  test.each(Object.entries(READABLE))('may be a function that takes %s', (_what, fn) => {
    define(fn)
  })
})

describe('a class', () => {
  test('of a task says what its revert takes', () => {
    class Wrapping extends Task {
      override execute(): void {}
      override revert(...args: never[]): unknown {
        return take(...(args as [never]))
      }
    }
    expect(() => new Wrapping('w')).toThrow("'w' does not say which inputs revert takes")
    expect([...new Wrapping('w', { revertRequires: ['token'] }).requires]).toEqual(['token'])
  })

  test('of a retry says what its methods take', () => {
    class Wrapping extends Retry {
      override execute(inputs: object): unknown {
        return Object.keys(inputs)
      }
      override onFailure(): 'REVERT' {
        return 'REVERT'
      }
    }
    expect(() => new Wrapping('w')).toThrow("'w' does not say which inputs execute takes")
    new Wrapping('w', { requires: [] })
  })
})

test('onFailure of a retry takes what execute takes, and nothing else', () => {
  const asking = ({ history, limit }: { history: readonly unknown[]; limit: number }) =>
    history.length < limit ? 'RETRY' : 'REVERT'
  expect(() => retry('r', { execute: () => 1, onFailure: asking as never })).toThrow(
    "'r' takes 'limit' in onFailure, which gets the inputs of execute",
  )
  const made = retry('r', {
    execute: ({ limit }: { limit: number }) => limit,
    onFailure: asking as never,
  })
  expect([...made.requires]).toEqual(['limit'])
})

test('the rest of a revert are the other inputs of execute', async () => {
  const seen: unknown[] = []
  const copy = task('copy', {
    execute: ({ from, to }: { from: string; to: string }) => [from, to],
    revert: ({ result, to, ...rest }: { result: unknown; to?: string }) =>
      void seen.push(result, to, rest),
  })
  const fails = task('fails', { execute: () => Promise.reject(new Error('no')) })
  await run(linear('f').add(copy, fails), { store: { from: 'a', to: 'b' } }).catch(() => {})
  expect(seen).toEqual([['a', 'b'], 'b', { from: 'a', flowFailures: expect.anything() }])
})

test('the rest of execute are the inputs that are listed beside its pattern', async () => {
  let seen: unknown
  const all = task('all', {
    requires: ['a', 'b', 'c'],
    execute: ({ a, ...rest }: Record<string, number>) => {
      seen = [a, rest]
    },
  } as never)
  await load(linear('f').add(all), { store: { a: 1, b: 2, c: 3 } } as never).run()
  expect(seen).toEqual([1, { b: 2, c: 3 }])
})

describe('a decider', () => {
  const one = task('one', { execute: () => 1 })
  const two = task('two', { execute: () => 2 })
  const link = (decider: unknown) =>
    graph('g')
      .add(one, two)
      .link(one, two, { decider: decider as never })

  test('takes the history alone', () => {
    expect(() => link(({ one: result }: { one: number }) => result > 0)).toThrow(
      'a decider takes { history }, which has the results by name of the task, got { one }',
    )
    expect(() =>
      link(({ history, size = 1 }: { history: object; size?: number }) => [history, size]),
    ).toThrow('got { size }')
  })

  test('may be wrapped or bound, since there is nothing else to name', () => {
    const yes = ({ history }: { history: object }) => history !== undefined
    link((...args: [never]) => yes(...args))
    link(yes.bind(undefined))
    link((inputs: { history: object }) => inputs.history)
  })
})

test('a function of values is refused when it takes another number of them, wrapped or not', () => {
  expect(() => mapTask('m', (...values: unknown[]) => values, { requires: ['a'] })).toThrow(
    TypeError,
  )
  mapTask('m', take.bind(undefined) as never, { requires: ['a'] })
})

test('ready-made retries take the history alone', () => {
  expect([...times(2).requires]).toEqual([])
})

test('a source of a year that the parser does not know is taken by its words', () => {
  const odd = Object.assign(() => 1, {})
  expect(hidesInputs(odd)).toBe(false)
})
