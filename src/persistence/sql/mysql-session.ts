/**
 * Runs batches on the connections of a MySQL or MariaDB pool.
 *
 * For the MySQL driver. The statements of a batch are sent together, where the pool allows it.
 *
 * @module
 */
import { BackendUnavailableError, StorageError } from '../../errors.ts'
import { borrow, within } from './limits.ts'
import { failed, isConnectionLost, isRefused, unavailable, unreached } from './mysql-faults.ts'
import { handedIn, type PoolSource } from './pool-source.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  type SqlValue,
  StatementRefusedError,
} from './session.ts'

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

const LOCK_NAME = "CONCAT('taskflow_ts.', MD5(DATABASE()))"
const LOCK_WAIT_S = 600
/** No statement of a migration takes longer, or the connection is lost. */
const SCHEMA_LIMIT_MS = 6 * LOCK_WAIT_S * 1_000

// Less locking than by default, as Python TaskFlow; both hold for the next transaction only.
const BEGIN_WRITE = ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION']
const BEGIN_READ = [
  'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
]

/** Runs batches on connections of a pool. */
export class MysqlSession implements SqlSession {
  readonly #source: PoolSource<MysqlPool>
  readonly #limitMs: number
  #pool: MysqlPool | undefined
  /** Whether several statements may be sent at once. */
  #takesMany = false

  /** @param limitMs how long a connection, and each answer on it, may take */
  constructor(source: PoolSource<MysqlPool>, limitMs: number) {
    this.#source = source
    this.#limitMs = limitMs
  }

  async open(): Promise<void> {
    if (this.#pool !== undefined) return
    const pool = await this.#source.make()
    try {
      const connection = await borrow(pool.getConnection(), this.#limitMs, giveBack)
      let isBroken = true
      try {
        const line = new Line(connection, this.#limitMs)
        await checkModes(line)
        this.#takesMany = await takesMany(line)
        isBroken = false
      } finally {
        if (isBroken) hangUp(connection)
        else connection.release()
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
    const locked = async (connection: Line): Promise<R> => {
      const [row] = await ask(connection, `SELECT GET_LOCK(${LOCK_NAME}, ${LOCK_WAIT_S}) AS got`)
      if (row?.['got'] === null) {
        throw new BackendUnavailableError(
          'the connections of the pool are to no database; name one where the pool is made',
        )
      }
      if (Number(row?.['got']) !== 1) {
        throw new StorageError(
          `another process has changed the schema for ${LOCK_WAIT_S} seconds; see what it does`,
        )
      }
      const query = connection.query.bind(connection)
      const borrowed = { query, release: () => {}, destroy: () => {} }
      const lent = handedIn({ getConnection: async () => borrowed })
      const session = new MysqlSession(lent, SCHEMA_LIMIT_MS)
      await session.open()
      try {
        return await work(session)
      } finally {
        // A lost connection has given the lock back already, and its own error is the cause.
        await ask(connection, `SELECT RELEASE_LOCK(${LOCK_NAME})`).catch(() => {})
      }
    }
    return this.#lend('the schema', locked, SCHEMA_LIMIT_MS)
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
    work: (connection: Line) => Promise<R>,
    limitMs = this.#limitMs,
  ): Promise<R> {
    if (this.#pool === undefined) throw new StorageError('the MySQL backend is not open')
    let connection: MysqlConnection
    try {
      connection = await borrow(this.#pool.getConnection(), this.#limitMs, giveBack)
    } catch (error) {
      throw unreached(error)
    }
    let isBroken = false
    try {
      return await work(new Line(connection, limitMs))
    } catch (error) {
      isBroken = isConnectionLost(error)
      throw failed(error, (typeof table === 'string' ? table : table()) ?? 'the database')
    } finally {
      if (isBroken) hangUp(connection)
      else connection.release()
    }
  }
}

/** A connection on which no answer may take too long. */
class Line {
  readonly #connection: MysqlConnection
  readonly #limitMs: number

  constructor(connection: MysqlConnection, limitMs: number) {
    this.#connection = connection
    this.#limitMs = limitMs
  }

  query(query: MysqlQuery): ReturnType<MysqlConnection['query']> {
    return within(this.#connection.query(query), this.#limitMs, 'there was no answer')
  }
}

function giveBack(connection: MysqlConnection): void {
  connection.release()
}

/** Closes the connection, and its socket at once: a farewell may never be answered. */
function hangUp(connection: MysqlConnection): void {
  connection.destroy()
  const { connection: bare } = connection as {
    connection?: { stream?: { destroy?: () => void } }
  }
  bare?.stream?.destroy?.()
}

/** Sends statements as one transaction, in one text. */
async function sendAll(
  connection: Line,
  begin: readonly string[],
  statements: readonly SqlStatement[],
): Promise<readonly unknown[]> {
  const texts = [...begin, ...statements.map(({ sql }) => sql), 'COMMIT']
  const values = statements.flatMap((statement) => statement.values)
  return (await send(connection, texts.join(';\n'), values)) as readonly unknown[]
}

async function transaction<R>(
  connection: Line,
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

async function rollBack(connection: Line, error: unknown): Promise<void> {
  if (!isConnectionLost(error)) await send(connection, 'ROLLBACK')
}

async function send(
  connection: Line,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<unknown> {
  const [answer] = await connection.query({ sql, values: [...values], rowsAsArray: false })
  return answer
}

async function ask(connection: Line, sql: string): Promise<readonly SqlRow[]> {
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
async function checkModes(connection: Line): Promise<void> {
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

async function takesMany(connection: Line): Promise<boolean> {
  try {
    await send(connection, 'DO 0; DO 0')
    return true
  } catch (error) {
    if (isConnectionLost(error)) throw error
    return false
  }
}
