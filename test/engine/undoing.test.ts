import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  CancelledError,
  type Engine,
  graph,
  IrreversibleError,
  isFailure,
  linear,
  load,
  loadFlowDetail,
  memory,
  NonRetryableError,
  type RevertInputs,
  retry,
  type TaskContext,
  TimeoutError,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely } from './steps.ts'

/** Tasks that write down what is done to them. */
function diary() {
  const lines: string[] = []
  const step = (name: string, options: object = {}, body?: () => unknown) =>
    task(name, {
      provides: name,
      requires: [],
      ...options,
      execute: () => {
        lines.push(`do ${name}`)
        return body?.() ?? `made by ${name}`
      },
      revert: ({ result }: RevertInputs<unknown>) => {
        lines.push(`undo ${name}: ${isFailure(result) ? 'failed' : String(result)}`)
      },
    })
  const sealed = (name: string) =>
    task(name, { irreversible: true, execute: () => void lines.push(`do ${name}`) })
  return { lines, step, sealed }
}

const statesOf = ({ storage }: Engine<object>): string =>
  storage.atomNames.map((name) => `${name} ${storage.getAtomState(name)}`).join(', ')

/** A task that goes on until it is told to stop, and says when it has begun. */
function endless(name = 'endless', options: object = {}) {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const reasons: unknown[] = []
  const one = task(name, {
    ...options,
    requires: [],
    async execute(_inputs: object, { signal }: TaskContext) {
      resolve()
      await new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    },
  })
  return { task: one, begun, reasons }
}

