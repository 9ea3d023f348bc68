/**
 * The drivers of servers, with what their tests must know of each.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPool } from 'mysql2/promise'
import type { RetryBounds } from '../../src/database/retrying.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { mysqlDatabase, postgresDatabase, postgresPool, type TestDatabase } from './servers.ts'

/** A pool of the driver's library, made by hand. */
export interface HandedIn extends AsyncDisposable {
  readonly backend: Backend
  /** Asks the pool for a 1: it is still open. */
  ask(): Promise<unknown>
}

/** What differs. */
export interface ServerDriver {
  readonly name: 'postgres' | 'mysql'
  readonly library: string
  readonly open: (
    url: string | URL,
    options?: {
      readonly retry?: RetryBounds
      readonly maxConnections?: number
      readonly lockTimeoutMs?: number
      readonly queryTimeoutMs?: number
    },
  ) => Backend
  /** Hands a pool in; `isPlain`: without what makes a checkpoint one round trip of several parts. */
  readonly handIn: (
    url: string,
    isPlain: boolean,
    options?: { readonly retry?: RetryBounds; readonly queryTimeoutMs?: number },
  ) => HandedIn
  readonly database: () => Promise<TestDatabase | undefined>
  /** The tables as Python TaskFlow makes them. */
  readonly pythonTables: string
  /** Scheme of the URLs by which SQLAlchemy knows the database. */
  readonly pythonScheme: string
  readonly wrongDatabase: RegExp
  /** Lets the server end all other connections to the database. */
  readonly killOthers: (run: TestDatabase['run']) => Promise<void>
}

function recorded(file: string): string {
  return readFileSync(join(import.meta.dirname, 'python', file), 'utf8')
}

/** PostgreSQL and MySQL. */
export const SERVER_DRIVERS: readonly ServerDriver[] = [
  {
    name: 'postgres',
    library: 'pg',
    open: postgres,
    handIn: (connectionString, isPlain, options) => {
      const pool = postgresPool(connectionString, {
        max: 2,
        pipeline: !isPlain,
        connectionTimeoutMillis: (options?.queryTimeoutMs ?? 10_000) + 100,
      })
      return {
        backend: postgres(pool, options),
        ask: () => pool.query('SELECT 1'),
        [Symbol.asyncDispose]: () => pool.end(),
      }
    },
    database: postgresDatabase,
    pythonTables: recorded('postgres.sql'),
    pythonScheme: 'postgresql',
    wrongDatabase: /make the database first/,
    killOthers: async (run) => {
      await run(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
    },
  },
  {
    name: 'mysql',
    library: 'mysql2',
    open: mysql,
    handIn: (uri, isPlain, options) => {
      const pool = createPool({
        uri,
        connectionLimit: 2,
        multipleStatements: !isPlain,
        connectTimeout: (options?.queryTimeoutMs ?? 10_000) + 100,
      })
      return {
        backend: mysql(pool, options),
        ask: () => pool.query('SELECT 1'),
        // It rejects when a connection that was under way fails.
        [Symbol.asyncDispose]: () => pool.end().catch(() => {}),
      }
    },
    database: mysqlDatabase,
    pythonTables: recorded('mysql.sql'),
    pythonScheme: 'mysql+pymysql',
    wrongDatabase: /make the database first/,
    killOthers: async (run) => {
      const others = await run(
        'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
      )
      const ids = (others as readonly { readonly id: number }[]).map(({ id }) => id)
      // One may have ended by itself.
      for (const id of ids) await run(`KILL ${id}`).catch(() => {})
    },
  },
]
