import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BackendUnavailableError } from '../../src/errors.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  flowRecord,
  saveNewFlow,
} from '../../src/testing/backend/clause.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  file = join(folder, 'flows.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

backendContract({
  name: 'sqlite, in a file',
  open: async (place) => sqlite(join(folder, `${place}.db`)),
  damage: async (place, { kind, uuid }) => {
    using db = new DatabaseSync(join(folder, `${place}.db`))
    db.exec(`UPDATE ${kind}details SET state = 'BROKEN' WHERE uuid = '${uuid}'`)
  },
})
backendContract({ name: 'sqlite, in memory', open: async () => sqlite(':memory:') })
backendContract({
  name: 'sqlite, a database handed in',
  open: async (place) => sqlite(new DatabaseSync(join(folder, `${place}.db`))),
})

describe('sqlite, options', () => {
  test.each([
    { options: {}, synchronous: 2, timeout: 5_000 },
    { options: { synchronous: 'NORMAL', busyTimeoutMs: 7 }, synchronous: 1, timeout: 7 },
  ] as const)('sets the pragmas for $options', async ({ options, synchronous, timeout }) => {
    using db = new DatabaseSync(file)
    db.exec('PRAGMA foreign_keys = OFF')
    await using backend = sqlite(db, options)
    await backend.open()
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous })
    expect(db.prepare('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 })
    expect(db.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout })
  })

  test('refuses another word for synchronous', () => {
    expect(() => sqlite(file, { synchronous: 'OFF; DROP' as 'FULL' })).toThrow(
      new RangeError("synchronous must be 'FULL' or 'NORMAL', got 'OFF; DROP'"),
    )
  })

  test.each([-1, 1.5, Number.NaN])('refuses %d as busyTimeoutMs', (busyTimeoutMs) => {
    expect(() => sqlite(file, { busyTimeoutMs })).toThrow(RangeError)
  })

  test('refuses a database that is not open', () => {
    expect(() => sqlite(new DatabaseSync(file, { open: false }))).toThrow(TypeError)
  })

  test('stamps rows with its clock', async () => {
    let now = new Date('2026-05-06T07:08:09.010Z')
    const clock = { now: () => now, elapsedMs: () => 0 }
    using db = new DatabaseSync(file)
    await using backend = sqlite(db, { clock })
    const atom = atomRecord()
    const { flow } = await saveNewFlow(backend, [atom])
    const stamps = db.prepare(
      'SELECT f.created_at AS f1, f.updated_at AS f2, a.created_at AS a1, a.updated_at AS a2 FROM flowdetails f JOIN atomdetails a ON a.parent_uuid = f.uuid',
    )
    const first = '2026-05-06 07:08:09.010000'
    expect(stamps.get()).toEqual({ f1: first, f2: null, a1: first, a2: null })
    now = new Date('2026-05-06T07:08:10.000Z')
    await backend.save(checkpointOf(flow.uuid, { flow, atoms: [{ ...atom, payload: undefined }] }))
    const second = '2026-05-06 07:08:10.000000'
    expect(stamps.get()).toEqual({ f1: first, f2: second, a1: first, a2: second })
  })
})

describe('sqlite, supports', () => {
  test.each(['flows.db', pathToFileURL('/tmp/flows.db'), 'file:flows.db'])(
    'a file %s survives and is shared',
    (path) => {
      expect(sqlite(path).supports).toEqual({ durable: true, processes: true })
    },
  )

  test.each([':memory:', '', 'file::memory:', 'file:x?mode=memory&cache=shared'])(
    'memory %j does not',
    (path) => {
      expect(sqlite(path).supports).toEqual({ durable: false, processes: false })
    },
  )

  test('a database handed in is asked where it is', () => {
    using inMemory = new DatabaseSync(':memory:')
    using inFile = new DatabaseSync(file)
    expect(sqlite(inMemory).supports.durable).toBe(false)
    expect(sqlite(inFile).supports.durable).toBe(true)
  })
})

