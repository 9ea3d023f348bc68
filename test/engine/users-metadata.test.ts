/**
 * Whatever users add to the metadata of a flow, the engine goes by nothing of it, on any backend.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Backend,
  defineFlow,
  type FlowDetail,
  linear,
  loadFlowDetail,
  loadFromDetail,
  loadFromFactory,
  memory,
  resumeAll,
  task,
  withPayloadCodec,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { aes256gcm, ringOf } from '../persistence/aes-codec.ts'
import { mysqlDatabase, postgresDatabase } from '../persistence/servers.ts'
import { errorOf } from './steps.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
const servers = { postgres: await postgresDatabase(), mysql: await mysqlDatabase() }
const pg = servers.postgres
const my = servers.mysql
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await pg?.[Symbol.asyncDispose]()
  await my?.[Symbol.asyncDispose]()
})

const BACKENDS: readonly (readonly [name: string, open: () => Backend])[] = [
  ['memory', () => memory()],
  ['directory', () => directory(join(folder, 'flows'))],
  ['sqlite', () => sqlite(join(folder, 'flows.db'))],
  ['a codec', () => withPayloadCodec(sqlite(join(folder, 'coded.db')), aes256gcm(ringOf('k1')))],
  ...(pg === undefined ? [] : [['postgres', () => postgres(pg.url)] as const]),
  ...(my === undefined ? [] : [['mysql', () => mysql(my.url)] as const]),
]

/** All that the engine itself has ever stored there, with values that would mean something. */
const HOSTILE = {
  factory: { name: 'another', args: ['of the user'], kwargs: {} },
  taskflow_ts_undo: { why: 'revert', message: 'of the user', downTo: [] },
  taskflow_ts_deadline: '2001-01-01T00:00:00.000Z',
  taskflow_ts_deadline_ms: 1,
  taskflow_ts_take_ups: { since: 0, mark: 'm', aside: { takeUps: 99, reason: 'of the user' } },
  taskflow_ts_meta: { factory: 'of the user' },
  taskflow_ts_later: true,
  owner: 'ada',
}

/** A run that stops before its last task, of a definition with an argument. */
function begin(backend: Backend) {
  const calls: string[] = []
  const order = defineFlow('order', (item: string) =>
    linear('order').add(
      task('reserve', {
        execute: () => void calls.push(`reserve ${item}`),
        revert: () => void calls.push(`undo reserve ${item}`),
      }),
      task('pack', {
        execute: () => void calls.push(`pack ${item}`),
        revert: () => void calls.push(`undo pack ${item}`),
      }),
      task('pay', { execute: () => void calls.push(`pay ${item}`) }),
    ),
  )
  const engine = loadFromFactory(order, ['tea'], { backend })
  engine.atomNotifier.register('SUCCESS', (_, told) => {
    if ('taskName' in told && told.taskName === 'pack') void engine.suspend()
  })
  return { calls, order, engine, uuid: engine.storage.flowUuid }
}

type Begun = ReturnType<typeof begin>

/** Every way by which a user reaches the metadata of a flow. */
const WAYS: readonly (readonly [string, (begun: Begun, backend: Backend) => Promise<void>])[] = [
  [
    'by updateFlowMetadata before the run',
    async ({ engine }) => {
      engine.storage.updateFlowMetadata(HOSTILE)
      await engine.run()
    },
  ],
  [
    'by a listener',
    async ({ engine }) => {
      engine.notifier.register('RUNNING', () => engine.storage.updateFlowMetadata(HOSTILE))
      await engine.run()
    },
  ],
  [
    'by updateFlowMetadata and save after the run',
    async ({ engine }) => {
      await engine.run()
      engine.storage.updateFlowMetadata(HOSTILE)
      await engine.storage.save()
    },
  ],
  [
    'in the flow detail itself',
    async ({ engine }) => {
      engine.storage.flowDetail.meta = { ...engine.storage.flowDetail.meta, ...HOSTILE }
      await engine.run()
    },
  ],
]

const CASES = BACKENDS.flatMap(([name, open]) =>
  WAYS.map(([way, write]) => ({ name, open, way, write })),
)

