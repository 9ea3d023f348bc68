/**
 * The application's own database, which knows nothing of flows: quotas and volumes in one file.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

/** A row, by column. */
export type Row = Readonly<Record<string, unknown>>

const PRAGMAS = `
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL`

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS quotas (
    resource TEXT PRIMARY KEY,
    hard_limit INTEGER NOT NULL,
    in_use INTEGER NOT NULL DEFAULT 0 CHECK (in_use >= 0),
    reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS reservations (
    volume_id TEXT PRIMARY KEY,
    size_mib INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'committed'))
  ) STRICT;
  CREATE TABLE IF NOT EXISTS volumes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    size_mib INTEGER NOT NULL,
    volume_type TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('creating', 'available')),
    created_at TEXT NOT NULL
  ) STRICT`

/** A connection to the application's database. */
export class Database implements Disposable {
  readonly #db: DatabaseSync

  /** Opens the file, and makes the tables when they are not there. */
  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    this.#db.exec(PRAGMAS)
    this.transaction(() => this.#db.exec(SCHEMA))
  }

  /** Does the work in one transaction: all of it is kept, or nothing when it throws. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** Runs a statement and gives the number of rows that it changed. */
  change(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes)
  }

  /** Reads rows. */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#db.prepare(sql).all(...values)
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }
}
