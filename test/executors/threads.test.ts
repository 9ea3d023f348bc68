import { threadId } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { threads } from '../../src/executors/threads.ts'
import {
  Failure,
  type FailureRecord,
  linear,
  load,
  memory,
  retry,
  type ThreadTaskOptions,
  task,
  threadTask,
  times,
  unordered,
} from '../../src/index.ts'
import { callOf } from './context.ts'

const MODULE = new URL('./fixtures/work.mjs', import.meta.url)

const executor = threads({ maxWorkers: 2 })
afterAll(() => executor.stop())

function work(name: string, options: Partial<ThreadTaskOptions> = {}) {
  return threadTask(name, { module: MODULE, requires: [], execute: name, ...options })
}

function failingTask(name: string) {
  return task(name, {
    execute() {
      throw new Error(`${name} is broken`)
    },
  })
}

/** What a call rejects with. */
async function rejectionOf(call: unknown): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2'])(
  '%s threads are refused',
  (n) => {
    const Problem = typeof n === 'number' ? RangeError : TypeError
    expect(() => threads({ maxWorkers: n as number })).toThrow(Problem)
    expect(() => threads({ maxWorkers: n as number })).toThrow(String(n))
  },
)

describe('a thread task', () => {
  test('runs in another thread, with its key and its attempt', async () => {
    const call = callOf(work('whereAmI'), 'execute', {}, { idempotencyKey: 'k', attempt: 4 })
    const told = (await executor.call(call)) as { threadId: number }
    expect(told).toMatchObject({ idempotencyKey: 'k', attempt: 4 })
    expect(told.threadId).not.toBe(threadId)
  })

  test('takes its inputs from a flow and provides its result', async () => {
    const add = threadTask('add', { module: MODULE, requires: ['x'], provides: 'y' })
    const twice = threadTask('twice', {
      module: MODULE,
      requires: ['x'],
      rebind: { x: 'y' },
      provides: 'z',
    })
    const engine = load(linear('f').add(add, twice), {
      store: { x: 1 },
      engine: 'parallel',
      executor,
    })
    await engine.run()
    expect(engine.storage.fetchAll()).toEqual({ x: 1, y: 2, z: 3 })
  })

  test('is undone with its result and the failures of the flow, as records', async () => {
    const add = threadTask('add', { module: MODULE, requires: ['x'], revert: 'revert' })
    const engine = load(linear('f').add(add, failingTask('bad')), {
      store: { x: 1 },
      engine: 'parallel',
      executor,
    })
    await expect(engine.run()).rejects.toThrow('bad is broken')
    expect(engine.storage.getRevertResult('add')).toEqual({
      x: 1,
      result: 2,
      failed: ['bad'],
      isRevert: true,
    })
  })

  test('that failed is undone with its failure as a record', async () => {
    const fail = work('fail', { revert: 'revert' })
    const engine = load(linear('f').add(fail), { engine: 'parallel', executor })
    await expect(engine.run()).rejects.toThrow('too much')
    const { result } = engine.storage.getRevertResult('fail') as { result: FailureRecord }
    expect(result).toMatchObject({ exception_str: 'too much', version: 1 })
    expect(result.exc_type_names).toContain('QuotaError')
  })

  test('without a revert is undone by doing nothing', () => {
    expect(executor.call(callOf(work('execute'), 'revert'))).toBeUndefined()
  })

  test('tells its progress', async () => {
    const seen: unknown[] = []
    const progress = (...args: unknown[]): number => seen.push(args)
    expect(await executor.call(callOf(work('report'), 'execute', {}, { progress }))).toBe(
      'reported',
    )
    expect(seen).toEqual([
      [0.25, undefined],
      [0.5, { step: 'half' }],
    ])
  })

  test('is told through its signal that it should stop', async () => {
    const abort = new AbortController()
    const progress = (): void => abort.abort('enough')
    const parts = { signal: abort.signal, progress }
    expect(await executor.call(callOf(work('waitForAbort'), 'execute', {}, parts))).toBe(
      'stopped: enough',
    )
  })

  test('is told so as well when that was so before it began', async () => {
    const parts = { signal: AbortSignal.abort('too late') }
    expect(await executor.call(callOf(work('waitForAbort'), 'execute', {}, parts))).toBe(
      'stopped: too late',
    )
  }, 5_000)
})

