/**
 * The SQL backend on PostgreSQL, through the library `pg`, which must be installed: `npm install pg`.
 *
 * For programs that run flows in several processes; published as `taskflow-ts/postgres`. A
 * checkpoint is one statement, so it takes one round trip and is a transaction by itself.
 *
 * @module
 */

import type { PostgresPool } from '../../database/postgres-pool.ts'
import type { Backend } from '../backend.ts'
import { type PostgresOptions, postgresBackend } from './postgres-backend.ts'

export type {
  PostgresAnswer,
  PostgresClient,
  PostgresPool,
  PostgresQuery,
} from '../../database/postgres-pool.ts'
export type { RetryBounds } from '../../database/retrying.ts'
export type { PostgresOptions } from './postgres-backend.ts'

/**
 * Remembers flows in a PostgreSQL database, which Python TaskFlow may use too.
 *
 * Connects at the first use and makes the tables that are missing. A pool that is handed in is
 * left open at the end.
 *
 * @throws TypeError when what is handed in is neither a URL nor a pool, or the URL cannot be read.
 * @throws RangeError when a number among the options, or the port of the URL, has no sense.
 *
 * @example
 * const engine = load(createVolume, { backend: postgres('postgres://me@localhost/volumes') })
 */
export function postgres(
  urlOrPool: string | URL | PostgresPool,
  options: PostgresOptions = {},
): Backend {
  return postgresBackend(urlOrPool, options, () => import('pg'))
}
