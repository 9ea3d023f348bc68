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
import { checkPoolOptions, handedIn, madeHere, type PoolSource } from './pool-source.ts'
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
   * How often to try again when a connection is lost or another session holds a lock.
   *
   * @defaultValue for 30 s, at most 2 s apart
   */
  readonly retry?: RetryBounds
  /**
   * How long one attempt waits for the lock of another session, in milliseconds, when a URL is
   * given: `lock_timeout`. With 0 it waits for as long as that session holds it.
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
  const { maxConnections = 10, lockTimeoutMs = 2_000, retry, clock = SYSTEM_CLOCK } = options
  checkPoolOptions(maxConnections, lockTimeoutMs)
  const session = new PostgresSession(sourceOf(urlOrPool, maxConnections, lockTimeoutMs))
  return new SqlBackend({
    session: new RetryingSession(session, retry),
    dialect: POSTGRES_DIALECT,
    upserts: new PostgresUpserts(),
    commits: { maxCommits: 2, maxCheckpoints: 256, maxCharacters: 4_000_000 },
    supports: { durable: true, processes: true },
    clock,
  })
}

function sourceOf(
  given: string | URL | PostgresPool,
  max: number,
  lockTimeoutMs: number,
): PoolSource<PostgresPool> {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    if (typeof given?.connect !== 'function') {
      throw new TypeError('postgres needs a URL, or a pool such as new pg.Pool(…)')
    }
    return handedIn(given)
  }
  return madeHere(async () => {
    const { default: pg } = await loadPeer('pg', () => import('pg'))
    const connectionString = String(given)
    const pool = new pg.Pool({ connectionString, max, keepAlive: true, pipeline: true })
    // A connection that breaks while it is idle is replaced; unheard, it would end the process.
    pool.on('error', ignore)
    pool.on('connect', (client) => {
      client.on('error', ignore) // the pool does not listen to those that it is closing
      // Comes before whatever the connection was made for, and is lost with the connection.
      client.query(`SET lock_timeout = ${lockTimeoutMs}; ${BY_KEYS}`).catch(ignore)
    })
    return pool
  })
}

/**
 * All is found by keys. A plan that was made while a table was small reads the whole of it, and is
 * kept until the server has looked at the table again.
 */
const BY_KEYS = 'SET enable_seqscan = off; SET jit = off'

function ignore(): void {}

/** Of all that take turns here, this is the number of taskflow-ts: "tfts". */
const MIGRATION_LOCK = 0x74667473
/** Large tables take their time to change. */
const MIGRATION_WAIT = "SET LOCAL lock_timeout = '600s'"

/** How many texts are prepared on a connection; the backend has fewer, but for odd filters. */
const MAX_NAMES = 200

/** Runs batches on connections of a pool. */
class PostgresSession implements SqlSession {
  readonly #source: PoolSource<PostgresPool>
  readonly #names: Map<string, string>
  #pool: PostgresPool | undefined

  /** @param names of texts that are prepared on connections; two texts must not share one */
  constructor(source: PoolSource<PostgresPool>, names = new Map<string, string>()) {
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
      await transaction(client, 'BEGIN', async () => {
        await client.query(plain(MIGRATION_WAIT))
        await client.query(plain('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]))
      })
      const query = client.query.bind(client)
      const borrowed = { query, release: ignore, on: ignore, off: ignore }
      // What is prepared on the connection stays there, under its name.
      const session = new PostgresSession(handedIn({ connect: async () => borrowed }), this.#names)
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

  async write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    const [first, second] = statements
    if (first === undefined) return []
    if (second === undefined) {
      // PostgreSQL makes a transaction of a statement by itself. One that changes fewer rows than
      // it must has changed all that it could: it is written so that this does no harm.
      const answer = await this.#lend(first.table ?? 'the database', (client) =>
        client.query(this.#prepared(first)),
      )
      return [checked(first, answer)]
    }
    let table: string | undefined
    const run = async (client: PostgresClient): Promise<readonly number[]> => {
      const counts: number[] = []
      for (const statement of statements) {
        table = statement.table
        const answer = await client.query(plain(statement.sql, statement.values))
        counts.push(checked(statement, answer))
      }
      return counts
    }
    return this.#lend(
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

function checked({ mustChange = 0, table }: SqlStatement, { rowCount }: PostgresAnswer): number {
  const count = rowCount ?? 0
  if (count < mustChange) throw new StatementRefusedError('row-count', table ?? 'the database')
  return count
}

function rowsOf({ rows }: PostgresAnswer): readonly SqlRow[] {
  return rows as readonly SqlRow[]
}
