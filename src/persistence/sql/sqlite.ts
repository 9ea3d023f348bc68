/**
 * The SQL backend on SQLite, through Node's own `node:sqlite`: nothing to install, nothing to build.
 *
 * For whoever runs flows on one machine; published as `taskflow-ts/sqlite`. While
 * another program holds the lock, the process goes on, and what was to be done is tried again.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'
import { type Checks, CLOCK, number, oneOf, readOptions } from '../../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { SQLITE_DIALECT } from '../../database/dialect.ts'
import { RetryingSession } from '../../database/retrying.ts'
import { isInMemory, SqliteSession } from '../../database/sqlite-session.ts'
import type { Backend } from '../backend.ts'
import { fenceOnSqlite } from './fences.ts'
import { SqlBackend } from './sql-backend.ts'
import { Upserts } from './upserts.ts'

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
   * How long to wait for another program's lock, in milliseconds. The rest of the process goes
   * on meanwhile.
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

/** SQLite takes no longer limit. */
const MAX_BUSY_TIMEOUT_MS = 2 ** 31 - 1

const CHECKS: Checks<SqliteOptions> = {
  synchronous: oneOf('FULL', 'NORMAL'),
  busyTimeoutMs: number({ least: 0, whole: true }),
  clock: CLOCK,
}

/**
 * Remembers flows in an SQLite file, which Python TaskFlow may use too.
 *
 * The file is made and opened at the first use; its folder must exist. One that this process may
 * not write can be looked at. `':memory:'` forgets with
 * the process. A database that is open already is used as it is, and left open at the end; its
 * journal mode, `synchronous`, `foreign_keys` and, for its other uses, busy timeout are set.
 *
 * @throws TypeError when the database handed in is not open.
 * @throws TypeError or RangeError for an invalid option.
 *
 * @example
 * const engine = load(createVolume, { backend: sqlite('volumes.db') })
 */
export function sqlite(file: string | URL | DatabaseSync, options: SqliteOptions = {}): Backend {
  const read = readOptions('sqlite()', options, CHECKS)
  const { synchronous = 'FULL', busyTimeoutMs = 5_000, clock = SYSTEM_CLOCK } = read
  if (file instanceof DatabaseSync && !file.isOpen) {
    throw new TypeError('the database handed in is not open; open it, or hand in its path')
  }
  const isFile = !isInMemory(file)
  const session = new SqliteSession(file, {
    synchronous,
    busyTimeoutMs: Math.min(busyTimeoutMs, MAX_BUSY_TIMEOUT_MS),
  })
  const bounds = { attempts: Number.MAX_SAFE_INTEGER, maxDelayMs: 50, totalMs: busyTimeoutMs }
  return new SqlBackend({
    session: new RetryingSession(session, { ...bounds, firstDelayMs: 5 }),
    dialect: SQLITE_DIALECT,
    upserts: new Upserts(SQLITE_DIALECT, fenceOnSqlite),
    commits: { maxCommits: 1, maxCheckpoints: 256, maxCharacters: 4_000_000 },
    supports: { durable: isFile, processes: isFile },
    clock,
  })
}
