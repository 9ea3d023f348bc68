import type pg from 'pg'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { atomRecord, saveNewFlow } from '../../src/testing/backend/clause.ts'
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

  test('shares one connection with another backend, whatever each asks first', async () => {
    const pool = postgresPool(await place('shared'), { max: 1 })
    pools.push(pool)
    let made = 0
    pool.on('connect', () => {
      made += 1
    })
    await using first = postgres(pool)
    await using second = postgres(pool)
    await first.countFlows()
    await second.listBooks({ limit: 1 })
    for (let round = 0; round < 3; round += 1) {
      await saveNewFlow(second)
      expect(await first.countFlows()).toBe(round + 1)
      expect(await second.listBooks()).toHaveLength(round + 1)
    }
    expect(made).toBe(1)
  })

  test('prepares nothing more once somebody has thrown its statements away', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const pool = postgresPool(await place('forgotten'), { max: 1 })
    pools.push(pool)
    await using backend = postgres(pool)
    expect(await backend.countFlows()).toBe(0)
    await pool.query('DEALLOCATE ALL')
    expect(await backend.countFlows()).toBe(0)
    await saveNewFlow(backend, [atomRecord()])
    expect(await backend.countFlows()).toBe(1)
    const { rows } = await pool.query('SELECT name FROM pg_prepared_statements')
    expect(rows).toEqual([])
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('set preparedStatements to false'),
      { type: 'TaskflowWarning', code: 'TASKFLOW_POOLER' },
    )
    warn.mockRestore()
  })

  test('refuses another word as preparedStatements', () => {
    expect(() => postgres('postgres://h/db', { preparedStatements: 'no' as never })).toThrow(
      "preparedStatements must be true or false, got 'no'",
    )
  })
})
