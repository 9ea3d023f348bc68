import type pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'
import { postgresDatabase, postgresPool } from './servers.ts'

const database = await postgresDatabase()
const pools: pg.Pool[] = []
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await database?.[Symbol.asyncDispose]()
})
const place = (name: string): Promise<string> => database?.place(name) ?? Promise.reject()

// Each clause has a place of its own, and waits for the server most of the time.
describe.skipIf(database === undefined).concurrent('with a server', () => {
  backendContract({
    name: 'postgres, by URL',
    open: async (name) => postgres(await place(name)),
    damage: async (name, { kind, uuid }) => {
      await database?.run(
        `UPDATE "${name}".${kind}details SET state = 'BROKEN' WHERE uuid = '${uuid}'`,
      )
    },
  })
  backendContract({
    name: 'postgres, a pool handed in, without pipeline',
    open: async (name) => {
      const pool = postgresPool(await place(name), { max: 2 })
      pools.push(pool)
      return postgres(pool)
    },
  })

  test('makes the schema and goes on with the same connection, which stays whole', async () => {
    const pool = postgresPool(await place('one-connection'), { max: 1 })
    pools.push(pool)
    let made = 0
    pool.on('connect', () => {
      made += 1
    })
    await using backend = postgres(pool)
    expect(await backend.listFlows()).toEqual([])
    expect(await backend.countBooks()).toBe(0)
    expect(made).toBe(1)
  })
})
