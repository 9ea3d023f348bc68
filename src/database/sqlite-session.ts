/**
 * A session on SQLite, through Node's own `node:sqlite`.
 *
 * Each batch runs without giving way to other work of the process, so nothing comes in between.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { StorageError } from '../errors.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  StatementRefusedError,
} from './session.ts'
import { failed, isReadOnlyFault, unavailable } from './sqlite-faults.ts'
import { hasLog, pathOf, SqliteFile } from './sqlite-file.ts'

/**
 * How long SQLite itself waits for a lock, in milliseconds, and the process with it. Most locks
 * are held for the time of one commit.
 */
const BLOCKING_MS = 10

/** A look at the file takes as long as a tenth of a commit that waits for no disk. */
const NORMAL_TRUST_MS = 1

/** How a connection is set up. */
export interface SqliteSettings {
  /** When a commit counts as done: once the disk has it, or before. */
  readonly synchronous: 'FULL' | 'NORMAL'
  /** How long to wait for the lock of another program, in milliseconds. */
  readonly busyTimeoutMs: number
}

/** Runs batches on one connection. */
export class SqliteSession implements SqlSession {
  readonly #name: string | URL
  readonly #given: DatabaseSync | undefined
  readonly #settings: SqliteSettings
  #db: DatabaseSync | undefined
  /** Undefined in memory. */
  #file: SqliteFile | undefined
  /** It is read-only, and SQLite may make no files beside it: it is read as one that never changes. */
  #isImmutable = false
  /** The backend's texts are few, so none is ever dropped. */
  readonly #prepared = new Map<string, StatementSync>()

  constructor(file: string | URL | DatabaseSync, settings: SqliteSettings) {
    this.#given = file instanceof DatabaseSync ? file : undefined
    this.#name = file instanceof DatabaseSync ? (file.location() ?? ':memory:') : file
    this.#settings = settings
  }

