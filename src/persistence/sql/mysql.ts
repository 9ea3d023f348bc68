/**
 * The SQL backend on MySQL and MariaDB, through the library `mysql2`, which must be installed:
 * `npm install mysql2`.
 *
 * For programs that run flows in several processes; published as `taskflow-ts/mysql`. The
 * statements of a checkpoint are sent together, with BEGIN and COMMIT, in one round trip.
 *
 * @module
 */
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { BackendUnavailableError, StorageError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import { fenceOnMysql } from './fences.ts'
import { MYSQL_DIALECT } from './mysql-dialect.ts'
import { failed, isConnectionLost, isRefused, unavailable, unreached } from './mysql-faults.ts'
import { loadPeer } from './peer.ts'
import { checkPoolOptions, handedIn, madeHere, type PoolSource } from './pool-source.ts'
import { type RetryBounds, RetryingSession } from './retrying.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  type SqlValue,
  StatementRefusedError,
} from './session.ts'
import { SqlBackend } from './sql-backend.ts'
import { Upserts } from './upserts.ts'

export type { RetryBounds }

/**
 * What the caller may hand over: usually `createPool(…)` of `mysql2/promise`. With
 * `multipleStatements: true` a checkpoint is one round trip; without, one for each statement.
 * Whoever made it also ends it.
 */
export interface MysqlPool {
  /** Lends a connection. */
  getConnection(): Promise<MysqlConnection>
}

/** A connection on loan. */
export interface MysqlConnection {
  /** Runs statements; the first part of the answer is what the server said. */
  query(query: MysqlQuery): Promise<readonly [answer: unknown, ...rest: unknown[]]>
  /** Gives the connection back. */
  release(): void
  /** Closes the connection. */
  destroy(): void
}

/** Statements as `mysql2` takes them. */
export interface MysqlQuery {
  /** With `?` for the values. */
  sql: string
  /** One for each of them. */
  values: (string | number | null)[]
  /** Gives rows as objects, whatever the pool says. */
  rowsAsArray: false
}

/** How {@link mysql} behaves. Every option may be left out. */
export interface MysqlOptions {
  /**
   * How many connections to hold at most, when a URL is given.
   *
   * @defaultValue `10`
   */
  readonly maxConnections?: number
  /**
   * How often to try again when a connection is lost or another session holds a lock.
   *
   * @defaultValue for 30 s, at most 2 s apart
   */
  readonly retry?: RetryBounds
  /**
   * How long one attempt waits for the lock of another session, in milliseconds, when a URL is
   * given; in whole seconds. With 0 it waits for as long as the server says.
   *
   * @defaultValue `2_000`
   */
  readonly lockTimeoutMs?: number
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

/**
 * Remembers flows in a MySQL or MariaDB database, which Python TaskFlow may use too.
 *
 * Connects at the first use, makes the tables that are missing, and widens Python's columns. A
 * pool that is handed in is left open at the end; its connections must be in autocommit mode,
 * with a strict `sql_mode`.
 *
 * @throws TypeError when what is handed in is neither a URL nor a pool.
 * @throws RangeError when a number among the options has no sense.
 *
 * @example
 * const engine = load(createVolume, { backend: mysql('mysql://me@localhost/volumes') })
 */
export function mysql(urlOrPool: string | URL | MysqlPool, options: MysqlOptions = {}): Backend {
  const { maxConnections = 10, lockTimeoutMs = 2_000, retry, clock = SYSTEM_CLOCK } = options
  checkPoolOptions(maxConnections, lockTimeoutMs)
  const session = new MysqlSession(sourceOf(urlOrPool, maxConnections, lockTimeoutMs))
  return new SqlBackend({
    session: new RetryingSession(session, retry),
    dialect: MYSQL_DIALECT,
    upserts: new Upserts(MYSQL_DIALECT, fenceOnMysql),
    commits: { maxCommits: 2, maxCheckpoints: 128, maxCharacters: 1_000_000 },
    supports: { durable: true, processes: true },
    clock,
  })
}

/** Strict, so that nothing is cut off; and with backslashes, which quoting relies on. */
const SQL_MODE = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"

function waits(lockTimeoutMs: number): string {
  const s = Math.ceil(lockTimeoutMs / 1_000)
  return s === 0 ? '' : `, innodb_lock_wait_timeout = ${s}, lock_wait_timeout = ${s}`
}

function sourceOf(
  given: string | URL | MysqlPool,
  connectionLimit: number,
  lockTimeoutMs: number,
): PoolSource<MysqlPool> {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    if (typeof given?.getConnection !== 'function') {
      throw new TypeError('mysql needs a URL, or a pool such as createPool(…) of mysql2/promise')
    }
    return handedIn(given)
  }
  return madeHere(async () => {
    const { createPool } = await loadPeer('mysql2', () => import('mysql2/promise'))
    const pool = createPool({ uri: String(given), connectionLimit, multipleStatements: true })
    // Runs before whatever the connection was made for.
    pool.on('connection', (connection) => connection.query(SQL_MODE + waits(lockTimeoutMs)))
    return pool
  })
}

