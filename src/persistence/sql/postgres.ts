/**
 * The SQL backend on PostgreSQL, through the library `pg`, which must be installed: `npm install pg`.
 *
 * For programs that run flows in several processes; published as `taskflow-ts/postgres`. A
 * checkpoint is one statement, so it takes one round trip and is a transaction by itself.
 *
 * @module
 */
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { StorageError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import { loadPeer } from './peer.ts'
import { POSTGRES_DIALECT } from './postgres-dialect.ts'
import { failed, isConnectionLost, unavailable, unreached } from './postgres-faults.ts'
import { PostgresUpserts } from './postgres-upserts.ts'
import { type RetryBounds, RetryingSession } from './retrying.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  type SqlValue,
  StatementRefusedError,
} from './session.ts'
import { SqlBackend } from './sql-backend.ts'

export type { RetryBounds }

/** What the caller may hand over: usually `new pg.Pool(…)`. Whoever made it also ends it. */
export interface PostgresPool {
  /** Lends a connection. */
  connect(): Promise<PostgresClient>
}

/** A connection on loan. */
export interface PostgresClient {
  /** Runs a statement, prepared under its name when it has one. */
  query(statement: PostgresQuery): Promise<PostgresAnswer>
  /** Gives the connection back; it is closed when there is something wrong with it. */
  release(isBroken?: boolean): void
  /** Listens for a connection that breaks; unheard, that would end the process. */
  on(event: 'error', listener: () => void): unknown
  /** Ends listening. */
  off(event: 'error', listener: () => void): unknown
  /** Whether statements are sent without waiting for the answer to the one before. */
  readonly pipeline?: boolean
}

/** A statement as `pg` takes it. */
export interface PostgresQuery {
  /** With `$1`, `$2`, … for the values. */
  text: string
  /** One for each of them. */
  values: (string | number | null)[]
  /** Prepares the statement under this name, once for each connection. */
  name?: string
}

/** An answer as `pg` gives it. */
export interface PostgresAnswer {
  /** As objects, by column. */
  readonly rows: readonly unknown[]
  /** How many rows there were, or were changed. */
  readonly rowCount: number | null
}

/** How {@link postgres} behaves. Every option may be left out. */
export interface PostgresOptions {
  /**
   * How many connections to hold at most, when a URL is given.
   *
   * @defaultValue `10`
   */
  readonly maxConnections?: number
  /**
   * How often to try again when a connection is lost or two writers wait for each other.
   *
   * @defaultValue ten attempts, at most 2 s apart: about five seconds altogether
   */
  readonly retry?: RetryBounds
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

/**
 * Remembers flows in a PostgreSQL database, which Python TaskFlow may use too.
 *
 * Connects at the first use and makes the tables that are missing. A pool that is handed in is
 * left open at the end.
 *
 * @throws TypeError when what is handed in is neither a URL nor a pool.
 * @throws RangeError when a number among the options has no sense.
 *
 * @example
 * const engine = load(createVolume, { backend: postgres('postgres://me@localhost/volumes') })
 */
export function postgres(
  urlOrPool: string | URL | PostgresPool,
  options: PostgresOptions = {},
): Backend {
  const { maxConnections = 10, retry, clock = SYSTEM_CLOCK } = options
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1) {
    throw new RangeError(
      `maxConnections must be a whole number from 1 on, but is ${maxConnections}`,
    )
  }
  const session = new PostgresSession(sourceOf(urlOrPool, maxConnections))
  return new SqlBackend({
    session: new RetryingSession(session, retry),
    dialect: POSTGRES_DIALECT,
    upserts: new PostgresUpserts(),
    supports: { durable: true, processes: true },
    clock,
  })
}

/** Makes a pool, or passes on the one that was handed in; and ends it, or leaves it alone. */
interface PoolSource {
  make(): Promise<PostgresPool>
  end(pool: PostgresPool): Promise<void>
}

function sourceOf(given: string | URL | PostgresPool, max: number): PoolSource {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    if (typeof given?.connect !== 'function') {
      throw new TypeError('postgres needs a URL, or a pool such as new pg.Pool(…)')
    }
    return { make: async () => given, end: async () => {} }
  }
  const made = new WeakMap<PostgresPool, () => Promise<void>>()
  return {
    make: async () => {
      const { default: pg } = await loadPeer('pg', () => import('pg'))
      const connectionString = String(given)
      const pool = new pg.Pool({ connectionString, max, keepAlive: true, pipeline: true })
      // A connection that breaks while it is idle is replaced; unheard, it would end the process.
      pool.on('error', ignore)
      made.set(pool, () => pool.end())
      return pool
    },
    end: async (pool) => made.get(pool)?.(),
  }
}

function ignore(): void {}

/** Of all that take turns here, this is the number of taskflow-ts: "tfts". */
const MIGRATION_LOCK = 0x74667473

/** How many texts are prepared on a connection; the backend has fewer, but for odd filters. */
const MAX_NAMES = 200

