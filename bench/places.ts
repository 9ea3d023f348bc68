/**
 * Folders and databases of contenders, which are gone afterwards.
 *
 * `TASKFLOW_BENCH_POSTGRES` and `TASKFLOW_BENCH_MYSQL` are URLs of servers; without them the usual
 * local address is tried. `TASKFLOW_BENCH_FOLDER` says where files are kept, which decides what a
 * sync of the disk costs.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { ServerName } from './contenders.ts'

/** A server that answers. */
export interface Server {
  /** What it says of itself. */
  readonly version: string
  /** Makes a database; gives its URL. */
  create(name: string): Promise<string>
  /** Drops a database. */
  drop(name: string): Promise<void>
}

const NAMES = { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB' }

/** The server; or a line that says why there is none. */
export async function findServer(name: ServerName): Promise<Server | string> {
  const [variable, usual] =
    name === 'postgres'
      ? ['TASKFLOW_BENCH_POSTGRES', 'postgres://postgres@127.0.0.1:5432/postgres']
      : ['TASKFLOW_BENCH_MYSQL', 'mysql://root@127.0.0.1:3306/test']
  const url = process.env[variable] ?? usual
  const run = (sql: string): Promise<string> =>
    name === 'postgres' ? runOnPostgres(url, sql) : runOnMysql(url, sql)
  try {
    const answer = await run('SELECT version()')
    const version = name === 'postgres' ? answer.split(' ').slice(0, 2).join(' ') : answer
    return {
      version,
      async create(database) {
        await run(`CREATE DATABASE ${database}`)
        const made = new URL(url)
        made.pathname = database
        return made.href
      },
      async drop(database) {
        await run(`DROP DATABASE ${database}${name === 'postgres' ? ' WITH (FORCE)' : ''}`)
      },
    }
  } catch (error) {
    const { host } = new URL(url)
    return `${NAMES[name]} does not answer at ${host}; set ${variable} (${String(error)})`
  }
}

async function runOnPostgres(connectionString: string, text: string): Promise<string> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ version?: string }>(text)
    return rows[0]?.version ?? ''
  } finally {
    await client.end()
  }
}

async function runOnMysql(uri: string, text: string): Promise<string> {
  const connection = await mysql.createConnection({ uri, connectTimeout: 5_000 })
  try {
    const [rows] = await connection.query(text)
    const [first] = Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
    return String(Object.values(first ?? {})[0] ?? '')
  } finally {
    await connection.end()
  }
}

/** Where the files of one contender are, and its database. */
export interface Place extends AsyncDisposable {
  readonly folder: string
  readonly databaseUrl: string | undefined
}

/** Makes a place; with a database on a server, when there is one. */
export async function makePlace(server: Server | undefined): Promise<Place> {
  const folder = mkdtempSync(join(baseFolder(), 'taskflow-bench-'))
  const database = `taskflow_bench_${randomBytes(6).toString('hex')}`
  const databaseUrl = await server?.create(database)
  return {
    folder,
    databaseUrl,
    async [Symbol.asyncDispose]() {
      await server?.drop(database)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function baseFolder(): string {
  return process.env['TASKFLOW_BENCH_FOLDER'] ?? tmpdir()
}

/** The magic number of `tmpfs`, where a sync costs nothing. */
const TMPFS = 0x01021994

/** Whether files are kept in memory, so that figures of SQLite say nothing. */
export function isFolderInMemory(): boolean {
  return statfsSync(baseFolder()).type === TMPFS
}