const LOCK_NAME = "CONCAT('taskflow_ts.', MD5(DATABASE()))"
const LOCK_WAIT_S = 600

// Less locking than by default, as Python TaskFlow; both hold for the next transaction only.
const BEGIN_WRITE = ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION']
const BEGIN_READ = [
  'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
]

/** Runs batches on connections of a pool. */
class MysqlSession implements SqlSession {
  readonly #source: PoolSource<MysqlPool>
  #pool: MysqlPool | undefined
  /** Whether several statements may be sent at once. */
  #takesMany = false

  constructor(source: PoolSource<MysqlPool>) {
    this.#source = source
  }

  async open(): Promise<void> {
    if (this.#pool !== undefined) return
    const pool = await this.#source.make()
    try {
      const connection = await pool.getConnection()
      try {
        await checkModes(connection)
        this.#takesMany = await takesMany(connection)
      } finally {
        connection.release()
      }
    } catch (error) {
      await this.#source.end(pool)
      throw error instanceof StorageError ? error : unavailable(error)
    }
    this.#pool = pool
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (pool !== undefined) await this.#source.end(pool)
  }

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return this.#lend('the schema', async (connection) => {
      const [row] = await ask(connection, `SELECT GET_LOCK(${LOCK_NAME}, ${LOCK_WAIT_S}) AS got`)
      if (Number(row?.['got']) !== 1) {
        throw new StorageError(
          `another process has changed the schema for ${LOCK_WAIT_S} seconds; see what it does`,
        )
      }
      const query = connection.query.bind(connection)
      const borrowed = { query, release: () => {}, destroy: () => {} }
      const session = new MysqlSession(handedIn({ getConnection: async () => borrowed }))
      await session.open()
      try {
        return await work(session)
      } finally {
        // A lost connection has given the lock back already, and its own error is the cause.
        await ask(connection, `SELECT RELEASE_LOCK(${LOCK_NAME})`).catch(() => {})
      }
    })
  }

  async write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    const [first, second] = statements
    if (first === undefined) return []
    let table = first.table
    return this.#lend(
      () => table,
      async (connection) => {
        // MySQL makes a transaction of a statement by itself, and of one row there is no half.
        if (second === undefined && (first.mustChange ?? 0) <= 1) {
          return [checked(first, await send(connection, first.sql, first.values))]
        }
        const isCounted = statements.some(({ mustChange = 0 }) => mustChange > 0)
        if (this.#takesMany && !isCounted) {
          try {
            const answers = await sendAll(connection, BEGIN_WRITE, statements)
            return statements.map((one, i) => checked(one, answers[BEGIN_WRITE.length + i]))
          } catch (error) {
            await rollBack(connection, error)
            // The answer does not say which of them was refused: one by one, it will.
            if (!isRefused(error)) throw error
          }
        }
        return transaction(connection, BEGIN_WRITE, async () => {
          const counts: number[] = []
          for (const statement of statements) {
            table = statement.table
            counts.push(checked(statement, await send(connection, statement.sql, statement.values)))
          }
          return counts
        })
      },
    )
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#lend(
      () => undefined,
      async (connection) => {
        const [first, second] = queries
        if (first !== undefined && second === undefined) {
          return [rowsOf(await send(connection, first.sql, first.values))]
        }
        if (this.#takesMany) {
          try {
            const answers = await sendAll(connection, BEGIN_READ, queries)
            return answers.slice(BEGIN_READ.length, -1).map(rowsOf)
          } catch (error) {
            await rollBack(connection, error)
            throw error
          }
        }
        return transaction(connection, BEGIN_READ, async () => {
          const answers: (readonly SqlRow[])[] = []
          for (const { sql, values } of queries) {
            answers.push(rowsOf(await send(connection, sql, values)))
          }
          return answers
        })
      },
    )
  }

  /** Lends a connection, and gives it back, or closes it when it is broken. */
  async #lend<R>(
    table: string | (() => string | undefined),
    work: (connection: MysqlConnection) => Promise<R>,
  ): Promise<R> {
    if (this.#pool === undefined) throw new StorageError('the MySQL backend is not open')
    let connection: MysqlConnection
    try {
      connection = await this.#pool.getConnection()
    } catch (error) {
      throw unreached(error)
    }
    let isBroken = false
    try {
      return await work(connection)
    } catch (error) {
      isBroken = isConnectionLost(error)
      throw failed(error, (typeof table === 'string' ? table : table()) ?? 'the database')
    } finally {
      if (isBroken) connection.destroy()
      else connection.release()
    }
  }
}

