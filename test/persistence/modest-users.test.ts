/**
 * Users who may not make tables, and databases that nobody may write: what is there can be used.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { linear, load, loadFlowDetail, task } from '../../src/index.ts'
import { CORE, migrationScript } from '../../src/persistence/sql/schema.ts'
import { SERVER_DRIVERS, type ServerDriver } from './server-drivers.ts'
import type { TestDatabase } from './servers.ts'

/** Makes users with few rights, and databases that are read-only. */
interface Keeper {
  /** A user who may do so much with the tables, and make none; gives the URL, and drops it. */
  user(
    database: TestDatabase,
    rights: 'read' | 'write',
  ): Promise<{ readonly url: string } & AsyncDisposable>
  /** The tables as a person makes them with our script. */
  readonly tables: readonly string[]
}

const NOW = new Date('2026-01-02T03:04:05Z')

function statementsOf(dialect: 'postgres' | 'mysql'): readonly string[] {
  if (dialect === 'postgres') return [migrationScript(dialect, NOW)]
  return migrationScript(dialect, NOW)
    .replaceAll(/^--.*$/gm, '')
    .split(/;\n/)
    .map((sql) => sql.replace(/;\s*$/, ''))
    .filter((sql) => sql.trim() !== '')
}

const KEEPERS: Readonly<Record<ServerDriver['name'], Keeper>> = {
  postgres: {
    tables: statementsOf('postgres'),
    user: async ({ url, run }, rights) => {
      const name = `taskflow_test_${randomBytes(4).toString('hex')}`
      await run(
        `CREATE ROLE ${name} LOGIN`,
        'REVOKE CREATE ON SCHEMA public FROM public',
        `GRANT USAGE ON SCHEMA public TO ${name}`,
        `GRANT SELECT${rights === 'write' ? ', INSERT, UPDATE, DELETE' : ''} ON ALL TABLES IN SCHEMA public TO ${name}`,
        `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${name}`,
      )
      const own = new URL(url)
      own.searchParams.set('options', `-c role=${name}`)
      const drop = async (): Promise<void> => {
        await run(`DROP OWNED BY ${name}`, `DROP ROLE ${name}`)
      }
      return { url: own.href, [Symbol.asyncDispose]: drop }
    },
  },
  mysql: {
    tables: statementsOf('mysql'),
    user: async ({ url, run }, rights) => {
      const name = `tf_${randomBytes(4).toString('hex')}`
      const own = new URL(url)
      const database = own.pathname.slice(1)
      await run(
        `CREATE USER '${name}'@'%' IDENTIFIED BY 'secret'`,
        `GRANT SELECT${rights === 'write' ? ', INSERT, UPDATE, DELETE' : ''} ON ${database}.* TO '${name}'@'%'`,
      )
      own.username = name
      own.password = 'secret'
      const drop = async (): Promise<void> => {
        await run(`DROP USER '${name}'@'%'`)
      }
      return { url: own.href, [Symbol.asyncDispose]: drop }
    },
  },
}

for (const driver of SERVER_DRIVERS) {
  const probe = await driver.database()
  afterAll(() => probe?.[Symbol.asyncDispose]())
  describe.skipIf(probe === undefined)(`${driver.name}, a user who may not make tables`, () => {
    withServer(driver, KEEPERS[driver.name])
  })
}

function withServer({ name, open, database }: ServerDriver, keeper: Keeper): void {
  const flow = () => linear('f').add(task('t', { execute: () => 'done' }))

  async function fresh(): Promise<TestDatabase> {
    const made = await database()
    if (made === undefined) throw new Error('the server is gone')
    return made
  }

  test('uses those that the library made', async () => {
    await using place = await fresh()
    await using owner = open(place.url)
    await owner.open()
    await using user = await keeper.user(place, 'write')
    await using backend = open(user.url)
    await load(flow(), { backend }).run()
    expect(await owner.countFlows({ states: ['SUCCESS'] })).toBe(1)
  })

  test('uses those that a person made with the printed statements', async () => {
    await using place = await fresh()
    await place.run(...keeper.tables)
    await using user = await keeper.user(place, 'write')
    await using backend = open(user.url)
    await load(flow(), { backend }).run()
    expect(await backend.countFlows()).toBe(1)
  })

  test('nor write them, looks at what is there, and is told why nothing is written', async () => {
    await using place = await fresh()
    await using owner = open(place.url)
    const engine = load(flow(), { backend: owner })
    await engine.run()
    await using user = await keeper.user(place, 'read')
    await using backend = open(user.url)
    expect((await backend.listFlows()).map(({ state }) => state)).toEqual(['SUCCESS'])
    expect((await loadFlowDetail(backend, engine.storage.flowUuid)).state).toBe('SUCCESS')
    await expect(load(flow(), { backend }).run()).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('let the user of the URL read and write the tables'),
    })
  })

  test.each([
    ['all are missing', 0],
    ['the last is missing', CORE.migrations.length - 1],
  ])('is told which steps are to be made, and how: %s', async (_, count) => {
    await using place = await fresh()
    if (count > 0) {
      await place.run(...keeper.tables)
      await place.run(`DELETE FROM taskflow_ts_migrations WHERE id > ${count}`)
    }
    await using user = await keeper.user(place, 'write')
    await using backend = open(user.url)
    const steps = CORE.migrations.slice(count).map(({ id }) => id)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(
        new RegExp(`lacks schema steps ${steps.join(', ')} of.*run 'taskflow migrate'`),
      ),
    })
  })

  test.runIf(name === 'postgres')('looks at a database that is read-only', async () => {
    await using place = await fresh()
    await using owner = open(place.url)
    await load(flow(), { backend: owner }).run()
    const url = new URL(place.url)
    url.searchParams.set('options', '-c default_transaction_read_only=on')
    await using backend = open(url)
    expect(await backend.countFlows()).toBe(1)
    await expect(load(flow(), { backend }).run()).rejects.toThrow(/connect to the primary server/)
    await using empty = await fresh()
    url.pathname = new URL(empty.url).pathname
    await using nothing = open(url)
    await expect(nothing.open()).rejects.toThrow(/lacks schema steps.*read-only/)
  })
}