describe('a revert on demand', () => {
  test('undoes a finished run along its graph, as visible states', async () => {
    const { lines, step } = diary()
    const flow = linear('f').add(step('a'), unordered('u').add(step('b'), step('c')), step('d'))
    const engine = load(flow, { backend: memory() })
    await engine.run()
    lines.length = 0
    const states: string[] = []
    engine.notifier.register('*', (state) => states.push(state))
    engine.atomNotifier.register('*', (state, details) => {
      states.push(`${'taskName' in details ? details.taskName : ''} ${state}`)
    })
    await engine.revert()
    expect(lines).toEqual([
      'undo d: made by d',
      'undo c: made by c',
      'undo b: made by b',
      'undo a: made by a',
    ])
    expect(states.at(0)).toBe('RUNNING')
    expect(states.at(-1)).toBe('REVERTED')
    expect(states).toContain('d REVERTING')
    expect(states).toContain('a REVERTED')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('goes on from the stored results in another process', async () => {
    const { lines, step } = diary()
    const backend = memory()
    const make = () => linear('f').add(step('a'), step('b'))
    const first = load(make(), { backend })
    await first.run()
    lines.length = 0
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    await load(make(), { backend, flowDetail }).revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a'])
    expect((await loadFlowDetail(backend, flowDetail.uuid)).state).toBe('REVERTED')
  })

  test('undoes what a suspended run has done, and leaves the rest alone', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b'), step('c')))
    engine.atomNotifier.register('SUCCESS', (_, details) => {
      if ('taskName' in details && details.taskName === 'b') void engine.suspend()
    })
    await engine.run()
    lines.length = 0
    await engine.revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a'])
    expect(statesOf(engine)).toBe('a REVERTED, b REVERTED, c PENDING')
  })

  test('reverts retries with their flows, and asks none', async () => {
    const { lines, step } = diary()
    const controller = retry('again', {
      execute: () => 1,
      onFailure: () => {
        lines.push('asked')
        return 'RETRY'
      },
      revert: () => void lines.push('undo again'),
    })
    const engine = load(linear('f', { retry: controller }).add(step('a'), step('b')))
    await engine.run()
    lines.length = 0
    await engine.revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a', 'undo again'])
  })

  test('tries an undo that broke again, with what there is to undo', async () => {
    const { lines, step } = diary()
    let isBroken = true
    const stubborn = task('stubborn', {
      provides: 'x',
      execute: () => 'the value',
      revert({ result }) {
        lines.push(`undo stubborn: ${String(result)}`)
        if (isBroken) throw new Error('not now')
      },
    })
    const failing = task('failing', {
      execute() {
        throw new Error('no')
      },
    })
    const backend = memory()
    const flow = () => linear('f').add(step('a'), stubborn, failing)
    const engine = load(flow(), { backend })
    await errorOf(engine.run())
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(await errorOf(engine.revert())).toMatchObject({ message: 'not now' })
    isBroken = false
    lines.length = 0
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    const later = load(flow(), { backend, flowDetail })
    await later.revert()
    expect(lines).toEqual(['undo stubborn: the value', 'undo a: made by a'])
    expect(later.storage.getFlowState()).toBe('REVERTED')
    const stored = await loadFlowDetail(backend, flowDetail.uuid)
    expect(stored.find('stubborn')).toMatchObject({ state: 'REVERTED', resultToUndo: undefined })
  })

  test('goes on backwards after a crash at every write', async () => {
    for (let at = 1; ; at += 1) {
      const { lines, step } = diary()
      const inner = memory()
      const backend = recording(inner)
      const make = () => linear('f').add(step('a'), step('b'), step('c'))
      const first = load(make(), { backend })
      await first.run()
      const before = backend.checkpoints.length
      backend.beforeSave = (_, count) => {
        if (count === before + at) throw new Error('died')
      }
      const error = await errorOf(first.revert())
      if (error === undefined) {
        expect(at).toBeGreaterThan(3)
        break
      }
      const flowDetail = await loadFlowDetail(inner, first.storage.flowUuid)
      const second = load(make(), { backend: inner, flowDetail })
      const wasBegun = flowDetail.state !== 'SUCCESS'
      if (wasBegun) await second.run()
      else await second.revert()
      expect(second.storage.getFlowState()).toBe('REVERTED')
      for (const name of ['a', 'b', 'c']) {
        expect(lines.filter((line) => line.startsWith(`undo ${name}`)).length).toBeGreaterThan(0)
      }
      expect(lines.filter((line) => line.startsWith('do'))).toHaveLength(3)
    }
  })

  test('can be suspended, and goes on when the flow is run again', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b')))
    await engine.run()
    const stop = new AbortController()
    engine.atomNotifier.register('REVERTED', () => stop.abort())
    await engine.revert({ signal: stop.signal })
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    lines.length = 0
    await engine.run()
    expect(lines).toEqual(['undo a: made by a'])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('has nothing to do where all is undone; a run after it starts anew', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a')))
    await engine.run()
    await engine.revert()
    await engine.revert()
    lines.length = 0
    await engine.run()
    expect(lines).toEqual(['do a'])
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('is refused while the flow runs', async () => {
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(one))
    const run = errorOf(engine.run())
    await begun
    expect(await errorOf(engine.revert())).toMatchObject({ code: 'ENGINE_BUSY' })
    await engine.cancel()
    await run
  })

  test('stops at the tasks that are to stay', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b'), step('c')))
    await engine.run()
    lines.length = 0
    await engine.revert({ downTo: 'b' })
    expect(lines).toEqual(['undo c: made by c'])
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(statesOf(engine)).toBe('a SUCCESS, b SUCCESS, c REVERTED')
    expect(await errorOf(engine.revert({ downTo: 'nobody' }))).toMatchObject({ code: 'NOT_FOUND' })
    await engine.revert()
    expect(statesOf(engine)).toBe('a REVERTED, b REVERTED, c REVERTED')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })
})

describe('a point of no return', () => {
  test('is not passed by a failure behind it', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const flow = linear('f').add(step('a'), sealed('pay'), step('b'), failing)
    const engine = load(flow)
    expect(await errorOf(engine.run())).toMatchObject({ message: 'no' })
    expect(lines.slice(-2)).toEqual(['undo failing: failed', 'undo b: made by b'])
    expect(statesOf(engine)).toBe('a SUCCESS, pay SUCCESS, b REVERTED, failing REVERTED')
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('that has not been reached holds nothing', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const engine = load(linear('f').add(step('a'), failing, sealed('pay')))
    await errorOf(engine.run())
    expect(lines.at(-1)).toBe('undo a: made by a')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('that failed itself holds nothing', async () => {
    const { lines, step } = diary()
    const pay = task('pay', {
      irreversible: true,
      execute() {
        throw new Error('refused')
      },
    })
    const engine = load(linear('f').add(step('a'), pay))
    await errorOf(engine.run())
    expect(lines.at(-1)).toBe('undo a: made by a')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('lets what stands beside it be reverted', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const before = step('before')
    const pay = sealed('pay')
    const beside = step('beside')
    const flow = graph('f').add(before, pay, beside, failing)
    flow.link(before, pay)
    flow.link(pay, failing)
    flow.link(beside, failing)
    const engine = load(flow)
    await errorOf(engine.run())
    expect(lines.filter((line) => line.startsWith('undo'))).toEqual([
      'undo failing: failed',
      'undo beside: made by beside',
    ])
  })

  test('keeps a retry from running its flow again', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const inner = linear('inner', { retry: times(3) }).add(step('a'), sealed('pay'), failing)
    const engine = load(inner)
    await errorOf(engine.run())
    expect(lines.filter((line) => line === 'do pay')).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('undo'))).toEqual(['undo failing: failed'])
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('refuses a revert that would pass it, before anything is touched', async () => {
    const { lines, step, sealed } = diary()
    const backend = recording(memory())
    const engine = load(linear('f').add(step('a'), sealed('pay'), step('b')), { backend })
    await engine.run()
    const count = backend.checkpoints.length
    lines.length = 0
    const error = await errorOf(engine.revert())
    expect(error).toBeInstanceOf(IrreversibleError)
    expect(error).toMatchObject({
      code: 'IRREVERSIBLE',
      atoms: ['pay'],
      message:
        "flow 'f' cannot be reverted: 'pay' cannot be undone, and has run; nothing was changed. Say how far to go: revert({ downTo: ['pay'] }) keeps them, and what comes before them",
    })
    expect(await errorOf(engine.revert({ downTo: 'a' }))).toBeInstanceOf(IrreversibleError)
    expect(backend.checkpoints).toHaveLength(count)
    expect([lines, engine.storage.getFlowState()]).toEqual([[], 'SUCCESS'])
    await engine.revert({ downTo: ['pay'] })
    expect(lines).toEqual(['undo b: made by b'])
  })

  test('has no revert of its own', () => {
    const both = { irreversible: true, execute() {}, revert() {} }
    expect(() => task('pay', both)).toThrow(TypeError)
  })
})

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

describe('a time limit', () => {
  test('of execute aborts the signal, fails with TimeoutError, and is retried', async () => {
    const { task: one, reasons } = endless('slow', { timeoutMs: 10 })
    const engine = load(linear('f', { retry: times(2) }).add(one))
    const error = await errorOf(engine.run())
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: "execute of 'slow' took longer than its 10 ms",
    })
    expect(reasons).toHaveLength(2)
    expect(reasons[0]).toBeInstanceOf(TimeoutError)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('counts for the result, too, that comes too late', async () => {
    const late = task('late', {
      timeoutMs: 5,
      requires: [],
      async execute() {
        await setTimeout(30)
        return 'late'
      },
    })
    expect(await errorOf(load(linear('f').add(late)).run())).toBeInstanceOf(TimeoutError)
  })

  test('says what the task threw when it was stopped', async () => {
    const one = task('slow', {
      timeoutMs: 5,
      requires: [],
      async execute(_inputs: object, { signal }: TaskContext) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw new Error('half written')
      },
    })
    const error = await errorOf(load(linear('f').add(one)).run())
    expect(error).toMatchObject({ code: 'TIMEOUT', cause: { message: 'half written' } })
  })

  test('that is kept leaves no timer behind', async () => {
    const clock = new FakeClock()
    const quick = task('quick', { timeoutMs: 10_000, execute: async () => 'ok', provides: 'x' })
    const engine = load(linear('f').add(quick), { clock })
    const before = clock.timerCount
    await engine.run()
    expect(engine.storage.fetch('x')).toBe('ok')
    expect(clock.timerCount).toBe(before)
  })

  test('of revert breaks the flow', async () => {
    const { step } = diary()
    const stuck = task('stuck', {
      revertTimeoutMs: 5,
      execute() {},
      revert: () => new Promise<never>(() => {}),
    })
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const engine = load(linear('f').add(stuck, failing), { graceMs: 5 })
    expect(await errorOf(engine.run())).toBeInstanceOf(TimeoutError)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(engine.storage.getAtomState('stuck')).toBe('REVERT_FAILURE')
  })

  test('of more than timers reach does not go off at once', async () => {
    for (const timeoutMs of [2 ** 40, Number.POSITIVE_INFINITY]) {
      const one = task('t', {
        timeoutMs,
        requires: [],
        execute: () => setTimeout(5, 'ok'),
        provides: 'x',
      })
      const engine = load(linear('f').add(one))
      await engine.run()
      expect(engine.storage.fetchAll()).toMatchObject({ x: 'ok' })
    }
  })

  test.each([0, -1, Number.NaN, '5'])('of %s is refused', (timeoutMs) => {
    const Problem = typeof timeoutMs === 'number' ? RangeError : TypeError
    for (const limit of ['timeoutMs', 'revertTimeoutMs'] as const) {
      const make = () => task('t', { [limit]: timeoutMs as number, execute() {} })
      expect(make).toThrow(Problem)
      expect(make).toThrow(`${limit} of 't' must be a`)
    }
  })
})

describe('a deadline', () => {
  test('reverts the run, which fails with TimeoutError', async () => {
    const { lines, step } = diary()
    const { task: one } = endless()
    const engine = load(linear('f').add(step('a'), one))
    const error = await errorOf(engine.run({ deadlineMs: 20 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(lines).toEqual(['do a', 'undo a: made by a'])
  })

  test('is counted over resumption', async () => {
    const { lines, step } = diary()
    const backend = memory()
    const clock = { now: () => new Date(now), elapsedMs: () => 0 }
    let now = Date.parse('2026-05-01T00:00:00Z')
    const engine = load(linear('f').add(step('a'), step('b')), { backend, clock })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run({ deadlineMs: 60_000 })
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    now += 61_000
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    const { task: one } = endless('b')
    const second = loadLoosely(linear('f').add(step('a'), one), { backend, clock, flowDetail })
    const error = await errorOf(second.run({ deadlineMs: 60_000 }))
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: "flow 'f' did not end before its deadline, 2026-05-01T00:01:00.000Z",
    })
    expect(lines.at(-1)).toBe('undo a: made by a')
  })

  test('that cannot be stored any more is met by the run, and by nobody else', async () => {
    const backend = recording(memory())
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(one), { backend })
    const run = errorOf(engine.run({ deadlineMs: 20 }))
    await begun
    backend.beforeSave = () => {
      throw new Error('the disk is full')
    }
    expect(await run).toMatchObject({ message: 'the disk is full' })
  })

  test('is forgotten when the run succeeds, and holds no timer', async () => {
    const { step } = diary()
    const engine = load(linear('f').add(step('a')), { backend: memory() })
    await engine.run({ deadlineMs: 60_000 })
    expect(engine.storage.flowMeta).toEqual({})
  })

  test.each([0, -5, Number.NaN])('of %s is refused', async (deadlineMs) => {
    expect(await errorOf(load(linear('f')).run({ deadlineMs }))).toBeInstanceOf(RangeError)
  })
})

describe('the delay of a retry', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  const failingTimes = (count: number, make = () => new Error('not yet')) => {
    let left = count
    return task('flaky', {
      requires: [],
      execute() {
        left -= 1
        if (left >= 0) throw make()
      },
    })
  }

  test('is waited before the next attempt', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: 25 }) }).add(failingTimes(2)))
    const start = performance.now()
    await engine.run()
    expect(performance.now() - start).toBeGreaterThanOrEqual(49)
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('grows, within bounds, and may depend on the history', async () => {
    const asked: number[] = []
    const delay = ({ history }: { history: { length: number } }) => {
      asked.push(history.length)
      return 1
    }
    await load(linear('f', { retry: times(4, { delay }) }).add(failingTimes(3))).run()
    expect(asked).toEqual([1, 2, 3])
    const exact = times(9, { delay: { initialMs: 10, factor: 3, maxMs: 50, jitter: false } })
    const failure = { thrown: undefined } as never
    const waits = [1, 2, 3, 4].map((length) => exact.delayMs({ length } as never, failure))
    expect(waits).toEqual([10, 30, 50, 50])
    const jittered = times(9, { delay: { initialMs: 10 } })
    for (let i = 0; i < 100; i += 1) {
      const wait = jittered.delayMs({ length: 3 } as never, failure)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(40)
    }
  })

  test('is at least what the error asks for', async () => {
    const busy = () => Object.assign(new Error('busy'), { retryAfterMs: 30 })
    const start = performance.now()
    await load(linear('f', { retry: times(2) }).add(failingTimes(1, busy))).run()
    expect(performance.now() - start).toBeGreaterThanOrEqual(29)
  })

  test('is stored, so that after a crash only the rest is waited', async () => {
    const backend = memory()
    const make = (left: number) =>
      linear('f', { retry: times(3, { delay: 3_600_000, name: 'r' }) }).add(failingTimes(left))
    const engine = load(make(1), { backend })
    void engine.run().catch(() => {})
    const { flowUuid } = engine.storage
    const due = await vi.waitFor(async () => {
      const found = (await loadFlowDetail(backend, flowUuid)).find('r') as { retryAt?: Date }
      expect(found.retryAt).toBeInstanceOf(Date)
      return found.retryAt as Date
    })
    expect(due.getTime() - Date.now()).toBeGreaterThan(3_500_000)
    const clock = { now: () => new Date(due.getTime() - 20), elapsedMs: () => 0 }
    const flowDetail = await loadFlowDetail(backend, flowUuid)
    let later = due.getTime() - 20
    const start = performance.now()
    clock.now = () => new Date(later + (performance.now() - start))
    const second = load(make(0), { backend, flowDetail, clock })
    await second.run()
    later = performance.now() - start
    expect(later).toBeGreaterThanOrEqual(19)
    expect(later).toBeLessThan(2_000)
    expect(second.storage.getFlowState()).toBe('SUCCESS')
    await engine.suspend().catch(() => {})
  })

  test('holds neither a call nor, once suspended, a timer', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    const engine = load(
      linear('f', { retry: times(3, { delay: 3_600_000 }) }).add(failingTimes(1)),
      { engine: 'parallel' },
    )
    const run = engine.run()
    await vi.waitFor(() => expect(engine.storage.getAtomState('flaky')).toBe('REVERTED'))
    expect(engine.statistics?.incomplete).toBe(0)
    await engine.suspend()
    await run
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    const long = set.mock.results.filter((_, i) => Number(set.mock.calls[i]?.[1]) > 3_000_000)
    expect(long.length).toBeGreaterThan(0)
    for (const { value } of long) expect(cleared).toHaveBeenCalledWith(value)
    vi.restoreAllMocks()
  })

  test('does not hold up what stands beside', async () => {
    const { lines, step } = diary()
    const waiting = linear('waiting', { retry: times(2, { delay: 60 }) }).add(failingTimes(1))
    const beside = linear('beside').add(step('a'), step('b'))
    const engine = load(unordered('f').add(waiting, beside), { engine: 'parallel' })
    const run = engine.run()
    await vi.waitFor(() => expect(lines).toEqual(['do a', 'do b']), { interval: 5 })
    expect(engine.storage.getFlowState()).toBe('RUNNING')
    await run
  })

  test('is over when the run is cancelled', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: 3_600_000 }) }).add(failingTimes(1)))
    const run = errorOf(engine.run())
    await vi.waitFor(() => expect(engine.storage.getAtomState('flaky')).toBe('REVERTED'))
    await engine.cancel()
    expect(await run).toBeInstanceOf(CancelledError)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test.each([
    [-1, RangeError],
    [Number.NaN, RangeError],
    ['soon', TypeError],
    [null, TypeError],
    [{}, TypeError],
    [{ initialMs: 5, factor: 0.5 }, RangeError],
    [{ initialMs: -5 }, RangeError],
    [{ initialMs: 5, maxMs: Number.NaN }, RangeError],
    [{ initialMs: 5, jitter: 'full' }, TypeError],
    [{ initialMs: 5, max: 7 }, TypeError],
  ])('of %o is refused', (delay, Problem) => {
    expect(() => times(2, { delay: delay as number, name: 'r' })).toThrow(Problem)
    expect(() => times(2, { delay: delay as number, name: 'r' })).toThrow("delay of 'r'")
  })

  test('of a function without sense breaks the flow', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: () => -1 }) }).add(failingTimes(1)))
    expect(await errorOf(engine.run())).toBeInstanceOf(RangeError)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  describe('and what is tried again at all:', () => {
    class BusyError extends Error {}
    const attempts = async (make: () => Error, options: object): Promise<number> => {
      let count = 0
      const one = task('t', {
        requires: [],
        execute() {
          count += 1
          throw make()
        },
      })
      const engine = load(linear('f', { retry: times(3, options) }).add(one))
      await errorOf(engine.run())
      return count
    }

    test('only some classes, or what a function says', async () => {
      const busy = () => new BusyError('x')
      const other = () => new TypeError('x')
      expect(await attempts(busy, { retryOn: [BusyError] })).toBe(3)
      expect(await attempts(other, { retryOn: [BusyError] })).toBe(1)
      expect(await attempts(other, { retryOn: ['TypeError'] })).toBe(3)
      const says = (failure: { message: string }) => failure.message === 'x'
      expect(await attempts(busy, { retryOn: says })).toBe(3)
      expect(await attempts(busy, { retryOn: () => false })).toBe(1)
    })

    test('never a NonRetryableError, nor what extends it', async () => {
      class Fatal extends NonRetryableError {}
      expect(await attempts(() => new NonRetryableError('x'), {})).toBe(1)
      expect(await attempts(() => new Fatal('x'), {})).toBe(1)
    })

    test('giving up so does what giving up does', async () => {
      const { lines, step } = diary()
      const fatal = task('fatal', {
        requires: [],
        execute() {
          throw new NonRetryableError('x')
        },
      })
      const inner = linear('inner', { retry: times(3, { revertAll: true }) }).add(fatal)
      const error = await errorOf(load(linear('f').add(step('a'), inner)).run())
      expect(error).toMatchObject({ code: 'NON_RETRYABLE' })
      expect(lines.at(-1)).toBe('undo a: made by a')
    })

    test('a wrong retryOn is refused', () => {
      expect(() => times(2, { retryOn: 'Error' as never })).toThrow(TypeError)
    })
  })
})
