/**
 * The SQL backend on MySQL and MariaDB, put together: what users may choose, and what becomes of it.
 *
 * For the door of the driver, which knows the library, and for whoever makes a backend of a URL.
 *
 * @module
 */
import { type Checks, CLOCK, readOptions } from '../../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { isUrl } from '../../base/realms.ts'
import { defaultQueryTimeoutMs, QUERY_TIMEOUT } from '../../database/limits.ts'
import { MYSQL_DIALECT } from '../../database/mysql-dialect.ts'
import { unavailable } from '../../database/mysql-faults.ts'
import type { MysqlPool } from '../../database/mysql-line.ts'
import { MysqlSession } from '../../database/mysql-session.ts'
import { MOST_BYTES_PER_UNIT } from '../../database/mysql-values.ts'
import { loadPeer } from '../../database/peer.ts'
import {
  handedIn,
  lockTimeoutOf,
  madeHere,
  POOL_CHECKS,
  type PoolSource,
} from '../../database/pool-source.ts'
import { RETRY_BOUNDS, type RetryBounds, RetryingSession } from '../../database/retrying.ts'
import { checkServerUrl, withoutUrl } from '../../database/server-url.ts'
import type { Backend } from '../backend.ts'
import { fenceOnMysql } from './fences.ts'
import { SqlBackend } from './sql-backend.ts'
import { Upserts } from './upserts.ts'

/** The part of the library `mysql2` that is used here. */
export interface MysqlLibrary {
  createPool(config: {
    readonly uri: string
    readonly connectionLimit: number
    readonly multipleStatements: boolean
    readonly charset: string
    readonly keepAliveInitialDelay: number
    readonly connectTimeout: number
  }): MysqlPool & {
    on(event: 'connection', listener: (connection: MadeConnection) => void): unknown
    end(): Promise<void>
  }
}

interface MadeConnection {
  query(sql: string): unknown
  once?(event: 'end', listener: () => void): unknown
  readonly stream?: { unref?(): unknown }
}

/** What the connections of a made pool are given. */
interface MysqlSettings {
  readonly maxConnections: number
  readonly lockTimeoutMs: number
  readonly queryTimeoutMs: number
}

/** How `mysql` behaves. Every option may be left out. */
export interface MysqlOptions {
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
   * given; in whole seconds. With 0 it waits for as long as the server says.
   *
   * @defaultValue `2_000`
   */
  readonly lockTimeoutMs?: number
  /**
   * How long one attempt waits for a connection, and then for the answer to each request, in
   * milliseconds. A connection that has not answered by then is closed, and the attempt counts as
   * one whose connection was lost.
   *
   * @defaultValue a third of `retry.totalMs`, so `10_000`; at least 3 s, and at least a second more
   * than `lockTimeoutMs`
   */
  readonly queryTimeoutMs?: number
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

const CHECKS: Checks<MysqlOptions> = {
  ...POOL_CHECKS,
  queryTimeoutMs: QUERY_TIMEOUT,
  retry: RETRY_BOUNDS,
  clock: CLOCK,
}

/**
 * Makes the backend.
 *
 * @param load imports the library, when a URL is given and it is needed
 * @throws TypeError when what is handed in is neither a URL nor a pool, or the URL cannot be read.
 * @throws RangeError when a number among the options has no sense.
 */
export function mysqlBackend(
  urlOrPool: string | URL | MysqlPool,
  options: MysqlOptions,
  load: () => Promise<MysqlLibrary>,
): Backend {
  const read = readOptions('mysql()', options, CHECKS)
  const { maxConnections = 10, retry, clock = SYSTEM_CLOCK } = read
  const lockTimeoutMs = lockTimeoutOf(read.lockTimeoutMs ?? 2_000)
  const { queryTimeoutMs = defaultQueryTimeoutMs(retry?.totalMs, lockTimeoutMs) } = read
  const settings = { maxConnections, lockTimeoutMs, queryTimeoutMs }
  const session = new MysqlSession(sourceOf(urlOrPool, settings, load), queryTimeoutMs)
  return new SqlBackend({
    session: new RetryingSession(session, retry),
    dialect: MYSQL_DIALECT,
    upserts: new Upserts(MYSQL_DIALECT, fenceOnMysql, () =>
      Math.floor((session.maxTextBytes ?? LEAST_TEXT_BYTES) / MOST_BYTES_PER_UNIT),
    ),
    commits: { maxCommits: 2, maxCheckpoints: 128, maxCharacters: 1_000_000 },
    supports: { durable: true, processes: true },
    clock,
  })
}

/** The least that `max_allowed_packet` can be set to has room for this. */
const LEAST_TEXT_BYTES = 512

/** Strict, so that nothing is cut off; and with backslashes, which quoting relies on. */
const SQL_MODE = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"

function waits(lockTimeoutMs: number): string {
  const s = Math.ceil(lockTimeoutMs / 1_000)
  return s === 0 ? '' : `, innodb_lock_wait_timeout = ${s}, lock_wait_timeout = ${s}`
}

function sourceOf(
  given: string | URL | MysqlPool,
  { maxConnections, lockTimeoutMs, queryTimeoutMs }: MysqlSettings,
  load: () => Promise<MysqlLibrary>,
): PoolSource<MysqlPool> {
  if (typeof given !== 'string' && !isUrl(given)) {
    if (typeof given?.getConnection !== 'function') {
      throw new TypeError('mysql needs a URL, or a pool such as createPool(…) of mysql2/promise')
    }
    return handedIn(given)
  }
  checkServerUrl(given, { server: 'MySQL', schemes: ['mysql', 'mariadb'] })
  return madeHere(async () => {
    const library = await loadPeer('mysql2', load)
    const pool = poolOf(library, {
      uri: String(given),
      connectionLimit: maxConnections,
      multipleStatements: true,
      charset: 'utf8mb4', // whatever the URL says
      keepAliveInitialDelay: 10_000,
      // Who waits for it has given up before; this closes the socket of one that never comes.
      connectTimeout: queryTimeoutMs + 500,
    })
    const connections = new Set<MadeConnection>()
    pool.on('connection', (connection) => {
      connections.add(connection)
      connection.once?.('end', () => connections.delete(connection))
      // Runs before whatever the connection was made for, and after what the server does by itself.
      connection.query(`SET NAMES utf8mb4; ${SQL_MODE}${waits(lockTimeoutMs)}`)
    })
    const end = async (): Promise<void> => {
      const ended = pool.end()
      // A server that does not answer to a farewell must not keep the process.
      for (const { stream } of connections) stream?.unref?.()
      await ended
    }
    return { getConnection: () => pool.getConnection(), end }
  }, queryTimeoutMs)
}

function poolOf(
  { createPool }: MysqlLibrary,
  config: Parameters<MysqlLibrary['createPool']>[0],
): ReturnType<MysqlLibrary['createPool']> {
  try {
    return createPool(config)
  } catch (error) {
    throw unavailable(withoutUrl(error, 'MySQL'))
  }
}
