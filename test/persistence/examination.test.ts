import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Backend,
  ForwardingBackend,
  memory,
  openBackend,
  withPayloadCodec,
} from '../../src/index.ts'
import { observed } from '../../src/listeners/telemetry/observed.ts'
import { backendOf } from '../../src/persistence/open.ts'
import { CORE, migrationScript } from '../../src/persistence/sql/schema.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { aes256gcm, ringOf } from './aes-codec.ts'
import { mysqlDatabase, postgresDatabase } from './servers.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-examination-'))
const postgres = await postgresDatabase()
const mysql = await mysqlDatabase()
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await postgres?.[Symbol.asyncDispose]()
  await mysql?.[Symbol.asyncDispose]()
})

const KNOWN = CORE.migrations.map(({ id }) => id)

/** A database, its backend's URL, and a way to run a script in it. */
interface Place {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  readonly url: string
  run(script: string): Promise<unknown>
}

const PLACES: readonly (readonly [string, (name: string) => Promise<Place | undefined>])[] = [
  [
    'SQLite',
    async (name) => {
      const file = join(folder, name)
      return {
        dialect: 'sqlite',
        url: `sqlite:${file}`,
        run: async (script) => new DatabaseSync(file).exec(script),
      }
    },
  ],
  [
    'PostgreSQL',
    async () =>
      postgres && {
        dialect: 'postgres',
        url: await postgres.place('public'),
        run: (script) => postgres.run(script),
      },
  ],
  [
    'MySQL',
    async () =>
      mysql && {
        dialect: 'mysql',
        url: mysql.url,
        // A client runs a script statement by statement.
        run: (script) => mysql.run(...script.split(/;\n/).filter((sql) => sql.trim() !== '')),
      },
  ],
]

describe.each(PLACES)('%s', (_name, placeOf) => {
  test('is examined before and after its tables are made by the printed statements', async ({
    skip,
  }) => {
    const place = await placeOf('examined.db')
    if (place === undefined) return skip('there is no server')
    const { dialect, url } = place
    {
      await using backend = await backendOf(url)
      const before = await backend.examine?.()
      expect(before).toMatchObject({ dialect, applied: [], known: KNOWN, isWriteTried: false })
    }
    await place.run(migrationScript(dialect, new Date()).replaceAll(/^-- .*\n/gm, ''))
    await using backend = await backendOf(url)
    const after = await backend.examine?.()
    expect(after).toMatchObject({ applied: KNOWN, breaking: [], isWriteTried: true })
    expect(after?.writeError).toBeUndefined()
    expect(after?.version).toMatch(/^\d+\./)
    expect(after?.settings.length).toBeGreaterThan(1)
    if (dialect === 'sqlite') expect(after?.skewMs).toBeUndefined()
    else expect(Math.abs(after?.skewMs ?? Number.POSITIVE_INFINITY)).toBeLessThan(60_000)
    // Nothing was left to do, and nothing was left behind.
    expect(await backend.countBooks()).toBe(0)
    await using again = await openBackend(url)
    expect(await again.listFlows()).toEqual([])
    await backend.close()
    await expect(backend.examine?.()).rejects.toThrow('the backend is closed')
  })
})

test('steps that this release cannot live with are told', async () => {
  const file = join(folder, 'newer.db')
  await (await openBackend(`sqlite:${file}`)).close()
  const db = new DatabaseSync(file)
  db.exec(`INSERT INTO taskflow_ts_migrations VALUES (98, 0, 'later'), (99, 1, 'later')`)
  await using backend = await backendOf(`sqlite:${file}`)
  expect(await backend.examine?.()).toMatchObject({ applied: [...KNOWN, 98, 99], breaking: [99] })
})

test('what cannot be written is told', async () => {
  const file = join(folder, 'refused.db')
  await (await openBackend(`sqlite:${file}`)).close()
  const db = new DatabaseSync(file)
  db.exec(`CREATE TRIGGER no BEFORE INSERT ON logbooks BEGIN SELECT RAISE(ABORT, 'no'); END`)
  await using backend = await backendOf(`sqlite:${file}`)
  expect((await backend.examine?.())?.writeError).toBeInstanceOf(Error)
})

test.each([
  ['a payload codec', (backend: Backend) => withPayloadCodec(backend, aes256gcm(ringOf('k1')))],
  ['the one that measures', (backend: Backend) => observed(backend)],
  ['one that passes everything on', (backend: Backend) => new ForwardingBackend(backend)],
])('the database is examined through %s', async (_, wrap) => {
  await using backend = wrap(sqlite(join(folder, 'inside.db')))
  await backend.open()
  expect(await backend.examine?.()).toMatchObject({ dialect: 'sqlite', applied: KNOWN })
  expect(wrap(memory()).examine).toBeUndefined()
})

test('a backend without a database has nothing to examine', async () => {
  expect(await memory().examine?.()).toBeUndefined()
})
