/**
 * Records that were read before their owner went on: nothing is done from such a copy.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Engine,
  type FlowDetail,
  linear,
  load,
  loadFlowDetail,
  loadLogBook,
  memory,
  task,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { errorOf } from './steps.ts'

const STALE = { code: 'STALE_WRITE' }
const NAMES = ['a', 'b', 'c'] as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const BACKENDS: readonly (readonly [name: string, open: () => Backend])[] = [
  ['memory', () => memory()],
  ['sqlite', () => sqlite(join(folder, 'flows.db'))],
  ['directory', () => directory(join(folder, 'flows'))],
]

type Name = (typeof NAMES)[number]

/** Three tasks after each other; those of the owner wait until they are let go. */
function stage(failing?: Name) {
  const calls: string[] = []
  const gates = new Map(NAMES.map((name) => [name, Promise.withResolvers<void>()]))
  const entered = new Map(NAMES.map((name) => [name, Promise.withResolvers<void>()]))
  const flow = (who: string) =>
    linear('order').add(
      ...NAMES.map((name) =>
        task(name, {
          provides: `${name}_by`,
          async execute() {
            calls.push(`${who}:${name}`)
            if (who !== 'owner') return who
            entered.get(name)?.resolve()
            await gates.get(name)?.promise
            if (name === failing) throw new Error(`${name} fails`)
            return who
          },
          revert: () => void calls.push(`${who}:undo ${name}`),
        }),
      ),
    )
  return {
    flow,
    calls,
    entered: (name: Name) => entered.get(name)?.promise,
    letGo: (name: Name) => gates.get(name)?.resolve(),
  }
}

/** How far the owner comes after its record was read while it was at its first task. */
type Meanwhile = 'has ended' | 'has failed' | 'is at its second task' | 'has suspended'

async function readTooEarly(backend: Backend, meanwhile: Meanwhile) {
  const { flow, calls, entered, letGo } = stage(meanwhile === 'has failed' ? 'b' : undefined)
  const owner = load(flow('owner'), { backend })
  const running = errorOf(owner.run())
  await entered('a')
  const copy = await loadFlowDetail(backend, owner.storage.flowUuid)
  if (meanwhile === 'has suspended') await owner.suspend()
  letGo('a')
  if (meanwhile !== 'has suspended') await entered('b')
  if (meanwhile === 'has ended' || meanwhile === 'has failed') for (const name of NAMES) letGo(name)
  if (meanwhile !== 'is at its second task') await running
  calls.length = 0
  const later = load(flow('later'), { backend, flowDetail: copy })
  return { later, copy, calls, running, owner, letGo }
}

async function statesIn(backend: Backend, { uuid }: FlowDetail): Promise<Record<string, string>> {
  const { flow, atoms } = await backend.loadFlow(uuid)
  return { flow: flow.state, ...Object.fromEntries(atoms.map(({ name, state }) => [name, state])) }
}

const DONE = { a: 'SUCCESS', b: 'SUCCESS', c: 'SUCCESS', flow: 'SUCCESS' }

const USES: readonly (readonly [string, (engine: Engine<object>) => Promise<unknown>])[] = [
  ['run', (engine) => engine.run()],
  [
    'runIter',
    async (engine) => {
      for await (const _phase of engine.runIter());
    },
  ],
  ['revert', (engine) => engine.revert()],
  [
    'prepare',
    (engine) => {
      engine.compile()
      return engine.prepare()
    },
  ],
]

describe.each(BACKENDS)('on %s, a record that was read before its owner ended', (_name, open) => {
  test.each(USES)('is refused by %s, and stays as the owner left it', async (_use, use) => {
    await using backend = open()
    const { later, copy, calls } = await readTooEarly(backend, 'has ended')
    expect(await errorOf(use(later))).toMatchObject(STALE)
    expect(await errorOf(use(later))).toMatchObject(STALE)
    expect(calls).toEqual([])
    expect(await statesIn(backend, copy)).toEqual(DONE)
    const { owner } = (await backend.loadFlow(copy.uuid)).flow
    expect(owner).toBeUndefined()
  })

  test('is not run anew because it was reverted', async () => {
    await using backend = open()
    const { later, copy, calls } = await readTooEarly(backend, 'has failed')
    expect(await errorOf(later.run())).toMatchObject(STALE)
    expect(calls).toEqual([])
    expect(await statesIn(backend, copy)).toMatchObject({ flow: 'REVERTED', a: 'REVERTED' })
  })

  test('keeps its outcome when values are put in and saved', async () => {
    await using backend = open()
    const { later, copy } = await readTooEarly(backend, 'has ended')
    later.storage.inject({ x: 1 })
    expect(await errorOf(later.storage.save())).toMatchObject(STALE)
    expect(await statesIn(backend, copy)).toEqual(DONE)
  })
})