describe('the failure of a thread task', () => {
  test('crosses as a record, with its type names, its code and its cause', async () => {
    const failure = (await rejectionOf(executor.call(callOf(work('fail'))))) as Failure
    expect(failure).toBeInstanceOf(Failure)
    expect(failure.hasThrown).toBe(false)
    expect(failure.message).toBe('too much')
    expect(failure.typeNames.slice(0, 3)).toEqual(['QuotaError', 'RangeError', 'Error'])
    expect(failure.code).toBe('QUOTA')
    expect(failure.check(RangeError)).toBe(RangeError)
    expect(failure.causes.map(({ message }) => message)).toEqual(['the cause'])
    expect(failure.traceback).toContain('work.mjs')
  })

  test('is what a retry is asked about', async () => {
    const patient = retry('r', {
      execute: ({ history }) => history.length,
      onFailure: ({ history }) =>
        history.causedBy('QuotaError') && history.length < 2 ? 'RETRY' : 'REVERT_ALL',
    })
    const engine = load(linear('f', { retry: patient }).add(work('fail')), {
      engine: 'parallel',
      executor,
    })
    await expect(engine.run()).rejects.toThrow('too much')
    expect(engine.storage.flowDetail.find('fail')?.attempt).toBe(2)
  })

  test.each([
    { name: 'failOddly', message: 'a string' },
    { name: 'reportTooMuch', message: 'the progress must be at least 0 and at most 1, got 2' },
    { name: 'reportFunctions', message: 'could not be cloned' },
    { name: 'unclonable', message: 'could not be cloned' },
    { name: 'notAFunction', message: "exports no function 'notAFunction'" },
    { name: 'missing', message: "exports no function 'missing'" },
  ])(
    'is that of its task alone: $name',
    async ({ name, message }) => {
      const engine = load(unordered('f').add(work(name), work('stepAside')), {
        engine: 'parallel',
        executor,
        backend: memory(),
      })
      await expect(engine.run()).rejects.toThrow(message)
      expect(engine.storage.getFailures()[name]?.message).toContain(message)
      expect(engine.storage.getAtomState(name)).toBe('REVERTED')
      expect(engine.storage.getFlowState()).toBe('REVERTED')
    },
    10_000,
  )

  test('may be that its module is not there', async () => {
    const module = new URL('./fixtures/nothing.mjs', import.meta.url)
    const failure = await rejectionOf(executor.call(callOf(work('execute', { module }))))
    expect((failure as Failure).message).toContain('nothing.mjs')
  })

  test('may be an input that cannot cross', async () => {
    const add = threadTask('add', { module: MODULE, requires: ['x'], provides: 'y' })
    const engine = load(linear('f', { retry: times(2) }).add(add), {
      store: { x: () => {} },
      engine: 'parallel',
      executor,
    })
    await expect(engine.run()).rejects.toThrow('could not be cloned')
    expect(engine.storage.flowDetail.find('add')?.attempt).toBe(2)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })
})

describe('a thread executor', () => {
  test('calls other tasks and retries in this thread', async () => {
    const seen: unknown[] = []
    const inline = task('inline', { execute: () => seen.push(threadId) })
    const calm = retry('r', {
      execute: () => seen.push(threadId),
      onFailure: () => 'REVERT',
    })
    const flow = linear('f', { retry: calm }).add(inline)
    await load(flow, { engine: 'parallel', executor }).run()
    expect(seen).toEqual([threadId, threadId])
  })

  test('is closed twice without harm, also when it never had a thread', async () => {
    const unused = threads()
    await unused.stop()
    await unused.stop()
    await using used = threads({ maxWorkers: 1 })
    expect(await used.call(callOf(work('execute'), 'execute', { x: 1 }))).toBe(2)
    await used.stop()
    await used.stop()
  })

  test('rejects the call of a task that ends its thread', async () => {
    await using own = threads({ maxWorkers: 1 })
    expect(await rejectionOf(own.call(callOf(work('exit'))))).toBeInstanceOf(Error)
  }, 10_000)

  test('makes the calls that wait behind such a task in a new thread', async () => {
    const own = threads({ maxWorkers: 1 })
    const calls = ['exit', 'whereAmI', 'exit', 'whereAmI'].map((name) =>
      own.call(callOf(work(name))),
    )
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    await own.stop()
  }, 20_000)
})

test('threads are closed as they are stopped', async () => {
  const closed = threads({ maxWorkers: 1 })
  const call = callOf(work('whereAmI'), 'execute', {})
  expect(await closed.call(call)).toBeDefined()
  await closed.close()
  await closed.close()
  expect(closed.capacity).toBe(1)
})
