/**
 * What a MySQL server takes at once may change while a program runs: its new connections know.
 *
 * @module
 */
import { createPool, type PoolConnection } from 'mysql2/promise'
import { afterAll, describe, expect, test } from 'vitest'
import { linear, load, loadFlowDetail, task, unordered } from '../../src/index.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { type MysqlConnection, type MysqlQuery, mysql } from '../../src/persistence/sql/mysql.ts'
import { mysqlDatabase } from './servers.ts'

const KIB = 1_024

const onMysql = await mysqlDatabase()
afterAll(() => onMysql?.[Symbol.asyncDispose]())

/** A pool whose server says what it takes at once, and closes a connection that it is sent more on. */
async function poolOf(connectionLimit: number) {
  const uri = (await onMysql?.place('packets')) ?? ''
  const pool = createPool({ uri, connectionLimit, multipleStatements: true })
  const server = { maxBytes: 256 * KIB, closed: 0 }
  /** What each connection was told when it was made. */
  const told = new Map<object, number>()

  function lend(connection: PoolConnection): MysqlConnection {
    const bare = connection.connection
    const maxBytes = told.get(bare) ?? server.maxBytes
    told.set(bare, maxBytes)
    return {
      connection: bare,
      async query(query: MysqlQuery) {
        const sent = connection.format(query.sql, query.values)
        if (Buffer.byteLength(sent) > maxBytes)
          throw new Error('more was sent than the server takes')
        const answer = await connection.query(query as never)
        if (!query.sql.includes('@@max_allowed_packet')) return answer
        return [[{ ...(answer[0] as readonly object[])[0], packet: maxBytes }]]
      },
      release: () => connection.release(),
      destroy() {
        server.closed += 1
        connection.destroy()
      },
    }
  }

  const backend = mysql({ getConnection: async () => lend(await pool.getConnection()) })
  const end = async (): Promise<void> => {
    await backend.close()
    await pool.end()
  }
  return { backend, server, [Symbol.asyncDispose]: end }
}

/** Runs tasks at once that return so many bytes each, and gives what is stored. */
async function run(backend: Backend, count: number, bytes: number): Promise<unknown> {
  const tasks = Array.from({ length: count }, (_, i) =>
    task(`t${i}`, { execute: async () => 'é'.repeat(bytes / 2) }),
  )
  const flow = unordered('f').add(...tasks)
  const engine = load(flow, { backend, engine: 'parallel', maxWorkers: count })
  await engine.run().catch(() => {})
  return (await loadFlowDetail(backend, engine.storage.flowUuid)).state
}

describe.skipIf(onMysql === undefined)('what the server takes at once', () => {
  test('divides a checkpoint', async () => {
    await using at = await poolOf(2)
    expect(await run(at.backend, 8, 100 * KIB)).toBe('SUCCESS')
    expect(await run(at.backend, 1, 400 * KIB)).toBe('REVERTED')
    expect(at.server.closed).toBe(0)
  })

  test('is known of connections that are made after it was raised', async () => {
    await using at = await poolOf(3)
    expect(await run(at.backend, 2, 100 * KIB)).toBe('SUCCESS')
    at.server.maxBytes = 4_096 * KIB
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(Array.from({ length: 6 }, () => at.backend.countBooks()))
    }
    expect(await run(at.backend, 2, 900 * KIB)).toBe('SUCCESS')
    expect(await run(at.backend, 2, 900 * KIB)).toBe('SUCCESS')
    expect(at.server.closed).toBeGreaterThan(0)
  })

  test('is known of connections that are made after it was lowered', async () => {
    await using at = await poolOf(3)
    at.server.maxBytes = 4_096 * KIB
    expect(await run(at.backend, 1, 900 * KIB)).toBe('SUCCESS')
    at.server.maxBytes = 256 * KIB
    const runs = Array.from({ length: 4 }, () => run(at.backend, 8, 100 * KIB))
    expect(await Promise.all(runs)).toEqual(Array(4).fill('SUCCESS'))
  })

  test('fails the run whose store is too large, before anything runs, and no other', async () => {
    await using at = await poolOf(2)
    const ran: string[] = []
    const runs = ['small', 'large', 'other'].map((name) => {
      const bytes = name === 'large' ? 300 * KIB : 10
      const flow = linear(name).add(task('t', { execute: () => void ran.push(name) }))
      return load(flow, { backend: at.backend, store: { value: 'é'.repeat(bytes / 2) } }).run()
    })
    const settled = await Promise.allSettled(runs)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(ran.sort()).toEqual(['other', 'small'])
    expect(at.server.closed).toBe(0)
  })
})
