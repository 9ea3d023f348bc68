/**
 * What an engine does, and does not do, when its own lease is over.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  concurrent,
  type Engine,
  ForwardingBackend,
  linear,
  load,
  loadFlowDetail,
  retry,
  type TaskContext,
  task,
  unordered,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'

const LEASE_MS = 30_000

let folder: string
let backend: Backend
let clock: FakeClock
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  backend = sqlite(join(folder, 'flows.db'))
  clock = new FakeClock(new Date())
})
afterEach(async () => {
  await backend.close()
  rmSync(folder, { recursive: true })
})

/** Answers nothing as long as it is silent, and makes up for it when it speaks again. */
class SilentBackend extends ForwardingBackend {
  #silence: PromiseWithResolvers<void> | undefined

  fallSilent(): void {
    this.#silence = Promise.withResolvers()
  }

  speak(): void {
    this.#silence?.resolve()
    this.#silence = undefined
  }

  override async save(checkpoint: Checkpoint): Promise<void> {
    await this.#silence?.promise
    return super.save(checkpoint)
  }
}

/** A task that waits until its signal is aborted, and what its signal said. */
function patient(calls: string[]) {
  const entered = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const made = task('patient', {
    requires: [],
    async execute(_: object, { signal }: TaskContext) {
      calls.push('patient')
      entered.resolve()
      if (calls.length > 1) return
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          ended.resolve(signal.reason)
          reject(signal.reason)
        })
      })
    },
  })
  return { task: made, entered: entered.promise, reason: ended.promise }
}

/** Somebody else claims a run that was claimed once. */
async function takeOver({ storage }: Engine<object>): Promise<void> {
  const fence = { owner: 'x', epoch: 2, action: 'claim', leaseUntil: undefined } as const
  const nothing = { book: undefined, flow: undefined, atoms: [] }
  await backend.save({ flowUuid: storage.flowUuid, ...nothing, fence })
}

