/**
 * Runs batches on the connections of a PostgreSQL pool.
 *
 * For the PostgreSQL driver. Works behind a pooler in transaction mode: nothing is kept on a
 * connection from one transaction to the next but prepared statements, whose names are made of
 * their texts, and which are given up when they are not found again.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { StorageError } from '../errors.ts'
import { borrow, SilenceError } from './limits.ts'
import type { PoolSource } from './pool-source.ts'
import {
  failed,
  isConnectionLost,
  isNameUnknown,
  unavailable,
  unreached,
} from './postgres-faults.ts'
import {
  checked,
  giveBack,
  hangUp,
  ignore,
  PostgresLine,
  plain,
  rowsOf,
  runInOrder,
  TransactionSession,
  together,
  transaction,
} from './postgres-line.ts'
import type {
  PostgresAnswer,
  PostgresClient,
  PostgresPlace,
  PostgresQuery,
} from './postgres-pool.ts'
import { checkEncodings, ENCODINGS } from './postgres-settings.ts'
import type { SqlRow, SqlSession, SqlStatement } from './session.ts'

/** Of all that take turns here, this is the number of taskflow-ts: "tfts". */
const MIGRATION_LOCK = 0x74667473
/** Large tables take their time to change, and so does who has come first. */
const MIGRATION_MS = 600_000
const MIGRATION_WAIT = `SET LOCAL lock_timeout = ${MIGRATION_MS}; SET LOCAL statement_timeout = 0`
/** A message may have 1 GiB, and a row several such texts, in which each quote takes two bytes. */
const MAX_TEXT_BYTES = 67_108_864
/** No statement of a migration takes longer, or the connection is lost. */
const MIGRATION_LIMIT_MS = 6 * MIGRATION_MS

/** How many texts are prepared on a connection; the backend has fewer, but for odd filters. */
const MAX_NAMES = 200

/** How a session behaves. */
export interface PostgresManner {
  /** How long a connection, and each answer on it, may take. */
  readonly queryTimeoutMs: number
  /** Whether statements are prepared under names. */
  readonly preparedStatements: boolean
}

/** Runs batches on connections of a pool. */
export class PostgresSession implements SqlSession {
  readonly #source: PoolSource<PostgresPlace>
  readonly #limitMs: number
  readonly #names = new Map<string, string>()
  #isNaming: boolean
  #place: PostgresPlace | undefined

  constructor(
    source: PoolSource<PostgresPlace>,
    { queryTimeoutMs, preparedStatements }: PostgresManner,
  ) {
    this.#source = source
    this.#limitMs = queryTimeoutMs
    this.#isNaming = preparedStatements
  }

