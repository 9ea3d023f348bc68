/**
 * Connections to PostgreSQL: what is asked of a pool that is handed in, and the pool that is made
 * of a URL.
 *
 * For the PostgreSQL driver. Settings of a connection are part of its start, so that a pooler in
 * between either takes them for this client alone, or refuses them. Nothing is `SET` for a session,
 * which in a pooler's transaction mode would be another program's next.
 *
 * @module
 */
import { borrow, within } from './limits.ts'
import { loadPeer } from './peer.ts'
import { handedIn, type PoolSource } from './pool-source.ts'
import { isStartRefused } from './postgres-faults.ts'
import { withoutUrl } from './server-url.ts'

/** What the caller may hand over: usually `new pg.Pool(…)`. Whoever made it also ends it. */
export interface PostgresPool {
  /** Lends a connection. */
  connect(): Promise<PostgresClient>
}

/** A connection on loan. */
export interface PostgresClient {
  /** Runs a statement, prepared under its name when it has one. */
  query(statement: PostgresQuery): Promise<PostgresAnswer>
  /** Gives the connection back; it is closed when there is something wrong with it. */
  release(isBroken?: boolean): void
  /** Listens for a connection that breaks; unheard, that would end the process. */
  on(event: 'error', listener: () => void): unknown
  /** Ends listening. */
  off(event: 'error', listener: () => void): unknown
  /** Whether statements are sent without waiting for the answer to the one before. */
  readonly pipeline?: boolean
}

/** A statement as `pg` takes it. */
export interface PostgresQuery {
  /** With `$1`, `$2`, … for the values. */
  text: string
  /** One for each of them. */
  values: (string | number | null)[]
  /** Prepares the statement under this name, once for each connection. */
  name?: string
}

/** An answer as `pg` gives it. */
export interface PostgresAnswer {
  /** As objects, by column. */
  readonly rows: readonly unknown[]
  /** How many rows there were, or were changed. */
  readonly rowCount: number | null
}

/** The part of the library `pg` that is used here. */
export interface PostgresLibrary {
  readonly default: {
    readonly Pool: new (
      config: Readonly<Record<string, string | number | boolean>>,
    ) => PostgresPool & {
      on(event: 'error', listener: () => void): unknown
      on(event: 'connect', listener: (client: MadeClient) => void): unknown
      end(): Promise<void>
    }
  }
}

interface MadeClient {
  on(event: 'error', listener: () => void): unknown
  once(event: 'end', listener: () => void): unknown
  unref?: () => void
}

/** What the connections of a made pool are given. */
export interface PostgresSettings {
  /** How many there are at most. */
  readonly maxConnections: number
  /** See `PostgresOptions`. */
  readonly lockTimeoutMs: number
  /** See `PostgresOptions`. */
  readonly queryTimeoutMs: number
}

/** A pool, and what has to be said at the start of each transaction on it. */
export interface PostgresPlace {
  readonly pool: PostgresPool
  /** Statements that set what its connections did not take at their start; empty when they did. */
  readonly settings: string
}

/** A pool of somebody else, whose settings are theirs. */
export function givenPlace(pool: PostgresPool): PoolSource<PostgresPlace> {
  return handedIn({ pool, settings: '' })
}

/** The pool of a URL; made when it is first needed. */
export function madePlace(
  url: string,
  settings: PostgresSettings,
  load: () => Promise<PostgresLibrary>,
): PoolSource<PostgresPlace> {
  const ends = new WeakMap<PostgresPlace, () => Promise<void>>()
  const open = async (
    library: PostgresLibrary,
    connectionString: string,
  ): Promise<PostgresPlace> => {
    const { pool, end } = poolOf(library, connectionString, settings)
    try {
      const place = { pool, settings: await unheeded(pool, settings) }
      ends.set(place, end)
      return place
    } catch (error) {
      await end()
      throw error
    }
  }
  return {
    make: async () => {
      const library = await loadPeer('pg', load)
      try {
        return await open(library, withOptions(url, settings))
      } catch (error) {
        // A pooler that takes no settings from its clients says so; the server itself takes them.
        if (!isStartRefused(error)) throw withoutUrl(error, 'PostgreSQL')
        return open(library, url)
      }
    },
    end: async (place) => ends.get(place)?.(),
  }
}

function poolOf(
  { default: pg }: PostgresLibrary,
  connectionString: string,
  { maxConnections, queryTimeoutMs }: PostgresSettings,
): { readonly pool: PostgresPool; readonly end: () => Promise<void> } {
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Who waits for it has given up before; this closes the socket of one that never comes.
    connectionTimeoutMillis: queryTimeoutMs + 500,
    pipeline: true,
  })
  const clients = new Set<MadeClient>()
  // A connection that breaks while it is idle is replaced; unheard, it would end the process.
  pool.on('error', ignore)
  pool.on('connect', (client) => {
    clients.add(client)
    client.once('end', () => clients.delete(client))
    client.on('error', ignore) // the pool does not listen to those that it is closing
  })
  const end = async (): Promise<void> => {
    await pool.end()
    // A server that does not answer to a farewell must not keep the process.
    for (const client of clients) client.unref?.()
  }
  return { pool, end }
}

/**
 * All is found by keys. A plan that was made while a table was small reads the whole of it, and is
 * kept until the server has looked at the table again. And the server ends what takes too long a
 * little earlier than we give it up, so that it is known that nothing was written.
 */
function wanted({ lockTimeoutMs, queryTimeoutMs }: PostgresSettings): Map<string, string> {
  return new Map([
    ['lock_timeout', String(lockTimeoutMs)],
    ['statement_timeout', String(Math.ceil(queryTimeoutMs * 0.9))],
    ['enable_seqscan', 'off'],
    ['jit', 'off'],
  ])
}

/** The URL with our settings at the start of each connection; those of its own come after them. */
function withOptions(url: string, settings: PostgresSettings): string {
  const [, base = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  const own = parameters.get('options') ?? process.env['PGOPTIONS'] ?? ''
  const ours = [...wanted(settings)].map(([name, value]) => `-c ${name}=${value}`)
  parameters.set('options', [...ours, own].join(' ').trim())
  return `${base}?${parameters}`
}

/** What a connection of the pool did not take at its start, of what its server knows. */
async function unheeded(pool: PostgresPool, settings: PostgresSettings): Promise<string> {
  const names = wanted(settings)
  const client = await borrow(pool.connect(), settings.queryTimeoutMs, (late) => late.release())
  client.on('error', ignore)
  let isBroken = true
  try {
    const list = [...names.keys()].map((name) => `'${name}'`).join(', ')
    const text = `SELECT name FROM pg_settings WHERE name IN (${list}) AND source <> 'client'`
    const query = client.query({ text, values: [] })
    const { rows } = await within(query, settings.queryTimeoutMs, 'there was no answer')
    isBroken = false
    return (rows as readonly { readonly name: string }[])
      .map(({ name }) => `; SET LOCAL ${name} = ${names.get(name)}`)
      .join('')
  } finally {
    client.release(isBroken)
    if (!isBroken) client.off('error', ignore)
  }
}

function ignore(): void {}