/** Lets time pass as far as renewals go, which write to a file. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += LEASE_MS / 12) {
    await clock.advanceAsync(LEASE_MS / 12)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('an engine whose storage does not answer', () => {
  test('tells its atoms to stop when the lease is over, and rejects', async () => {
    const silent = new SilentBackend(backend)
    const calls: string[] = []
    const { task: waiting, entered, reason } = patient(calls)
    const engine = load(
      linear('f').add(waiting, task('next', { execute: () => void calls.push('next') })),
      {
        backend: silent,
        clock,
        leaseMs: LEASE_MS,
      },
    )
    const run = errorOf(engine.run())
    await entered
    silent.fallSilent()
    await pass(LEASE_MS - LEASE_MS / 12)
    expect(calls).toEqual(['patient'])
    let isAborted = false
    void reason.then(() => {
      isAborted = true
    })
    await pass(0)
    expect(isAborted).toBe(false)
    await pass(LEASE_MS / 6)
    const error = {
      code: 'STORAGE',
      message: expect.stringContaining('lease'),
      cause: expect.any(Error),
    }
    expect(await reason).toMatchObject(error)
    expect(await run).toMatchObject(error)
    expect(calls).toEqual(['patient'])
  })

  test('goes on from there when it is run again and nobody has come', async () => {
    const silent = new SilentBackend(backend)
    const calls: string[] = []
    const { task: waiting, entered } = patient(calls)
    const engine = load(
      linear('f').add(waiting, task('next', { execute: () => void calls.push('next') })),
      {
        backend: silent,
        clock,
        leaseMs: LEASE_MS,
      },
    )
    const run = errorOf(engine.run())
    await entered
    silent.fallSilent()
    await pass(LEASE_MS * 2)
    expect(await run).toMatchObject({ code: 'STORAGE' })
    silent.speak()
    await engine.run()
    expect(calls).toEqual(['patient', 'patient', 'next'])
    expect((await loadFlowDetail(backend, engine.storage.flowUuid)).state).toBe('SUCCESS')
  })

  test('leaves the run to whoever has taken it meanwhile', async () => {
    const silent = new SilentBackend(backend)
    const { task: waiting, entered } = patient([])
    const engine = load(linear('f').add(waiting), { backend: silent, clock, leaseMs: LEASE_MS })
    const run = errorOf(engine.run())
    await entered
    silent.fallSilent()
    await pass(LEASE_MS * 2)
    await run
    await takeOver(engine)
    silent.speak()
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STALE_WRITE' })
  })

  test('does not wait for a checkpoint that is never acknowledged', async () => {
    const silent = new SilentBackend(backend)
    const calls: string[] = []
    const flow = linear('f').add(
      task('a', {
        execute: () => {
          calls.push('a')
          silent.fallSilent()
        },
      }),
      task('b', { execute: () => void calls.push('b') }),
    )
    const engine = load(flow, { backend: silent, clock, leaseMs: LEASE_MS })
    const run = errorOf(engine.run())
    while (calls.length === 0) await pass(0).then(() => new Promise(setImmediate))
    await pass(LEASE_MS * 2)
    expect(await run).toMatchObject({ code: 'STORAGE' })
    expect(calls).toEqual(['a'])
    silent.speak()
    await engine.run()
    expect(calls).toEqual(['a', 'b'])
  })

  test('gives up an atom that does not stop, and rejects all the same', async () => {
    const silent = new SilentBackend(backend)
    const entered = Promise.withResolvers<void>()
    const deaf = task('deaf', {
      execute: () => {
        entered.resolve()
        return new Promise<void>(() => {})
      },
    })
    const engine = load(linear('f').add(deaf), {
      backend: silent,
      clock,
      leaseMs: LEASE_MS,
      graceMs: 5_000,
    })
    const run = errorOf(engine.run())
    await entered.promise
    silent.fallSilent()
    await pass(LEASE_MS * 2)
    expect(await run).toMatchObject({ code: 'STORAGE' })
  })
})

describe('an engine whose lease was over before it noticed', () => {
  test('calls no atom whose start was written long ago', async () => {
    const calls: string[] = []
    const engine = load(linear('f').add(task('a', { execute: () => void calls.push('a') })), {
      backend,
      clock,
      leaseMs: LEASE_MS,
    })
    engine.atomNotifier.register('RUNNING', () => clock.set(clock.now().getTime() + 2 * LEASE_MS))
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STORAGE' })
    expect(calls).toEqual([])
    const later = load(linear('f').add(task('a', { execute: () => void calls.push('later a') })), {
      backend,
      flowDetail: await loadFlowDetail(backend, engine.storage.flowUuid),
    })
    await later.run()
    expect(calls).toEqual(['later a'])
  })

  test('claims the run anew when its own atom has kept the process busy', async () => {
    const calls: string[] = []
    const busy = (name: string) =>
      task(name, {
        execute: () => {
          calls.push(name)
          clock.advance(2 * LEASE_MS)
        },
      })
    const engine = load(unordered('f').add(busy('a'), busy('b'), busy('c')), {
      backend,
      clock,
      leaseMs: LEASE_MS,
      engine: 'parallel',
    })
    await engine.run()
    expect(calls).toEqual(['a', 'b', 'c'])
    const { epoch, state } = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(state).toBe('SUCCESS')
    expect(epoch).toBeGreaterThanOrEqual(3)
  })

  test('refuses whoever had found the lease over, and was slower', async () => {
    const listed = Promise.withResolvers<number>()
    const flow = linear('f').add(
      task('a', { execute: () => clock.advance(2 * LEASE_MS) }),
      task('b', { requires: [], execute: () => listed.promise }),
    )
    const engine = load(flow, { backend, clock, leaseMs: LEASE_MS })
    const entered = Promise.withResolvers<void>()
    engine.atomNotifier.register('RUNNING', (_, moved) => {
      if ('taskName' in moved && moved.taskName === 'b') entered.resolve()
    })
    const run = engine.run()
    await entered.promise
    // The record says epoch 1 to whoever has read it while `a` was busy.
    expect(await errorOf(takeOver(engine))).toMatchObject({ code: 'STALE_WRITE' })
    listed.resolve(1)
    await run
  })

  test('begins no second atom when the run was taken while the first kept it busy', async () => {
    const calls: string[] = []
    const engine = load(
      unordered('f').add(
        task('a', {
          execute: () => {
            calls.push('a')
            clock.advance(2 * LEASE_MS)
            taken = takeOver(engine)
          },
        }),
        task('b', { execute: () => void calls.push('b') }),
      ),
      { backend, clock, leaseMs: LEASE_MS, engine: 'parallel' },
    )
    let taken: Promise<void> | undefined
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STALE_WRITE' })
    await taken
    expect(calls).toEqual(['a'])
  })

  test('asks no retry about a failure when the run was taken', async () => {
    const asked: string[] = []
    const again = retry('again', {
      execute: () => 1,
      onFailure: () => {
        asked.push('again')
        return 'RETRY'
      },
    })
    const flow = linear('f', { retry: again }).add(
      task('a', {
        execute: async () => {
          clock.advance(2 * LEASE_MS)
          await takeOver(engine)
          throw new Error('no')
        },
      }),
    )
    const engine: Engine<object> = load(flow, { backend, clock, leaseMs: LEASE_MS })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STALE_WRITE' })
    expect(asked).toEqual([])
  })

  test('makes no call that waited for its turn in a shared executor', async () => {
    const silent = new SilentBackend(backend)
    const executor = concurrent({ maxWorkers: 1 })
    const gate = Promise.withResolvers<void>()
    const calls: string[] = []
    const other = load(linear('other').add(task('long', { execute: () => gate.promise })), {
      engine: 'parallel',
      executor,
    })
    const otherRun = other.run()
    const started = Promise.withResolvers<void>()
    const engine = load(
      linear('f').add(task('queued', { execute: () => void calls.push('queued') })),
      {
        backend: silent,
        clock,
        leaseMs: LEASE_MS,
        graceMs: 1_000,
        engine: 'parallel',
        executor,
      },
    )
    engine.atomNotifier.register('RUNNING', () => started.resolve())
    const run = errorOf(engine.run())
    await started.promise
    await new Promise(setImmediate)
    silent.fallSilent()
    await pass(LEASE_MS * 2)
    gate.resolve()
    await otherRun
    expect(await run).toMatchObject({ code: 'STORAGE' })
    expect(calls).toEqual([])
  })
})

test('a lease that is renewed in time stops nothing, however long an atom takes', async () => {
  const { task: waiting, entered } = patient([])
  const engine = load(linear('f').add(waiting), { backend, clock, leaseMs: LEASE_MS })
  const run = errorOf(engine.run())
  await entered
  await pass(5 * LEASE_MS)
  const { flow } = await backend.loadFlow(engine.storage.flowUuid)
  expect(flow.leaseUntil?.getTime()).toBeGreaterThan(clock.now().getTime())
  expect(flow.epoch).toBe(1)
  await engine.cancel()
  expect(await run).toMatchObject({ code: 'CANCELLED' })
})
