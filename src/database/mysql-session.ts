/**
 * Runs batches on the connections of a MySQL or MariaDB pool.
 *
 * For the MySQL driver. The statements of a batch are sent together, where the pool allows it.
 *
 * @module
 */
import { BackendUnavailableError, StorageError } from '../errors.ts'
import { borrow } from './limits.ts'
import { failed, isConnectionSpent, isRefused, unavailable, unreached } from './mysql-faults.ts'
import {
  ask,
  giveBack,
  hangUp,
  type MysqlConnection,
  MysqlLine,
  type MysqlPool,
  rollBack,
  rowsOf,
  send,
  sendAll,
  transaction,
} from './mysql-line.ts'
import { checkSettings, takesMany } from './mysql-settings.ts'
import { bytesOf } from './mysql-values.ts'
import { handedIn, type PoolSource } from './pool-source.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  StatementRefusedError,
  TooLargeError,
} from './session.ts'

/** Left for the words around the values, and for what the protocol adds. */
const ROOM_FOR_SQL = 16_384

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
  /** How many bytes the server takes at once, as the newest connection says. */
  #maxBytes = Number.POSITIVE_INFINITY
  /** The same of each connection whose settings were looked at: it keeps what it began with. */
  readonly #checked = new WeakMap<object, number>()

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
        const line = new MysqlLine(connection, this.#limitMs)
        await this.#check(connection, line)
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

  /** How many bytes one text may have; undefined before it is open. */
  get maxTextBytes(): number | undefined {
    const isKnown = this.#pool !== undefined && this.#maxBytes !== Number.POSITIVE_INFINITY
    return isKnown ? Math.floor((this.#maxBytes - ROOM_FOR_SQL) / 2) : undefined
  }

  /**
   * Looks at the settings of a connection when it is lent for the first time.
   *
   * @returns how many bytes it takes at once
   */
  async #check(connection: MysqlConnection, line: MysqlLine): Promise<number> {
    const bare = connection.connection ?? connection
    const known = this.#checked.get(bare)
    if (known !== undefined) return known
    const maxBytes = await checkSettings(line)
    this.#maxBytes = maxBytes
    this.#checked.set(bare, maxBytes)
    return maxBytes
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (pool !== undefined) await this.#source.end(pool)
  }

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    const locked = async (connection: MysqlLine): Promise<R> => {
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
        const fitsAtOnce = this.#takes(statements)
        if (second === undefined && (first.mustChange ?? 0) <= 1) {
          return [checked(first, await send(connection, first.sql, first.values))]
        }
        const isCounted = statements.some(
          ({ mustChange = 0, isLastWord = false }) => mustChange > 0 || isLastWord,
        )
        if (this.#takesMany && !isCounted && fitsAtOnce) {
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

  /**
   * Whether the server takes all of it at once.
   *
   * @throws {@link TooLargeError} when it does not take one of the statements by itself.
   */
  #takes(statements: readonly SqlStatement[]): boolean {
    let bytes = 0
    for (const { sql, values, table } of statements) {
      let own = sql.length
      for (const value of values) own += bytesOf(value)
      if (own + ROOM_FOR_SQL > this.#maxBytes) throw tooLarge(own, table, this.#maxBytes)
      bytes += own
    }
    return bytes + ROOM_FOR_SQL <= this.#maxBytes
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
    work: (connection: MysqlLine) => Promise<R>,
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
      const line = new MysqlLine(connection, limitMs)
      // The server takes more at once since: another connection will, too.
      isBroken = (await this.#check(connection, line)) < this.#maxBytes
      if (!isBroken) return await work(line)
    } catch (error) {
      isBroken = isConnectionSpent(error)
      throw failed(error, (typeof table === 'string' ? table : table()) ?? 'the database')
    } finally {
      if (isBroken) hangUp(connection)
      else connection.release()
    }
    return this.#lend(table, work, limitMs)
  }
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

function tooLarge(bytes: number, table: string | undefined, maxBytes: number): TooLargeError {
  return new TooLargeError(
    `a row of ${table ?? 'the database'} takes ${bytes} bytes, and the server takes at most ${maxBytes} at once; nothing was written; raise max_allowed_packet`,
  )
}
