/**
 * What a task says about itself, and which definitions are refused.
 *
 * What its revert takes has a file of its own, and so have the rules of names.
 *
 * @module
 */
import { describe, expect, test, vi } from 'vitest'
import { task } from '../../src/atoms/function-task.ts'
import { Task, type TaskOptions } from '../../src/atoms/task.ts'
import { CONTEXT } from './context.ts'

class Resize extends Task {
  constructor(name?: string, options?: TaskOptions) {
    super(name, options)
  }

  override execute({ size, type = 'ssd' }: { size?: number; type?: string }): unknown {
    return [size, type]
  }
}

/** A task of any specification, be it wrong. */
function define(spec: unknown): Task<never, object> {
  return task('resize', spec as never)
}

const SCHEMA = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const

describe('a task', () => {
  test('of a class has the name of the class when none is given', () => {
    expect([new Resize().name, new Resize('resize').name]).toEqual(['Resize', 'resize'])
  })

  test('has no priority, provisions, injected values and schemas when none are given', () => {
    const { kind, priority, version, provides, inject, schemas, revert } = new Resize()
    expect({ kind, priority, version, provides, inject, schemas, revert }).toEqual({
      kind: 'task',
      priority: 0,
      version: '1.0',
      provides: new Set(),
      inject: undefined,
      schemas: undefined,
      revert: undefined,
    })
  })

  test.each([
    ['a text', '2.1', '"resize==2.1"'],
    ['a list of numbers', [2, 1, 7], '"resize==2.1.7"'],
    ['nothing', undefined, '"resize==1.0"'],
  ])('is printed with its version, which may be %s', (_what, version, expected) => {
    expect(String(new Resize('resize', { version }))).toBe(expected)
  })

  test('provides the symbols of its provisions', () => {
    const { provides, provisions } = new Resize('resize', { provides: ['a', 'b'] })
    expect(provides).toEqual(new Set(['a', 'b']))
    expect(provisions).toEqual([
      { symbol: 'a', index: 0 },
      { symbol: 'b', index: 1 },
    ])
  })

  test('requires what execute or revert cannot do without, by symbol', () => {
    const { requires, optional } = define({
      execute: ({ size, type = 'ssd' }: Record<string, unknown>) => [size, type],
      revert: ({ image, zone = 1, result }: Record<string, unknown>) => [image, zone, result],
      rebind: { size: 'gib' },
    })
    expect(requires).toEqual(new Set(['gib', 'image']))
    expect(optional).toEqual(new Set(['type']))
  })

  test('does not require what is injected, by symbol and not by argument', () => {
    const { requires, optional, executeBindings } = define({
      execute: ({ size, image, type = 'ssd' }: Record<string, unknown>) => [size, image, type],
      rebind: { size: 'gib', image: 'img' },
      inject: { gib: 10, image: 'not the symbol', type: undefined },
    })
    expect(requires).toEqual(new Set(['img']))
    expect(optional).toEqual(new Set())
    expect(executeBindings.map(({ argument }) => argument)).toEqual(['size', 'image', 'type'])
  })

  test('may have an input with a name that only revert reserves', () => {
    const { requires } = define({ execute: ({ result }: { result: number }) => result })
    expect(requires).toEqual(new Set(['result']))
  })

  test.each([10, -1, 0.5, Number.POSITIVE_INFINITY])('may have the priority %s', (priority) => {
    expect(new Resize('resize', { priority }).priority).toBe(priority)
  })
})

describe('a task of functions', () => {
  test('calls them with inputs and context, as methods of what was handed in', async () => {
    const spec = {
      calls: [] as unknown[],
      execute(...args: unknown[]) {
        this.calls.push(['execute', ...args])
        return 'done'
      },
      revert(...args: unknown[]) {
        this.calls.push(['revert', ...args])
      },
      requires: [],
    }
    const made = define(spec) as Task
    const undoing = { result: 'done', flowFailures: {} }
    expect(made.execute({ size: 1 }, CONTEXT)).toBe('done')
    made.revert?.(undoing, CONTEXT)
    expect(spec.calls).toEqual([
      ['execute', { size: 1 }, CONTEXT],
      ['revert', undoing, CONTEXT],
    ])
  })

  test.each(['preExecute', 'postExecute', 'preRevert', 'postRevert'] as const)(
    'has %s only when it is given, as a method of what was handed in',
    (hook) => {
      const spec = {
        calls: 0,
        execute: () => 0,
        [hook](this: { calls: number }) {
          this.calls++
        },
      }
      define(spec)[hook]?.()
      expect(spec.calls).toBe(1)
      expect(define({ execute: () => 0 })[hook]).toBeUndefined()
    },
  )

  test('has no revert when none is given', () => {
    const { revert, revertBindings } = define({ execute: ({ size }: { size: number }) => size })
    expect([revert, revertBindings]).toEqual([undefined, []])
  })
})

