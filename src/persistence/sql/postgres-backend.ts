/**
 * The SQL backend on PostgreSQL, put together: what users may choose, and what becomes of it.
 *
 * For the door of the driver, which knows the library, and for whoever makes a backend of a URL.
 *
 * @module
 */
import { BOOLEAN, type Checks, CLOCK, readOptions } from '../../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { isUrl } from '../../base/realms.ts'
import { defaultQueryTimeoutMs, QUERY_TIMEOUT } from '../../database/limits.ts'
import { lockTimeoutOf, POOL_CHECKS } from '../../database/pool-source.ts'
import { POSTGRES_DIALECT } from '../../database/postgres-dialect.ts'
import {
  givenPlace,
  madePlace,
  type PostgresLibrary,
  type PostgresPool,
} from '../../database/postgres-pool.ts'
import { PostgresSession } from '../../database/postgres-session.ts'
import { RETRY_BOUNDS, type RetryBounds, RetryingSession } from '../../database/retrying.ts'
import { checkServerUrl } from '../../database/server-url.ts'
import type { Backend } from '../backend.ts'
import { PostgresUpserts } from './postgres-upserts.ts'
import { SqlBackend } from './sql-backend.ts'

/** How `postgres` behaves. Every option may be left out. */
export interface PostgresOptions {
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
   * given: `lock_timeout`. With 0 it waits for as long as that session holds it.
   *
   * @defaultValue `2_000`
   */
  readonly lockTimeoutMs?: number
  /**
   * How long one attempt waits for a connection, and then for the answer to each statement, in
   * milliseconds. A connection that has not answered by then is closed, and the attempt counts as
   * one whose connection was lost.
   *
   * @defaultValue a third of `retry.totalMs`, so `10_000`; at least 3 s, and at least a second more
   * than `lockTimeoutMs`
   */
  readonly queryTimeoutMs?: number
  /**
   * Whether statements are prepared under names, once for each connection. Behind a pooler that
   * lends connections for one transaction and does not support prepared statements, set it to
   * `false`; else the first one that is missed switches it off, with a warning.
   *
   * @defaultValue `true`
   */
  readonly preparedStatements?: boolean
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

const CHECKS: Checks<PostgresOptions> = {
  ...POOL_CHECKS,
  preparedStatements: BOOLEAN,
  queryTimeoutMs: QUERY_TIMEOUT,
  retry: RETRY_BOUNDS,
  clock: CLOCK,
}

/**
 * Makes the backend.
 *
 * @param load imports the library, when a URL is given and it is needed
 * @throws TypeError when what is handed in is neither a URL nor a pool.
 * @throws RangeError when a number among the options has no sense.
 */
export function postgresBackend(
  urlOrPool: string | URL | PostgresPool,
  options: PostgresOptions,
  load: () => Promise<PostgresLibrary>,
): Backend {
  const read = readOptions('postgres()', options, CHECKS)
  const { maxConnections = 10, retry, clock = SYSTEM_CLOCK } = read
  const lockTimeoutMs = lockTimeoutOf(read.lockTimeoutMs ?? 2_000)
  const { queryTimeoutMs = defaultQueryTimeoutMs(retry?.totalMs, lockTimeoutMs) } = read
  const { preparedStatements = true } = read
  const settings = { maxConnections, lockTimeoutMs, queryTimeoutMs }
  const source = isAddress(urlOrPool)
    ? madePlace(checkedUrl(urlOrPool), settings, load)
    : givenPlace(urlOrPool)
  const session = new PostgresSession(source, { queryTimeoutMs, preparedStatements })
  return new SqlBackend({
    session: new RetryingSession(session, retry),
    dialect: POSTGRES_DIALECT,
    upserts: new PostgresUpserts(),
    commits: { maxCommits: 2, maxCheckpoints: 256, maxCharacters: 4_000_000 },
    supports: { durable: true, processes: true },
    clock,
  })
}

function isAddress(given: string | URL | PostgresPool): given is string | URL {
  if (typeof given === 'string' || isUrl(given)) return true
  if (typeof given?.connect === 'function') return false
  throw new TypeError('postgres needs a URL, or a pool such as new pg.Pool(…)')
}

function checkedUrl(url: string | URL): string {
  checkServerUrl(url, {
    server: 'PostgreSQL',
    schemes: ['postgres', 'postgresql'],
    database: () => process.env['PGDATABASE'],
    hostParameter: 'host',
  })
  return String(url)
}