  async open(): Promise<void> {
    if (this.#place !== undefined) return
    let place: PostgresPlace | undefined
    try {
      place = await this.#source.make()
      await this.#look(place)
    } catch (error) {
      if (place !== undefined) await this.#source.end(place)
      throw error instanceof StorageError ? error : unavailable(error)
    }
    this.#place = place
  }

  /** Connects, to see that it can be done, and that no text will be lost. */
  async #look({ pool }: PostgresPlace): Promise<void> {
    const client = await borrow(pool.connect(), this.#limitMs, giveBack)
    client.on('error', ignore)
    let isBroken = true
    try {
      checkEncodings(await new PostgresLine(client, this.#limitMs).ask(plain(ENCODINGS)))
      isBroken = false
    } finally {
      if (isBroken) hangUp(client)
      client.release(isBroken)
      if (!isBroken) client.off('error', ignore)
    }
  }

  get maxTextBytes(): number {
    return MAX_TEXT_BYTES
  }

  async close(): Promise<void> {
    const place = this.#place
    this.#place = undefined
    if (place !== undefined) await this.#source.end(place)
  }

  /** One transaction, which holds a lock until its end: a pooler cannot part the two. */
  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    const begin = `BEGIN; ${MIGRATION_WAIT}`
    return this.#lend(
      'the schema',
      (line) =>
        transaction(line, begin, async () => {
          await line.ask(plain('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]))
          return work(new TransactionSession(line))
        }),
      MIGRATION_LIMIT_MS,
    )
  }

  async write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    const [first, second] = statements
    if (first === undefined) return []
    if (second === undefined) {
      // PostgreSQL makes a transaction of a statement by itself. One that changes fewer rows than
      // it must has changed all that it could: it is written so that this does no harm.
      const answer = await this.#lend(first.table ?? 'the database', (line) =>
        this.#askOne(line, first),
      )
      return [checked(first, answer)]
    }
    let table: string | undefined
    return this.#lend(
      () => table,
      (line) =>
        transaction(line, this.#begin('BEGIN'), () =>
          runInOrder(line, statements, (next) => {
            table = next
          }),
        ),
    )
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const [first, second] = queries
    if (first !== undefined && second === undefined) {
      return this.#lend('the database', async (line) => [rowsOf(await this.#askOne(line, first))])
    }
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
    return this.#lend('the database', async (line) => {
      const asked = queries.map((query) => this.#prepared(query))
      return (await together(line, this.#begin(begin), asked)).map(rowsOf)
    })
  }

  /** A statement by itself; in a transaction where something has to be set for it. */
  async #askOne(line: PostgresLine, statement: SqlStatement): Promise<PostgresAnswer> {
    const query = this.#prepared(statement)
    if (this.#place?.settings === '') return line.ask(query)
    const [answer] = await together(line, this.#begin('BEGIN'), [query])
    return answer as PostgresAnswer
  }

  #begin(text: string): string {
    return `${text}${this.#place?.settings ?? ''}`
  }

  /** Lends a connection, and gives it back, broken when it is. */
  async #lend<R>(
    table: string | (() => string | undefined),
    work: (line: PostgresLine) => Promise<R>,
    limitMs = this.#limitMs,
  ): Promise<R> {
    if (this.#place === undefined) throw new StorageError('the PostgreSQL backend is not open')
    const isNaming = this.#isNaming
    let client: PostgresClient
    try {
      client = await borrow(this.#place.pool.connect(), this.#limitMs, giveBack)
    } catch (error) {
      throw unreached(error)
    }
    // A pool listens to its idle connections only. What breaks while it is used rejects the query.
    client.on('error', ignore)
    let isBroken = false
    try {
      return await work(new PostgresLine(client, limitMs))
    } catch (error) {
      if (!isNaming || !isNameUnknown(error)) {
        isBroken = isConnectionLost(error)
        if (error instanceof SilenceError) hangUp(client)
        throw failed(error, (typeof table === 'string' ? table : table()) ?? 'the database')
      }
    } finally {
      client.release(isBroken)
      if (!isBroken) client.off('error', ignore)
    }
    // The server has refused the name before it did anything.
    this.#stopNaming()
    return this.#lend(table, work, limitMs)
  }

  #stopNaming(): void {
    if (!this.#isNaming) return
    this.#isNaming = false
    process.emitWarning(
      'a statement that was prepared on a PostgreSQL connection is not there any more, as behind a connection pooler in transaction mode; from now on none is prepared: set preparedStatements to false, or let the pooler support them',
      { type: 'TaskflowWarning', code: 'TASKFLOW_POOLER' },
    )
  }

  #prepared({ sql, values }: SqlStatement): PostgresQuery {
    const query = plain(sql, values)
    if (!this.#isNaming) return query
    let name = this.#names.get(sql)
    if (name === undefined) {
      if (this.#names.size >= MAX_NAMES) return query
      name = nameOf(sql)
      this.#names.set(sql, name)
    }
    query.name = name
    return query
  }
}

/** Made of the text, so that whoever prepares this name on the same connection means the same. */
function nameOf(sql: string): string {
  return `taskflow_ts_${createHash('sha256').update(sql).digest('base64url').slice(0, 24)}`
}