describe('sqlite, opening and closing', () => {
  test('touches no file before its first use, nor when it is closed unused', async () => {
    const backend = sqlite(file)
    expect(existsSync(file)).toBe(false)
    await backend.close()
    expect(existsSync(file)).toBe(false)
  })

  test('takes a URL', async () => {
    await using backend = sqlite(pathToFileURL(file))
    await backend.open()
    expect(existsSync(file)).toBe(true)
  })

  test('leaves nothing but the file behind when it is closed', async () => {
    const backend = sqlite(file)
    await saveNewFlow(backend)
    expect(existsSync(`${file}-wal`)).toBe(true)
    await backend.close()
    expect(existsSync(`${file}-wal`)).toBe(false)
  })

  test('leaves a database handed in open', async () => {
    using db = new DatabaseSync(file)
    const backend = sqlite(db)
    await saveNewFlow(backend)
    await backend.close()
    expect(db.prepare('SELECT count(*) AS n FROM flowdetails').get()).toEqual({ n: 1 })
  })

  test.each([
    { what: 'a missing folder', path: 'no/such/flows.db', says: /folder .*such does not exist/ },
    { what: 'a folder', path: '', says: /it is a folder/ },
    { what: 'a text file', path: 'text.db', says: /not an SQLite database/ },
    { what: 'a URI', path: 'file:no/such/flows.db', says: /look at the path/ },
    { what: 'a file as folder', path: 'text.db/flows.db', says: /look at the path/ },
  ])('says what to do about $what', async ({ path, says }) => {
    writeFileSync(join(folder, 'text.db'), 'no database\n'.repeat(1_000))
    const place = path.startsWith('file:') ? path : join(folder, path)
    await using backend = sqlite(place)
    const error = await backend.open().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BackendUnavailableError)
    expect(error).toMatchObject({
      message: expect.stringMatching(says),
      cause: { code: 'ERR_SQLITE_ERROR' },
    })
    expect(String(error)).toContain(place)
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
  })

  test('says what to do about a missing folder given as URL', async () => {
    await using backend = sqlite(pathToFileURL(join(folder, 'no', 'flows.db')))
    await expect(backend.open()).rejects.toThrow(/no does not exist; make it first/)
  })

  test('opens at a later use when what was missing is there', async () => {
    const late = join(folder, 'late')
    await using backend = sqlite(join(late, 'flows.db'))
    await expect(backend.open()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    mkdirSync(late)
    const { flow } = await saveNewFlow(backend)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  test('cannot be opened while another program holds the lock', async () => {
    using other = new DatabaseSync(file)
    other.exec('BEGIN EXCLUSIVE')
    await using backend = sqlite(file, { busyTimeoutMs: 0 })
    await expect(backend.open()).rejects.toThrow(/another program holds it locked/)
    other.exec('ROLLBACK')
    await backend.open()
  })

  test('cannot be opened in a database that was closed since', async () => {
    const db = new DatabaseSync(file)
    await using backend = sqlite(db)
    db.close()
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('database is not open'),
    })
  })
})