describe.each(CASES)('what a user stores $way, on $name,', ({ open, write }) => {
  test('comes back as it was given, and changes nothing of how the run goes on', async () => {
    await using backend = open()
    const begun = begin(backend)
    const { calls, order, uuid } = begun
    await write(begun, backend)
    const detail = await loadFlowDetail(backend, uuid)
    expect(detail).toMatchObject({ state: 'SUSPENDED' })
    expect(detail.meta).toEqual(HOSTILE)
    expect(detail.engineMeta).toEqual({
      factory: { name: 'order', args: ['tea'], kwargs: {} },
    })
    expect(await resumeAll({ backend, flows: [order] })).toMatchObject([{ uuid, state: 'SUCCESS' }])
    expect(calls).toEqual(['reserve tea', 'pack tea', 'pay tea'])
    expect((await loadFlowDetail(backend, uuid)).meta).toEqual(HOSTILE)
  })

  test('changes nothing of an undo that is cut short', async () => {
    await using backend = open()
    const begun = begin(backend)
    const { calls, order, uuid } = begun
    await write(begun, backend)
    const undoing = loadFromDetail(await loadFlowDetail(backend, uuid), {
      backend,
      flows: [order],
    })
    undoing.atomNotifier.register('REVERTED', () => void undoing.suspend())
    await undoing.revert()
    const cut = await loadFlowDetail(backend, uuid)
    expect(cut).toMatchObject({ state: 'SUSPENDED', engineMeta: { undo: { why: 'revert' } } })
    const last = loadFromDetail(cut, { backend, flows: [order] })
    last.storage.updateFlowMetadata({ taskflow_ts_undo: null })
    await errorOf(last.run())
    expect(calls).toEqual(['reserve tea', 'pack tea', 'undo pack tea', 'undo reserve tea'])
    const stored = await loadFlowDetail(backend, uuid)
    expect(stored).toMatchObject({ state: 'REVERTED' })
    expect(stored.meta).toEqual({ ...HOSTILE, taskflow_ts_undo: null })
  })
})

const NOTHING = { book: undefined, atoms: [] }

test('records of before, with the keys of the engine among those of users, are read', async () => {
  await using backend = memory()
  const { engine, uuid, order } = begin(backend)
  await engine.run()
  const stored = await loadFlowDetail(backend, uuid)
  const text = JSON.stringify({
    factory: { name: 'order', args: ['tea'], kwargs: {} },
    taskflow_ts_undo: { why: 'cancel', message: 'too slow', downTo: ['reserve'] },
    taskflow_ts_deadline: '2031-01-01T00:00:00.000Z',
    taskflow_ts_deadline_ms: 5,
    taskflow_ts_take_ups: { since: 2, mark: 'm' },
    taskflow_ts_later: [1],
    note: 'of the user',
  })
  const { name, state, bookUuid = '' } = stored
  await backend.save({
    ...NOTHING,
    flowUuid: uuid,
    flow: { uuid, bookUuid, name, state, meta: text },
  })
  const read: FlowDetail = await loadFlowDetail(backend, uuid)
  expect(read.meta).toEqual({ note: 'of the user' })
  expect(read.engineMeta).toEqual({
    factory: { name: 'order', args: ['tea'], kwargs: {} },
    undo: { why: 'cancel', message: 'too slow', downTo: ['reserve'], triesBrokenAgain: false },
    deadline: { at: new Date('2031-01-01T00:00:00.000Z'), limitMs: 5 },
    takeUps: { since: 2, mark: 'm' },
    others: { taskflow_ts_later: [1] },
  })
  expect(loadFromDetail(read, { flows: [order] }).storage.flowName).toBe('order')
})

test.each([
  ['factory', 'a text'],
  ['taskflow_ts_undo', { why: 'else' }],
  ['taskflow_ts_undo', { why: 'revert', message: 5, downTo: 'all' }],
  ['taskflow_ts_deadline', 'never'],
  ['taskflow_ts_take_ups', { since: 'first', mark: 1 }],
  ['taskflow_ts_take_ups', { since: 1, mark: 'm', aside: { takeUps: 'many' } }],
  ['taskflow_ts_meta', 5],
])('a stored %s that makes no sense is no reason not to read a record', async (key, value) => {
  await using backend = memory()
  const { engine, uuid } = begin(backend)
  await engine.run()
  const { name, state, bookUuid = '' } = await loadFlowDetail(backend, uuid)
  const meta = JSON.stringify({ [key]: value, note: 1 })
  await backend.save({ ...NOTHING, flowUuid: uuid, flow: { uuid, bookUuid, name, state, meta } })
  const read = await loadFlowDetail(backend, uuid)
  expect(read.meta).toEqual({ note: 1 })
  expect(read.engineMeta.takeUps?.aside).toBeUndefined()
  expect(read.engineMeta.deadline).toBeUndefined()
})
