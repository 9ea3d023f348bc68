import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { momentFrom, momentText } from '../../src/database/moments.ts'
import { CorruptRecordError } from '../../src/errors.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import type { FlowState } from '../../src/states/flow.ts'
import { EMPTY_PAYLOAD, saveNewFlow } from '../../src/testing/backend/clause.ts'
import { makePythonDatabase, PYTHON_TABLES } from './python-database.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  file = join(folder, 'flows.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a database made by Python TaskFlow', () => {
  test('is taken over with its books', async () => {
    makePythonDatabase(file)
    await using backend = sqlite(file)
    expect(await backend.listBooks()).toEqual([
      {
        uuid: 'b-1',
        name: 'bk',
        meta: '{"a": 2}',
        createdAt: new Date('2026-11-21T20:01:34.059Z'),
        updatedAt: new Date('2026-11-21T20:01:34.059Z'),
      },
      {
        uuid: 'b-2',
        name: 'empty',
        meta: '{}',
        createdAt: new Date('2026-11-21T20:01:34.000Z'),
        updatedAt: undefined,
      },
    ])
  })

  test('is taken over with its flows and atoms, absent states read as PENDING', async () => {
    makePythonDatabase(file)
    await using backend = sqlite(file)
    const task = { kind: 'task', intention: 'EXECUTE', meta: '{}', version: undefined } as const
    expect(await backend.loadFlow('f-1')).toEqual({
      flow: expect.objectContaining({
        uuid: 'f-1',
        bookUuid: 'b-1',
        name: 'fl',
        state: 'PENDING',
        meta: '{}',
        epoch: 0,
        owner: undefined,
        leaseUntil: undefined,
      }),
      atoms: [
        {
          ...task,
          uuid: 't-1',
          name: 't1',
          state: 'SUCCESS',
          meta: '{"progress": 1.0}',
          payload: { ...EMPTY_PAYLOAD, results: '{"x": [1, 2, "\\u00e9"]}' },
        },
        {
          ...task,
          uuid: 't-2',
          name: 't2',
          state: 'FAILURE',
          intention: 'REVERT',
          version: '1.0',
          payload: { ...EMPTY_PAYLOAD, failure: '{"exception_str": "boom"}' },
        },
        {
          ...task,
          uuid: 't-3',
          name: 't3',
          state: 'PENDING',
          payload: { ...EMPTY_PAYLOAD, results: 'null', revertResults: 'null' },
        },
        {
          ...task,
          uuid: 'r-1',
          name: 'r',
          kind: 'retry',
          state: 'RETRYING',
          intention: 'RETRY',
          payload: { ...EMPTY_PAYLOAD, results: '[[1, {"t2": {}}]]' },
        },
      ],
    })
  })

  test('is found by the state that its absence means', async () => {
    makePythonDatabase(file)
    await using backend = sqlite(file)
    const uuids = async (states: readonly FlowState[]) =>
      (await backend.listFlows({ states })).map(({ uuid }) => uuid)
    expect(await uuids(['PENDING'])).toEqual(['f-1'])
    expect(await uuids(['RUNNING', 'PENDING'])).toEqual(['f-1'])
    expect(await uuids(['RUNNING'])).toEqual([])
    expect(await backend.countFlows({ states: ['PENDING'] })).toBe(1)
  })

  test('is written to, and emptied with its books', async () => {
    makePythonDatabase(file)
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    const { flow, atoms } = await backend.loadFlow('f-1')
    await backend.save({
      flowUuid: 'f-1',
      book: undefined,
      flow: { ...flow, state: 'SUCCESS' },
      atoms: atoms.map((atom) => ({ ...atom, payload: undefined, state: 'SUCCESS' })),
    })
    expect((await backend.loadFlow('f-1')).atoms.map(({ payload }) => payload)).toEqual(
      atoms.map(({ payload }) => payload),
    )
    await backend.removeBook('b-1')
    expect(db.prepare('SELECT count(*) AS n FROM atomdetails').get()).toEqual({ n: 0 })
    expect(await backend.listFlows()).toEqual([])
  })

  test('has the tables that we make', async () => {
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    await backend.open()
    const made = db
      .prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'taskflow_ts%' ORDER BY name",
      )
      .all()
    const ours = /, taskflow_ts_\w+ \w+(\(\d+\))?( NULL)?/g
    expect(made.map((one) => ({ ...one, sql: String(one['sql']).replace(ours, '') }))).toEqual(
      Object.entries(PYTHON_TABLES).map(([name, sql]) => ({ name, sql })),
    )
  })
})