/** Sends statements as one transaction, in one text. */
async function sendAll(
  connection: MysqlConnection,
  begin: readonly string[],
  statements: readonly SqlStatement[],
): Promise<readonly unknown[]> {
  const texts = [...begin, ...statements.map(({ sql }) => sql), 'COMMIT']
  const values = statements.flatMap((statement) => statement.values)
  return (await send(connection, texts.join(';\n'), values)) as readonly unknown[]
}

async function transaction<R>(
  connection: MysqlConnection,
  begin: readonly string[],
  work: () => Promise<R>,
): Promise<R> {
  try {
    for (const sql of begin) await send(connection, sql)
    const answer = await work()
    await send(connection, 'COMMIT')
    return answer
  } catch (error) {
    await rollBack(connection, error)
    throw error
  }
}

async function rollBack(connection: MysqlConnection, error: unknown): Promise<void> {
  if (!isConnectionLost(error)) await send(connection, 'ROLLBACK')
}

async function send(
  connection: MysqlConnection,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<unknown> {
  const [answer] = await connection.query({ sql, values: [...values], rowsAsArray: false })
  return answer
}

async function ask(connection: MysqlConnection, sql: string): Promise<readonly SqlRow[]> {
  return rowsOf(await send(connection, sql))
}

function rowsOf(answer: unknown): readonly SqlRow[] {
  return answer as readonly SqlRow[]
}

/** How many rows a statement has changed; of a statement that must find one, equal ones count. */
function checked({ mustChange = 0, mustFind = 0, table }: SqlStatement, answer: unknown): number {
  const { affectedRows = 0, info = '' } = answer as {
    readonly affectedRows?: number
    readonly info?: string
  }
  const found = Number(/matched: (\d+)/.exec(info)?.[1] ?? affectedRows)
  if (affectedRows < mustChange || found < mustFind) {
    throw new StatementRefusedError('row-count', table ?? 'the database')
  }
  return affectedRows
}

/** @throws {@link BackendUnavailableError} when what is saved could be lost or changed. */
async function checkModes(connection: MysqlConnection): Promise<void> {
  const [row] = await ask(connection, 'SELECT @@sql_mode AS mode, @@autocommit AS autocommit')
  const modes = String(row?.['mode']).split(',')
  const isStrict = modes.includes('STRICT_ALL_TABLES') || modes.includes('STRICT_TRANS_TABLES')
  if (!isStrict || modes.includes('NO_BACKSLASH_ESCAPES')) {
    throw new BackendUnavailableError(
      `the connections of the pool handed in have the sql_mode '${modes}'; let it have STRICT_TRANS_TABLES, and not NO_BACKSLASH_ESCAPES`,
    )
  }
  if (Number(row?.['autocommit']) !== 1) {
    throw new BackendUnavailableError(
      'the connections of the pool handed in do not commit by themselves; set autocommit to 1',
    )
  }
}

async function takesMany(connection: MysqlConnection): Promise<boolean> {
  try {
    await send(connection, 'DO 0; DO 0')
    return true
  } catch (error) {
    if (isConnectionLost(error)) throw error
    return false
  }
}
