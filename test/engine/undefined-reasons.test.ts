/**
 * A reason of `undefined` is an error like any other, wherever it is thrown.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { threads } from '../../src/executors/threads.ts'
import {
  type Backend,
  defineFlow,
  type EngineOptions,
  type Failure,
  graph,
  linear,
  load,
  loadFlowDetail,
  loadFromFactory,
  memory,
  resumeAll,
  retry,
  run,
  Task,
  task,
  threadTask,
  times,
  unordered,
} from '../../src/index.ts'
import { runFlow } from '../../src/testing/index.ts'

const reject = (): Promise<never> => Promise.reject()

async function endingOf(
  running: Promise<unknown>,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await running
    return undefined
  } catch (error) {
    return { error }
  }
}

function throws(): never {
  throw undefined
}

/** What the run rejects with: an error that says what was thrown. */
const SAID = { name: 'WrappedFailure', message: expect.stringContaining('undefined') }

const ENGINES: readonly EngineOptions[] = [
  {},
  { engine: 'parallel' },
  { commit: 'move', backend: memory() },
  { backend: memory() },
]

const WAYS = [
  ['thrown', throws],
  ['rejected with', reject],
  [
    'the reason of a thenable',
    () => Object.fromEntries([['then', (_: unknown, no: () => void) => no()]]),
  ],
] as const

describe.each(ENGINES)('with %o', (options) => {
  test.each(WAYS)('execute fails when undefined is %s', async (_what, execute) => {
    const undone: string[] = []
    const before = task('before', { execute: () => 1, revert: () => void undone.push('before') })
    const engine = load(linear('f').add(before, task('bad', { execute })), options)
    await expect(engine.run()).rejects.toMatchObject(SAID)
    expect([engine.storage.getFlowState(), undone]).toEqual(['REVERTED', ['before']])
    expect(engine.storage.getFailures()['bad']?.typeNames).toEqual(['undefined'])
  })

  test.each(WAYS)('revert fails when undefined is %s', async (_what, revert) => {
    const bad = task('bad', { execute: () => 1, revert })
    const fails = task('fails', { execute: throws })
    const engine = load(linear('f').add(bad, fails), options)
    await expect(engine.run()).rejects.toMatchObject(SAID)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    await expect(engine.revert()).rejects.toMatchObject(SAID)
  })

  test('a retry fails with it, in each of its methods', async () => {
    const works = { execute: () => 1, onFailure: () => 'REVERT' as const }
    const retries = [
      retry('execute', { ...works, execute: throws }),
      retry('onFailure', { ...works, onFailure: reject }),
      retry('revert', { ...works, revert: reject }),
      times(2, { retryOn: throws }),
      times(2, { delay: throws }),
    ]
    for (const one of retries) {
      const flow = linear('f', { retry: one }).add(task('bad', { execute: reject }))
      const end = await endingOf(load(flow, options).run())
      expect(end).toMatchObject({ error: SAID })
    }
  })

  test('a decider breaks the flow with it', async () => {
    const [a, b] = [task('a', { execute: () => 1 }), task('b', { execute: () => 2 })]
    for (const decider of [throws, reject as never]) {
      const engine = load(graph('f').add(a, b).link(a, b, { decider }), options)
      await expect(engine.run()).rejects.toMatchObject(SAID)
      expect(engine.storage.getFlowState()).toBe('FAILURE')
    }
  })

  test('hooks, schemas and what stands around a call fail their task with it', async () => {
    class Hooked extends Task {
      override preExecute = reject
      override execute(): void {}
    }
    await expect(load(new Hooked('t'), options).run()).rejects.toMatchObject(SAID)
    const engine = load(task('t', { execute: () => 1 }), options)
    using _around = engine.interceptors.register({ aroundCall: throws })
    await expect(engine.run()).rejects.toMatchObject(SAID)
  })

  test('a run that breaks with it tells its interceptors of an error', async () => {
    for (const execute of [throws, reject]) {
      const ends: unknown[] = []
      const engine = load(task('bad', { execute }), options)
      using _end = engine.interceptors.register({ beginRun: () => (error) => ends.push(error) })
      await endingOf(engine.run())
      expect(ends).toMatchObject([SAID])
    }
  })

  test('a run that an interceptor keeps from beginning with it rejects', async () => {
    const engine = load(task('t', { execute: () => 1 }), options)
    using _begin = engine.interceptors.register({ beginRun: throws })
    await expect(engine.run()).rejects.toMatchObject(SAID)
  })

  test('several failures with it are told together', async () => {
    const bad = (name: string) => task(name, { execute: reject })
    const engine = load(unordered('f').add(bad('a'), bad('b')), { ...options, engine: 'parallel' })
    await expect(engine.run()).rejects.toMatchObject({ failures: { length: 2 } })
  })
})

