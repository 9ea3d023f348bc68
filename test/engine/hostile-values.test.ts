/**
 * Values that were made to resist: what `await` would give is the outcome of the atom.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Backend,
  DynamicLoggingListener,
  type EngineOptions,
  graph,
  isFailure,
  linear,
  load,
  loadFlowDetail,
  memory,
  SILENT_LOGGER,
  type Task,
  task,
  times,
} from '../../src/index.ts'
import { TelemetryListener } from '../../src/listeners/telemetry.ts'
import { errorOf } from './steps.ts'

function refuse(): never {
  throw new TypeError('not to be read')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function withThen(find: () => unknown): object {
  return Object.defineProperty({}, 'then', { get: find })
}

type Settle = (value?: unknown) => void

const thenable = (then: (resolve: Settle, reject: Settle) => unknown): object =>
  withThen(() => then)

function endless(): Error {
  return Object.defineProperty(new Error('endless'), 'cause', { get: endless })
}

function cyclic(): Error {
  const error = new Error('cyclic')
  error.cause = new AggregateError([error, new Error('b', { cause: error })])
  return error
}

function unreadable(): Error {
  const error = new Error('x')
  for (const key of [
    'message',
    'name',
    'stack',
    'cause',
    'code',
    'constructor',
    'toString',
    'toJSON',
  ]) {
    Object.defineProperty(error, key, { get: refuse, enumerable: true })
  }
  return error
}

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['an error that cannot be read', unreadable],
  ['a message that is a symbol', () => Object.assign(new Error('a'), { message: Symbol('m') })],
  ['a proxy that is revoked', revoked],
  ['an object without a prototype', () => Object.create(null)],
  ['what has no text', () => ({ toString: refuse, toJSON: refuse, [Symbol.toPrimitive]: refuse })],
  ['a function', () => refuse],
  ['an error that is frozen', () => Object.freeze(new Error('frozen'))],
  ['causes without end', endless],
  ['causes in a circle', cyclic],
  ['a long message', () => new Error('x'.repeat(5_000_000))],
  ['a long stack', () => Object.assign(new Error('x'), { stack: '\n'.repeat(2_000_000) })],
  ['a thenable', () => thenable((resolve) => resolve(1))],
]

const CANNOT_BE_AWAITED: readonly (readonly [string, () => unknown])[] = [
  ['a then that throws', () => thenable(refuse)],
  ['a then that cannot be read', () => withThen(refuse)],
  ['a then that resolves to another such', () => thenable((resolve) => resolve(thenable(refuse)))],
  ['a then that rejects', () => thenable((_resolve, reject) => reject(new Error('no')))],
  [
    'a then that rejects, and resolves then',
    () => thenable((resolve, reject) => [reject(), resolve()]),
  ],
  ['a proxy that is revoked', revoked],
]

const CAN_BE_AWAITED: readonly (readonly [string, () => unknown])[] = [
  ['a then that resolves twice', () => thenable((resolve) => [resolve('kept'), resolve('lost')])],
  ['a then that throws after resolving', () => thenable((resolve) => refuse.call(resolve('kept')))],
  [
    'a then that resolves to a thenable',
    () => thenable((resolve) => resolve(thenable((done) => done('kept')))),
  ],
  [
    'a function with a then',
    () => Object.defineProperty(() => 1, 'then', { value: (done: Settle) => done('kept') }),
  ],
  [
    'a then that is there once',
    () => {
      let reads = 0
      return withThen(() => (reads++ === 0 ? (done: Settle) => done('kept') : undefined))
    },
  ],
]

const ENGINES: readonly { readonly name: string; readonly make: () => EngineOptions }[] = [
  { name: 'serial', make: () => ({}) },
  { name: 'serial, stored', make: () => ({ backend: memory() }) },
  { name: 'parallel, stored', make: () => ({ backend: memory(), engine: 'parallel' }) },
  { name: 'move by move', make: () => ({ backend: memory(), commit: 'move' }) },
]

const unheard: unknown[] = []
const note = (reason: unknown): void => void unheard.push(reason)
beforeEach(() => {
  unheard.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await setTimeout(0)
  process.off('unhandledRejection', note)
  expect(unheard).toHaveLength(0)
})

/** A task whose execute ends like this, behind one that can be undone. */
function flowWith(execute: () => unknown, undone: string[] = []) {
  const before = task('before', { execute: () => 1, revert: () => void undone.push('before') })
  return linear('f', { retry: times(2) }).add(before, task('bad', { execute }) as Task)
}

async function statesOf(backend: Backend | undefined, uuid: string): Promise<unknown> {
  if (backend === undefined) return undefined
  const stored = await loadFlowDetail(backend, uuid)
  return [stored.state, stored.find('bad')?.state]
}

