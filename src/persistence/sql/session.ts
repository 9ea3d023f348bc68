/**
 * What a database driver does for the SQL backend: a batch of statements, a batch of queries.
 *
 * For drivers. There are no interactive transactions: a batch is known before it starts, so a
 * driver may send it in one round trip, and nothing can come in between on a shared connection.
 *
 * @module
 */
import { type BackendUnavailableError, StorageError } from '../../errors.ts'

/** A value handed to a statement. */
export type SqlValue = string | number | null

/** A row as the database gives it, by column. */
export type SqlRow = Readonly<Record<string, unknown>>

/** One statement with its values. */
export interface SqlStatement {
  /** In the words of the dialect; the same text again and again, so that it can be prepared. */
  readonly sql: string
  /** One for each placeholder. */
  readonly values: readonly SqlValue[]
  /**
   * How many rows it must change. Its form never changes more; when it changes fewer, the whole
   * batch is undone.
   */
  readonly mustChange?: number
}

/** A connection, or a pool of them, to one database. */
export interface SqlSession {
  /**
   * Connects; nothing happens when it is connected. May be called again after it failed.
   *
   * @throws {@link BackendUnavailableError} when the database cannot be opened or reached.
   */
  open(): Promise<void>

  /** Disconnects, when it is connected. */
  close(): Promise<void>

  /**
   * Runs the statements in order, in one transaction, holding the right to write from its start.
   *
   * @throws {@link StatementRefusedError} when the database or `mustChange` refuses one of them.
   * @throws {@link StorageError} when it fails in another way; the cause is the driver's error.
   */
  write(statements: readonly SqlStatement[]): Promise<void>

  /**
   * Answers the queries, all from the same state of the database.
   *
   * @throws {@link StorageError} when it fails; the cause is the driver's error.
   */
  read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]>
}

/** Why a statement was refused: a foreign key, a unique key, or too few rows changed. */
export type Refusal = 'missing-parent' | 'duplicate-key' | 'row-count'

/** A statement does not fit what is stored. Nothing of its batch was written. */
export class StatementRefusedError extends StorageError {
  override readonly name = 'StatementRefusedError'
  /** Why. */
  readonly refusal: Refusal
  /** Where in the batch the statement stands, from 0. */
  readonly position: number

  constructor(refusal: Refusal, position: number, options?: ErrorOptions) {
    super(`statement ${position + 1} was refused: ${refusal}; nothing was written`, options)
    this.refusal = refusal
    this.position = position
  }
}