/** Runs batches on connections of a pool. */
class PostgresSession implements SqlSession {
  readonly #source: PoolSource
  readonly #names: Map<string, string>
  #pool: PostgresPool | undefined

  constructor(source: PoolSource, names = new Map<string, string>()) {
    this.#source = source
    this.#names = names
  }

  async open(): Promise<void> {
    if (this.#pool !== undefined) return
    const pool = await this.#source.make()
    try {
      const client = await pool.connect()
      client.release()
    } catch (error) {
      await this.#source.end(pool)
      throw unavailable(error)
    }
    this.#pool = pool
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (pool !== undefined) await this.#source.end(pool)
  }

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return this.#lend('the schema', async (client) => {
      await client.query({ text: 'SELECT pg_advisory_lock($1)', values: [MIGRATION_LOCK] })
      const query = client.query.bind(client)
      const borrowed = { query, release: ignore, on: ignore, off: ignore }
      const session = new PostgresSession({
        make: async () => ({ connect: async () => borrowed }),
        end: async () => {},
      })
      await session.open()
      try {
        return await work(session)
      } finally {
        // A lost connection has given the lock back already, and its own error is the cause.
        await client
          .query({ text: 'SELECT pg_advisory_unlock($1)', values: [MIGRATION_LOCK] })
          .catch(() => {})
      }
    })
  }

  async write(statements: readonly SqlStatement[]): Promise<void> {
    const [first, second] = statements
    if (first === undefined) return
    if (second === undefined && (first.mustChange ?? 0) <= 1) {
      // PostgreSQL makes a transaction of a statement by itself, and of one row there is no half.
      await this.#lend(first.table ?? 'the database', async (client) => {
        check(first, await client.query(this.#prepared(first)))
      })
      return
    }
    let table: string | undefined
    const run = async (client: PostgresClient): Promise<void> => {
      for (const statement of statements) {
        table = statement.table
        check(statement, await client.query(plain(statement.sql, statement.values)))
      }
    }
    await this.#lend(
      () => table,
      (client) => transaction(client, 'BEGIN', () => run(client)),
    )
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const [first, second] = queries
    if (first !== undefined && second === undefined) {
      return this.#lend('the database', async (client) => {
        return [rowsOf(await client.query(this.#prepared(first)))]
      })
    }
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
    return this.#lend('the database', async (client) => {
      const ask = async (query: SqlStatement): Promise<readonly SqlRow[]> =>
        rowsOf(await client.query(this.#prepared(query)))
      if (client.pipeline !== true) {
        return transaction(client, begin, async () => {
          const answers: (readonly SqlRow[])[] = []
          for (const query of queries) answers.push(await ask(query))
          return answers
        })
      }
      // All of it is sent at once. After an error COMMIT rolls back.
      const [, answers] = await Promise.all([
        client.query(plain(begin)),
        Promise.all(queries.map(ask)),
        client.query(plain('COMMIT')),
      ])
      return answers
    })
  }

  /** Lends a connection, and gives it back, broken when it is. */
  async #lend<R>(
    table: string | (() => string | undefined),
    work: (client: PostgresClient) => Promise<R>,
  ): Promise<R> {
    if (this.#pool === undefined) throw new StorageError('the PostgreSQL backend is not open')
    let client: PostgresClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw unreached(error)
    }
    // A pool listens to its idle connections only. What breaks while it is used rejects the query.
    client.on('error', ignore)
    let isBroken = false
    try {
      return await work(client)
    } catch (error) {
      isBroken = isConnectionLost(error)
      throw failed(error, (typeof table === 'string' ? table : table()) ?? 'the database')
    } finally {
      client.release(isBroken)
      if (!isBroken) client.off('error', ignore)
    }
  }

  #prepared({ sql, values }: SqlStatement): PostgresQuery {
    let name = this.#names.get(sql)
    if (name === undefined && this.#names.size < MAX_NAMES) {
      name = `taskflow_ts_${this.#names.size}`
      this.#names.set(sql, name)
    }
    return { ...plain(sql, values), ...(name !== undefined && { name }) }
  }
}

async function transaction<R>(
  client: PostgresClient,
  begin: string,
  work: () => Promise<R>,
): Promise<R> {
  await client.query(plain(begin))
  try {
    const answer = await work()
    await client.query(plain('COMMIT'))
    return answer
  } catch (error) {
    if (!isConnectionLost(error)) await client.query(plain('ROLLBACK'))
    throw error
  }
}

function plain(text: string, values: readonly SqlValue[] = []): PostgresQuery {
  return { text, values: [...values] }
}

function check({ mustChange = 0, table }: SqlStatement, { rowCount }: PostgresAnswer): void {
  if ((rowCount ?? 0) < mustChange) {
    throw new StatementRefusedError('row-count', table ?? 'the database')
  }
}

function rowsOf({ rows }: PostgresAnswer): readonly SqlRow[] {
  return rows as readonly SqlRow[]
}