describe.each(ENGINES)('$name', ({ make }) => {
  test.each([
    ...THROWN.map(
      ([what, value]) =>
        [
          `${what} thrown`,
          () => {
            throw value()
          },
        ] as const,
    ),
    ...THROWN.map(
      ([what, value]) => [`${what} as a reason`, () => Promise.reject(value())] as const,
    ),
    ...CANNOT_BE_AWAITED,
  ])('fails its atom: %s', async (_what, execute) => {
    const options = make()
    const undone: string[] = []
    const engine = load(flowWith(execute, undone), options)
    let rejected = false
    await engine.run().then(undefined, () => {
      rejected = true
    })
    const { storage } = engine
    expect([rejected, storage.getFlowState(), undone]).toEqual([
      true,
      'REVERTED',
      ['before', 'before'],
    ])
    expect(isFailure(storage.getExecuteResult('bad'))).toBe(true)
    const states = await statesOf(options.backend, storage.flowUuid)
    expect(states).toEqual(options.backend && ['REVERTED', 'REVERTED'])
  })

  test.each(CAN_BE_AWAITED)('is awaited once: %s', async (_what, execute) => {
    const engine = load(flowWith(execute), make())
    await engine.run()
    expect(engine.storage.getExecuteResult('bad')).toBe('kept')
  })

  test.each([...THROWN, ...CANNOT_BE_AWAITED])('breaks a revert: %s', async (_what, value) => {
    const revert = (): unknown => {
      const made = value()
      if (CANNOT_BE_AWAITED.some(([, one]) => one === value)) return made
      throw made
    }
    const flow = linear('f').add(
      task('undo', { execute: () => 1, revert }),
      task('bad', { execute: refuse }),
    )
    const engine = load(flow, make())
    await engine.run().then(undefined, () => {})
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(engine.storage.getAtomState('undo')).toBe('REVERT_FAILURE')
  })
})

test('a result that does not say of what class it is fails its task where it is stored', async () => {
  const silent = () => new Proxy({}, { getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse })
  const engine = load(task('t', { execute: silent }), { backend: memory() })
  await expect(engine.run()).rejects.toMatchObject({ code: 'NOT_STORABLE' })
  expect(engine.storage.getFlowState()).toBe('REVERTED')
  await load(task('t', { execute: silent })).run()
})

test('a lazy thenable does its work once, whoever watches', async () => {
  let work = 0
  const lazy = task('lazy', {
    execute: () =>
      thenable((resolve) => {
        work += 1
        resolve('done')
      }),
  })
  const engine = load(lazy)
  using _telemetry = new TelemetryListener(engine)
  await engine.run()
  expect([work, engine.storage.getExecuteResult('lazy')]).toEqual([1, 'done'])
})

describe('a part of a result that cannot be read', () => {
  const result = {
    get a() {
      return refuse()
    },
  }
  const make = () =>
    linear('f').add(
      task('gives', { provides: { pick: ['a'] }, execute: () => result }),
      task('takes', { requires: ['a'], execute: () => 1 }),
    )

  test.each(ENGINES)('fails the task that returned it: $name', async ({ make: options }) => {
    const engine = load(make() as never, options() as never)
    await expect(engine.run()).rejects.toThrow()
    expect([engine.storage.getFlowState(), engine.storage.getAtomState('gives')]).toEqual([
      'REVERTED',
      'REVERTED',
    ])
  })
})

