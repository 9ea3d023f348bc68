import pg from 'pg'
import { afterAll, describe } from 'vitest'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'
import { postgresDatabase } from './servers.ts'

const database = await postgresDatabase()
const pools: pg.Pool[] = []
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await database?.[Symbol.asyncDispose]()
})
const place = (name: string): Promise<string> => database?.place(name) ?? Promise.reject()

// Each clause has a place of its own, and waits for the server most of the time.
describe.skipIf(database === undefined).concurrent('with a server', () => {
  backendContract({ name: 'postgres, by URL', open: async (name) => postgres(await place(name)) })
  backendContract({
    name: 'postgres, a pool handed in, without pipeline',
    open: async (name) => {
      const pool = new pg.Pool({ connectionString: await place(name), max: 2 })
      pools.push(pool)
      return postgres(pool)
    },
  })
})
