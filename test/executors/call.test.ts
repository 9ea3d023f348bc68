import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { callAtom } from '../../src/executors/call.ts'
import { InvalidInputError, retry, type StandardSchema, task } from '../../src/index.ts'
import { callOf } from './context.ts'

describe('an atom without hooks and schemas', () => {
  test('gives what it returned as it is, be it a value or a promise', () => {
    const promise = Promise.resolve(1)
    expect(callAtom(callOf(task('a', { execute: () => 7 })))).toBe(7)
    expect(callAtom(callOf(task('a', { execute: () => promise })))).toBe(promise)
  })

  test('throws what it threw, at once', () => {
    const error = new Error('no')
    const bad = task('a', {
      execute() {
        throw error
      },
    })
    expect(() => callAtom(callOf(bad))).toThrow(error)
  })

  test('has its inputs and its context, and its own this', () => {
    const seen: unknown[] = []
    const one = task('a', {
      requires: ['x'],
      execute(inputs: object, { attempt }) {
        seen.push(this === undefined, inputs, attempt)
      },
      revert(inputs, { executeKey }) {
        seen.push(inputs, executeKey)
      },
    })
    callAtom(callOf(one, 'execute', { x: 1 }, { attempt: 3 }))
    callAtom(callOf(one, 'revert', { x: 2 }, { executeKey: 'k' }))
    expect(seen).toEqual([false, { x: 1 }, 3, { x: 2 }, 'k'])
  })

  test('is undone by doing nothing when it has no revert', () => {
    const plain = task('a', { execute: () => 1 })
    const calm = retry('r', { execute: () => 1, onFailure: () => 'REVERT' })
    expect(callAtom(callOf(plain, 'revert'))).toBeUndefined()
    expect(callAtom(callOf(calm, 'revert'))).toBeUndefined()
  })

  test('may be a retry', () => {
    const one = retry('r', { execute: () => 1, onFailure: () => 'RETRY', revert: () => 'undone' })
    expect(callAtom(callOf(one))).toBe(1)
    expect(callAtom(callOf(one, 'revert'))).toBe('undone')
  })
})

type Hook = 'pre' | 'method' | 'post'

/** A task with hooks, some of which fail, all of them at once or all of them later. */
function hooked(failing: readonly Hook[], isAsync: boolean) {
  const calls: string[] = []
  const step = (name: string, hook: Hook): unknown => {
    calls.push(`${name} begins`)
    const finish = (): string => {
      calls.push(`${name} ends`)
      if (failing.includes(hook)) throw new Error(`${hook} failed`)
      return `${hook} result`
    }
    return isAsync ? setImmediate().then(finish) : finish()
  }
  const one = task('a', {
    execute: () => step('execute', 'method'),
    revert: () => step('revert', 'method'),
    preExecute: () => step('preExecute', 'pre'),
    postExecute: () => step('postExecute', 'post'),
    preRevert: () => step('preRevert', 'pre'),
    postRevert: () => step('postRevert', 'post'),
  })
  return { one, calls }
}

const HOOKS: readonly {
  readonly failing: readonly Hook[]
  readonly called: readonly Hook[]
  readonly outcome: string
}[] = [
  { failing: [], called: ['pre', 'method', 'post'], outcome: 'method result' },
  { failing: ['pre'], called: ['pre', 'post'], outcome: 'pre failed' },
  { failing: ['method'], called: ['pre', 'method', 'post'], outcome: 'method failed' },
  { failing: ['post'], called: ['pre', 'method', 'post'], outcome: 'post failed' },
  { failing: ['pre', 'post'], called: ['pre', 'post'], outcome: 'post failed' },
  { failing: ['method', 'post'], called: ['pre', 'method', 'post'], outcome: 'post failed' },
]