test('a run phase by phase throws it', async () => {
  const engine = load(task('bad', { execute: reject }))
  const phases = async (): Promise<void> => {
    for await (const _phase of engine.runIter()) {
      // on to the next
    }
  }
  await expect(phases()).rejects.toMatchObject(SAID)
  const other = load(task('bad', { execute: () => 1 })).runIter()
  await other.next()
  await expect(other.throw(undefined)).rejects.toMatchObject(SAID)
})

test('run rejects with it, and so does a run that was reloaded', async () => {
  const flow = linear('f').add(task('bad', { provides: 'x', execute: reject }))
  await expect(run(flow)).rejects.toMatchObject(SAID)
  const backend = memory()
  const stopped = load(task('bad', { execute: reject }), { backend, neverResolve: true })
  await expect(stopped.run()).rejects.toMatchObject(SAID)
  const flowDetail = await loadFlowDetail(backend, stopped.storage.flowUuid)
  const again = load(task('bad', { execute: reject }), { backend, flowDetail })
  await expect(again.run()).rejects.toMatchObject(SAID)
})

test('a run whose backend rejects with it rejects', async () => {
  const backend = memory()
  let isBroken = false
  const breaking = new Proxy(backend, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (key === 'save' && isBroken) return reject
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as Backend
  const breaks = task('t', {
    execute: () => {
      isBroken = true
    },
  })
  await expect(load(breaks, { backend: breaking }).run()).rejects.toMatchObject(SAID)
})

test('resuming all tells of it', async () => {
  const backend = memory()
  const definition = defineFlow('f', () => linear('f').add(task('bad', { execute: reject })))
  const engine = loadFromFactory(definition, [], { backend })
  await engine.run({ signal: AbortSignal.abort() })
  const flows = [definition]
  expect(await resumeAll({ backend, flows })).toMatchObject([
    { outcome: 'finished', state: 'REVERTED', error: SAID },
  ])
})

test('resuming all tells of it when a listener cannot be registered', async () => {
  const backend = memory()
  const definition = defineFlow('f', () => linear('f').add(task('t', { execute: () => 1 })))
  await loadFromFactory(definition, [], { backend }).run({ signal: AbortSignal.abort() })
  const resumed = await resumeAll({ backend, flows: [definition], onEngine: throws })
  expect(resumed).toMatchObject([{ outcome: 'broken', error: SAID }])
})

test('a stub that throws it fails its task, and the run of a test tells of it', async () => {
  const flow = linear('f').add(task('t', { execute: () => 1 }))
  for (const stub of [throws, reject]) {
    const { state, error, failures } = await runFlow(flow, { stubs: { t: stub } })
    expect([state, error]).toMatchObject(['REVERTED', SAID])
    expect((failures['t'] as Failure).hasThrown).toBe(true)
  }
})

test('a function in a thread that throws it fails its task', async () => {
  await using executor = threads({ maxWorkers: 1 })
  const module = new URL('../executors/fixtures/work.mjs', import.meta.url)
  const bad = threadTask('bad', { module, execute: 'throwUndefined', requires: [] })
  await expect(load(bad, { engine: 'parallel', executor }).run()).rejects.toMatchObject(SAID)
})

test('a thrown promise or thenable is not adopted', async () => {
  const promise = Promise.resolve('adopted')
  const thenable = Object.fromEntries([['then', () => expect.unreachable('it is not awaited')]])
  for (const value of [promise, thenable]) {
    const execute = (): never => {
      throw value
    }
    const bad = task('bad', { execute })
    const undo = task('undo', { execute: () => 1, revert: execute })
    for (const flow of [linear('f').add(bad), linear('f').add(undo, bad)]) {
      const engine = load(flow)
      const { error } = (await endingOf(engine.run())) as { readonly error: unknown }
      expect(error).toBe(value)
    }
  }
})