describe('requires of schemas', () => {
  test('names the inputs and keeps the schemas', () => {
    const requires = { size: SCHEMA, image: SCHEMA }
    const made = define({ execute: (inputs: object) => inputs, requires })
    expect(made.requires).toEqual(new Set(['size', 'image']))
    expect(made.schemas).toBe(requires)
  })

  test.each([
    ['a name', 'size'],
    ['null', null],
    ['an empty record', {}],
    ['a record with something else', { size: SCHEMA, image: 'string' }],
  ])('that is %s is refused, with what to write', (_what, requires) => {
    expect(() => define({ execute: (inputs: object) => inputs, requires })).toThrow(
      new TypeError(
        "'resize' requires something without names: write requires: ['size'], or a Standard Schema for each name, requires: { size: z.number() }",
      ),
    )
  })
})

describe('progress', () => {
  test('is told to the listeners of the task', () => {
    const made = new Resize()
    const callback = vi.fn()
    made.notifier.register('update_progress', callback)
    made.tellProgress(0.5, { copied: 7 })
    made.tellProgress(1)
    expect(callback.mock.calls).toEqual([
      ['update_progress', { progress: 0.5, details: { copied: 7 } }],
      ['update_progress', { progress: 1, details: undefined }],
    ])
  })

  test('is told to nobody when nobody listens', () => {
    expect(() => new Resize().tellProgress(0.5)).not.toThrow()
  })

  test('is the only thing that a task tells', () => {
    expect(() => new Resize().notifier.register('done' as never, () => undefined)).toThrow(
      /'done' is not an event of this notifier; it has '\*', 'update_progress'/,
    )
  })

  test('has listeners of each task alone', () => {
    const [one, other] = [new Resize(), new Resize()]
    const callback = vi.fn()
    one.notifier.register('update_progress', callback)
    other.tellProgress(1)
    expect(callback).not.toHaveBeenCalled()
    expect(one.notifier).toBe(one.notifier)
  })
})

describe('a wrong definition is refused:', () => {
  test.each([
    [
      'with a version that is a number',
      { execute: () => 0, version: 5 },
      /^version of 'resize' must be a version such as '1.0' or \[1, 0\], got 5$/,
    ],
    [
      'with a version that is null',
      { execute: () => 0, version: null },
      /^version of 'resize' must be a version such as '1.0' or \[1, 0\], got null$/,
    ],
    [
      'with nothing to inject',
      { execute: () => 0, inject: null },
      /^inject of 'resize' must be an object with values by name, got null$/,
    ],
    [
      'with text to inject',
      { execute: () => 0, inject: 'x' },
      /^inject of 'resize' must be .*, got 'x'$/,
    ],
    [
      'with a rebind that is null',
      { execute: (inputs: object) => inputs, rebind: null },
      /^'resize' has a rebind that is object/,
    ],
    [
      'without a specification',
      undefined,
      /^task 'resize' needs an object with execute: task\('resize', \{ execute/,
    ],
    ['of null', null, /^task 'resize' needs an object with execute/],
    ['of a function alone', () => 0, /^task 'resize' needs an object with execute/],
    ['without execute', {}, /^'resize' has no execute: write a method execute\({ … }\) { … }$/],
    ['with an execute that is no function', { execute: 'run' }, /^'resize' has no execute/],
    [
      'with a revert that is no function',
      { execute: () => 0, revert: 'undo' },
      /^'resize' has a revert that is string: write a function$/,
    ],
    [
      'with a revert that is null',
      { execute: () => 0, revert: null },
      /^'resize' has a revert that is object: write a function$/,
    ],
    [
      'with a priority that is text',
      { execute: () => 0, priority: 'high' },
      /^priority of 'resize' must be a number, got 'high'$/,
    ],
    [
      'with provides that have no name',
      { execute: () => 0, provides: 5 },
      /^'resize' provides something without a name/,
    ],
    [
      'with an array pattern',
      { execute: ([a]: readonly unknown[]) => a },
      /inputs have names; take them as \(\{ a, b \}\)/,
    ],
  ])('%s', (_what, spec, message) => {
    expect(() => define(spec)).toThrow(TypeError)
    expect(() => define(spec)).toThrow(message)
  })

  test.each([
    ['an empty name', '', "not be empty, got ''"],
    ['a name that is no text', 5, 'be a string, got 5'],
    ['null for a name', null, 'be a string, got null'],
  ])('with %s', (_what, name, what) => {
    expect(() => task(name as string, { execute: () => 0 })).toThrow(
      new TypeError(`the name of a task must ${what}`),
    )
  })

  test('of a class without a name', () => {
    const Unnamed = (() =>
      class extends Task {
        override execute(): void {}
      })()
    expect(() => new Unnamed()).toThrow("the name of a task must not be empty, got ''")
  })

  test('of a class whose execute is a field, which is not there yet', () => {
    class Late extends Task {
      override execute = (): number => 1
    }
    expect(() => new Late()).toThrow("'Late' has no execute: write a method execute({ … }) { … }")
  })
})