describe.each(BACKENDS)('on %s, a record that was read before its owner went on', (_name, open) => {
  test('is taken over where the owner is, which overwrites nothing', async () => {
    await using backend = open()
    const { later, copy, calls, running, letGo } = await readTooEarly(
      backend,
      'is at its second task',
    )
    await later.run()
    letGo('b')
    expect(await running).toMatchObject(STALE)
    expect(calls).toEqual(['later:b', 'later:c'])
    expect(await statesIn(backend, copy)).toEqual(DONE)
    expect(later.storage.fetchAll()).toEqual({ a_by: 'owner', b_by: 'later', c_by: 'later' })
    expect([...copy].map(({ state }) => state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
  })

  test('is reverted from what the owner has done', async () => {
    await using backend = open()
    const { later, copy, calls, running, letGo } = await readTooEarly(
      backend,
      'is at its second task',
    )
    await later.revert()
    letGo('b')
    expect(await running).toMatchObject(STALE)
    expect(calls).toEqual(['later:undo b', 'later:undo a'])
    expect(await statesIn(backend, copy)).toMatchObject({ flow: 'REVERTED', a: 'REVERTED' })
  })

  test('goes on where the owner suspended it', async () => {
    await using backend = open()
    const { later, copy, calls } = await readTooEarly(backend, 'has suspended')
    await later.run()
    expect(calls).toEqual(['later:b', 'later:c'])
    expect(await statesIn(backend, copy)).toEqual(DONE)
  })

  test('keeps what was put in before the run', async () => {
    await using backend = open()
    const { later, copy, running, letGo } = await readTooEarly(backend, 'is at its second task')
    later.storage.inject({ x: [1], y: 1 })
    later.storage.inject({ y: 2 })
    later.storage.inject({ z: 3 }, { transient: true })
    later.storage.updateFlowMetadata({ by: 'a person' })
    later.storage.updateAtomMetadata('c', { note: 'mine' })
    later.storage.injectAtomArgs('c', { w: 4 }, { transient: false })
    await later.run()
    letGo('b')
    await running
    expect(later.storage.fetchAll()).toMatchObject({ x: [1], y: 2, z: 3, a_by: 'owner' })
    const stored = await loadFlowDetail(backend, copy.uuid)
    expect(stored.meta).toMatchObject({ by: 'a person' })
    expect(stored.find('c')).toMatchObject({ meta: { note: 'mine' }, injected: { w: 4 } })
    expect(stored.find('_TaskFlow_INJECTOR')).toMatchObject({ results: { x: [1], y: 2 } })
  })

  test('keeps metadata that was set in the flow detail itself', async () => {
    await using backend = open()
    const { later, copy, owner } = await readTooEarly(backend, 'has suspended')
    copy.meta = { ...copy.meta, by: 'hand' }
    await later.run()
    const { meta } = await loadFlowDetail(backend, owner.storage.flowUuid)
    expect(meta).toMatchObject({ by: 'hand' })
  })

  test('is read again when values are saved, which are given back with the record', async () => {
    await using backend = open()
    const { later, copy, calls } = await readTooEarly(backend, 'has suspended')
    later.storage.inject({ x: 1 })
    await later.storage.save()
    const { owner } = (await backend.loadFlow(copy.uuid)).flow
    expect(owner).toBeUndefined()
    expect(await statesIn(backend, copy)).toMatchObject({ flow: 'SUSPENDED', a: 'SUCCESS' })
    await later.run()
    expect(calls).toEqual(['later:b', 'later:c'])
    expect(later.storage.fetch('x' as never)).toBe(1)
  })

  test('of a book is as stale as one that was read alone', async () => {
    await using backend = open()
    const { copy, letGo, running, calls, owner } = await readTooEarly(
      backend,
      'is at its second task',
    )
    const book = await loadLogBook(backend, copy.bookUuid ?? '')
    for (const name of NAMES) letGo(name)
    await running
    const flowDetail = book.find(copy.uuid)
    calls.length = 0
    const engine = load(stage().flow('later'), { backend, ...(flowDetail && { flowDetail }) })
    expect(await errorOf(engine.run())).toMatchObject(STALE)
    expect(calls).toEqual([])
    expect(await statesIn(backend, owner.storage.flowDetail)).toEqual(DONE)
  })
})

describe.each(BACKENDS)('on %s, one flow detail object', (_name, open) => {
  test('is run by one engine at a time', async () => {
    await using backend = open()
    const { flow, calls, entered, letGo } = stage()
    const first = load(flow('owner'), { backend })
    const running = first.run()
    await entered('a')
    const { flowDetail } = first.storage
    const second = load(flow('later'), { backend, flowDetail })
    expect(await errorOf(second.run())).toMatchObject(STALE)
    for (const name of NAMES) letGo(name)
    await running
    expect(calls).toEqual(['owner:a', 'owner:b', 'owner:c'])
    await second.run()
    expect(calls).toHaveLength(3)
    expect(await statesIn(backend, flowDetail)).toEqual(DONE)
  })

  test('that another engine has run since is not run on from memory', async () => {
    await using backend = open()
    const { flow, calls, letGo } = stage()
    for (const name of NAMES) letGo(name)
    const first = load(flow('owner'), { backend })
    first.atomNotifier.register('SUCCESS', () => void first.suspend())
    await first.run()
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    await load(flow('later'), { backend, flowDetail }).run()
    calls.length = 0
    expect(await errorOf(first.run())).toMatchObject(STALE)
    expect(await errorOf(first.revert())).toMatchObject(STALE)
    expect(calls).toEqual([])
    expect(await statesIn(backend, flowDetail)).toEqual(DONE)
  })
})

describe.each(BACKENDS)('on %s, what is written when a run is over', (_name, open) => {
  test('moves the epoch, so that a copy from before it is not run', async () => {
    await using backend = open()
    const engine = load(linear('f').add(task('a', { execute() {} })), { backend })
    await engine.run()
    const copy = await loadFlowDetail(backend, engine.storage.flowUuid)
    engine.storage.updateFlowMetadata({ noted: true })
    await engine.storage.save()
    const stored = await loadFlowDetail(backend, copy.uuid)
    expect(stored).toMatchObject({ meta: { noted: true }, owner: undefined })
    expect(stored.epoch).toBeGreaterThan(copy.epoch)
    const later = load(linear('f').add(task('a', { execute() {} })), { backend, flowDetail: copy })
    expect(await errorOf(later.reset().catch(() => later.run()))).toMatchObject(STALE)
    expect((await loadFlowDetail(backend, copy.uuid)).meta).toEqual({ noted: true })
  })
})

test('a run that was given back is not read again when it goes on', async () => {
  await using backend = sqlite(join(folder, 'flows.db'))
  const { flow, calls, letGo } = stage()
  for (const name of NAMES) letGo(name)
  const first = load(flow('owner'), { backend })
  first.atomNotifier.register('SUCCESS', () => void first.suspend())
  await first.run()
  const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
  const loads: string[] = []
  const { loadFlow } = backend
  backend.loadFlow = (uuid) => {
    loads.push(uuid)
    return loadFlow.call(backend, uuid)
  }
  await load(flow('later'), { backend, flowDetail }).run()
  expect(loads).toEqual([])
  expect(calls).toEqual(['owner:a', 'later:b', 'later:c'])
})

test('a flow that does not fit does not stop the engine that is running the record', async () => {
  await using backend = memory()
  const { flow, calls, entered, letGo } = stage()
  const owner = load(flow('owner'), { backend })
  const running = owner.run()
  letGo('a')
  await entered('b')
  const flowDetail = await loadFlowDetail(backend, owner.storage.flowUuid)
  const other = linear('order').add(task('z', { execute() {} }))
  expect(await errorOf(load(other, { backend, flowDetail }).run())).toMatchObject({
    code: 'FLOW_MISMATCH',
  })
  for (const name of NAMES) letGo(name)
  await running
  expect(calls).toEqual(['owner:a', 'owner:b', 'owner:c'])
})
