/**
 * Where the database servers of the tests are, and places on them that are gone afterwards.
 *
 * `TASKFLOW_TEST_POSTGRES` and `TASKFLOW_TEST_MYSQL` are URLs; without them the usual local address is
 * tried. With them, and where `CI` is true, a server that does not answer is a failure.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'

interface Server {
  readonly name: string
  readonly variable: string
  readonly usual: string
  readonly start: string
  /** Makes a place in a database when it is not there, and gives its URL. */
  place(database: TestDatabase, name: string): Promise<string>
  /** Drops a database with its places. */
  drop(root: string, database: string): Promise<void>
  /** Runs statements in a database, one after the other; gives the rows of the last. */
  run(url: string, statements: readonly string[]): Promise<readonly unknown[]>
}

const POSTGRES: Server = {
  name: 'PostgreSQL',
  variable: 'TASKFLOW_TEST_POSTGRES',
  usual: 'postgres://postgres@127.0.0.1:5432/postgres',
  start: 'docker run -d -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:17',
  place: async ({ url, run }, name) => {
    await run(`CREATE SCHEMA IF NOT EXISTS "${name}"`)
    const place = new URL(url)
    place.searchParams.set('options', `-c search_path="${name}"`)
    return place.href
  },
  drop: async (root, database) => {
    await POSTGRES.run(root, [`DROP DATABASE ${database} WITH (FORCE)`])
  },
  run: async (connectionString, statements) => {
    const client = await connected(connectionString)
    try {
      let rows: readonly unknown[] = []
      for (const text of statements) rows = (await client.query(text)).rows
      return rows
    } finally {
      await client.end()
    }
  },
}

/**
 * A pool made by hand, with the listeners that every pool needs: a connection that breaks while it is
 * idle or on its way out, as when its database is dropped, would end the process.
 */
export function postgresPool(url: string, config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, idleTimeoutMillis: 500, ...config })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Many test files share one server: a connection may have to wait for those of the others. */
async function connected(connectionString: string): Promise<pg.Client> {
  for (let left = 40; ; left -= 1) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
    try {
      await client.connect()
      return client
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === '53300'
      if (!isFull || left === 0) throw error
      await setTimeout(250)
    }
  }
}

const MYSQL: Server = {
  name: 'MySQL or MariaDB',
  variable: 'TASKFLOW_TEST_MYSQL',
  usual: 'mysql://root@127.0.0.1:3306/test',
  start:
    'docker run -d -p 3306:3306 -e MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 -e MARIADB_DATABASE=test mariadb:11',
  // There are no schemas; a database of its own lies beside the first.
  place: async ({ url, run }, name) => {
    const place = new URL(url)
    const hash = createHash('md5').update(name).digest('hex').slice(0, 12)
    place.pathname += `_${hash}`
    await run(`CREATE DATABASE IF NOT EXISTS ${place.pathname.slice(1)}`)
    return place.href
  },
  drop: async (root, database) => {
    const made = await MYSQL.run(root, [
      `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE '${database}%'`,
    ])
    const names = (made as readonly { readonly name: string }[]).map(({ name }) => name)
    await MYSQL.run(
      root,
      names.map((name) => `DROP DATABASE ${name}`),
    )
  },
  run: async (uri, statements) => {
    const connection = await mysql.createConnection({ uri, connectTimeout: 5_000 })
    try {
      let rows: readonly unknown[] = []
      for (const text of statements) rows = (await connection.query(text))[0] as unknown[]
      return rows
    } finally {
      await connection.end()
    }
  },
}

/** A database of a test file, dropped at the end. */
export interface TestDatabase extends AsyncDisposable {
  /** Its URL. */
  readonly url: string
  /** The URL of an empty place in it, for each name another; what it holds goes with it. */
  place(name: string): Promise<string>
  /** Runs statements in it, one after the other; gives the rows of the last. */
  run(...statements: readonly string[]): Promise<readonly unknown[]>
}

/** A new database on PostgreSQL; undefined, with a line that says why, when there is no server. */
export async function postgresDatabase(): Promise<TestDatabase | undefined> {
  return database(POSTGRES)
}

/** A new database on MySQL or MariaDB; undefined when there is no server. */
export async function mysqlDatabase(): Promise<TestDatabase | undefined> {
  return database(MYSQL)
}

/** Servers that did not answer: one line for each is enough. */
const missed = new Set<Server>()

async function database(server: Server): Promise<TestDatabase | undefined> {
  const given = process.env[server.variable]
  const root = given ?? server.usual
  const name = `taskflow_test_${randomBytes(6).toString('hex')}`
  try {
    await server.run(root, [`CREATE DATABASE ${name}`])
  } catch (error) {
    if (given !== undefined || process.env['CI'] === 'true') throw error
    if (missed.has(server)) return undefined
    missed.add(server)
    const { hostname, port } = new URL(root)
    process.stderr.write(
      `skipped: ${server.name} does not answer at ${hostname}:${port}; set ${server.variable}, or start it: ${server.start}\n`,
    )
    return undefined
  }
  const url = new URL(root)
  url.pathname = name
  const made: TestDatabase = {
    url: url.href,
    place: (place) => server.place(made, place),
    run: (...statements) => server.run(url.href, statements),
    [Symbol.asyncDispose]: () => server.drop(root, name),
  }
  return made
}
