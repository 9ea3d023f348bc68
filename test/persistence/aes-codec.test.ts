/**
 * The codec of docs/encryption.md: its keys, its places, and every value that can be stored.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CorruptRecordError } from '../../src/errors.ts'
import {
  type AtomPayload,
  type Backend,
  FlowDetail,
  LogBook,
  loadFlowDetail,
  loadLogBook,
  TaskDetail,
  withPayloadCodec,
} from '../../src/index.ts'
import { atomPayload, atomRecord, bookRecord, flowRecord } from '../../src/persistence/records.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import * as sample from '../../src/testing/backend/clause.ts'
import { storable } from '../base/storable-values.ts'
import { errorOf } from '../engine/steps.ts'
import { fc } from '../properties.ts'
import { aes256gcm, FULL, ringOf } from './aes-codec.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('AES-256-GCM', () => {
  const RING = ringOf('k1')

  async function stored(payload: AtomPayload = FULL): Promise<{
    readonly db: DatabaseSync
    readonly backend: Backend
    readonly flows: readonly string[]
    readonly atoms: readonly string[]
  }> {
    const db = new DatabaseSync(join(folder, 'flows.db'))
    const backend = withPayloadCodec(sqlite(db), aes256gcm(RING))
    const atoms = Array.from({ length: 4 }, () => sample.atomRecord({ payload }))
    const one = await sample.saveNewFlow(backend, atoms.slice(0, 2))
    const other = await sample.saveNewFlow(backend, atoms.slice(2))
    return {
      db,
      backend,
      flows: [one.flow.uuid, other.flow.uuid],
      atoms: atoms.map(({ uuid }) => uuid),
    }
  }

  test.each([
    {
      what: 'two columns of one atom',
      sql: 'UPDATE atomdetails SET results = revert_results WHERE uuid = :a0',
      record: 'a0 results',
    },
    {
      what: 'one column of two atoms',
      sql: 'UPDATE atomdetails SET failure = (SELECT failure FROM atomdetails WHERE uuid = :a1) WHERE uuid = :a0',
      record: 'a0 failure',
    },
    {
      what: 'an atom from one flow to the other',
      sql: 'UPDATE atomdetails SET parent_uuid = (SELECT parent_uuid FROM atomdetails WHERE uuid = :a0) WHERE uuid = :a2',
      record: 'a2 meta',
    },
    {
      what: 'a changed character',
      sql: `UPDATE atomdetails SET revert_results = replace(revert_results, 'k1:', 'k1:A') WHERE uuid = :a1`,
      record: 'a1 revert_results',
    },
  ])('refuses $what with the place', async ({ sql, record }) => {
    const { db, backend, flows, atoms } = await stored()
    const used = [...sql.matchAll(/:a(\d)/g)].map(([, digit]) => `a${digit}`)
    db.prepare(sql).run(
      Object.fromEntries(used.map((name) => [name, atoms[Number(name[1])] ?? ''])),
    )
    const error = await errorOf(backend.loadFlow(flows[0] ?? ''))
    expect(error).toBeInstanceOf(CorruptRecordError)
    const [name = '', column] = record.split(' ')
    expect(error).toHaveProperty('record', `atomdetails ${atoms[Number(name[1])]} ${column}`)
    expect((await backend.loadFlow(flows[1] ?? '')).flow.uuid).toBe(flows[1])
    await backend.close()
    db.close()
  })

  test('refuses a wrong key, and a key id that is not known', async () => {
    const { db, flows } = await stored()
    for (const [ring, says] of [
      [ringOf('k1'), 'authenticate'],
      [ringOf('k2'), "there is no key 'k1'"],
    ] as const) {
      await using backend = withPayloadCodec(sqlite(db), aes256gcm(ring))
      const error = await errorOf(loadFlowDetail(backend, flows[0] ?? ''))
      expect(error).toBeInstanceOf(CorruptRecordError)
      expect(error).toHaveProperty('record', `flowdetails ${flows[0]} meta`)
      expect(String(error)).toContain(says)
    }
    db.close()
  })

  test('reads old rows with the old key, and writes with the new one', async () => {
    const { db, flows, atoms } = await stored()
    const keys = new Map([...RING.keys, ...ringOf('k2').keys])
    await using backend = withPayloadCodec(sqlite(db), aes256gcm({ current: 'k2', keys }))
    const [first] = (await backend.loadFlow(flows[0] ?? '')).atoms
    if (first === undefined) throw new Error('there is no atom')
    expect(first.payload).toEqual(FULL)
    await backend.save(sample.checkpointOf(flows[0] ?? '', { atoms: [first] }))
    const keyIds = db
      .prepare(`SELECT uuid, substr(results, 24, 2) AS id FROM atomdetails`)
      .all()
      .map(({ uuid, id }) => [uuid, id])
    expect(Object.fromEntries(keyIds)).toEqual(
      Object.fromEntries(atoms.map((uuid, i) => [uuid, i === 0 ? 'k2' : 'k1'])),
    )
    expect((await backend.loadFlow(flows[0] ?? '')).atoms.map(({ payload }) => payload)).toEqual([
      FULL,
      FULL,
    ])
    db.close()
  })
})

test('every value that can be stored comes back equal from an encrypted database', async () => {
  const backend = withPayloadCodec(sqlite(':memory:'), aes256gcm(ringOf('k1')))
  await fc.assert(
    fc.asyncProperty(storable, storable, async (result, other) => {
      const book = new LogBook('b')
      book.meta = { other }
      const flow = new FlowDetail('f')
      flow.meta = { factory: [result] }
      flow.engineMeta = { factory: { args: [result] } }
      const task = new TaskDetail('t')
      task.succeed(result)
      task.revert(other)
      task.keptInjected = { other }
      await backend.save({
        flowUuid: flow.uuid,
        book: bookRecord(book),
        flow: flowRecord(flow, book.uuid),
        atoms: [atomRecord(task, atomPayload(task))],
      })
      const [read] = await loadLogBook(backend, book.uuid)
      const found = read?.find('t') as TaskDetail
      expect(isDeepStrictEqual(read?.meta, flow.meta)).toBe(true)
      expect(isDeepStrictEqual(read?.engineMeta.factory, flow.engineMeta.factory)).toBe(true)
      expect(isDeepStrictEqual(found.results, result)).toBe(true)
      expect(isDeepStrictEqual(found.revertResults, other)).toBe(true)
      expect(isDeepStrictEqual(found.injected, { other })).toBe(true)
    }),
    { numRuns: 300 },
  )
  await backend.close()
})
