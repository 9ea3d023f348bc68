/**
 * A thread whose task is given up is ended, and another one takes its place.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { type ThreadExecutor, threads } from '../../src/executors/threads.ts'
import {
  type AtomCall,
  linear,
  load,
  type ThreadTaskOptions,
  task,
  threadTask,
  unordered,
} from '../../src/index.ts'
import { runFlow } from '../../src/testing/index.ts'
import { callOf } from './context.ts'

const MODULE = new URL('./fixtures/work.mjs', import.meta.url)

function work(execute: string, options: Partial<ThreadTaskOptions> = {}) {
  return threadTask(execute, { module: MODULE, requires: [], execute, ...options })
}

/** Starts the call, and waits until its code runs. */
async function running(executor: ThreadExecutor, execute: string): Promise<AtomCall> {
  const began = Promise.withResolvers<void>()
  const call = callOf(work(execute), 'execute', {}, { progress: () => began.resolve() })
  Promise.resolve(executor.call(call)).catch(() => {})
  await began.promise
  return call
}

async function threadOf(executor: ThreadExecutor): Promise<number> {
  const { threadId } = (await executor.call(callOf(work('whereAmI')))) as { threadId: number }
  return threadId
}

function engineOf(executor: ThreadExecutor, flow: Parameters<typeof load>[0]) {
  return load(flow, { engine: 'parallel', executor, graceMs: 0 })
}

describe('a call that is given up', { timeout: 30_000 }, () => {
  test('ends its thread, whatever runs in it, and makes room', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const before = await threadOf(executor)
    executor.giveUp?.(await running(executor, 'loop'))
    expect(await threadOf(executor)).not.toBe(before)
  })

  test('is told so, and harms no other', async () => {
    await using executor = threads({ maxWorkers: 2 })
    const [stuck, other] = [callOf(work('never')), callOf(work('waitForAbort'))]
    const ends = Promise.allSettled([executor.call(stuck), executor.call(other)])
    executor.giveUp?.(stuck)
    executor.giveUp?.(callOf(work('execute'))) // was never made
    const abort = new AbortController()
    const third = executor.call(
      callOf(work('waitForAbort'), 'execute', {}, { signal: abort.signal }),
    )
    abort.abort('enough')
    expect(await third).toBe('stopped: enough')
    executor.giveUp?.(other)
    expect(await ends).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  })

  test('does not begin when it still waits for a thread, or comes later', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const first = await running(executor, 'loop')
    const [waiting, late] = [callOf(work('whereAmI')), callOf(work('whereAmI'))]
    const refused = expect(executor.call(waiting)).rejects.toThrow(
      "'whereAmI' did not stop in time",
    )
    executor.giveUp?.(waiting)
    await refused
    executor.giveUp?.(first)
    executor.giveUp?.(late)
    await expect(executor.call(late)).rejects.toThrow("'whereAmI' did not stop in time")
    await threadOf(executor)
  })

  test('leaves as many threads as there were, for the calls that wait as well', async () => {
    await using executor = threads({ maxWorkers: 2 })
    const stuck = await Promise.all([running(executor, 'loop'), running(executor, 'loop')])
    const waiting = Array.from({ length: 6 }, () => threadOf(executor))
    for (const call of stuck) executor.giveUp?.(call)
    expect(new Set(await Promise.all(waiting)).size).toBeGreaterThan(0)
    const both = await Promise.all([running(executor, 'loop'), running(executor, 'loop')])
    for (const call of both) executor.giveUp?.(call)
  })
})

describe('an engine gives up', { timeout: 30_000 }, () => {
  test.each(['loop', 'never'])('what does not end by its limit: %s', async (name) => {
    await using executor = threads({ maxWorkers: 1 })
    const late = engineOf(executor, linear('f').add(work(name, { timeoutMs: 200 })))
    await expect(late.run()).rejects.toMatchObject({ code: 'TIMEOUT' })
    await engineOf(executor, linear('f').add(work('whereAmI'))).run()
  })

  test('a revert that does not end by its limit', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const undo = work('whereAmI', { revert: 'loop', revertTimeoutMs: 200 })
    const bad = task('bad', {
      execute() {
        throw new Error('bad')
      },
    })
    const engine = engineOf(executor, linear('f').add(undo, bad))
    await expect(engine.run()).rejects.toThrow()
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    await threadOf(executor)
  })

  test('what does not stop when the run is cancelled', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const engine = engineOf(executor, work('loop'))
    const began = Promise.withResolvers<void>()
    engine.progressNotifier.register('update_progress', (_event, { progress }) => {
      if (progress > 0) began.resolve()
    })
    const run = engine.run()
    run.catch(() => {})
    await began.promise
    await engine.cancel()
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
    await threadOf(executor)
  })

  test('what stands in the way of other runs that share its threads', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const slow = engineOf(executor, unordered('slow').add(work('loop', { timeoutMs: 300 })))
    const other = engineOf(executor, unordered('other').add(work('whereAmI')))
    const [late, quick] = await Promise.allSettled([slow.run(), other.run()])
    expect([late.status, quick.status]).toEqual(['rejected', 'fulfilled'])
  })

  test('what a run of a test makes in threads', async () => {
    await using executor = threads({ maxWorkers: 1 })
    const flow = linear('f').add(work('loop', { timeoutMs: 200 }))
    const options = { engine: 'parallel', executor, graceMs: 0 } as const
    expect((await runFlow(flow, options)).state).toBe('REVERTED')
    await threadOf(executor)
  })
})

test('closing ends what never ends, and refuses what waits', { timeout: 30_000 }, async () => {
  const executor = threads({ maxWorkers: 1 })
  const stuck = callOf(work('loop'))
  const calls = Promise.allSettled([executor.call(stuck), executor.call(callOf(work('whereAmI')))])
  await executor.stop()
  expect(await calls).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  await threadOf(executor)
  await executor.stop()
})
