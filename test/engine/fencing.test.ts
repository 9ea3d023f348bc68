import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Backend,
  defineFlow,
  type Engine,
  ForwardingBackend,
  linear,
  load,
  loadFlowDetail,
  loadFromDetail,
  loadFromFactory,
  memory,
  resumeAll,
  StaleWriteError,
  task,
} from '../../src/index.ts'
import { isGone, newOwner } from '../../src/persistence/owner.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { errorOf, loadLoosely } from './steps.ts'

const STALE = { code: 'STALE_WRITE' }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A flow whose second task waits to be let go, or to be told to stop. */
function gate() {
  const opened = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const calls: string[] = []
  let reason: unknown
  const flow = linear('gated').add(
    task('before', { provides: 'a', execute: () => calls.push('before') }),
    task('gate', {
      async execute(_: object, { signal }: { signal: AbortSignal }) {
        calls.push('gate')
        entered.resolve()
        const stopped = new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason
            resolve()
          })
        })
        await Promise.race([opened.promise, stopped])
      },
      requires: [],
    }),
    task('after', { provides: 'b', execute: () => calls.push('after') }),
  )
  return {
    flow,
    calls,
    entered: entered.promise,
    open: () => opened.resolve(),
    reason: () => reason,
  }
}

async function holderOf(backend: Backend, engine: Engine<object>): Promise<unknown> {
  const { epoch, owner, leaseUntil } = (await backend.loadFlow(engine.storage.flowUuid)).flow
  return { epoch, isOwned: owner !== undefined, isLeased: leaseUntil !== undefined }
}

describe.each([
  ['memory', () => memory()],
  ['sqlite', () => sqlite(join(folder, 'flows.db'))],
])('on %s, a run', (name, open) => {
  test('is held while it goes on, and given back at its end', async () => {
    await using backend = open()
    const { flow, entered, open: letGo } = gate()
    const engine = load(flow, { backend })
    const run = engine.run()
    await entered
    const isLeased = name === 'sqlite'
    expect(await holderOf(backend, engine)).toEqual({ epoch: 1, isOwned: true, isLeased })
    letGo()
    await run
    expect(await holderOf(backend, engine)).toEqual({ epoch: 1, isOwned: false, isLeased: false })
  })

  test('is given back when it is suspended, and claimed anew when it goes on', async () => {
    await using backend = open()
    const engine = load(linear('f').add(task('a', { execute() {} }), task('b', { execute() {} })), {
      backend,
    })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(await holderOf(backend, engine)).toMatchObject({ epoch: 1, isOwned: false })
    await engine.run()
    expect(await holderOf(backend, engine)).toMatchObject({ epoch: 2, isOwned: false })
  })

  test('taken over by another engine is stopped, and overwrites nothing', async () => {
    await using backend = open()
    const { flow, calls, entered, open: letGo, reason } = gate()
    const older = load(flow, { backend })
    const olderRun = errorOf(older.run())
    await entered
    const detail = await loadFlowDetail(backend, older.storage.flowUuid)
    letGo() // of both: the older engine is slower, since its next write is refused
    const newer = load(flow, { backend, flowDetail: detail })
    await newer.run()
    expect(await olderRun).toMatchObject(STALE)
    expect(calls.filter((one) => one === 'after')).toHaveLength(1)
    expect(calls.filter((one) => one === 'before')).toHaveLength(1)
    const stored = await loadFlowDetail(backend, older.storage.flowUuid)
    expect(stored.state).toBe('SUCCESS')
    expect(stored.epoch).toBe(2)
    expect(await errorOf(older.run())).toMatchObject(STALE)
    expect(reason()).toBeUndefined()
  })

  test('is started by exactly one of two engines that load it at once', async () => {
    await using backend = open()
    const { flow, calls, open: letGo } = gate()
    letGo()
    const first = load(flow, { backend })
    first.compile()
    await first.prepare()
    const { flowUuid } = first.storage
    const engines = await Promise.all(
      [1, 2, 3].map(async () => {
        return load(flow, { backend, flowDetail: await loadFlowDetail(backend, flowUuid) })
      }),
    )
    const errors = await Promise.all(engines.map((engine) => errorOf(engine.run())))
    expect(errors.filter((error) => error === undefined)).toHaveLength(1)
    expect(errors.filter((error) => error instanceof StaleWriteError)).toHaveLength(2)
    expect(calls).toEqual(['before', 'gate', 'after'])
  })

  test('that cannot start does not keep its claim', async () => {
    await using backend = open()
    const flow = linear('f').add(task('a', { execute: ({ x }: { x: number }) => x }))
    const engine = loadLoosely(flow, { backend })
    engine.compile()
    await engine.prepare()
    expect(await errorOf(engine.run())).toMatchObject({ code: 'MISSING_DEPENDENCIES' })
    expect(await holderOf(backend, engine)).toMatchObject({ isOwned: false })
  })

  test('that was reset is given back', async () => {
    await using backend = open()
    const engine = load(linear('f').add(task('a', { execute() {} })), { backend })
    await engine.run()
    await engine.reset()
    expect(await holderOf(backend, engine)).toMatchObject({ epoch: 2, isOwned: false })
    await engine.run()
    expect(await holderOf(backend, engine)).toMatchObject({ epoch: 3, isOwned: false })
  })
})

