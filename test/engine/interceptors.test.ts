import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { task } from '../../src/atoms/function-task.ts'
import { load } from '../../src/engine/load.ts'
import { StorageError } from '../../src/errors.ts'
import { concurrent } from '../../src/executors/concurrent.ts'
import type { AtomCall } from '../../src/executors/executor.ts'
import { linear } from '../../src/flows/linear.ts'
import { unordered } from '../../src/flows/unordered.ts'
import { memory } from '../../src/persistence/memory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'

const one = (execute: () => unknown = () => 1) =>
  linear('f').add(task('a', { provides: 'x', execute: () => execute() }))

class RefusedError extends StorageError {
  constructor() {
    super('no space')
  }
}

describe('aroundCall', () => {
  test('stands around every call, the first registered outermost', async () => {
    const lines: string[] = []
    const around = (who: string) => ({
      aroundCall({ atom, direction, context }: AtomCall, next: () => unknown) {
        lines.push(`${who} ${atom.kind} ${direction} ${context.attempt}`)
        const result = next()
        lines.push(`${who} end`)
        return result
      },
    })
    const engine = load(
      linear('f', { retry: times(1) }).add(
        task('a', {
          execute() {
            throw new Error('boom')
          },
          revert() {},
        }),
      ),
    )
    using _outer = engine.interceptors.register(around('outer'))
    using _runsOnly = engine.interceptors.register({})
    using _inner = engine.interceptors.register(around('inner'))
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines).toEqual([
      ...['outer retry execute 1', 'inner retry execute 1', 'inner end', 'outer end'],
      ...['outer task execute 1', 'inner task execute 1'],
      ...['outer task revert 1', 'inner task revert 1', 'inner end', 'outer end'],
      ...['outer retry revert 1', 'inner retry revert 1', 'inner end', 'outer end'],
    ])
  })

  test('gives the result, and its error is the failure of the atom', async () => {
    const engine = load(one())
    const doubled = engine.interceptors.register({
      aroundCall: (_call, next) => [next(), 'around'],
    })
    await engine.run()
    expect(engine.storage.fetch('x')).toEqual([1, 'around'])
    doubled[Symbol.dispose]()
    await engine.reset()
    using _broken = engine.interceptors.register({
      aroundCall() {
        throw new Error('not today')
      },
    })
    await expect(engine.run()).rejects.toThrow('not today')
    expect(engine.storage.getAtomState('a')).toBe('REVERT_FAILURE')
  })

  test('is not called any more once it is disposed', async () => {
    const engine = load(one())
    const aroundCall = vi.fn((_call: AtomCall, next: () => unknown) => next())
    {
      using _registered = engine.interceptors.register({ aroundCall })
      using _again = engine.interceptors.register({ aroundCall })
      expect(engine.interceptors.size).toBe(2)
      await engine.run()
    }
    expect(engine.interceptors.size).toBe(0)
    await engine.reset()
    await engine.run()
    expect(aroundCall).toHaveBeenCalledTimes(2)
  })
})

