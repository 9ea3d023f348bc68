/**
 * What a database driver does for those who keep something: a batch of statements, or of queries.
 *
 * For drivers. There are no interactive transactions: a batch is known before it starts, so a
 * driver may send it in one round trip, and nothing can come in between on a shared connection.
 *
 * @module
 */
import { type BackendUnavailableError, StorageError } from '../errors.ts'

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
  /** The table that it writes, so that a refusal can say which. */
  readonly table?: string
  /**
   * How many rows it must change. Its form never changes more; when it changes fewer, the whole
   * batch is undone.
   */
  readonly mustChange?: number
  /** How many rows it must find, when it is a question; else the whole batch is undone. */
  readonly mustFind?: number
  /**
   * Nothing else in the batch would be refused when it finds too few: it must be looked at before
   * the transaction is committed.
   */
  readonly isLastWord?: boolean
}

/** What a session that tries again may do with a batch. */
export interface WriteOptions {
  /**
   * The statements to run when it is unknown whether those before were written, or will be yet.
   * Without it they are not run again then.
   */
  readonly repeat?: () => readonly SqlStatement[]
  /** Gives up at once when others hold some of the rows: the rest will be written without them. */
  readonly isDivisible?: boolean
}

/** A connection, or a pool of them, to one database. */
export interface SqlSession {
  /** How many bytes one text may have, where that is less than 256 MiB and known. */
  readonly maxTextBytes?: number | undefined

  /**
   * Connects; nothing happens when it is connected. May be called again after it failed.
   *
   * @throws {@link BackendUnavailableError} when the database cannot be opened or reached.
   */
  open(): Promise<void>

  /** Disconnects, when it is connected. What was handed in stays open. */
  close(): Promise<void>

  /**
   * Does some work while no other process does its own: for changes of the schema. The work must
   * use the session that it is given, and may be done again. Where the database locks every batch
   * as a whole, and tables are made in transactions, there is nothing more to do.
   */
  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R>

  /**
   * Runs the statements in order, in one transaction, holding the right to write from its start.
   *
   * @returns how many rows each of them has changed
   * @throws {@link StatementRefusedError} when the database, `mustChange` or `mustFind` refuses one
   * of them.
   * @throws {@link TransientError} when it may succeed later.
   * @throws {@link StorageError} when it fails in another way; the cause is the driver's error.
   */
  write(statements: readonly SqlStatement[], options?: WriteOptions): Promise<readonly number[]>

  /**
   * Answers the queries, all from the same state of the database.
   *
   * @throws {@link TransientError} when it may succeed later.
   * @throws {@link StorageError} when it fails; the cause is the driver's error.
   */
  read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]>
}

/** Why a statement was refused: a foreign key, a unique key, or too few rows changed or found. */
export type Refusal = 'missing-parent' | 'duplicate-key' | 'row-count'

/** A statement does not fit what is stored. Nothing of its batch was written. */
export class StatementRefusedError extends StorageError {
  override readonly name = 'StatementRefusedError'
  /** Why. */
  readonly refusal: Refusal
  /** The table that was to be written. */
  readonly table: string

  constructor(refusal: Refusal, table: string, options?: ErrorOptions) {
    super(`a row of ${table} was refused: ${refusal}; nothing was written`, options)
    this.refusal = refusal
    this.table = table
  }
}

/** A fault that all parts of a batch would meet again, each for itself. */
export class SharedFaultError extends StorageError {}

/** The user may not do this, or the database is read-only. Nothing of the batch was written. */
export class NotPermittedError extends StorageError {}

/** A statement is larger than the server takes at once. Nothing of the batch was written. */
export class TooLargeError extends StorageError {}

/** What is known of a {@link TransientError}. */
export interface TransientFacts {
  /** See {@link TransientError.isNothingWritten}. */
  readonly isNothingWritten: boolean
  /** See {@link TransientError.isUnreachable}. */
  readonly isUnreachable: boolean
  /** See {@link TransientError.isOfRows}; false when it is left out. */
  readonly isOfRows?: boolean
}

/** A batch failed for a reason that passes: a lost connection, a deadlock, a server that starts. */
export class TransientError extends StorageError {
  override readonly name = 'TransientError'
  /** Whether it is known that nothing of the batch was written. */
  readonly isNothingWritten: boolean
  /** Whether the database could not be reached at all. */
  readonly isUnreachable: boolean
  /** Whether it is about some rows only, so that other batches may succeed meanwhile. */
  readonly isOfRows: boolean

  constructor(message: string, facts: TransientFacts, options?: ErrorOptions) {
    super(message, options)
    this.isNothingWritten = facts.isNothingWritten
    this.isUnreachable = facts.isUnreachable
    this.isOfRows = facts.isOfRows ?? false
  }
}

/** What users get for an error of those above, which only drivers tell apart; any other is theirs. */
export function publicErrorOf(error: unknown): unknown {
  const isOurs =
    error instanceof StatementRefusedError ||
    error instanceof NotPermittedError ||
    error instanceof TooLargeError ||
    error instanceof TransientError ||
    error instanceof SharedFaultError
  return isOurs ? new StorageError(error.message, { cause: error.cause ?? error }) : error
}