describe('a lease', () => {
  test('is renewed while a task takes long, with one write in a while', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    const { flow, entered, open: letGo } = gate()
    const engine = load(flow, { backend, leaseMs: 120 })
    const run = engine.run()
    await entered
    const { uuid } = engine.storage.flowDetail
    const first = (await backend.loadFlow(uuid)).flow.leaseUntil as Date
    await vi.waitFor(
      async () => {
        const later = (await backend.loadFlow(uuid)).flow.leaseUntil as Date
        expect(later.getTime()).toBeGreaterThan(first.getTime() + 120)
      },
      { timeout: 5_000 },
    )
    letGo()
    await run
    expect((await backend.loadFlow(uuid)).flow.leaseUntil).toBeUndefined()
  })

  test('that was lost stops the atoms under way, without waiting for their end', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    const { flow, calls, entered, reason } = gate()
    const older = load(flow, { backend, leaseMs: 900 })
    const olderRun = errorOf(older.run())
    await entered
    const { uuid } = older.storage.flowDetail
    const fence = { owner: 'x', epoch: 2, action: 'claim', leaseUntil: undefined } as const
    await backend.save({ flowUuid: uuid, book: undefined, flow: undefined, atoms: [], fence })
    expect(await olderRun).toMatchObject(STALE)
    expect(reason()).toMatchObject(STALE)
    expect(calls).toEqual(['before', 'gate'])
    expect((await backend.loadFlow(uuid)).flow).toMatchObject({ owner: 'x', epoch: 2 })
  })

  test('of a length without sense is refused', () => {
    for (const leaseMs of [0, -1, Number.NaN]) {
      expect(() => load(linear('f'), { leaseMs })).toThrow(
        new RangeError(`leaseMs must be above 0, got ${leaseMs}`),
      )
    }
    expect(() => load(linear('f'), { leaseMs: '5' as never })).toThrow(
      new TypeError("leaseMs must be a number, got '5'"),
    )
  })
})

describe('an owner', () => {
  test('has a name of its own, and is there as long as its process', () => {
    const owner = newOwner()
    expect(owner).not.toBe(newOwner())
    expect(owner.split('/')).toHaveLength(5)
    expect(isGone(owner)).toBe(false)
    const [host, namespace, , start] = owner.split('/')
    expect(isGone(`${host}/${namespace}/999999999/1/1`)).toBe(true)
    expect(isGone(`${host}/${namespace}/${process.pid}/${Number(start) + 1}/1`)).toBe(true)
    expect(isGone(`${host}/${namespace}/1/1/1`)).toBe(true) // another process had that number
  })

  test('of another machine, container or program may be there', () => {
    const [host, namespace] = newOwner().split('/')
    expect(isGone(`other/${namespace}/999999999/1/1`)).toBe(false)
    expect(isGone(`${host}/other/999999999/1/1`)).toBe(false)
    expect(isGone('x')).toBe(false)
  })
})

/** Does something after a page of flow details was read, or a flow detail, and before it is given. */
class SlowReader extends ForwardingBackend {
  readonly #slow: 'listFlows' | 'loadFlow'
  readonly #meanwhile: () => Promise<void>
  #isDone = false

  constructor(inner: Backend, slow: 'listFlows' | 'loadFlow', meanwhile: () => Promise<void>) {
    super(inner)
    this.#slow = slow
    this.#meanwhile = meanwhile
  }

