import { describe, expectTypeOf, test } from 'vitest'
import {
  forEach,
  type GivesOf,
  graph,
  linear,
  load,
  type NeedsOf,
  type ResultsOf,
  type RevertInputs,
  run,
  type StandardSchema,
  Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'

type Nothing = Record<never, never>

const extract = task('extract', {
  provides: ['size', 'type'],
  rebind: { raw: 'rawSize' },
  execute({ raw }: { raw: string }) {
    return [Number(raw), 'ssd'] as const
  },
})

const reserve = task('reserve', {
  provides: 'reservation',
  async execute({ size, type = 'ssd' }: { size: number; type?: string }, { signal }) {
    signal.throwIfAborted()
    return { id: `${size}${type}` }
  },
  async revert({ result, size }) {
    expectTypeOf(size).toEqualTypeOf<number>()
    if ('id' in result) expectTypeOf(result.id).toEqualTypeOf<string>()
  },
})

const commit = task('commit', {
  provides: { pick: ['volume', 'at'] },
  execute: ({ reservation }: { reservation: { id: string } }) => ({
    volume: reservation.id,
    at: new Date(),
    other: 1,
  }),
})

const wrongSize = task('wrong-size', {
  execute({ size }: { size: string }) {
    return size
  },
})

describe('what a task needs and gives', () => {
  test('names and types come from execute, rebind, inject and provides', () => {
    expectTypeOf<NeedsOf<typeof extract>>().toEqualTypeOf<{ rawSize: string }>()
    expectTypeOf<GivesOf<typeof reserve>>().toEqualTypeOf<{ reservation: { id: string } }>()
    expectTypeOf<NeedsOf<typeof reserve>>().toEqualTypeOf<{ size: number; type?: string }>()
    expectTypeOf<GivesOf<typeof commit>>().toEqualTypeOf<{ volume: string; at: Date }>()
    const injected = task('i', {
      inject: { db: 'x' },
      execute({ db, size }: { db: string; size: number }) {
        return db + size
      },
    })
    expectTypeOf<NeedsOf<typeof injected>>().toEqualTypeOf<{ size: number }>()
    const idle = task('idle', { execute() {} })
    expectTypeOf<keyof NeedsOf<typeof idle>>().toEqualTypeOf<never>()
    const renamed = task('r', {
      rebind: { size: 'wanted' },
      execute({ size = 1 }: { size?: number }) {
        return size
      },
    })
    expectTypeOf<NeedsOf<typeof renamed>>().toEqualTypeOf<{ wanted: number }>()
  })

  test('schemas give the types of inputs', () => {
    const size: StandardSchema<unknown, number> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: Number(value) }) },
    }
    const doubled = task('doubled', {
      requires: { size },
      provides: 'double',
      execute(inputs) {
        expectTypeOf(inputs.size).toEqualTypeOf<number>()
        return inputs.size * 2
      },
    })
    expectTypeOf<NeedsOf<typeof doubled>>().toEqualTypeOf<{ size: unknown }>()
    const given: GivesOf<typeof doubled> = { double: 2 }
    expectTypeOf(given.double).toEqualTypeOf<number>()
  })

  test('a class says so itself; revert may have inputs of its own', () => {
    class Create extends Task<{ size: number }, { entry: string }> {
      constructor() {
        super('create', { provides: 'entry' })
      }
      override execute({ size }: { size: number }) {
        return String(size)
      }
    }
    const flow = linear('f').add(reserve, new Create())
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{ size: number; type?: string }>()
    const own = task('own', {
      provides: 'x',
      execute({ size }: { size: number }) {
        return size
      },
      revert({ token, result }: { token: string } & RevertInputs<number>) {
        return [token, result]
      },
    })
    expectTypeOf<GivesOf<typeof own>>().toEqualTypeOf<{ x: number }>()
  })
})

