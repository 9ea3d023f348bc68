import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type Failure,
  type GivesOf,
  type NeedsOf,
  type RevertInputs,
  Task,
  type TaskContext,
  task,
} from '../../src/index.ts'

type Nothing = Record<never, never>

interface Size {
  size: number
  kind?: string
}

interface Volume {
  id: string
}

type Wiring<T> = [needs: NeedsOf<T>, gives: GivesOf<T>]

/** What all the definitions of the first group come to, whatever their form. */
type Made = [needs: Size, gives: { volume: Volume }]

describe('the form of a definition does not matter', () => {
  test('methods, sync and async, with and without the context', () => {
    const t = [
      task('t', {
        provides: 'volume',
        execute({ size, kind = 'ssd' }: Size) {
          return { id: `${size}${kind}` }
        },
        revert({ result, size, kind, flowFailures }) {
          expectTypeOf(result).toEqualTypeOf<Volume | Failure>()
          expectTypeOf(size).toEqualTypeOf<number>()
          expectTypeOf(kind).toEqualTypeOf<string | undefined>()
          expectTypeOf(flowFailures).toEqualTypeOf<Readonly<Record<string, Failure>>>()
        },
      }),
      task('t', {
        async execute({ size, kind = 'ssd' }: Size, { signal, idempotencyKey }) {
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
          return { id: `${size}${kind}${idempotencyKey}` }
        },
        provides: 'volume',
        async revert({ result, size }, { logger }) {
          expectTypeOf(result).toEqualTypeOf<Volume | Failure>()
          logger.info(size.toFixed())
        },
      }),
      task('t', {
        execute({ size, kind = 'ssd' }: Size, context) {
          expectTypeOf(context).toEqualTypeOf<TaskContext>()
          return Promise.resolve({ id: `${size}${kind}` })
        },
        revert(inputs) {
          expectTypeOf(inputs.result).toEqualTypeOf<Volume | Failure>()
          expectTypeOf(inputs.size).toEqualTypeOf<number>()
        },
        provides: 'volume',
        revertRequires: ['size'],
      }),
    ] as const
    expectTypeOf<Wiring<(typeof t)[0]>>().toEqualTypeOf<Made>()
    expectTypeOf<Wiring<(typeof t)[1]>>().toEqualTypeOf<Made>()
    expectTypeOf<Wiring<(typeof t)[2]>>().toEqualTypeOf<Made>()
  })

  test('arrow functions, sync and async, with and without the context', () => {
    const t = [
      task('t', {
        provides: 'volume',
        execute: ({ size, kind = 'ssd' }: { size: number; kind?: string }) => ({
          id: `${size}${kind}`,
        }),
        revert: ({ result, size }) => {
          expectTypeOf(result).toEqualTypeOf<Volume | Failure>()
          expectTypeOf(size).toEqualTypeOf<number>()
        },
      }),
      task('t', {
        execute: async ({ size, kind = 'ssd' }: Size, { idempotencyKey }) => ({
          id: `${size}${kind}${idempotencyKey}`,
        }),
        revert: async ({ result, size }, { attempt }) => {
          expectTypeOf(result).toEqualTypeOf<Volume | Failure>()
          return size + attempt
        },
        provides: 'volume',
      }),
    ] as const
    expectTypeOf<Wiring<(typeof t)[0]>>().toEqualTypeOf<Made>()
    expectTypeOf<Wiring<(typeof t)[1]>>().toEqualTypeOf<Made>()
  })

  test('revert before execute', () => {
    const t = [
      task('t', {
        revert({ result, size }) {
          expectTypeOf(result).toEqualTypeOf<Volume | Failure>()
          expectTypeOf(size).toEqualTypeOf<number>()
        },
        async execute({ size, kind = 'ssd' }: Size) {
          return { id: `${size}${kind}` }
        },
        provides: 'volume',
      }),
      // Here alone revert learns nothing: the compiler reads it first, since execute has a
      // parameter without a type. The wiring is right all the same.
      task('t', {
        provides: 'volume',
        revert: ({ result, size }) => {
          expectTypeOf(result).toBeUnknown()
          expectTypeOf(size).toBeUnknown()
        },
        execute: async ({ size, kind = 'ssd' }: Size, { signal }) => {
          signal.throwIfAborted()
          return { id: `${size}${kind}` }
        },
      }),
    ] as const
    expectTypeOf<Wiring<(typeof t)[0]>>().toEqualTypeOf<Made>()
    expectTypeOf<Wiring<(typeof t)[1]>>().toEqualTypeOf<Made>()
  })

  test('a class, and functions from elsewhere', () => {
    class Create extends Task<Size, { volume: Volume }> {
      override async execute({ size, kind = 'ssd' }: Size): Promise<Volume> {
        return { id: `${size}${kind}` }
      }
      override revert({ result }: RevertInputs<Volume>): unknown {
        return result
      }
    }
    async function execute({ size, kind = 'ssd' }: Size): Promise<Volume> {
      return { id: `${size}${kind}` }
    }
    const t = [
      new Create('create', { provides: 'volume' }),
      task('t', { execute, provides: 'volume', revert: ({ result }) => result }),
    ] as const
    expectTypeOf<Wiring<(typeof t)[0]>>().toEqualTypeOf<Made>()
    expectTypeOf<Wiring<(typeof t)[1]>>().toEqualTypeOf<Made>()
  })
})

