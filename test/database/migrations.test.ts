/**
 * Schemas side by side in one database: each has steps and a table of versions of its own.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { SQLITE_DIALECT, type SqlDialect } from '../../src/database/dialect.ts'
import type { Migration } from '../../src/database/migration.ts'
import { migrate, readSteps, type Schema, scriptOf } from '../../src/database/migrations.ts'
import { MYSQL_DIALECT } from '../../src/database/mysql-dialect.ts'
import { MysqlSession } from '../../src/database/mysql-session.ts'
import { handedIn } from '../../src/database/pool-source.ts'
import { POSTGRES_DIALECT } from '../../src/database/postgres-dialect.ts'
import { givenPlace } from '../../src/database/postgres-pool.ts'
import { PostgresSession } from '../../src/database/postgres-session.ts'
import { RetryingSession } from '../../src/database/retrying.ts'
import type { SqlSession } from '../../src/database/session.ts'
import { SqliteSession } from '../../src/database/sqlite-session.ts'
import { CORE } from '../../src/persistence/sql/schema.ts'
import { mysqlDatabase, postgresDatabase, type TestDatabase } from '../persistence/servers.ts'

const NOW = new Date('2026-01-02T03:04:05Z')

/** One database, and as many sessions on it as a test wants. */
interface Place extends AsyncDisposable {
  readonly dialect: SqlDialect
  session(): Promise<SqlSession>
}

const folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
afterAll(() => rmSync(folder, { recursive: true }))
let fileCount = 0

async function sqlitePlace(): Promise<Place> {
  fileCount += 1
  const file = join(folder, `${fileCount}.db`)
  const settings = { synchronous: 'NORMAL', busyTimeoutMs: 5_000 } as const
  const bounds = { attempts: 1_000, firstDelayMs: 2, maxDelayMs: 20, totalMs: 20_000 }
  return placeOf(
    SQLITE_DIALECT,
    () => new RetryingSession(new SqliteSession(file, settings), bounds),
  )
}

/** On a server: a database of its own, and a pool for each session. */
async function serverPlace(
  database: TestDatabase,
  dialect: SqlDialect,
  make: (url: string) => { readonly session: SqlSession; readonly end: () => Promise<unknown> },
): Promise<Place> {
  const ends: (() => Promise<unknown>)[] = []
  const place = placeOf(dialect, () => {
    const { session, end } = make(database.url)
    ends.push(end)
    return new RetryingSession(session, {})
  })
  return {
    ...place,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]()
      await Promise.all(ends.map((end) => end()))
      await database[Symbol.asyncDispose]()
    },
  }
}

function placeOf(dialect: SqlDialect, make: () => SqlSession): Place {
  const sessions: SqlSession[] = []
  return {
    dialect,
    async session() {
      const session = make()
      sessions.push(session)
      await session.open()
      return session
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map((session) => session.close()))
    },
  }
}

const probes = { postgres: await postgresDatabase(), mysql: await mysqlDatabase() }
await probes.postgres?.[Symbol.asyncDispose]()
await probes.mysql?.[Symbol.asyncDispose]()

const PLACES: readonly (readonly [string, () => Promise<Place>])[] = [
  ['sqlite', sqlitePlace],
  ...(probes.postgres === undefined ? [] : [['postgres', postgresPlace] as const]),
  ...(probes.mysql === undefined ? [] : [['mysql', mysqlPlace] as const]),
]

async function postgresPlace(): Promise<Place> {
  return serverPlace((await postgresDatabase()) as TestDatabase, POSTGRES_DIALECT, (url) => {
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    const settings = { queryTimeoutMs: 10_000, preparedStatements: true }
    return { session: new PostgresSession(givenPlace(pool), settings), end: () => pool.end() }
  })
}

async function mysqlPlace(): Promise<Place> {
  return serverPlace((await mysqlDatabase()) as TestDatabase, MYSQL_DIALECT, (url) => {
    const pool = createPool({ uri: url, connectionLimit: 2, multipleStatements: true })
    return { session: new MysqlSession(handedIn(pool), 10_000), end: () => pool.end() }
  })
}

/** A step that makes a table, which fails when it is made twice. */
function step(id: number, breaking = false): Migration {
  const make = [`CREATE TABLE drawers_${id} (id INTEGER NOT NULL PRIMARY KEY)`]
  return { id, breaking, statements: { sqlite: make, postgres: make, mysql: make } }
}

const DRAWERS: Schema = { namespace: 'drawers', migrations: [step(1), step(2)] }

describe.each(PLACES)('two schemas on %s', (_, open) => {
  test('have steps of their own, each made once', async () => {
    await using place = await open()
    const { dialect } = place
    const session = await place.session()
    expect(await readSteps(session, dialect, DRAWERS)).toEqual([])
    await migrate(session, dialect, NOW, CORE)
    expect(await readSteps(session, dialect, DRAWERS)).toEqual([])
    await migrate(session, dialect, NOW, DRAWERS)
    await migrate(session, dialect, NOW, DRAWERS)
    const ids = async (schema: Schema): Promise<readonly number[]> =>
      (await readSteps(session, dialect, schema)).map(({ id }) => id)
    expect(await ids(DRAWERS)).toEqual([1, 2])
    expect(await ids(CORE)).toEqual(CORE.migrations.map(({ id }) => id))
    const later = { ...DRAWERS, migrations: [...DRAWERS.migrations, step(3)] }
    await migrate(session, dialect, NOW, later)
    expect(await ids(DRAWERS)).toEqual([1, 2, 3])
    expect(await ids(CORE)).toEqual(CORE.migrations.map(({ id }) => id))
  })

  test('are made once by eight that open at the same time', async () => {
    await using place = await open()
    const { dialect } = place
    const sessions = await Promise.all(Array.from({ length: 8 }, () => place.session()))
    const both = async (session: SqlSession): Promise<void> => {
      await migrate(session, dialect, NOW, CORE)
      await migrate(session, dialect, NOW, DRAWERS)
    }
    await Promise.all(sessions.map(both))
    const [session] = sessions
    const made = await readSteps(session as SqlSession, dialect, DRAWERS)
    expect(made).toEqual([
      { id: 1, breaking: false },
      { id: 2, breaking: false },
    ])
  })

  test('refuse a database with a step that is not known and cannot be lived with', async () => {
    await using place = await open()
    const { dialect } = place
    const session = await place.session()
    const newer = { ...DRAWERS, migrations: [step(1), step(2), step(3, true)] }
    await migrate(session, dialect, NOW, newer)
    await expect(migrate(session, dialect, NOW, DRAWERS)).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('knows steps up to 2, and cannot work with it'),
    })
    await migrate(session, dialect, NOW, CORE)
  })
})

test('the script of a schema notes its steps in the table of its namespace', () => {
  const script = scriptOf('postgres', NOW, DRAWERS)
  expect(script).toContain('CREATE TABLE IF NOT EXISTS taskflow_ts_drawers_migrations')
  expect(script).toContain('INSERT INTO taskflow_ts_drawers_migrations (id, breaking, applied_at)')
  expect(script).not.toContain('taskflow_ts_migrations')
})

test.each(['', 'Jobs', 'a-b', "x'; DROP TABLE logbooks; --", 'a'.repeat(21)])(
  'a namespace that is no word of small letters is refused: %j',
  (namespace) => {
    expect(() => scriptOf('sqlite', NOW, { namespace, migrations: [] })).toThrow(
      /namespace of a schema is .*: write up to 20 letters from a to z/,
    )
  },
)
