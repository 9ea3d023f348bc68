import { createConnection, createPool, type Pool } from 'mysql2/promise'
import { afterAll, describe, expect, test } from 'vitest'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'
import { mysqlDatabase } from './servers.ts'

const database = await mysqlDatabase()
const pools: Pool[] = []
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await database?.[Symbol.asyncDispose]()
}, 120_000) // hundreds of places are dropped
const place = (name: string): Promise<string> => database?.place(name) ?? Promise.reject()

// Each clause has a place of its own, and waits for the server most of the time.
describe.skipIf(database === undefined).concurrent('with a server', () => {
  backendContract({
    name: 'mysql, by URL',
    open: async (name) => mysql(await place(name)),
    damage: async (name, { kind, uuid }) => {
      const connection = await createConnection(await place(name))
      await connection.query(`UPDATE ${kind}details SET state = 'BROKEN' WHERE uuid = '${uuid}'`)
      await connection.end()
    },
  })
  backendContract({
    name: 'mysql, a pool handed in, without multipleStatements',
    open: async (name) => {
      const pool = createPool({ uri: await place(name), connectionLimit: 2 })
      pools.push(pool)
      return mysql(pool)
    },
  })
})

describe.skipIf(database === undefined)('mysql, a pool handed in', () => {
  test.each([
    ["sql_mode = ''", /STRICT_TRANS_TABLES/],
    ["sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'", /NO_BACKSLASH_ESCAPES/],
    ['autocommit = 0', /set autocommit to 1/],
  ])('is refused when what is saved could be lost: %s', async (setting, says) => {
    const pool = createPool({ uri: database?.url ?? '', connectionLimit: 1 })
    pools.push(pool)
    await pool.query(`SET SESSION ${setting}`)
    await using backend = mysql(pool)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(says),
    })
  })
})
