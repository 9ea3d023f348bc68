import { DatabaseSync, type StatementSync } from 'node:sqlite'
import mysqlLibrary from 'mysql2/promise'

import { afterAll, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Flow,
  linear,
  load,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { type MysqlConnection, mysql } from '../../src/persistence/sql/mysql.ts'
import { type PostgresClient, postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { mysqlDatabase, postgresDatabase, postgresPool } from './servers.ts'

/** What a backend sends: with SQLite each statement, with a server each text that it is sent. */
interface Counted {
  readonly backend: Backend
  readonly sent: string[]
}

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

const postgresServer = await postgresDatabase()
const mysqlServer = await mysqlDatabase()
cleanups.push(() => postgresServer?.[Symbol.asyncDispose]())
cleanups.push(() => mysqlServer?.[Symbol.asyncDispose]())

/** Calls of the methods are written down, under what `textOf` makes of them. */
function counting<T extends object>(
  target: T,
  methods: readonly string[],
  textOf: (args: readonly unknown[]) => string,
  sent: string[],
): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (methods.includes(String(name))) sent.push(textOf(args))
        return value.apply(object, args)
      }
    },
  })
}

/** The first use makes tables, and asks for what a backend needs to know once. */
async function warm(backend: Backend): Promise<Backend> {
  await load(linearFlow(1), { backend }).run()
  return backend
}

async function onSqlite(): Promise<Counted> {
  const sent: string[] = []
  const db = new DatabaseSync(':memory:')
  const prepare = db.prepare.bind(db)
  db.prepare = (sql) => counting<StatementSync>(prepare(sql), ['run', 'all'], () => sql, sent)
  const backend = await warm(sqlite(db))
  cleanups.push(() => db.close())
  return { backend, sent }
}

async function onPostgres(): Promise<Counted> {
  const sent: string[] = []
  const pool = postgresPool(postgresServer?.url ?? '', { max: 4 })
  const textOf = ([query]: readonly unknown[]): string => (query as { text: string }).text
  const backend = await warm(
    postgres({
      connect: async () => counting<PostgresClient>(await pool.connect(), ['query'], textOf, sent),
    }),
  )
  cleanups.push(() => pool.end())
  return { backend, sent }
}

async function onMysql(): Promise<Counted> {
  const sent: string[] = []
  const pool = mysqlLibrary.createPool({ uri: mysqlServer?.url ?? '', multipleStatements: true })
  const textOf = ([query]: readonly unknown[]): string => (query as { sql: string }).sql
  const backend = await warm(
    mysql({
      getConnection: async () =>
        counting<MysqlConnection>(
          (await pool.getConnection()) as unknown as MysqlConnection,
          ['query'],
          textOf,
          sent,
        ),
    }),
  )
  cleanups.push(() => pool.end())
  return { backend, sent }
}

function steps(count: number): Task[] {
  return Array.from({ length: count }, (_, i) =>
    task(`t${i}`, { requires: [], provides: `x${i}`, execute: async () => i, async revert() {} }),
  )
}

function failing(times: number): Task {
  let left = times
  return task('failing', {
    requires: [],
    execute() {
      left -= 1
      if (left >= 0) throw new RangeError('not yet')
    },
  })
}

type AnyFlow = Flow<object, object>

/** How much is sent for a unit more of the work that a flow of some length does. */
async function sentForOneMore(
  { backend, sent }: Counted,
  make: (length: number) => AnyFlow,
  count: (sent: readonly string[]) => number,
): Promise<number> {
  const counts: number[] = []
  for (const length of [10, 30]) {
    sent.length = 0
    await load(make(length), { backend })
      .run()
      .catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error
      })
    counts.push(count(sent))
  }
  const [short = 0, long = 0] = counts
  return (long - short) / 20
}

const linearFlow = (length: number): AnyFlow => linear('f').add(...steps(length)) as AnyFlow
const revertedFlow = (length: number): AnyFlow =>
  linear('f').add(...steps(length), failing(1)) as AnyFlow
const retriedFlow = (length: number): AnyFlow =>
  linear('f', { retry: times(length + 1) }).add(failing(length)) as AnyFlow
const wideFlow = (length: number): AnyFlow => unordered('f').add(...steps(length)) as AnyFlow

const DRIVERS = [
  { driver: 'SQLite', open: onSqlite, isThere: true },
  { driver: 'PostgreSQL', open: onPostgres, isThere: postgresServer !== undefined },
  { driver: 'MySQL or MariaDB', open: onMysql, isThere: mysqlServer !== undefined },
]

/** With SQLite the commits; a server is sent a transaction at once. */
const transactions = (sent: readonly string[]): number =>
  sent.includes('COMMIT') ? sent.filter((sql) => sql === 'COMMIT').length : sent.length

const WORK = [
  { work: 'a step', make: linearFlow, count: 1, statements: 5 },
  { work: 'a step that is reverted', make: revertedFlow, count: 2, statements: 10 },
  { work: 'an attempt of a retry', make: retriedFlow, count: 3, statements: 14 },
] as const

describe.each(DRIVERS)('$driver is sent', ({ open, isThere }) => {
  test.skipIf(!isThere).each(WORK)('$count transactions for $work', async ({ make, count }) => {
    expect(await sentForOneMore(await open(), make, transactions)).toBe(count)
  })

  test.skipIf(!isThere)('no more of them for a wide flow when it is wider', async () => {
    const { backend, sent } = await open()
    const counts: number[] = []
    for (const length of [10, 30]) {
      sent.length = 0
      await load(wideFlow(length), { backend, engine: 'parallel', maxWorkers: 30 }).run()
      counts.push(transactions(sent))
    }
    expect(counts).toEqual([3, 3])
  })

  test.skipIf(!isThere)('few of them when many flows run at once', async () => {
    const { backend, sent } = await open()
    const counts: number[] = []
    for (const flows of [1, 50]) {
      sent.length = 0
      const engines = Array.from({ length: flows }, () => load(linearFlow(10), { backend }))
      await Promise.all(engines.map((engine) => engine.run()))
      counts.push(transactions(sent))
    }
    const [alone = 0, together = 0] = counts
    expect(alone).toBe(12)
    // Those who come late go with the next; two may be under way at once.
    expect(together).toBeLessThanOrEqual(4 * alone)
  })
})

describe('SQLite runs', () => {
  // BEGIN, the fence, one statement for each form of row, COMMIT; and what makes the rows at first,
  // several of them by one statement.
  test.each(WORK)('$statements statements for $work', async ({ make, statements }) => {
    const count = await sentForOneMore(await onSqlite(), make, ({ length }) => length)
    expect(count).toBeGreaterThan(statements - 1)
    expect(count).toBeLessThan(statements + 0.25)
  })
})

describe('PostgreSQL runs', () => {
  const short = (sent: readonly string[]): number =>
    sent.filter((sql) => sql.startsWith('INSERT INTO atomdetails')).length

  test.skipIf(postgresServer === undefined).each(WORK)(
    'the short form for each transaction of $work',
    async ({ make, count }) => {
      expect(await sentForOneMore(await onPostgres(), make, short)).toBe(count)
    },
  )
})