  override async listFlows(
    filter?: Parameters<Backend['listFlows']>[0],
  ): ReturnType<Backend['listFlows']> {
    const page = await super.listFlows(filter)
    if (this.#slow === 'listFlows') await this.#once()
    return page
  }

  override async loadFlow(uuid: string): ReturnType<Backend['loadFlow']> {
    const stored = await super.loadFlow(uuid)
    if (this.#slow === 'loadFlow') await this.#once()
    return stored
  }

  async #once(): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    await this.#meanwhile()
  }
}

describe('resumeAll, of a run whose lease is over while its engine lives', () => {
  test.each([
    ['listFlows', 'leaves it alone when that engine finishes before the claim'],
    ['loadFlow', 'goes on with it when that engine is slower than the claim'],
  ] as const)('during %s: %s', async (slow, _what) => {
    const calls: string[] = []
    const opened = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    const definition = defineFlow('slow', () =>
      linear('slow').add(
        task('a', {
          execute: () => calls.push('a'),
          revert: () => {
            calls.push('undo a')
          },
        }),
        task('b', {
          async execute() {
            calls.push('b')
            entered.resolve()
            await opened.promise
            throw new Error('b fails')
          },
        }),
      ),
    )
    await using backend = sqlite(join(folder, 'flows.db'))
    const engine = loadFromFactory(definition, [], { backend, leaseMs: 1 })
    const run = errorOf(engine.run())
    await entered.promise
    const later = { now: () => new Date(Date.now() + 60_000), elapsedMs: () => performance.now() }
    const reader = new SlowReader(backend, slow, async () => {
      opened.resolve()
      await run
    })
    const resumed = await resumeAll({ backend: reader, flows: [definition], clock: later })
    if (slow === 'listFlows') {
      expect(resumed).toMatchObject([{ outcome: 'taken', error: undefined }])
      expect(calls).toEqual(['a', 'b', 'undo a'])
    } else {
      expect(await run).toMatchObject(STALE)
      expect(resumed).toMatchObject([{ outcome: 'finished', state: 'REVERTED' }])
      expect(calls).toEqual(['a', 'b', 'b', 'undo a'])
    }
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored).toMatchObject({ state: 'REVERTED', owner: undefined })
  })
})

