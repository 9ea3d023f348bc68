/**
 * Sessions whose settings could lose text, or read a value as SQL: refused, or of no effect.
 *
 * @module
 */
import { createPool } from 'mysql2/promise'
import { afterAll, describe, expect, test } from 'vitest'
import { isFailure, linear, load, loadFlowDetail, task, unordered } from '../../src/index.ts'
import type { TaskDetail } from '../../src/persistence/atom-detail.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { mysqlDatabase, postgresDatabase, postgresPool } from './servers.ts'

const onMysql = await mysqlDatabase()
const onPostgres = await postgresDatabase()
afterAll(async () => {
  await onMysql?.[Symbol.asyncDispose]()
  await onPostgres?.[Symbol.asyncDispose]()
})

/** Texts that end a literal where a session reads them in another way than they were written. */
const HOSTILE: readonly string[] = [
  "'; DELETE FROM logbooks; -- ",
  "\\'; DELETE FROM logbooks; -- ",
  "¿'; DELETE FROM logbooks; -- ",
  "\u00bf\\'; DELETE FROM logbooks; -- ",
  'é € 😀 誠\\',
  'a"b`c?d:e$1\n\u2028\u0007',
]

/** Runs a task that returns the texts, and gives what is stored, or what was thrown before it ran. */
async function stored(
  backend: Backend,
): Promise<{ readonly ran: number; readonly found: unknown }> {
  let ran = 0
  const returning = task('t', {
    execute() {
      ran += 1
      return HOSTILE
    },
  })
  try {
    const engine = load(linear(`it's ${HOSTILE[4]}`).add(returning), { backend })
    await engine.run()
    const read = await loadFlowDetail(backend, engine.storage.flowUuid)
    return {
      ran,
      found: read.find('t')?.kind === 'task' ? engine.storage.getExecuteResult('t') : 0,
    }
  } catch (error) {
    return { ran, found: error }
  } finally {
    await backend.close()
  }
}

describe.skipIf(onMysql === undefined)('mysql', () => {
  const url = async (): Promise<string> => (await onMysql?.place('sessions')) ?? ''

  test.each(['latin1', 'gbk', 'sjis', 'big5', 'cp932', 'utf8'])(
    'refuses a pool with the character set %s before anything runs',
    async (charset) => {
      const pool = createPool({ uri: await url(), charset, multipleStatements: true })
      const { ran, found } = await stored(mysql(pool))
      await pool.end()
      expect(ran).toBe(0)
      expect(found).toMatchObject({
        code: 'BACKEND_UNAVAILABLE',
        message: expect.stringMatching(
          /have the character set '.*make the pool with charset: 'utf8mb4'/,
        ),
      })
    },
  )

  test.each([true, false])('keeps all text on a pool, multipleStatements %s', async (many) => {
    const pool = createPool({ uri: await url(), multipleStatements: many })
    expect(await stored(mysql(pool))).toEqual({ ran: 1, found: HOSTILE })
    await pool.end()
  })

  test('keeps all text whatever character set the URL names', async () => {
    const backend = mysql(`${await url()}?charset=latin1`)
    expect(await stored(backend)).toEqual({ ran: 1, found: HOSTILE })
  })

  // What a program does to a connection of its own pool between two uses of it.
  test.each([
    'SET NAMES gbk',
    'SET NAMES latin1',
    "SET sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'",
    "SET sql_mode = 'STRICT_ALL_TABLES,ANSI_QUOTES,PIPES_AS_CONCAT'",
    "SET collation_connection = 'big5_chinese_ci'",
  ])('reads no value as SQL after %s', async (setting) => {
    const pool = createPool({ uri: await url(), multipleStatements: true, connectionLimit: 1 })
    const backend = mysql(pool)
    await backend.open()
    await pool.query(setting)
    const books = await backend.countBooks()
    const engine = load(linear('f').add(task('t', { execute: () => HOSTILE })), { backend })
    await engine.run()
    await pool.end()
    await backend.close()
    await using again = mysql(await url())
    expect(await again.countBooks()).toBe(books + 1)
    const read = await loadFlowDetail(again, engine.storage.flowUuid)
    expect(read.find('t')).toMatchObject({ results: HOSTILE })
  })
})