describe('beginRun', () => {
  test('comes before anything is written, and is told the end after the last', async () => {
    await using backend = memory()
    const save = vi.spyOn(backend, 'save')
    const engine = load(one(), { backend })
    const lines: string[] = []
    using _registered = engine.interceptors.register({
      beginRun() {
        lines.push(`begin ${engine.storage.getFlowState()}, ${save.mock.calls.length} writes`)
        engine.storage.updateFlowMetadata({ trace: 'abc' })
        return (error) => lines.push(`end ${engine.storage.getFlowState()} ${error}`)
      },
    })
    await engine.run()
    expect(lines).toEqual(['begin PENDING, 0 writes', 'end SUCCESS undefined'])
    const [first] = save.mock.calls[0] ?? []
    expect(first?.flow).toMatchObject({ state: 'RUNNING', meta: '{"trace":"abc"}' })
  })

  test('is told what the run throws, once, innermost first', async () => {
    const error = new Error('boom')
    const ends: unknown[] = []
    const engine = load(
      one(() => {
        throw error
      }),
    )
    using _outer = engine.interceptors.register({
      beginRun: () => (end) => ends.push('outer', end),
    })
    using _none = engine.interceptors.register({ beginRun: () => undefined })
    using _inner = engine.interceptors.register({
      beginRun: () => (end) => ends.push('inner', end),
    })
    await expect(engine.run()).rejects.toBe(error)
    expect(ends).toEqual(['inner', error, 'outer', error])
  })

  test('is told when a run could not be written', async () => {
    const backend = memory()
    const engine = load(one(), { backend, commit: 'move' })
    await engine.storage.save()
    vi.spyOn(backend, 'save').mockRejectedValue(new RefusedError())
    const ends: unknown[] = []
    using _registered = engine.interceptors.register({ beginRun: () => (end) => ends.push(end) })
    engine.compile()
    await expect(engine.run()).rejects.toThrow('no space')
    expect(ends.length).toBe(1)
    expect(ends[0]).toBeInstanceOf(RefusedError)
  })

  test('is told of a run that was left half way', async () => {
    const engine = load(one())
    const ends: unknown[] = []
    using _registered = engine.interceptors.register({
      beginRun: () => () => ends.push(engine.storage.getFlowState()),
    })
    for await (const _phase of engine.runIter()) break
    expect(ends).toEqual(['SUSPENDED'])
  })

  test('that throws keeps the run from starting, and tells those before it', async () => {
    const execute = vi.fn()
    const ends: unknown[] = []
    const engine = load(one(execute))
    using _before = engine.interceptors.register({ beginRun: () => (end) => ends.push(end) })
    const broken = engine.interceptors.register({
      beginRun() {
        throw new Error('not ready')
      },
    })
    await expect(engine.run()).rejects.toThrow('not ready')
    expect(execute).not.toHaveBeenCalled()
    expect(ends).toMatchObject([{ message: 'not ready' }])
    broken[Symbol.dispose]()
    await engine.run()
    expect(execute).toHaveBeenCalledOnce()
  })

  test('what its end throws is reported and changes nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const engine = load(one())
    using _registered = engine.interceptors.register({
      beginRun: () => () => {
        throw new Error('late')
      },
    })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^an interceptor threw at the end of a run and was passed over: Error: late/,
    )
    warn.mockRestore()
  })
})

describe('the async context of whoever calls run', () => {
  const user = new AsyncLocalStorage<string>()

  /** A flow that notes in which context its tasks, and the lines they log, are. */
  function noting() {
    const seen: string[] = []
    const note = (what: string): void => void seen.push(`${what} ${user.getStore()}`)
    const logger = { debug: note, info: note, warn: note, error: note }
    const flow = unordered('f').add(
      ...['a', 'b', 'c'].map((name) =>
        task(name, {
          requires: [],
          async execute(_inputs: object, context) {
            note(name)
            await setImmediate()
            context.logger.info(`log ${name}`)
          },
        }),
      ),
    )
    return { seen, flow, logger }
  }

  const expected = ['a ada', 'b ada', 'c ada', 'log a ada', 'log b ada', 'log c ada']

  test.each(['serial', 'parallel'] as const)('reaches tasks of a %s engine', async (kind) => {
    const { seen, flow, logger } = noting()
    await using backend = sqlite(':memory:')
    const engine = user.run('loader', () => load(flow, { engine: kind, logger, backend }))
    await user.run('ada', () => engine.run())
    expect(seen.sort()).toEqual(expected)
  })

  test('reaches tasks that wait for room in an executor of several engines', async () => {
    const executor = concurrent({ maxWorkers: 1 })
    const flows = ['ada', 'grace'].map((who) => ({ who, ...noting() }))
    await Promise.all(
      flows.map(({ who, flow, logger }) =>
        user.run(who, () => load(flow, { engine: 'parallel', executor, logger }).run()),
      ),
    )
    for (const { who, seen } of flows) {
      expect(seen.sort()).toEqual(expected.map((line) => line.replace('ada', who)))
    }
  })
})