  async open(): Promise<void> {
    if (this.#db !== undefined) return
    const { busyTimeoutMs } = this.#settings
    let db = this.#given
    try {
      refuseForeignTransaction(db)
      db ??= new DatabaseSync(this.#name)
      setBusyTimeout(db, Math.min(BLOCKING_MS, busyTimeoutMs))
      if (db !== this.#given && !isReadable(db)) {
        db.close()
        db = new DatabaseSync(immutable(this.#name))
        this.#isImmutable = true
      }
      this.#setUp(db)
      if (db === this.#given) setBusyTimeout(db, busyTimeoutMs)
      const location = db.location()
      if (location) {
        const trustedMs = this.#settings.synchronous === 'FULL' ? 0 : NORMAL_TRUST_MS
        this.#file = new SqliteFile(this.#name, location, trustedMs, isLogged.bind(null, db))
      }
    } catch (error) {
      if (db !== this.#given && db?.isOpen === true) db.close()
      throw unavailable(this.#name, error)
    }
    this.#db = db
  }

  #setUp(db: DatabaseSync): void {
    db.exec(`PRAGMA synchronous = ${this.#settings.synchronous}; PRAGMA foreign_keys = ON`)
    try {
      db.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      // It can be looked at, and says so when it is written.
      if (!isReadOnlyFault(error)) throw error
    }
  }

  async close(): Promise<void> {
    this.#prepared.clear()
    if (this.#db !== this.#given) this.#db?.close()
    this.#db = undefined
    this.#file = undefined
    this.#isImmutable = false
  }

  /** Each batch locks the file, and the version row of a step goes in with it. */
  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return work(this)
  }

  async write(statements: readonly SqlStatement[]): Promise<readonly number[]> {
    const [first] = statements
    // SQLite makes a transaction of a statement by itself, and of one row there is no half.
    const isWholeAlone = statements.length === 1 && (first?.mustChange ?? 0) <= 1
    return this.#run(isWholeAlone ? undefined : 'BEGIN IMMEDIATE', statements, (statement) => {
      const { sql, values, table = 'the database', mustChange = 0, mustFind = 0 } = statement
      const prepared = this.#prepare(sql)
      const found = mustFind > 0 ? prepared.all(...values).length : 0
      const changed = mustFind > 0 ? 0 : Number(prepared.run(...values).changes)
      if (found < mustFind || changed < mustChange) {
        throw new StatementRefusedError('row-count', table)
      }
      return changed
    })
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    if (this.#isImmutable && this.#file?.hasChanged === true) {
      await this.close()
      await this.open()
    }
    return this.#run(queries.length === 1 ? undefined : 'BEGIN', queries, ({ sql, values }) =>
      rowsOf(this.#prepare(sql), values),
    )
  }

  /** Runs a batch, between `begin` and COMMIT when it is given. */
  #run<R>(
    begin: string | undefined,
    batch: readonly SqlStatement[],
    each: (statement: SqlStatement) => R,
  ): readonly R[] {
    let table: string | undefined
    let isBegun = false
    this.#waitShortly(true)
    try {
      refuseForeignTransaction(this.#db)
      if (begin !== undefined) {
        this.#prepare(begin).run()
        isBegun = true
      }
      const answers = batch.map((statement) => {
        table = statement.table
        return each(statement)
      })
      if (isBegun) this.#prepare('COMMIT').run()
      this.#file?.check()
      return answers
    } catch (error) {
      if (isBegun) this.#rollBack()
      throw failed(this.#name, error, table ?? 'the database')
    } finally {
      this.#waitShortly(false)
    }
  }

  #rollBack(): void {
    // Some errors have rolled back already; and what broke the batch tells more than a disk that
    // fails once more.
    try {
      if (this.#db?.isTransaction === true) this.#prepare('ROLLBACK').run()
    } catch {}
  }

  /** A connection that others use as well gets its busy timeout back after each batch. */
  #waitShortly(isOurs: boolean): void {
    const { busyTimeoutMs } = this.#settings
    if (this.#db !== this.#given || this.#db?.isOpen !== true) return
    setBusyTimeout(this.#db, isOurs ? Math.min(BLOCKING_MS, busyTimeoutMs) : busyTimeoutMs)
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      if (this.#db === undefined) throw new StorageError('the SQLite database is not open')
      statement = this.#db.prepare(sql)
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}

/**
 * The rows of a statement. SQLite keeps what it is given in any column, and Node refuses a whole
 * answer for the sake of one integer that no number can hold: that is read as text.
 */
function rowsOf(statement: StatementSync, values: SqlStatement['values']): readonly SqlRow[] {
  try {
    return Array.from(statement.all(...values)) // Node makes a list of its own realm
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_OUT_OF_RANGE') throw error
  }
  statement.setReadBigInts(true)
  try {
    return Array.from(statement.all(...values), withoutBigInts)
  } finally {
    statement.setReadBigInts(false)
  }
}

function withoutBigInts(row: SqlRow): SqlRow {
  const cells = Object.entries(row).map(([column, value]) => {
    if (typeof value !== 'bigint') return [column, value]
    return [column, Number.isSafeInteger(Number(value)) ? Number(value) : String(value)]
  })
  return Object.fromEntries(cells) as SqlRow
}

function setBusyTimeout(db: DatabaseSync, ms: number): void {
  db.exec(`PRAGMA busy_timeout = ${ms}`)
}

/** What is written into a transaction of somebody else is not kept until they commit. */
function refuseForeignTransaction(db: DatabaseSync | undefined): void {
  if (db?.isTransaction !== true) return
  throw new StorageError(
    'the database handed in has a transaction open; end it before flows are saved or loaded',
  )
}

/** Whether its file is kept together with a log. */
function isLogged(db: DatabaseSync): boolean {
  return db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal'
}

/** Whether it can be read: where SQLite may make no files, a database in WAL mode cannot. */
function isReadable(db: DatabaseSync): boolean {
  try {
    db.prepare('SELECT COUNT(*) FROM sqlite_master').get()
    return true
  } catch (error) {
    const location = db.location()
    if (!isReadOnlyFault(error) || location === null || hasLog(location)) throw error
    return false
  }
}

/** The name under which SQLite takes a file for one that nobody changes. */
function immutable(name: string | URL): string {
  const path = pathOf(name)
  const uri = path === undefined ? String(name) : pathToFileURL(path).href
  return `${uri}${uri.includes('?') ? '&' : '?'}immutable=1`
}

/** Whether a database is gone with its process. */
export function isInMemory(file: string | URL | DatabaseSync): boolean {
  if (file instanceof DatabaseSync) return file.location() === null
  return /^$|:memory:|[?&]mode=memory/.test(String(file))
}