describe('what revert may say', () => {
  test('inputs of its own are needed too, but for what it gets anyway', () => {
    const own = task('own', {
      provides: 'volume',
      rebind: { size: 'wanted' },
      inject: { db: 'x' },
      async execute({ size }: { size: number }, { signal }) {
        signal.throwIfAborted()
        return { id: `${size}` }
      },
      revert({ result, size, token, db }: Own) {
        return [result, size, token, db]
      },
    })
    expectTypeOf<NeedsOf<typeof own>>().toEqualTypeOf<{ wanted: number; token: string }>()
    const renamed = task('renamed', {
      revertRebind: { token: 'authToken' },
      execute() {},
      revert({ token }: { token: string }) {
        return token
      },
    })
    expectTypeOf<NeedsOf<typeof renamed>>().toEqualTypeOf<{ authToken: string }>()
  })

  test('a wrong type of the result, or of an input of execute, does not compile', () => {
    task('t', {
      execute: ({ size }: { size: number }) => size,
      // @ts-expect-error the result is a number
      revert({ result }: RevertInputs<string>) {
        return result
      },
    })
    task('t', {
      async execute({ size }: { size: number }, { signal }) {
        signal.throwIfAborted()
        return size
      },
      // @ts-expect-error size is a number
      revert({ size }: { size: string } & RevertInputs<number>) {
        return size
      },
    })
  })
})

interface Old {
  id: number
  at: Date
}

interface Own extends RevertInputs<Volume> {
  size: number
  token: string
  db: string
}

