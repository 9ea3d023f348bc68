/**
 * Servers that restart, die, lose connections and answers, or have no room left, while flows run.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import mysqlLibrary from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { ServerProxy } from '../persistence/proxy.ts'
import { underLoad } from './load.ts'
import { privateMysql, privatePostgres } from './private-servers.ts'
import { NO_DISK, smallDisk } from './small-disk.ts'

/** How often each server is hurt: TASKFLOW_FAULTS=20 npx vitest run test/faults */
const FAULTS = Number(process.env['TASKFLOW_FAULTS'] ?? 1)
const options = { timeout: 60_000 + FAULTS * 20_000 }

const postgresServer = await privatePostgres()
const mysqlServer = await privateMysql()

describe.skipIf(postgresServer === undefined)('PostgreSQL', () => {
  const server = postgresServer as NonNullable<typeof postgresServer>
  beforeAll(() => server.start())
  afterAll(() => server[Symbol.asyncDispose]())

  async function ask(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  let count = 0
  /** The URL of an empty database. */
  async function fresh(more = ''): Promise<string> {
    count += 1
    await ask(`CREATE DATABASE fresh${count} ${more}`)
    return server.url.replace(/[^/]*$/, `fresh${count}`)
  }

  test.each(['fast', 'immediate', 'kill'] as const)(
    'may be stopped (%s) and started again while flows run',
    options,
    async (how) => {
      await using backend = postgres(await fresh())
      await backend.open()
      const { faults, flowCount } = await underLoad({ backend }, async () => {
        for (let i = 0; i < FAULTS; i += 1) {
          await setTimeout(300)
          await server.stop(how)
          if (how === 'kill') await setTimeout(500) // until its children have noticed
          await server.start()
          await setTimeout(300)
        }
      })
      expect(faults).toEqual([]) // back before the attempts were used up
      expect(flowCount).toBeGreaterThanOrEqual(20)
    },
  )

  test('may end connections while flows run', options, async () => {
    await using backend = postgres(await fresh())
    await backend.open()
    const { faults } = await underLoad({ backend }, async () => {
      for (let i = 0; i < 8 * FAULTS; i += 1) {
        await setTimeout(50)
        await ask(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'fresh%' AND pid <> pg_backend_pid()",
        )
      }
    })
    expect(faults).toEqual([])
  })

  test('may stay away for longer than the attempts, and is told', options, async () => {
    await using backend = postgres(await fresh(), { retry: { attempts: 3, maxDelayMs: 50 } })
    await backend.open()
    const { faults } = await underLoad({ backend }, async () => {
      await setTimeout(300)
      await server.stop('fast')
      await setTimeout(1_000)
      await server.start()
      await setTimeout(300)
    })
    expect(faults.length).toBeGreaterThan(3)
    for (const { code, message } of faults) {
      expect(['BACKEND_UNAVAILABLE', 'STORAGE']).toContain(code)
      expect(message).toMatch(/tried 3 times; (nothing was written|it is unknown)/)
    }
    expect(faults.at(-1)?.message).toMatch(/start the server|starting up|shutting down/)
  })

  test('may have no room, and is told; with room, flows go on', options, async (context) => {
    const room = join(server.folder, 'small')
    mkdirSync(room)
    const disk = smallDisk(room, 16)
    if (disk === undefined) return context.skip(NO_DISK)
    try {
      disk.giveTo(server.folder)
      await ask(`CREATE TABLESPACE small LOCATION '${room}'`)
      await using backend = postgres(await fresh('TABLESPACE small'))
      await backend.open()
      const { faults } = await underLoad({ backend }, async () => {
        await setTimeout(200)
        disk.fill()
        await setTimeout(2_000)
        disk.empty()
        await setTimeout(300)
      })
      expect(faults.length).toBeGreaterThan(0)
      for (const { message } of faults) expect(message).toMatch(/disk of the server is full; make/)
    } finally {
      await ask(`DROP DATABASE IF EXISTS fresh${count} WITH (FORCE)`)
      await ask('DROP TABLESPACE IF EXISTS small')
      disk.remove()
    }
  })

  test('may lose answers of commits', options, async () => loseAnswers(await fresh(), postgres))
})

describe.skipIf(mysqlServer === undefined)('MariaDB', () => {
  const server = mysqlServer as NonNullable<typeof mysqlServer>
  beforeAll(() => server.start())
  afterAll(() => server[Symbol.asyncDispose]())

  let count = 0
  async function fresh(): Promise<string> {
    count += 1
    const other = await mysqlLibrary.createConnection({ uri: server.url })
    await other.query(`CREATE DATABASE fresh${count}`)
    await other.end()
    return server.url.replace(/[^/]*$/, `fresh${count}`)
  }

  test('may be killed and started again while flows run', options, async () => {
    await using backend = mysql(await fresh())
    await backend.open()
    const { faults } = await underLoad({ backend }, async () => {
      for (let i = 0; i < FAULTS; i += 1) {
        await setTimeout(500)
        await server.stop('kill')
        await server.start()
        await setTimeout(500)
      }
    })
    expect(faults).toEqual([])
  })

  test('may end connections while flows run', options, async () => {
    await using backend = mysql(await fresh())
    await backend.open()
    const other = await mysqlLibrary.createConnection({ uri: server.url })
    const { faults } = await underLoad({ backend }, async () => {
      for (let i = 0; i < 8 * FAULTS; i += 1) {
        await setTimeout(50)
        const [rows] = await other.query(
          "SELECT id FROM information_schema.processlist WHERE db LIKE 'fresh%'",
        )
        // One may have ended by itself.
        for (const { id } of rows as { id: number }[])
          await other.query(`KILL ${id}`).catch(() => {})
      }
    })
    await other.end()
    expect(faults).toEqual([])
  })

  test('may lose answers of commits', options, async () => loseAnswers(await fresh(), mysql))
})

/** Cuts connections after the server has done what it was asked, and before its answer came. */
async function loseAnswers(url: string, open: typeof postgres | typeof mysql): Promise<void> {
  await using proxy = await ServerProxy.open(url)
  await using backend = open(proxy.url)
  await backend.open()
  const { faults } = await underLoad({ backend }, async () => {
    for (let i = 0; i < 10 * FAULTS; i += 1) {
      proxy.losesNextAnswer = true
      while (proxy.losesNextAnswer) await setTimeout(5)
      await setTimeout(20)
    }
  })
  expect(faults).toEqual([])
}
