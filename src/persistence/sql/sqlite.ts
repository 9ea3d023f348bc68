/**
 * The SQL backend on SQLite, through Node's own `node:sqlite`: nothing to install, nothing to build.
 *
 * For whoever runs flows on one machine; published as `taskflow-ts/sqlite`. Each batch runs
 * without giving way to other work of the process: nothing comes in between, and waiting for
 * another program's lock waits for all.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { StorageError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import { SQLITE_DIALECT } from './dialect.ts'
import {
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  StatementRefusedError,
} from './session.ts'
import { SqlBackend } from './sql-backend.ts'
import { failed, unavailable } from './sqlite-faults.ts'

/** How {@link sqlite} behaves. Every option may be left out. */
export interface SqliteOptions {
  /**
   * When a commit counts as done. `FULL` waits until the disk has it: one sync per commit, which
   * is nearly all that a commit costs. `NORMAL` syncs from time to time: when the power fails, or
   * the operating system does, the last commits may be gone, and their tasks run again; when
   * only the process dies, nothing is lost.
   *
   * @defaultValue `'FULL'`
   */
  readonly synchronous?: 'FULL' | 'NORMAL'
  /**
   * How long to wait for another program's lock, in milliseconds. The whole process waits.
   *
   * @defaultValue `5_000`
   */
  readonly busyTimeoutMs?: number
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

/**
 * Remembers flows in an SQLite file, which Python TaskFlow may use too.
 *
 * The file is made and opened at the first use; its folder must exist. `':memory:'` forgets with
 * the process. A database that is open already is used as it is, and left open at the end; its
 * journal mode, `synchronous`, `foreign_keys` and busy timeout are set.
 *
 * @throws TypeError when the database handed in is not open, or `synchronous` is another word.
 * @throws RangeError when `busyTimeoutMs` is not a whole number from 0 on.
 *
 * @example
 * const engine = load(createVolume, { backend: sqlite('volumes.db') })
 */
export function sqlite(file: string | URL | DatabaseSync, options: SqliteOptions = {}): Backend {
  const { synchronous = 'FULL', busyTimeoutMs = 5_000, clock = SYSTEM_CLOCK } = options
  if (synchronous !== 'FULL' && synchronous !== 'NORMAL') {
    throw new TypeError(`synchronous must be 'FULL' or 'NORMAL', but is '${synchronous}'`)
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw new RangeError(`busyTimeoutMs must be a whole number from 0 on, but is ${busyTimeoutMs}`)
  }
  if (file instanceof DatabaseSync && !file.isOpen) {
    throw new TypeError('the database handed in is not open; open it, or hand in its path')
  }
  const isFile = !isInMemory(file)
  return new SqlBackend({
    session: new SqliteSession(file, pragmas(synchronous, busyTimeoutMs)),
    dialect: SQLITE_DIALECT,
    supports: { durable: isFile, processes: isFile },
    clock,
  })
}

function isInMemory(file: string | URL | DatabaseSync): boolean {
  if (file instanceof DatabaseSync) return file.location() === null
  return /^$|:memory:|[?&]mode=memory/.test(String(file))
}

function pragmas(synchronous: string, busyTimeoutMs: number): string {
  return `
    PRAGMA busy_timeout = ${busyTimeoutMs};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA foreign_keys = ON`
}

/** Runs batches on one connection. */
class SqliteSession implements SqlSession {
  readonly #name: string | URL
  readonly #given: DatabaseSync | undefined
  readonly #pragmas: string
  #db: DatabaseSync | undefined
  /** The backend's texts are few, so none is ever dropped. */
  readonly #prepared = new Map<string, StatementSync>()

  constructor(file: string | URL | DatabaseSync, pragmas: string) {
    this.#given = file instanceof DatabaseSync ? file : undefined
    this.#name = file instanceof DatabaseSync ? (file.location() ?? ':memory:') : file
    this.#pragmas = pragmas
  }

  async open(): Promise<void> {
    if (this.#db !== undefined) return
    let db = this.#given
    try {
      refuseForeignTransaction(db)
      db ??= new DatabaseSync(this.#name)
      db.exec(this.#pragmas)
      checkWritable(db)
    } catch (error) {
      if (db !== this.#given) db?.close()
      throw unavailable(this.#name, error)
    }
    this.#db = db
  }

  async close(): Promise<void> {
    this.#prepared.clear()
    if (this.#db !== this.#given) this.#db?.close()
    this.#db = undefined
  }

  /** Each batch locks the file, and the version row of a step goes in with it. */
  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return work(this)
  }

  async write(statements: readonly SqlStatement[]): Promise<void> {
    const [first] = statements
    // SQLite makes a transaction of a statement by itself, and of one row there is no half.
    const isWholeAlone = statements.length === 1 && (first?.mustChange ?? 0) <= 1
    this.#run(isWholeAlone ? undefined : 'BEGIN IMMEDIATE', statements, (statement) => {
      const { changes } = this.#prepare(statement.sql).run(...statement.values)
      if (changes < (statement.mustChange ?? 0)) {
        throw new StatementRefusedError('row-count', statement.table ?? 'the database')
      }
    })
  }

  async read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#run(queries.length === 1 ? undefined : 'BEGIN', queries, ({ sql, values }) =>
      this.#prepare(sql).all(...values),
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
      return answers
    } catch (error) {
      // Some errors have rolled back already.
      if (isBegun && this.#db?.isTransaction === true) this.#prepare('ROLLBACK').run()
      throw failed(this.#name, error, table ?? 'the database')
    }
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

/** What is written into a transaction of somebody else is not kept until they commit. */
function refuseForeignTransaction(db: DatabaseSync | undefined): void {
  if (db?.isTransaction !== true) return
  throw new StorageError(
    'the database handed in has a transaction open; end it before flows are saved or loaded',
  )
}

/** Writes and takes it back: that a file is read-only must show now, and not at the first save. */
function checkWritable(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec('CREATE TABLE taskflow_ts_probe (id INTEGER)')
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK')
  }
}
