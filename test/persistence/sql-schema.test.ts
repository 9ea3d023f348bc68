import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SQLITE_DIALECT, type SqlDialect } from '../../src/database/dialect.ts'
import { fenceOnSqlite } from '../../src/persistence/sql/fences.ts'
import { CORE } from '../../src/persistence/sql/schema.ts'
import { Selects } from '../../src/persistence/sql/selects.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { Upserts } from '../../src/persistence/sql/upserts.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  flowRecord,
  saveNewFlow,
} from '../../src/testing/backend/clause.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  file = join(folder, 'flows.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('migrations', () => {
  test('that were released are never edited', () => {
    const hashes = CORE.migrations.flatMap(({ id, breaking, statements }) =>
      Object.entries(statements).map(([dialect, texts]) => {
        const text = JSON.stringify({ id, breaking, texts })
        return `${id} ${dialect} ${createHash('sha256').update(text).digest('hex')}`
      }),
    )
    expect(hashes).toMatchInlineSnapshot(`
      [
        "1 sqlite 976cfd386d2b323b4033127d57401497e0d97bbc93c3f4df897729eb88409569",
        "1 postgres 5fc918e2a87b887c156f12c70581f5c95d71edd8837c4e5b90caf5d643538f14",
        "1 mysql 9449a403a8217355e866bec0369617b6a48aad9ac22db89d19e0b8e98ce8bc91",
        "2 sqlite 38a680fa656ba59432e68424bfd31c2e5d1df728a6bc9080f24d2c784b22f0ce",
        "2 postgres 4affbae724dc228bc5496bfcd52fb200155c579406abfe6bb2121ee3bbff711b",
        "2 mysql 280ea372e406028b68b962ec90b2e1afdac53d4b269887a00fecea28cdcf600b",
        "3 sqlite 3b2c2f3a2c6309e030783ceb57239ba652ae230c96716a7dfdb97ebb5e909d41",
        "3 postgres 3b2c2f3a2c6309e030783ceb57239ba652ae230c96716a7dfdb97ebb5e909d41",
        "3 mysql bcc29c2c387989fcfb289c23cc5252e474af2e590978e0e7910f82a997eab378",
        "4 sqlite 7d7dd3d608a5f4a08a254ff1f81144a7b2b53755e019f25764f9f9397e5b0f2e",
        "4 postgres 7d7dd3d608a5f4a08a254ff1f81144a7b2b53755e019f25764f9f9397e5b0f2e",
        "4 mysql 373f91e0704cf7090b705dad121257b3ff61b92c475d0c7dc9930e4f1e1b0033",
      ]
    `)
  })

  test('are numbered from 1 without gaps', () => {
    expect(CORE.migrations.map(({ id }) => id)).toEqual(CORE.migrations.map((_, i) => i + 1))
  })

  test('are noted once, however often the database is opened', async () => {
    const clock = { now: () => new Date('2026-05-06T07:08:09Z'), elapsedMs: () => 0 }
    for (let i = 0; i < 3; i += 1) {
      await using backend = sqlite(file, { clock })
      await backend.open()
    }
    using db = new DatabaseSync(file)
    expect(db.prepare('SELECT * FROM taskflow_ts_migrations').all()).toEqual(
      CORE.migrations.map(({ id, breaking }) => {
        return { id, breaking: Number(breaking), applied_at: '2026-05-06 07:08:09.000000' }
      }),
    )
  })

  test('that fail leave nothing behind, and run at a later use', async () => {
    using db = new DatabaseSync(file)
    db.exec('CREATE TABLE atomdetails (of_another_program TEXT)')
    await using backend = sqlite(file)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'STORAGE',
      cause: { errcode: 1 },
    })
    expect(db.prepare('SELECT * FROM taskflow_ts_migrations').all()).toEqual([])
    expect(db.prepare("SELECT name FROM sqlite_master WHERE name = 'logbooks'").all()).toEqual([])
    db.exec('DROP TABLE atomdetails')
    await saveNewFlow(backend)
  })
})

describe('a newer schema', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('that we cannot work with is refused', async () => {
    await noteSteps('(12, 0), (13, 1)')
    await using backend = sqlite(file)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'STORAGE',
      message: `the database has schema steps 12, 13; this release of taskflow-ts knows steps up to ${CORE.migrations.length}, and cannot work with it; update taskflow-ts`,
    })
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'STORAGE' })
    expect(existsSync(`${file}-wal`)).toBe(false) // nothing holds the file open
  })

  test('that we can work with is used, with a warning', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await noteSteps('(12, 0)')
    await using backend = sqlite(file)
    await saveNewFlow(backend)
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      `the database has schema steps 12; this release of taskflow-ts knows steps up to ${CORE.migrations.length}, and can work with it; update taskflow-ts soon`,
      { type: 'TaskflowWarning', code: 'TASKFLOW_NEWER_SCHEMA' },
    )
  })

  async function noteSteps(steps: string): Promise<void> {
    await using backend = sqlite(file)
    await backend.open()
    using db = new DatabaseSync(file)
    const rows = steps.replaceAll(')', ", '2030-01-01 00:00:00.000000')")
    db.exec(`INSERT INTO taskflow_ts_migrations VALUES ${rows}`)
  }
})

describe('statements', () => {
  const numbered: SqlDialect = { ...SQLITE_DIALECT, placeholder: (position) => `$${position}` }

  test('number their values from 1 on, each once', () => {
    const book = bookRecord()
    const flow = flowRecord(book.uuid)
    const atoms = [atomRecord(), atomRecord(), atomRecord({ payload: undefined })]
    const selects = new Selects(numbered)
    const page = { after: '', limit: 5 }
    const statements = [
      ...new Upserts(numbered, fenceOnSqlite).statements(
        [checkpointOf(flow.uuid, { book, flow, atoms })],
        new Date(0),
      ),
      selects.book(book.uuid),
      selects.books(page, {}),
      selects.books(page, { states: ['SUCCESS'], updatedBefore: new Date(0) }),
      selects.removal(['a', 'b', 'c'], { states: [], updatedBefore: new Date(0) }),
      selects.flow(flow.uuid),
      selects.flows(page, { bookUuid: 'b', states: ['RUNNING', 'SUCCESS'], name: 'n' }),
      selects.flows(page, {}),
      selects.atoms(flow.uuid),
    ]
    for (const { sql, values } of statements) {
      const places = sql.match(/\$\d+/g) ?? []
      expect(places).toEqual(values.map((_, i) => `$${i + 1}`))
    }
    expect(statements).toHaveLength(12)
  })

  test('are few and stay the same, so that they can be prepared', () => {
    const upserts = new Upserts(SQLITE_DIALECT, fenceOnSqlite)
    const texts = new Set<string>()
    for (let count = 1; count <= 300; count += 1) {
      const atoms = Array.from({ length: count }, (_, i) =>
        atomRecord(i % 100 < 50 ? { payload: undefined } : {}),
      )
      for (const { sql } of upserts.statements([checkpointOf('f', { atoms })], new Date(0))) {
        texts.add(sql)
      }
    }
    expect(texts.size).toBeLessThanOrEqual(14)
  })

  test('hold at most so many rows as the dialect allows', () => {
    const atoms = Array.from({ length: 22 }, () => atomRecord())
    const upserts = new Upserts({ ...SQLITE_DIALECT, maxRows: 8 }, fenceOnSqlite)
    const statements = upserts.statements([checkpointOf('f', { atoms })], new Date(0))
    expect(statements.map(({ mustChange }) => mustChange)).toEqual([8, 8, 4, 2])
  })
})