describe('what a flow needs and gives', () => {
  test('linear: what earlier children provide is not needed from outside', () => {
    const flow = linear('f').add(extract, reserve).add(commit)
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{ rawSize: string }>()
    expectTypeOf<GivesOf<typeof flow>>().toEqualTypeOf<{
      size: number
      type: 'ssd'
      reservation: { id: string }
      volume: string
      at: Date
    }>()
    const backwards = linear('b').add(reserve, extract)
    expectTypeOf<NeedsOf<typeof backwards>>().toEqualTypeOf<{
      size: number
      type?: string
      rawSize: string
    }>()
  })

  test('unordered: siblings do not see each other', () => {
    const flow = unordered('f').add(extract, reserve)
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{
      rawSize: string
      size: number
      type?: string
    }>()
  })

  test('graph: order of addition does not matter', () => {
    const flow = graph('f').add(commit).add(reserve, extract)
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{ rawSize: string }>()
  })

  test('flows in flows, and retries that provide', () => {
    const attempt = task('a', {
      provides: 'b',
      execute({ attempt }: { attempt: number }) {
        return attempt
      },
    })
    const inner = linear('inner', { retry: times(3, { provides: 'attempt' }) }).add(attempt)
    expectTypeOf<keyof NeedsOf<typeof inner>>().toEqualTypeOf<never>()
    const outer = linear('outer').add(inner, reserve)
    expectTypeOf<NeedsOf<typeof outer>>().toEqualTypeOf<{ size: number; type?: string }>()
    const each = unordered('e', { retry: forEach(['x', 'y'], { provides: 'attempt' }) })
    // @ts-expect-error the retry provides a string, the task requires a number
    each.add(attempt)
  })

  test('a flow built in a loop widens, and still takes typed children', () => {
    const flow = linear('f')
      .add(...[1, 2].map((i) => task(`t${i}`, { provides: `x${i}`, execute: () => i })))
      .add(commit)
    load(flow)
    load(flow, { store: { anything: 1 } })
    const results = async () => (await run(flow))['x1']
    expectTypeOf(results).returns.resolves.toBeUnknown()
  })
})

test('a decider may say what it expects of the results', () => {
  const [u, v] = [task('u', { execute: () => 1 }), task('v', { execute: () => 2 })]
  const flow = graph('f').add(u, v)
  flow.link(u, v, { decider: ({ history }: { history: { u: number } }) => history.u > 0 })
  flow.link(u, v, { decider: async ({ history }) => history['u'] === 1 })
})

describe('what does not compile', () => {
  test('an input whose provider gives another type', () => {
    // @ts-expect-error size is a number, wrong-size requires a string
    linear('f').add(extract, wrongSize)
    // @ts-expect-error also when it was added before
    linear('f').add(extract).add(wrongSize)
    // @ts-expect-error also in a graph, whatever the order
    graph('f').add(wrongSize, extract)
    // @ts-expect-error also when the provider comes in a later call
    graph('f').add(wrongSize).add(extract)
    unordered('f').add(wrongSize, extract)
  })

  test('a store value that is missing or has the wrong type', () => {
    const flow = linear('f').add(extract, reserve)
    load(flow, { store: { rawSize: '10', more: true } })
    // @ts-expect-error no store
    const none = () => load(flow)
    // @ts-expect-error no store among the options
    const options = () => load(flow, { engine: 'parallel' })
    // @ts-expect-error rawSize is missing
    const missing = () => load(flow, { store: { size: 1 } })
    // @ts-expect-error rawSize is a string
    const wrong = () => run(flow, { store: { rawSize: 10 } })
    expectTypeOf([none, options, missing, wrong]).toBeArray()
  })

  test('fetching what nobody provides', () => {
    const flow = linear('f').add(extract, reserve)
    expectTypeOf<ResultsOf<typeof flow>>().toEqualTypeOf<{
      rawSize: string
      size: number
      type: 'ssd'
      reservation: { id: string }
    }>()
    const engine = load(flow, { store: { rawSize: '1' } })
    const fetch = () => engine.storage.fetch('reservation')
    expectTypeOf(fetch).returns.toEqualTypeOf<{ id: string }>()
    // @ts-expect-error there is no such symbol
    const wrong = () => engine.storage.fetch('reservations')
    expectTypeOf(wrong).toBeFunction()
    expectTypeOf<keyof Nothing>().toEqualTypeOf<never>()
  })
})