describe.skipIf(onPostgres === undefined)('postgres', () => {
  const url = async (): Promise<string> => (await onPostgres?.place('sessions')) ?? ''

  test('refuses a pool whose client encoding loses text, before anything runs', async () => {
    const pool = postgresPool(await url(), { client_encoding: 'LATIN1' })
    pool.on('connect', (client) => void client.query("SET client_encoding TO 'LATIN1'"))
    const { ran, found } = await stored(postgres(pool))
    await pool.end()
    expect(ran).toBe(0)
    expect(found).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('client_encoding LATIN1'),
    })
  })

  test('keeps all text where backslashes escape', async () => {
    const pool = postgresPool(await url())
    pool.on('connect', (client) => void client.query('SET standard_conforming_strings = off'))
    expect(await stored(postgres(pool))).toEqual({ ran: 1, found: HOSTILE })
    await pool.end()
  })

  test('refuses a database whose encoding loses text', async () => {
    const name = `taskflow_latin_${process.pid}`
    await onPostgres?.run(
      `CREATE DATABASE ${name} WITH ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
    )
    const place = new URL(await url())
    place.pathname = `/${name}`
    place.search = ''
    const { ran, found } = await stored(postgres(place.href))
    await onPostgres?.run(`DROP DATABASE ${name} WITH (FORCE)`)
    expect(ran).toBe(0)
    expect(found).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('has the encoding LATIN1'),
    })
  })
})

/** Runs tasks that return so many megabytes each, at once. */
async function large(
  backend: Backend,
  megabytes: number,
  count: number,
  maxPayloadBytes = Number.POSITIVE_INFINITY,
) {
  const undone: string[] = []
  const pages = Array.from({ length: count }, (_, i) =>
    task(`page-${i}`, {
      execute: () => 'é"'.repeat((megabytes * 1_000_000) / 4).concat(String(i)),
      revert: ({ result }) => void undone.push(isFailure(result) ? 'failure' : 'result'),
    }),
  )
  const engine = load(unordered('pages').add(...pages), {
    backend,
    engine: 'parallel',
    maxWorkers: count,
    maxPayloadBytes,
  })
  const error: unknown = await engine.run().catch((one: unknown) => one)
  const read = await loadFlowDetail(backend, engine.storage.flowUuid)
  return { state: read.state, error, undone, read }
}

describe.skipIf(onMysql === undefined)('mysql, where the server takes 16 MiB at once,', () => {
  const open = async (): Promise<Backend> => mysql((await onMysql?.place('large')) ?? '')

  test('stores results that are too large together', async () => {
    await using backend = await open()
    const { state, read } = await large(backend, 0.9, 20)
    expect(state).toBe('SUCCESS')
    for (let i = 0; i < 20; i += 1) {
      const page = read.find(`page-${i}`) as TaskDetail
      expect(String(page.results).slice(-4)).toBe(`"é"${i}`.slice(-4))
    }
  })

  test('stores a result that fills most of a statement by itself, and reverts it', async () => {
    await using backend = await open()
    const { state } = await large(backend, 4, 1)
    expect(state).toBe('SUCCESS')
  })

  test('fails the task whose result is too large alone, and reverts', async () => {
    await using backend = await open()
    const { state, error, undone } = await large(backend, 24, 1)
    expect(error).toMatchObject({ code: 'NOT_STORABLE' })
    expect(state).toBe('REVERTED')
    expect(undone).toEqual(['failure'])
  })

  test('lets a checkpoint that is too large fail alone', async () => {
    await using backend = await open()
    const runs = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => {
        const value = i === 3 ? 'x'.repeat(20_000_000) : 'x'
        const flow = linear(`f${i}`).add(task('t', { execute: () => i }))
        return load(flow, { backend, store: { value }, maxPayloadBytes: 1e9 }).run()
      }),
    )
    expect(runs.map(({ status }) => status === 'rejected').indexOf(true)).toBe(3)
    expect(runs.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect((runs[3] as PromiseRejectedResult).reason).toMatchObject({
      message: expect.stringContaining('max_allowed_packet'),
    })
  })
})
