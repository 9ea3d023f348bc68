/**
 * Runs that are canceled: told to stop, undone, and what is left of the wish after a crash.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  CancelledError,
  type Engine,
  isFailure,
  linear,
  load,
  loadFlowDetail,
  memory,
  type TaskContext,
  TimeoutError,
  task,
  times,
} from '../../src/index.ts'
import { diary, endless, statesOf } from './diary.ts'
import { errorOf, loadLoosely } from './steps.ts'

describe('cancelling', () => {
  test.each(['serial', 'parallel'] as const)('stops atoms and reverts, %s', async (engine) => {
    const { lines, step } = diary()
    const { task: one, begun, reasons } = endless()
    const backend = memory()
    const running = load(linear('f').add(step('a'), one, step('c')), { engine, backend })
    const run = errorOf(running.run())
    await begun
    await running.cancel(new Error('no longer wanted'))
    const error = await run
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).toMatchObject({
      code: 'CANCELLED',
      message: "flow 'f' was cancelled: no longer wanted",
    })
    expect(reasons[0]).toBeInstanceOf(CancelledError)
    expect(lines).toEqual(['do a', 'undo a: made by a'])
    expect(statesOf(running)).toBe('a REVERTED, endless REVERTED, c PENDING')
    const stored = await loadFlowDetail(backend, running.storage.flowUuid)
    expect(stored.state).toBe('REVERTED')
  })

  test('asks no retry, and undoes what a task finished all the same', async () => {
    const { lines, step } = diary()
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const polite = task('polite', {
      provides: 'p',
      requires: [],
      async execute(_inputs: object, { signal }: TaskContext) {
        resolve()
        await new Promise((stop) => signal.addEventListener('abort', stop))
        return 'done in time'
      },
      revert: ({ result }) => void lines.push(`undo polite: ${String(result)}`),
    })
    const flow = linear('f', { retry: times(5) }).add(step('a'), polite)
    const engine = load(flow)
    const run = errorOf(engine.run())
    await begun
    await engine.cancel()
    expect(await run).toBeInstanceOf(CancelledError)
    expect(lines).toEqual(['do a', 'undo polite: done in time', 'undo a: made by a'])
  })

  test('does not abort the reverts', async () => {
    const { task: one, begun } = endless()
    const signals: boolean[] = []
    const first = task('first', {
      requires: [],
      execute() {},
      async revert(_inputs: object, { signal }: TaskContext) {
        await setTimeout(5)
        signals.push(signal.aborted)
      },
    })
    const engine = load(linear('f').add(first, one))
    const run = errorOf(engine.run())
    await begun
    await engine.cancel()
    await run
    expect(signals).toEqual([false])
  })

  test('gives up a task that does not stop, and reverts it with that failure', async () => {
    const seen: unknown[] = []
    const warnings: string[] = []
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const { promise: end, resolve: letGo } = Promise.withResolvers<void>()
    const deaf = task('deaf', {
      requires: [],
      async execute() {
        resolve()
        await end
      },
      revert: ({ result }) => void seen.push(result),
    })
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (line: string) => void warnings.push(line),
    }
    const engine = load(linear('f').add(deaf), { graceMs: 20, logger })
    const run = errorOf(engine.run())
    await begun
    await engine.cancel()
    expect(await run).toBeInstanceOf(CancelledError)
    const [failure] = seen
    expect(isFailure(failure) && failure.check(TimeoutError)).toBe(TimeoutError)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
    letGo()
    await setTimeout(1)
    expect(warnings).toEqual([
      "execute of 'deaf' ended after it was given up: what came of it is lost",
    ])
  })

  test('is stored at once, and goes on after a crash', async () => {
    const { lines, step } = diary()
    const { task: one, begun } = endless()
    const backend = memory()
    const make = (second: ReturnType<typeof step>) =>
      linear('f', { retry: times(9) }).add(step('a'), second)
    const deaf = task('endless', {
      requires: [],
      execute: () => {
        resolve()
        return new Promise<never>(() => {})
      },
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = loadLoosely(make(deaf as never), { backend, engine: 'parallel' })
    void first.run().catch(() => {})
    await promise
    await first.cancel('enough') // and the process dies, while the task goes on
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    lines.length = 0
    const second = loadLoosely(make(one as never), { backend, flowDetail, engine: 'parallel' })
    const error = await errorOf(second.run())
    expect(error).toMatchObject({ code: 'CANCELLED', message: "flow 'f' was cancelled: enough" })
    expect(lines).toEqual(['undo a: made by a'])
    expect(second.storage.getFlowState()).toBe('REVERTED')
    void begun
  })

  test('by the signal of the run', async () => {
    const { task: one, begun } = endless()
    const stop = new AbortController()
    const engine = load(linear('f').add(one))
    const run = errorOf(engine.run({ signal: stop.signal, onAbort: 'revert' }))
    await begun
    stop.abort(new Error('shutting down'))
    expect(await run).toMatchObject({ message: "flow 'f' was cancelled: shutting down" })
  })

  test('by a signal that is aborted already starts nothing', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a')))
    const signal = AbortSignal.abort('never mind')
    expect(await errorOf(engine.run({ signal, onAbort: 'revert' }))).toMatchObject({
      code: 'CANCELLED',
    })
    expect([lines, engine.storage.getFlowState()]).toEqual([[], 'REVERTED'])
  })

  test('twice is once, and reverts are not cancelled', async () => {
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(one))
    const run = errorOf(engine.run())
    await begun
    await Promise.all([engine.cancel('first'), engine.cancel('second')])
    expect(await run).toMatchObject({ message: "flow 'f' was cancelled: first" })
  })

  test.each(['serial', 'parallel'] as const)('gives up a suspension, %s', async (engine) => {
    const { lines, step } = diary()
    const { task: one, begun, reasons } = endless()
    const states: string[] = []
    const running = load(linear('f').add(step('a'), one, step('c')), { engine })
    running.notifier.register('*', (state) => void states.push(state))
    const run = errorOf(running.run())
    await begun
    await running.suspend()
    await running.cancel('enough')
    expect(await run).toMatchObject({ message: "flow 'f' was cancelled: enough" })
    expect(reasons).toHaveLength(1)
    expect(lines).toEqual(['do a', 'undo a: made by a'])
    expect(states.slice(-2)).toEqual(['SUSPENDING', 'REVERTED'])
  })

  test('gives up a suspension after a crash as well', async () => {
    const { lines, step } = diary()
    const backend = memory()
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const deaf = task('deaf', {
      requires: [],
      execute: () => {
        resolve()
        return new Promise<never>(() => {})
      },
    })
    const flow = linear('f').add(step('a'), deaf)
    const first = load(flow, { backend, engine: 'parallel' })
    void first.run().catch(() => {})
    await begun
    await first.suspend()
    await first.cancel('enough') // and the process dies, while the task goes on
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    expect(flowDetail.state).toBe('SUSPENDING')
    const second = load(flow, { backend, flowDetail })
    expect(await errorOf(second.run())).toMatchObject({ code: 'CANCELLED' })
    expect([lines.at(-1), second.storage.getFlowState()]).toEqual(['undo a: made by a', 'REVERTED'])
  })

  test('can be suspended in its turn, and is gone on with by the next run', async () => {
    const { lines, step } = diary()
    const { task: one, begun } = endless()
    const slow = task('slow', {
      requires: [],
      execute() {},
      async revert() {
        await engine.suspend()
        lines.push('undo slow')
      },
    })
    const engine: Engine<object> = load(linear('f').add(step('a'), slow, one))
    const run = engine.run()
    await begun
    await engine.suspend()
    await engine.cancel('enough')
    await run
    expect([lines.at(-1), engine.storage.getFlowState()]).toEqual(['undo slow', 'SUSPENDED'])
    expect(await errorOf(engine.run())).toMatchObject({ message: "flow 'f' was cancelled: enough" })
    expect([lines.at(-1), engine.storage.getFlowState()]).toEqual(['undo a: made by a', 'REVERTED'])
  })

  test('of a loop by phases that was left stops what is under way', async () => {
    const { lines, step } = diary()
    const { task: one } = endless()
    const engine = load(linear('f').add(step('a'), one), { engine: 'parallel' })
    const phases = engine.runIter()
    for (let phase = await phases.next(); !phase.done; ) {
      const isUnderWay = engine.storage.getAtomState('endless') === 'RUNNING'
      if (isUnderWay && phase.value === 'WAITING') break
      phase = await phases.next()
    }
    const left = phases.return()
    await setTimeout(1)
    await engine.cancel('enough')
    await left
    expect([engine.storage.getFlowState(), lines]).toEqual(['SUSPENDED', ['do a']])
    expect(await errorOf(engine.run())).toMatchObject({ code: 'CANCELLED' })
    expect(lines.at(-1)).toBe('undo a: made by a')
  })

  test('needs a run', async () => {
    const engine = load(linear('f'))
    expect(await errorOf(engine.cancel())).toMatchObject({ code: 'INVALID_STATE' })
    await engine.run()
    expect(await errorOf(engine.cancel())).toMatchObject({ code: 'INVALID_STATE' })
  })

  test('of a loop by phases', async () => {
    const { lines, step } = diary()
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(step('a'), one), { engine: 'parallel' })
    const phases = engine.runIter()
    let error: unknown
    void begun.then(() => engine.cancel())
    try {
      for await (const _ of phases) void _
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(CancelledError)
    expect(lines.at(-1)).toBe('undo a: made by a')
  })

  test('refuses another word', async () => {
    const engine = load(linear('f'))
    expect(await errorOf(engine.run({ onAbort: 'explode' as never }))).toBeInstanceOf(RangeError)
  })
})