describe('sqlite, transactions', () => {
  test('makes one commit of each save, whatever is in it', async () => {
    await using backend = sqlite(file)
    const atoms = Array.from({ length: 150 }, (_, i) =>
      atomRecord(i % 4 === 0 ? { payload: undefined } : {}),
    )
    const { book, flow } = await saveNewFlow(backend)
    const state = 'RUNNING'
    const checkpoints = [
      { atoms: atoms.slice(0, 1) },
      { atoms: atoms.slice(0, 2) },
      { atoms },
      { flow: { ...flow, state } },
      { flow, atoms },
      { book: bookRecord() },
      { book: { ...book, name: 'changed' }, flow: { ...flow, state }, atoms: atoms.slice(0, 7) },
    ] as const
    for (const parts of checkpoints) {
      const before = commitCount(file)
      await backend.save(checkpointOf(flow.uuid, parts))
      expect(commitCount(file) - before).toBe(1)
    }
    const before = commitCount(file)
    await backend.save(checkpointOf(flow.uuid))
    await backend.loadFlow(flow.uuid)
    await backend.save(checkpointOf('nowhere', { atoms: atoms.slice(0, 2) })).catch(() => {})
    expect(commitCount(file)).toBe(before)
    await backend.removeBook(book.uuid)
    expect(commitCount(file) - before).toBe(1)
  })

  test('rejects a save that another program blocks, and goes on afterwards', async () => {
    await using backend = sqlite(file, { busyTimeoutMs: 10 })
    const { flow } = await saveNewFlow(backend)
    using other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    for (const atoms of [[atomRecord()], [atomRecord(), atomRecord()]]) {
      await expect(backend.save(checkpointOf(flow.uuid, { atoms }))).rejects.toMatchObject({
        code: 'STORAGE',
        message: expect.stringContaining('another program holds it locked'),
        cause: { errcode: 5 },
      })
    }
    expect(await backend.listFlows()).toMatchObject([flow])
    other.exec('ROLLBACK')
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
  })

  test('writes nothing of a save for which there is no room', async () => {
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    const { flow } = await saveNewFlow(backend)
    db.exec('PRAGMA max_page_count = 40')
    const payload = { results: 'x'.repeat(300_000), failure: null, revertResults: null }
    const large = atomRecord({ payload: { ...payload, revertFailure: null } })
    await expect(
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), large] })),
    ).rejects.toMatchObject({ code: 'STORAGE', message: expect.stringContaining('disk is full') })
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([])
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
  })

  test('refuses to write into a transaction of somebody else', async () => {
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    db.exec('BEGIN')
    await expect(backend.open()).rejects.toThrow(/has a transaction open/)
    db.exec('COMMIT')
    const { flow } = await saveNewFlow(backend)
    db.exec('BEGIN')
    const atoms = [atomRecord()]
    await expect(backend.save(checkpointOf(flow.uuid, { atoms }))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('has a transaction open'),
    })
    expect(db.isTransaction).toBe(true)
    db.exec('COMMIT')
    await backend.save(checkpointOf(flow.uuid, { atoms }))
  })

  test('rejects what is no value of a column', async () => {
    await using backend = sqlite(file)
    const book = bookRecord()
    const flow = flowRecord(book.uuid, { meta: {} as string })
    await expect(backend.save(checkpointOf(flow.uuid, { book, flow }))).rejects.toMatchObject({
      code: 'STORAGE',
    })
    expect(await backend.listBooks()).toEqual([])
  })

  test('rejects uses after the database handed in was closed', async () => {
    const db = new DatabaseSync(file)
    const backend = sqlite(db)
    await backend.open()
    db.close()
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'STORAGE' })
    await backend.close()
  })

  test('finds the flows of a book, those in a state, and the atoms of a flow by index', async () => {
    using db = new DatabaseSync(file)
    await using backend = sqlite(db)
    await backend.open()
    const plan = (sql: string): string =>
      JSON.stringify(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
    const flows = 'SELECT * FROM flowdetails WHERE uuid > 1 AND'
    expect(plan(`${flows} parent_uuid = 1 ORDER BY uuid`)).toMatch(/^(?!.*B-TREE).*flows_of_book/)
    expect(plan(`${flows} state IN ('RUNNING') ORDER BY uuid`)).toMatch(
      /^(?!.*B-TREE).*flows_in_state/,
    )
    const atoms = 'SELECT * FROM atomdetails WHERE parent_uuid = 1 ORDER BY rowid'
    expect(plan(atoms)).toMatch(/^(?!.*B-TREE).*atoms_of_flow/)
  })
})

/** How many transactions stand in the write-ahead log: frames that carry the size after a commit. */
function commitCount(database: string): number {
  const log = readFileSync(`${database}-wal`)
  const pageSize = log.readUInt32BE(8)
  const salts = log.subarray(16, 24)
  let count = 0
  for (let frame = 32; frame < log.length; frame += 24 + pageSize) {
    const isCurrent = log.subarray(frame + 8, frame + 16).equals(salts)
    if (isCurrent && log.readUInt32BE(frame + 4) !== 0) count += 1
  }
  return count
}
