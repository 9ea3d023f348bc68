import pg from 'pg'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { linear, load, task } from '../../src/index.ts'
import { type PostgresOptions, postgres } from '../../src/persistence/sql/postgres.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'
import { pgbouncer, pgbouncerVersion } from './pgbouncer.ts'
import { postgresDatabase, postgresPool } from './servers.ts'

const version = pgbouncerVersion()
const database = version === undefined ? undefined : await postgresDatabase()
afterAll(() => database?.[Symbol.asyncDispose]())
afterEach(() => {
  vi.restoreAllMocks()
})

const SETTINGS: (readonly [mode: string, settings: string])[] = [
  ['transaction mode', 'pool_mode = transaction'],
  [
    'transaction mode, ignoring what clients ask at their start',
    'pool_mode = transaction\nignore_startup_parameters = options',
  ],
  ['session mode', 'pool_mode = session\ndefault_pool_size = 40'],
]
// Older ones do not know the setting, and end.
if (Number(version?.split('.')[1]) >= 21) {
  SETTINGS.push([
    'transaction mode, with prepared statements',
    'pool_mode = transaction\nmax_prepared_statements = 200',
  ])
}

const flow = () =>
  linear('f').add(...['a', 'b', 'c'].map((name) => task(name, { execute: () => name })))

describe.skipIf(database === undefined).each(SETTINGS)('behind PgBouncer, %s', (_, settings) => {
  test.each([
    ['as it comes', {}],
    ['without prepared statements', { preparedStatements: false }],
  ])('three backends make the tables and run flows, %s', async (_, options: PostgresOptions) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using place = (await postgresDatabase()) as NonNullable<typeof database>
    await using between = await pgbouncer(place.url, settings)
    const backends = [1, 2, 3].map(() => postgres(between.url, options))
    // They begin with different questions, as processes of one program do.
    await Promise.all([backends[0]?.countFlows(), backends[1]?.listBooks(), backends[2]?.open()])
    const runs = backends.flatMap((backend) =>
      Array.from({ length: 10 }, () => load(flow(), { backend }).run()),
    )
    await Promise.all(runs)
    expect(await backends[0]?.countFlows({ states: ['SUCCESS'] })).toBe(30)
    await Promise.all(backends.map((backend) => backend.close()))
    if (options.preparedStatements === false) expect(warn).not.toHaveBeenCalled()
    for (const [, told] of warn.mock.calls) expect(told).toMatchObject({ code: 'TASKFLOW_POOLER' })
    expect(warn.mock.calls.length).toBeLessThanOrEqual(backends.length)
    await nothingIsLeft(place.url, between.url)
  })

  test('a save that meets the lock of another session gives up in time', async () => {
    if (database === undefined) return
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using between = await pgbouncer(database.url, settings)
    await using backend = postgres(between.url, { lockTimeoutMs: 100, retry: { attempts: 1 } })
    const { flow: stored } = await saveNewFlow(backend)
    const other = new pg.Client(database.url)
    await other.connect()
    try {
      await other.query('BEGIN')
      await other.query(`SELECT * FROM flowdetails WHERE uuid = '${stored.uuid}' FOR UPDATE`)
      await expect(
        backend.save(checkpointOf(stored.uuid, { flow: { ...stored, state: 'RUNNING' } })),
      ).rejects.toThrow(/another session holds a lock.*nothing was written/)
    } finally {
      await other.end()
    }
    await backend.save(checkpointOf(stored.uuid, { atoms: [atomRecord(), atomRecord()] }))
  })

  test('a pool that is handed in is used as it is', async () => {
    if (database === undefined) return
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using between = await pgbouncer(database.url, settings)
    const pool = postgresPool(between.url, { max: 2 })
    await using backend = postgres(pool)
    await load(flow(), { backend }).run()
    await backend.close()
    await pool.end()
  })
})

/** What one program leaves on a connection that the pooler lends to the next. */
async function nothingIsLeft(direct: string, through: string): Promise<void> {
  const client = new pg.Client(through)
  await client.connect()
  const { rows } = await client.query(
    "SELECT name, setting FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout', 'enable_seqscan') ORDER BY name",
  )
  await client.end()
  expect(rows).toEqual([
    { name: 'enable_seqscan', setting: 'on' },
    { name: 'lock_timeout', setting: '0' },
    { name: 'statement_timeout', setting: '0' },
  ])
  const other = new pg.Client(direct)
  await other.connect()
  const locks = await other.query(
    "SELECT * FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  )
  await other.end()
  expect(locks.rows).toEqual([])
}
