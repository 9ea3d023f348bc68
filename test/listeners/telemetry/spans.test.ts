import { setImmediate } from 'node:timers/promises'
import { SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { describe, expect, test, vi } from 'vitest'
import { times } from '../../../src/atoms/controllers.ts'
import { task } from '../../../src/atoms/function-task.ts'
import { threadTask } from '../../../src/atoms/thread-task.ts'
import { load } from '../../../src/engine/load.ts'
import { StorageError } from '../../../src/errors.ts'
import { threads } from '../../../src/executors/threads.ts'
import { linear } from '../../../src/flows/linear.ts'
import { unordered } from '../../../src/flows/unordered.ts'
import { TelemetryListener } from '../../../src/listeners/telemetry.ts'
import { memory } from '../../../src/persistence/memory.ts'
import { HandClock } from '../lines.ts'
import { tracing } from './sdk.ts'

const WORK = new URL('../../executors/fixtures/work.mjs', import.meta.url)

class RefusedError extends StorageError {
  constructor() {
    super('no space')
  }
}

const boom = task('boom', {
  execute() {
    throw new RangeError('boom')
  },
})

describe('spans', () => {
  test('stand for the run and for each task, below the span that is active', async () => {
    const { tracer, tree, span } = tracing()
    const clock = new HandClock()
    const engine = load(
      linear('f').add(
        task('a', { execute: () => clock.advance(1500) }),
        task('b', { execute: async () => clock.advance(250) }),
      ),
    )
    using _telemetry = new TelemetryListener(engine, { tracer, clock })
    await tracer.startActiveSpan('request', async (request) => {
      await engine.run()
      request.end()
    })
    expect(tree()).toEqual(['flow f > task a', 'flow f > task b', 'request > flow f', 'request'])
    expect(span('flow f').attributes).toEqual({
      'taskflow.flow.name': 'f',
      'taskflow.flow.uuid': engine.storage.flowUuid,
      'taskflow.flow.resumed': false,
      'taskflow.flow.state': 'SUCCESS',
    })
    expect(span('task a').attributes).toEqual({
      'taskflow.flow.name': 'f',
      'taskflow.flow.uuid': engine.storage.flowUuid,
      'taskflow.atom.name': 'a',
      'taskflow.atom.uuid': engine.storage.getAtomUuid('a'),
      'taskflow.atom.kind': 'task',
      'taskflow.atom.direction': 'execute',
      'taskflow.atom.attempt': 1,
      'taskflow.atom.state': 'SUCCESS',
    })
    expect(['flow f', 'task a', 'task b'].map((name) => span(name).duration)).toEqual([
      [1, 750_000_000],
      [1, 500_000_000],
      [0, 250_000_000],
    ])
    expect(span('task a').startTime).toEqual([1000, 0])
    expect(span('task a').status.code).toBe(SpanStatusCode.UNSET)
  })

  test('record failures as exceptions, and mark reverts', async () => {
    const { tracer, tree, span } = tracing()
    const engine = load(
      linear('f').add(
        task('a', {
          execute() {},
          revert() {
            throw new Error('stuck')
          },
        }),
        boom,
      ),
    )
    using _telemetry = new TelemetryListener(engine, { tracer })
    await expect(engine.run()).rejects.toThrow('stuck')
    expect(tree()).toEqual([
      'flow f > task a',
      'flow f > task boom',
      'flow f > task boom revert',
      'flow f > task a revert',
      'flow f',
    ])
    const failed = span('task boom')
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'boom' })
    expect(failed.attributes).toMatchObject({
      'taskflow.atom.state': 'FAILURE',
      'error.type': 'RangeError',
    })
    expect(failed.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'boom' },
      },
    ])
    expect(failed.events[0]?.attributes?.['exception.stacktrace']).toMatch(
      /^RangeError: boom\n\s+at .*spans\.test\.ts/,
    )
    expect(span('task a revert').attributes).toMatchObject({
      'taskflow.atom.direction': 'revert',
      'taskflow.atom.state': 'REVERT_FAILURE',
      'error.type': 'Error',
    })
    expect(span('flow f').attributes['taskflow.flow.state']).toBe('FAILURE')
    expect(span('flow f').status.code).toBe(SpanStatusCode.ERROR)
  })

  test('tell causes, and failures that only the engine finds', async () => {
    const { tracer, span } = tracing()
    await using backend = memory()
    const cause = new Error('disk full')
    const flow = unordered('f').add(
      task('caused', { execute: () => Promise.reject(new Error('write failed', { cause })) }),
      task('unfit', { execute: () => () => {} }),
    )
    const engine = load(flow, { backend, engine: 'parallel' })
    using _telemetry = new TelemetryListener(engine, { tracer })
    await expect(engine.run()).rejects.toThrow()
    expect(span('task caused').events[0]?.attributes?.['exception.stacktrace']).toMatch(
      /^Error: write failed\n[\s\S]*\ncaused by: Error: disk full\n/,
    )
    expect(span('task unfit').attributes['error.type']).toBe('NotStorableError')
    expect(span('task unfit').attributes['taskflow.atom.state']).toBe('FAILURE')
  })

  test('stand for each attempt, and the run tells of retrying', async () => {
    const { tracer, tree, spans, span } = tracing()
    let count = 0
    const engine = load(
      linear('f', { retry: times(2, { name: 'r' }) }).add(
        task('a', {
          execute() {
            count += 1
            if (count === 1) throw new Error('once')
          },
        }),
      ),
    )
    using _telemetry = new TelemetryListener(engine, { tracer })
    await engine.run()
    expect(tree()).toEqual([
      'flow f > retry r',
      'flow f > task a',
      'flow f > task a revert',
      'flow f > retry r',
      'flow f > task a',
      'flow f',
    ])
    const attempts = spans().filter(({ name }) => name === 'task a')
    expect(attempts.map(({ attributes }) => attributes['taskflow.atom.attempt'])).toEqual([1, 2])
    expect(attempts.map(({ status }) => status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ])
    expect(span('flow f').events).toMatchObject([
      { name: 'retrying', attributes: { 'taskflow.atom.name': 'r' } },
    ])
    expect(span('flow f').status.code).toBe(SpanStatusCode.UNSET)
  })

  test.each(['serial', 'parallel'] as const)('contain the spans of tasks, %s', async (kind) => {
    const { tracer, tree, span } = tracing()
    const logged: string[] = []
    const log = (text: string): void => {
      logged.push(`${text} ${trace.getActiveSpan()?.spanContext().spanId}`)
    }
    const logger = { debug: log, info: log, warn: log, error: log }
    const flow = unordered('f').add(
      ...['a', 'b'].map((name) =>
        task(name, {
          requires: [],
          async execute(_inputs: object, context) {
            await setImmediate()
            tracer.startSpan(`own of ${name}`).end()
            context.logger.info(name)
          },
        }),
      ),
    )
    const engine = load(flow, { engine: kind, logger })
    using _telemetry = new TelemetryListener(engine, { tracer })
    await engine.run()
    const own = tree().filter((line) => line.includes('own'))
    expect([...own].sort()).toEqual(['task a > own of a', 'task b > own of b'])
    const ids = ['a', 'b'].map((name) => `${name} ${span(`task ${name}`).spanContext().spanId}`)
    expect([...logged].sort()).toEqual(ids)
    expect(trace.getActiveSpan()).toBeUndefined()
  })

  test('stand for tasks in threads too, with what they threw', async () => {
    const { tracer, tree, span } = tracing()
    await using executor = threads({ maxWorkers: 1 })
    const flow = linear('f').add(threadTask('far', { module: WORK, execute: 'fail', requires: [] }))
    const engine = load(flow, { engine: 'parallel', executor })
    using _telemetry = new TelemetryListener(engine, { tracer })
    await expect(engine.run()).rejects.toThrow('too much')
    expect(tree()).toEqual(['flow f > task far', 'flow f > task far revert', 'flow f'])
    expect(span('task far').events[0]?.attributes).toMatchObject({
      'exception.type': 'QuotaError',
      'exception.message': 'too much',
    })
  })

  test('end with a run that could not be written', async () => {
    const { tracer, span, spans } = tracing()
    const backend = memory()
    const engine = load(linear('f').add(task('a', { execute() {} })), { backend })
    using _telemetry = new TelemetryListener(engine, { tracer })
    const save = vi.spyOn(backend, 'save')
    engine.atomNotifier.register('RUNNING', () => save.mockRejectedValue(new RefusedError()))
    await expect(engine.run()).rejects.toThrow('no space')
    expect(spans().length).toBe(2)
    expect(span('task a').attributes['taskflow.atom.state']).toBe('SUCCESS')
    expect(span('flow f').attributes).toMatchObject({ 'error.type': 'RefusedError' })
    expect(span('flow f').status).toEqual({ code: SpanStatusCode.ERROR, message: 'no space' })
  })

  test('are made of runs phase by phase, and of runs that are left', async () => {
    const { tracer, tree, spans } = tracing()
    const engine = load(linear('f').add(task('a', { execute() {} })))
    using _telemetry = new TelemetryListener(engine, { tracer })
    for await (const phase of engine.runIter()) if (phase === 'SCHEDULING') break
    for await (const _phase of engine.runIter());
    expect(tree()).toEqual(['flow f', 'flow f > task a', 'flow f'])
    expect(spans().map(({ attributes }) => attributes['taskflow.flow.state'])).toEqual([
      'SUSPENDED',
      undefined,
      'SUCCESS',
    ])
  })

  test('are none any more once the listener is disposed', async () => {
    const { tracer, spans } = tracing()
    const engine = load(linear('f').add(task('a', { execute() {} })))
    {
      using _telemetry = new TelemetryListener(engine, { tracer })
      expect(engine.interceptors.size).toBe(1)
    }
    expect([engine.interceptors.size, engine.atomNotifier.size]).toEqual([0, 0])
    await engine.run()
    expect(spans()).toEqual([])
  })

  test('a tracer that throws is reported once, and the flow is as without it', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const tracer = {
      startSpan() {
        throw new Error('no tracer')
      },
    } as unknown as Tracer
    const engine = load(linear('f').add(task('a', { provides: 'x', execute: () => 1 }), boom))
    using _telemetry = new TelemetryListener(engine, { tracer })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(warn).toHaveBeenCalledOnce()
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^telemetry of flow 'f' failed and was passed over \(reported once\): Error: no tracer/,
    )
    warn.mockRestore()
  })
})

describe('without an SDK', () => {
  test('nothing is told, and nothing is stored', async () => {
    const engine = load(linear('f').add(task('a', { provides: 'x', execute: () => 1 })))
    using _telemetry = new TelemetryListener(engine)
    await engine.run()
    expect(engine.storage.fetch('x')).toBe(1)
    expect(engine.storage.flowMeta).toEqual({})
  })
})