describe('what is asked answers with', () => {
  const deciders: readonly (readonly [string, () => unknown, string])[] = [
    ['a thenable that throws', () => thenable(refuse), 'FAILURE'],
    ['a proxy that is revoked', revoked, 'FAILURE'],
    ['a thenable that refuses', () => thenable((resolve) => resolve(false)), 'SUCCESS'],
  ]

  test.each(deciders)('%s: a decider', async (_what, decider, state) => {
    const [a, b] = [task('a', { execute: () => 1 }), task('b', { execute: () => 2 })]
    const engine = load(
      graph('f')
        .add(a, b)
        .link(a, b, { decider: decider as never }),
    )
    await errorOf(engine.run())
    expect(engine.storage.getFlowState()).toBe(state)
  })

  test.each([
    ['a proxy that is revoked', revoked],
    ['a symbol', () => Symbol('RETRY')],
    ['what has no text', () => ({ toJSON: refuse, toString: refuse })],
    ['a thenable that throws', () => thenable(refuse)],
  ])('%s: a retry', async (_what, answer) => {
    const retry = times(3)
    retry.onFailure = answer as never
    const engine = load(linear('f', { retry }).add(task('bad', { execute: refuse })))
    await expect(engine.run()).rejects.toThrow()
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test.each([
    [
      'retryOn',
      { retryOn: () => Promise.reject(new Error('late')) as never },
      /retryOn of .* gave a promise/,
    ],
    ['a delay', { delay: () => Promise.reject(new Error('late')) as never }, /delay of .* gives/],
  ])('a promise: %s', async (_what, options, message) => {
    const engine = load(
      linear('f', { retry: times(3, options) }).add(task('bad', { execute: refuse })),
    )
    await expect(engine.run()).rejects.toThrow(message)
  })
})

describe('a reason to stop', () => {
  const REASONS: readonly (readonly [string, () => unknown])[] = [
    ...THROWN,
    ['undefined', () => undefined],
    ['null', () => null],
  ]

  test.each(REASONS)('may be %s', async (_what, reason) => {
    const options = { backend: memory(), graceMs: 0 }
    const wait = () =>
      task('wait', { requires: [], execute: (_: object, { signal }) => waitFor(signal) })
    const engine = load(wait(), options)
    const running = errorOf(engine.run())
    await setTimeout(0)
    await engine.cancel(reason())
    expect(await running).toMatchObject({ code: 'CANCELLED' })
    const abort = new AbortController()
    const aborted = load(wait(), options)
    const ending = errorOf(aborted.run({ signal: abort.signal, onAbort: 'revert' }))
    await setTimeout(0)
    abort.abort(reason())
    expect(await ending).toMatchObject({ code: 'CANCELLED' })
  })
})

/** Ends when it is told to, with what it is told. */
function waitFor(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

describe('whoever looks on', () => {
  test.each(THROWN)('logs %s', async (_what, value) => {
    const lines: string[] = []
    const logger = { ...SILENT_LOGGER, warn: (line: string) => lines.push(line) }
    const engine = load(
      flowWith(() => {
        throw value()
      }),
    )
    using _log = new DynamicLoggingListener(engine, { logger, level: 'warn' })
    using _telemetry = new TelemetryListener(engine)
    await errorOf(engine.run().catch(() => {}))
    expect(
      lines.filter((line) => line.includes("'bad'") && line.includes('Failure: ')),
    ).not.toEqual([])
  })

  test.each(THROWN)('may throw %s, and harms nobody', async (_what, value) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const engine = load(task('t', { execute: () => 1 }))
    const throws = (): never => {
      throw value()
    }
    engine.atomNotifier.register('SUCCESS', throws)
    const rejects = (): unknown => Promise.reject(value())
    engine.atomNotifier.register('RUNNING', rejects)
    engine.notifier.register('SUCCESS', () => thenable(throws))
    using _end = engine.interceptors.register({ beginRun: () => throws })
    await engine.run()
    await setTimeout(0)
    expect(warn.mock.calls.length).toBeGreaterThanOrEqual(4)
    warn.mockRestore()
  })

  test('an interceptor that is async in spite of its type is reported', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const engine = load(task('t', { execute: () => 1 }))
    using _begin = engine.interceptors.register({ beginRun: () => Promise.reject(1) as never })
    using _end = engine.interceptors.register({ beginRun: () => () => Promise.reject(2) })
    await engine.run()
    await setTimeout(0)
    expect(warn).toHaveBeenCalledTimes(2)
    warn.mockRestore()
  })

  test('a logger that throws about an outcome that is lost harms nobody', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const late = Promise.withResolvers<void>()
    const logger = { ...SILENT_LOGGER, warn: refuse }
    const slow = task('slow', { timeoutMs: 1, execute: () => late.promise })
    await expect(load(slow, { logger, graceMs: 0 }).run()).rejects.toThrow('did not stop')
    late.resolve()
    await setTimeout(0)
    expect(warn).toHaveBeenCalledOnce()
    warn.mockRestore()
  })
})

test('an atom that throws what resists when it is told to stop has failed by that', async () => {
  for (const [, value] of THROWN) {
    const execute = (_: object, { signal }: { readonly signal: AbortSignal }) =>
      waitFor(signal).catch(() => {
        throw value()
      })
    const engine = load(task('slow', { requires: [], timeoutMs: 1, execute }))
    await expect(engine.run()).rejects.toMatchObject({ code: 'TIMEOUT' })
  }
})

test('details of progress that resist are refused to the task', async () => {
  const bad = task('bad', {
    requires: [],
    execute: (_: object, { progress }) => progress(0.5, revoked() as never),
  })
  await expect(load(bad, { backend: memory() }).run()).rejects.toMatchObject({
    code: 'NOT_STORABLE',
  })
})
