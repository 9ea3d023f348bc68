/**
 * A connection of a MySQL or MariaDB pool, and how statements are sent on it.
 *
 * For the MySQL session, and for callers who hand in a pool: here stands what it must look like.
 *
 * @module
 */
import { within } from './limits.ts'
import { isConnectionSpent } from './mysql-faults.ts'
import { carried, type MysqlValue } from './mysql-values.ts'
import type { SqlRow, SqlStatement, SqlValue } from './session.ts'

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
  /** The connection itself, where this one is made anew for each loan. */
  readonly connection?: object
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
  values: MysqlValue[]
  /** Gives rows as objects, whatever the pool says. */
  rowsAsArray: false
}

/** A connection on which no answer may take too long. */
export class MysqlLine {
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

/** Gives a connection back to its pool. */
export function giveBack(connection: MysqlConnection): void {
  connection.release()
}

/** Closes the connection, and its socket at once: a farewell may never be answered. */
export function hangUp(connection: MysqlConnection): void {
  connection.destroy()
  const { connection: bare } = connection as {
    connection?: { stream?: { destroy?: () => void } }
  }
  bare?.stream?.destroy?.()
}

/** Sends statements as one transaction, in one text. */
export async function sendAll(
  connection: MysqlLine,
  begin: readonly string[],
  statements: readonly SqlStatement[],
): Promise<readonly unknown[]> {
  const texts = [...begin, ...statements.map(({ sql }) => sql), 'COMMIT']
  const values = statements.flatMap((statement) => statement.values)
  return (await send(connection, texts.join(';\n'), values)) as readonly unknown[]
}

/** Does some work in a transaction, statement by statement. */
export async function transaction<R>(
  connection: MysqlLine,
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

/** Rolls back, on a connection that can still be used. */
export async function rollBack(connection: MysqlLine, error: unknown): Promise<void> {
  if (!isConnectionSpent(error)) await send(connection, 'ROLLBACK')
}

/** Sends one text, and gives the answer of the server. */
export async function send(
  connection: MysqlLine,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<unknown> {
  const [answer] = await connection.query({ sql, values: values.map(carried), rowsAsArray: false })
  return answer
}

/** Asks for rows. */
export async function ask(connection: MysqlLine, sql: string): Promise<readonly SqlRow[]> {
  return rowsOf(await send(connection, sql))
}

/** An answer as rows. */
export function rowsOf(answer: unknown): readonly SqlRow[] {
  return answer as readonly SqlRow[]
}
