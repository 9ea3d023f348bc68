/**
 * One connection to PostgreSQL: questions with a limit of time, and transactions that are held open.
 *
 * @module
 */
import { within } from './limits.ts'
import { isConnectionLost } from './postgres-faults.ts'
import type { PostgresAnswer, PostgresClient, PostgresQuery } from './postgres-pool.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  type SqlValue,
  StatementRefusedError,
} from './session.ts'

/** A connection on which no answer may take too long. */
export class PostgresLine {
  readonly #client: PostgresClient
  readonly #limitMs: number

  constructor(client: PostgresClient, limitMs: number) {
    this.#client = client
    this.#limitMs = limitMs
  }

  get isPipelined(): boolean {
    return this.#client.pipeline === true
  }

  ask(query: PostgresQuery): Promise<PostgresAnswer> {
    return within(this.#client.query(query), this.#limitMs, 'there was no answer')
  }
}

/** What is done within a transaction that somebody else ends. Its errors are those of `pg`. */
export class TransactionSession implements SqlSession {
  readonly #line: PostgresLine

  constructor(line: PostgresLine) {
    this.#line = line
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return work(this)
  }

  write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    return runInOrder(this.#line, statements, ignore)
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const answers: (readonly SqlRow[])[] = []
    for (const { sql, values } of queries) {
      answers.push(rowsOf(await this.#line.ask(plain(sql, values))))
    }
    return answers
  }
}

export async function runInOrder(
  line: PostgresLine,
  statements: readonly SqlStatement[],
  onTable: (table: string | undefined) => void,
): Promise<readonly number[]> {
  const counts: number[] = []
  for (const statement of statements) {
    onTable(statement.table)
    counts.push(checked(statement, await line.ask(plain(statement.sql, statement.values))))
  }
  return counts
}

/** A transaction of statements that need not wait for each other: one round trip, where it can be. */
export async function together(
  line: PostgresLine,
  begin: string,
  queries: readonly PostgresQuery[],
): Promise<readonly PostgresAnswer[]> {
  if (!line.isPipelined) {
    return transaction(line, begin, async () => {
      const answers: PostgresAnswer[] = []
      for (const query of queries) answers.push(await line.ask(query))
      return answers
    })
  }
  // All of it is sent at once. After an error COMMIT rolls back.
  const [, answers] = await Promise.all([
    line.ask(plain(begin)),
    Promise.all(queries.map((query) => line.ask(query))),
    line.ask(plain('COMMIT')),
  ])
  return answers
}

export async function transaction<R>(
  line: PostgresLine,
  begin: string,
  work: () => Promise<R>,
): Promise<R> {
  await line.ask(plain(begin))
  try {
    const answer = await work()
    await line.ask(plain('COMMIT'))
    return answer
  } catch (error) {
    if (!isConnectionLost(error)) await line.ask(plain('ROLLBACK'))
    throw error
  }
}

export function plain(text: string, values: readonly SqlValue[] = []): PostgresQuery {
  return { text, values: [...values] }
}

export function checked(
  { mustChange = 0, table }: SqlStatement,
  { rowCount }: PostgresAnswer,
): number {
  const count = rowCount ?? 0
  if (count < mustChange) throw new StatementRefusedError('row-count', table ?? 'the database')
  return count
}

export function rowsOf({ rows }: PostgresAnswer): readonly SqlRow[] {
  return rows as readonly SqlRow[]
}

export function giveBack(client: PostgresClient): void {
  client.release()
}

/** Closes the socket at once: a farewell would wait for the answers before it. */
export function hangUp(client: PostgresClient): void {
  const { connection } = client as { connection?: { stream?: { destroy?: () => void } } }
  connection?.stream?.destroy?.()
}

export function ignore(): void {}