describe('a row that cannot be read', () => {
  const readFlow = (backend: Backend): Promise<unknown> => backend.loadFlow('f-1')
  const readBook = (backend: Backend): Promise<unknown> => backend.loadBook('b-1')

  test.each([
    { column: 'logbooks b-1 created_at', value: null, says: 'no moment', read: readBook },
    { column: 'logbooks b-1 created_at', value: 'today', says: "'today'", read: readBook },
    { column: 'logbooks b-1 updated_at', value: '2026-13-01', says: 'moment', read: readBook },
    { column: 'logbooks b-1 name', value: null, says: 'nothing in it', read: readBook },
    { column: 'logbooks b-1 meta', value: new Uint8Array(2), says: 'object', read: readBook },
    { column: 'flowdetails f-1 parent_uuid', value: null, says: 'nothing', read: readFlow },
    { column: 'flowdetails f-1 state', value: 'LOST', says: 'SUSPENDED', read: readFlow },
    { column: 'flowdetails f-1 state', value: 'toString', says: 'toString', read: readFlow },
    { column: 'flowdetails f-1 name', value: null, says: 'nothing', read: readFlow },
    { column: 'atomdetails t-1 state', value: '', says: 'RETRYING', read: readFlow },
    { column: 'atomdetails t-1 intention', value: 'STAY', says: 'REVERT', read: readFlow },
    { column: 'atomdetails t-1 atom_type', value: 'FLOW', says: "'FLOW'", read: readFlow },
    { column: 'atomdetails t-1 atom_type', value: null, says: 'nothing', read: readFlow },
    { column: 'atomdetails t-1 results', value: new Uint8Array(1), says: 'object', read: readFlow },
  ])('names $column', async ({ column: record, value, says, read }) => {
    makePythonDatabase(file)
    using db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
    const [table, uuid = '', column] = record.split(' ')
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE uuid = ?`).run(value, uuid)
    await using backend = sqlite(db)
    const error = await read(backend).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CorruptRecordError)
    expect(error).toMatchObject({ code: 'CORRUPT_RECORD', record })
    expect(String(error)).toContain(says)
  })

  test('does not keep others from being read', async () => {
    makePythonDatabase(file)
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    const { flow } = await saveNewFlow(backend)
    db.exec("UPDATE flowdetails SET state = 'LOST' WHERE uuid = 'f-1'")
    await expect(backend.listFlows()).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
    expect((await backend.loadFlow(flow.uuid)).flow).toMatchObject(flow)
    // The uuid of the new flow may come before or after that.
    const others = await backend.listFlows({ after: 'f-1' })
    expect(others.map(({ uuid }) => uuid)).toContain('f-2')
  })
})

describe('moments', () => {
  test('are written with six digits', () => {
    expect(momentText(new Date('2026-01-02T03:04:05.006Z'))).toBe('2026-01-02 03:04:05.006000')
  })

  test.each([
    ['2026-01-02 03:04:05.006789', '2026-01-02T03:04:05.006Z'],
    ['2026-01-02T03:04:05.5', '2026-01-02T03:04:05.500Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2028-02-29 00:00:00', '2028-02-29T00:00:00.000Z'],
  ])('%s is read', (text, iso) => {
    expect(momentFrom(text)).toEqual(new Date(iso))
  })

  test.each([
    '',
    'now',
    '2026-01-02',
    '2026-02-29 00:00:00',
    '2026-13-01 00:00:00',
    '2026-01-02 25:00:00',
    '2026-01-02 03:04:05.0000000',
    '2026-01-02 03:04:05+01:00',
  ])('%j is not one', (text) => {
    expect(momentFrom(text)).toBeUndefined()
  })
})