describe.each([
  { direction: 'execute', names: { pre: 'preExecute', method: 'execute', post: 'postExecute' } },
  { direction: 'revert', names: { pre: 'preRevert', method: 'revert', post: 'postRevert' } },
] as const)('the hooks of $direction', ({ direction, names }) => {
  describe.each([{ isAsync: false }, { isAsync: true }])('async: $isAsync', ({ isAsync }) => {
    test.each(HOOKS)(
      'with $failing failing: $called are called, the outcome is $outcome',
      async ({ failing, called, outcome }) => {
        const { one, calls } = hooked(failing, isAsync)
        const told = await Promise.resolve(callAtom(callOf(one, direction))).catch(
          (error: Error) => error.message,
        )
        expect(told).toBe(outcome)
        expect(calls).toEqual(
          called.flatMap((hook) => [`${names[hook]} begins`, `${names[hook]} ends`]),
        )
      },
    )
  })

  test.each(['pre', 'post'] as const)('may be the %s hook alone', async (hook) => {
    const calls: string[] = []
    const one = task('a', {
      execute: () => 'done',
      revert: () => 'undone',
      [names[hook]]: () => calls.push(hook),
    })
    expect(await callAtom(callOf(one, direction))).toBe(direction === 'execute' ? 'done' : 'undone')
    expect(calls).toEqual([hook])
  })

  test('are called though there is nothing to call between them', async () => {
    const calls: string[] = []
    const one = task('a', { execute: () => 1, preRevert: () => calls.push('pre') })
    expect(await callAtom(callOf(one, 'revert'))).toBeUndefined()
    expect(calls).toEqual(['pre'])
  })
})

/** Takes what a function makes of the value; a string that the function returns is an issue. */
function schema<T>(check: (value: unknown) => { value: T } | string): StandardSchema<unknown, T> {
  const validate = (value: unknown) => {
    const told = check(value)
    return typeof told === 'string' ? { issues: [{ message: told, path: ['at', 0] }] } : told
  }
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const digits = schema((value) =>
  typeof value === 'string' && /^\d+$/.test(value) ? { value: Number(value) } : 'no digits',
)
const slowDigits: StandardSchema<unknown, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    async validate(value) {
      await setImmediate()
      return digits['~standard'].validate(value)
    },
  },
}

describe.each([
  { kind: 'sync', number: digits },
  { kind: 'async', number: slowDigits },
])('schemas that are $kind', ({ number }) => {
  function adder() {
    const calls: unknown[] = []
    const one = task('add', {
      requires: { x: number, y: number },
      execute(inputs) {
        calls.push(inputs)
        return inputs.x + inputs.y
      },
      revert({ x }) {
        calls.push(x)
      },
      preExecute: () => calls.push('pre'),
      postExecute: () => calls.push('post'),
    })
    return { one, calls }
  }

  test('convert the inputs of execute, and leave the given ones alone', async () => {
    const { one, calls } = adder()
    const inputs = { x: '1', y: '2', other: 'kept' }
    expect(await callAtom(callOf(one, 'execute', inputs))).toBe(3)
    expect(calls).toEqual(['pre', { x: 1, y: 2, other: 'kept' }, 'post'])
    expect(inputs).toEqual({ x: '1', y: '2', other: 'kept' })
  })

  test('refuse an input before execute is called; the hooks are called', async () => {
    const { one, calls } = adder()
    const call = callAtom(callOf(one, 'execute', { x: '1', y: 'two' }))
    const error = await (call as Promise<unknown>).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error).toMatchObject({ code: 'INVALID_INPUT', atom: 'add', argument: 'y' })
    expect((error as InvalidInputError).message).toContain('at.0: no digits')
    expect(calls).toEqual(['pre', 'post'])
  })

  test('are not asked by revert', () => {
    const { one, calls } = adder()
    expect(callAtom(callOf(one, 'revert', { x: 'anything' }))).toBeUndefined()
    expect(calls).toEqual(['anything'])
  })

  test('that throw are the failure of the task', async () => {
    const broken = schema(() => {
      throw new Error('schema is broken')
    })
    const one = task('a', { requires: { x: broken }, execute: () => 1 })
    await expect(callAtom(callOf(one))).rejects.toThrow('schema is broken')
  })
})