describe('names', () => {
  test('nothing is needed or given', () => {
    const idle = task('idle', { execute() {} })
    expectTypeOf<Wiring<typeof idle>>().toEqualTypeOf<[Nothing, Nothing]>()
    const empty = task('empty', { provides: 'done', async execute() {} })
    // biome-ignore lint/suspicious/noConfusingVoidType: what a function without return gives
    expectTypeOf<Wiring<typeof empty>>().toEqualTypeOf<[Nothing, { done: void }]>()
  })

  test('provides by position takes arrays apart', () => {
    const tuple = task('tuple', { provides: ['id', 'size'], execute: () => ['x', 1] })
    expectTypeOf<GivesOf<typeof tuple>>().toEqualTypeOf<{ id: string; size: number }>()
    const late = task('late', {
      async execute() {
        return ['x', 1]
      },
      provides: ['id', 'size'],
    })
    expectTypeOf<GivesOf<typeof late>>().toEqualTypeOf<{ id: string; size: number }>()
    const list = task('list', { provides: ['a', 'b'], execute: () => new Array<number>(2) })
    expectTypeOf<GivesOf<typeof list>>().toEqualTypeOf<{ a: number; b: number }>()
    const whole = task('whole', { provides: 'all', execute: () => new Array<number>(2) })
    expectTypeOf<GivesOf<typeof whole>>().toEqualTypeOf<{ all: number[] }>()
    const anything = task('any', { provides: ['a'], execute: () => JSON.parse('[1]') })
    expectTypeOf<GivesOf<typeof anything>['a']>().toBeAny()
    const some: string[] = ['a', 'b']
    const widened = task('widened', { provides: some, execute: () => [1, 2] })
    expectTypeOf<GivesOf<typeof widened>>().toEqualTypeOf<object>()
  })

  test('provides with pick takes objects apart, also when there are several', () => {
    const picked = task('picked', {
      provides: { pick: ['id', 'at'] },
      async execute({ old }: { old: boolean }): Promise<Old | { id: string }> {
        return old ? { id: 1, at: new Date() } : { id: 'x' }
      },
    })
    expectTypeOf<GivesOf<typeof picked>>().toEqualTypeOf<{ id: string | number; at: Date }>()
  })

  test('rebind renames and makes required; inject takes away', () => {
    const bound = task('bound', {
      rebind: { size: 'rawSize', kind: 'volumeType' },
      inject: { db: 1, volumeType: 'hdd' },
      execute({ size, kind = 'ssd', db, at = 0 }: Size & { db: number; at?: number }) {
        return [size, kind, db, at]
      },
    })
    expectTypeOf<NeedsOf<typeof bound>>().toEqualTypeOf<{ rawSize: number; at?: number }>()
    const positions = task('positions', {
      rebind: ['rawSize'],
      execute: ({ size }: { size: number }) => size,
    })
    expectTypeOf<NeedsOf<typeof positions>>().toEqualTypeOf<object>()
  })

  test('a parameter without a type says nothing, and makes no error', () => {
    const bare = task('bare', {
      provides: 'x',
      execute({ size }) {
        expectTypeOf(size).toBeUnknown()
        return 1
      },
      revert({ result, size }) {
        expectTypeOf(result).toEqualTypeOf<number | Failure>()
        expectTypeOf(size).toBeUnknown()
      },
    })
    expectTypeOf<Wiring<typeof bare>>().toEqualTypeOf<[object, { x: number }]>()
    const whole = task('whole', { requires: ['size'], execute: (inputs) => inputs['size'] })
    expectTypeOf<NeedsOf<typeof whole>>().toEqualTypeOf<object>()
    const wide = task('wide', { requires: ['size'], execute: (inputs: object) => inputs })
    expectTypeOf<NeedsOf<typeof wide>>().toEqualTypeOf<object>()
    class Plain extends Task {
      override execute({ size }: { size: number }): number {
        return size
      }
    }
    expectTypeOf<Wiring<Plain>>().toEqualTypeOf<[object, object]>()
  })
})

describe('what does not compile', () => {
  test('a definition without execute, or with an option that there is not', () => {
    // @ts-expect-error execute is missing
    expect(() => task('t', { revert() {} })).toThrow(TypeError)
    // @ts-expect-error execute is no function
    expect(() => task('t', { execute: 1 })).toThrow(TypeError)
    // @ts-expect-error there is no option of this name
    task('t', { execute() {}, provide: 'x' })
  })

  test('a task in place of one that needs less, or gives more', () => {
    const made = task('t', { provides: 'x', execute: ({ size }: { size: number }) => size })
    const any: Task = made
    const same: Task<{ size: number }, { x: number }> = made
    // @ts-expect-error it needs a number
    const other: Task<{ size: string }, { x: number }> = made
    // @ts-expect-error it gives a number
    const more: Task<{ size: number }, { x: string }> = made
    expect([any, same, other, more]).toHaveLength(4)
  })
})
