/**
 * The SQL backend on MySQL and MariaDB, through the library `mysql2`, which must be installed:
 * `npm install mysql2`.
 *
 * For programs that run flows in several processes; published as `taskflow-ts/mysql`. The
 * statements of a checkpoint are sent together, with BEGIN and COMMIT, in one round trip.
 *
 * @module
 */

import type { MysqlPool } from '../../database/mysql-line.ts'
import type { Backend } from '../backend.ts'
import { type MysqlOptions, mysqlBackend } from './mysql-backend.ts'

export type { MysqlConnection, MysqlPool, MysqlQuery } from '../../database/mysql-line.ts'
export type { MysqlValue, SelfWritten } from '../../database/mysql-values.ts'
export type { RetryBounds } from '../../database/retrying.ts'
export type { MysqlOptions } from './mysql-backend.ts'

/**
 * Remembers flows in a MySQL or MariaDB database, which Python TaskFlow may use too.
 *
 * Connects at the first use, makes the tables that are missing, and widens Python's columns. A
 * pool that is handed in is left open at the end; its connections must be in autocommit mode,
 * with a strict `sql_mode`.
 *
 * @throws TypeError when what is handed in is neither a URL nor a pool, or the URL cannot be read.
 * @throws RangeError when a number among the options, or the port of the URL, has no sense.
 *
 * @example
 * const engine = load(createVolume, { backend: mysql('mysql://me@localhost/volumes') })
 */
export function mysql(urlOrPool: string | URL | MysqlPool, options: MysqlOptions = {}): Backend {
  return mysqlBackend(urlOrPool, options, () => import('mysql2/promise'))
}