describe('resumeAll', () => {
  const fine = (calls: string[] = []) =>
    defineFlow('fine', () =>
      linear('fine').add(
        task('one', { execute: () => void calls.push('one') }),
        task('two', { execute: () => void calls.push('two') }),
      ),
    )

  /** Runs that were suspended behind their first task. */
  async function suspendedRuns(backend: Backend, count: number): Promise<readonly string[]> {
    const uuids: string[] = []
    for (let i = 0; i < count; i += 1) {
      const engine = loadFromFactory(fine(), [], { backend })
      engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
      await engine.run()
      uuids.push(engine.storage.flowUuid)
    }
    return uuids.sort()
  }

  test('finishes what nobody holds, and says what became of it', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    const uuids = await suspendedRuns(backend, 5)
    const calls: string[] = []
    const resumed = await resumeAll({ backend, flows: [fine(calls)] })
    expect(resumed).toEqual(
      uuids.map((uuid) => ({
        uuid,
        name: 'fine',
        outcome: 'finished',
        state: 'SUCCESS',
        error: undefined,
      })),
    )
    expect(calls).toEqual(['two', 'two', 'two', 'two', 'two'])
    expect(await resumeAll({ backend, flows: [fine()] })).toEqual([])
  })

  test('leaves alone what a live engine holds', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    const { flow, entered, open: letGo } = gate()
    const definition = defineFlow('gated', () => flow)
    const run = loadFromFactory(definition, [], { backend, leaseMs: 10_000 }).run()
    await entered
    expect(await resumeAll({ backend, flows: [definition] })).toEqual([])
    letGo()
    await run
  })

  test('takes up what is held by a lease that is over, or by a process that is gone', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    const [lapsed, gone, live, endless] = await suspendedRuns(backend, 4)
    const [host, namespace] = newOwner().split('/')
    const hour = 3_600_000
    const holders = [
      [lapsed, 'other/x/1/1/1', new Date(Date.now() - 1)],
      [gone, `${host}/${namespace}/999999999/1/1`, new Date(Date.now() + hour)],
      [live, 'other/x/1/1/1', new Date(Date.now() + hour)],
      [endless, 'other/x/1/1/1', undefined],
    ] as const
    for (const [flowUuid, owner, leaseUntil] of holders) {
      const fence = { owner, epoch: 2, action: 'claim', leaseUntil } as const
      const nothing = { book: undefined, flow: undefined, atoms: [] }
      await backend.save({ flowUuid: flowUuid as string, ...nothing, fence })
    }
    const resumed = await resumeAll({ backend, flows: [fine()] })
    expect(resumed.map(({ uuid }) => uuid)).toEqual([lapsed, gone].sort())
  })

  test('shares the runs out among several that are called at once', async () => {
    await using backend = sqlite(join(folder, 'flows.db'))
    await suspendedRuns(backend, 12)
    const calls: string[] = []
    const flows = [fine(calls)]
    const all = await Promise.all([1, 2, 3].map(() => resumeAll({ backend, flows })))
    const outcomes = all.flat().map(({ outcome }) => outcome)
    expect(outcomes.filter((one) => one === 'finished')).toHaveLength(12)
    expect(outcomes.filter((one) => one !== 'finished' && one !== 'taken')).toEqual([])
    expect(calls).toHaveLength(12)
  })

  test('tells of what it cannot run, and goes on', async () => {
    await using backend = memory()
    const broken = defineFlow('broken', () =>
      linear('broken').add(
        task('one', { execute() {} }),
        task('bad', {
          execute() {
            throw new Error('no')
          },
        }),
      ),
    )
    const engine = loadFromFactory(broken, [], { backend })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    const unknown = load(linear('by-hand').add(task('x', { execute() {} })), { backend })
    await unknown.suspend().catch(() => {})
    unknown.compile()
    await unknown.prepare()
    await suspendedRuns(backend, 1)
    const { uuid } = unknown.storage.flowDetail
    const release = { owner: 'x', epoch: 1, action: 'release', leaseUntil: undefined } as const
    const nothing = { book: undefined, flow: undefined, atoms: [] }
    await backend.save({ flowUuid: uuid, ...nothing, fence: release })
    const resumed = await resumeAll({ backend, flows: [broken, fine()], concurrency: 1 })
    const byName = Object.fromEntries(resumed.map((one) => [one.name, one]))
    expect(byName['broken']).toMatchObject({
      outcome: 'finished',
      state: 'REVERTED',
      error: { message: 'no' },
    })
    expect(byName['by-hand']).toMatchObject({ outcome: 'unknown', error: { code: 'NOT_FOUND' } })
    expect(byName['fine']).toMatchObject({ outcome: 'finished', state: 'SUCCESS' })
  })

  test('finds by name and state, and lets listeners be registered', async () => {
    await using backend = memory()
    await suspendedRuns(backend, 2)
    expect(await resumeAll({ backend, flows: [fine()], name: 'other' })).toEqual([])
    expect(await resumeAll({ backend, flows: [fine()], states: ['RUNNING'] })).toEqual([])
    const states: string[] = []
    const onEngine = (engine: Engine): void => {
      engine.notifier.register('*', (state) => states.push(state))
    }
    await resumeAll({ backend, flows: [fine()], onEngine })
    expect(states).toEqual(['RUNNING', 'RUNNING', 'SUCCESS', 'SUCCESS'])
  })

  test('suspends what goes on when it is told to stop', async () => {
    await using backend = memory()
    await suspendedRuns(backend, 3)
    const stop = new AbortController()
    const onEngine = (engine: Engine): void => {
      engine.notifier.register('RUNNING', () => stop.abort())
    }
    const options = { backend, flows: [fine()], concurrency: 1, signal: stop.signal, onEngine }
    const resumed = await resumeAll(options)
    expect(resumed.map(({ outcome, state }) => [outcome, state])).toEqual([
      ['finished', 'SUSPENDED'],
    ])
    expect(await backend.countFlows({ states: ['SUSPENDED'] })).toBe(3)
  })

  test('refuses a concurrency without sense', async () => {
    const options = { backend: memory(), flows: [], concurrency: 0 }
    await expect(resumeAll(options)).rejects.toThrow(RangeError)
  })
})

test('a definition is found in the registry by whoever loads from a record', async () => {
  await using backend = memory()
  const flows = [defineFlow('f', () => linear('f').add(task('a', { execute() {} })))]
  const [definition] = flows
  if (definition === undefined) return
  const engine = loadFromFactory(definition, [], { backend })
  await engine.run()
  const detail = await loadFlowDetail(backend, engine.storage.flowUuid)
  expect(loadFromDetail(detail, { backend, flows }).flow.name).toBe('f')
})
