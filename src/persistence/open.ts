/**
 * Makes a backend of a URL, and imports its driver only then.
 *
 * For programs whose backend is a setting, the command line among them. Who writes the program
 * for one database imports that driver itself.
 *
 * @module
 */

import { FUNCTION, methods } from '../base/checks.ts'
import { importUnseen } from '../database/peer.ts'
import { type BackendUnavailableError, DuplicateError } from '../errors.ts'
import type { Backend } from './backend.ts'

/** What a driver makes of the URL, by scheme. */
const DRIVERS: Readonly<Record<string, (url: string, rest: string) => Promise<Backend>>> = {
  memory: async () => (await import('./memory.ts')).memory(),
  dir: async (_url, folder) => (await import('./directory.ts')).directory(folder),
  sqlite: async (_url, file) => (await import('./sql/sqlite.ts')).sqlite(file),
  postgres: async (url) => {
    const { postgresBackend } = await import('./sql/postgres-backend.ts')
    return postgresBackend(url, {}, () => importUnseen('pg'))
  },
  mysql: async (url) => {
    const { mysqlBackend } = await import('./sql/mysql-backend.ts')
    return mysqlBackend(url, {}, () => importUnseen('mysql2/promise'))
  },
}

/** Other names of the same. */
const ALIASES: Readonly<Record<string, string>> = { mariadb: 'mysql', postgresql: 'postgres' }

/** What others make of theirs; see {@link registerBackend}. */
const REGISTERED = new Map<string, (url: string) => Backend | Promise<Backend>>()

const A_BACKEND = methods('a Backend', ['open', 'close', 'save', 'loadFlow', 'listFlows'])

/**
 * Lets {@link openBackend}, and the command line, open backends of a scheme of your own. Call it
 * where the program or `taskflow.config.ts` begins; it holds for this process.
 *
 * @param scheme what stands before the colon, such as `cockroach`; in any case, matched in small letters
 * @param make gets the whole URL when a backend is opened, and need not connect before `open()`
 * @returns takes the scheme back when it is disposed of
 * @throws TypeError when the scheme is none, or `make` no function; {@link DuplicateError} when there
 * is such a scheme.
 *
 * @example
 * registerBackend('cockroach', (url) => postgres(url.replace('cockroach:', 'postgres:')))
 */
export function registerBackend(
  scheme: string,
  make: (url: string) => Backend | Promise<Backend>,
): Disposable {
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/i.test(scheme)) {
    throw new TypeError(
      `the scheme of a backend must be a word such as cockroach, got ${JSON.stringify(scheme)}`,
    )
  }
  FUNCTION(`what makes a backend of ${scheme}:`, make)
  const known = scheme.toLowerCase()
  if (Object.hasOwn(DRIVERS, known) || Object.hasOwn(ALIASES, known) || REGISTERED.has(known)) {
    throw new DuplicateError(`there is a backend for URLs with ${known}: already`, [known])
  }
  REGISTERED.set(known, make)
  return { [Symbol.dispose]: () => void REGISTERED.delete(known) }
}

/** The parts of a backend's URL. */
export interface BackendUrl {
  /** Which backend: `memory`, `dir`, `sqlite`, `postgres`, `mysql`, or a scheme that was registered. */
  readonly kind: string
  /** What stands behind the first colon: of files and folders the path. */
  readonly rest: string
}

/**
 * Reads a backend's URL. Connects to nothing.
 *
 * @throws TypeError when it is none, or the backend is unknown; without what may be a password.
 */
export function readBackendUrl(url: string | URL): BackendUrl {
  const text = String(url)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? []
  const known = scheme.toLowerCase()
  const kind = ALIASES[known] ?? known
  if (!Object.hasOwn(DRIVERS, kind) && !REGISTERED.has(kind)) {
    const what = scheme === '' ? 'has no scheme' : `has the unknown scheme '${scheme}:'`
    throw new TypeError(`the backend's URL ${what}: write ${formsOfUrls()}`)
  }
  const isFile = kind === 'sqlite' || kind === 'dir'
  if (isFile && (rest === '' || rest.startsWith('//'))) {
    throw new TypeError(
      `a ${kind}: URL is followed by a path, as in ${kind}:runs or ${kind}:/var/lib/runs`,
    )
  }
  return { kind, rest }
}

function formsOfUrls(): string {
  const others = [...REGISTERED.keys()].map((scheme) => `${scheme}:…, `)
  return `sqlite:FILE, dir:FOLDER, postgres://…, mysql://…, ${others.join('')}or memory:`
}

/**
 * Opens the backend of a URL: `sqlite:FILE`, `dir:FOLDER`, `postgres://…`, `mysql://…` (MariaDB
 * too), `memory:`, which forgets with the process, or of a scheme that was registered. Makes the
 * tables that are missing. Whoever opens it closes it.
 *
 * @throws TypeError when the URL is none, or the backend is unknown; {@link BackendUnavailableError}
 * when it cannot be opened or reached, or its library is not installed, saying what to install.
 *
 * @example
 * await using backend = await openBackend(process.env.TASKFLOW_BACKEND ?? 'sqlite:runs.db')
 */
export async function openBackend(url: string | URL): Promise<Backend> {
  const backend = await backendOf(url)
  try {
    await backend.open()
  } catch (error) {
    await backend.close()
    throw error
  }
  return backend
}

/** As {@link openBackend}, but opens nothing yet: the backend does so at its first use. */
export async function backendOf(url: string | URL): Promise<Backend> {
  const { kind, rest } = readBackendUrl(url)
  const made = REGISTERED.get(kind)
  if (made !== undefined) {
    const backend = await made(String(url))
    A_BACKEND(`what was made of a ${kind}: URL`, backend)
    return backend
  }
  const make = DRIVERS[kind] as NonNullable<(typeof DRIVERS)[string]>
  const text = String(url)
  return make(`${kind}${text.slice(text.indexOf(':'))}`, rest)
}
