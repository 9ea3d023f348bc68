/**
 * Database servers of a test's own, which it may stop, kill and starve: each with its own folder and
 * port, gone at the end.
 *
 * Servers refuse to run as root, so that root starts them as the user that their package made.
 *
 * @module
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'

/** A server that can be hurt. */
export interface PrivateServer extends AsyncDisposable {
  /** A database of it. */
  readonly url: string
  /** Its folder; readable and writable for the server alone. */
  readonly folder: string
  /** Runs it, also again after it was stopped or killed; resolves when it answers. */
  start(): Promise<void>
  /** Ends it in one of the ways in which servers end. */
  stop(how: 'fast' | 'immediate' | 'kill'): Promise<void>
}

const POSTGRES_FOLDERS = '/usr/lib/postgresql'

/** A PostgreSQL cluster that is not started yet; undefined, with a line that says why, when there is no such program. */
export async function privatePostgres(
  settings: readonly string[] = [],
): Promise<PrivateServer | undefined> {
  const newest = existsSync(POSTGRES_FOLDERS) ? readdirSync(POSTGRES_FOLDERS).sort().at(-1) : ''
  const more = join(POSTGRES_FOLDERS, newest ?? '', 'bin')
  const initdb = find('initdb', more)
  const server = find('postgres', more)
  if (initdb === undefined || server === undefined) {
    return missing('PostgreSQL (initdb, postgres)', 'apt-get install postgresql')
  }
  const user = serverUser('postgres')
  const folder = makeFolder('postgres', user)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--wal-segsize=1']
  const prepare = (): void => {
    execFileSync(initdb, [...init, '--no-sync'], { ...user, cwd: folder, stdio: 'ignore' })
  }
  const port = await freePort()
  const options = [
    'fsync=on',
    'listen_addresses=127.0.0.1',
    'min_wal_size=2MB',
    'max_wal_size=64MB',
  ]
  const args = ['-D', data, '-p', String(port), '-k', folder]
  for (const setting of [...options, ...settings]) args.push('-c', setting)
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return new ServerProcess({ program: server, args, folder, user, url, prepare })
}

/** A MariaDB server that is not started yet; undefined, with a line that says why, when there is no such program. */
export async function privateMysql(): Promise<PrivateServer | undefined> {
  const install = find('mariadb-install-db')
  const server = find('mariadbd', '/usr/sbin')
  if (install === undefined || server === undefined) {
    return missing('MariaDB (mariadb-install-db, mariadbd)', 'apt-get install mariadb-server')
  }
  const user = serverUser('mysql')
  const folder = makeFolder('mysql', user)
  const data = join(folder, 'data')
  const method = '--auth-root-authentication-method=normal'
  const prepare = (): void => {
    const args = ['--no-defaults', `--datadir=${data}`, method]
    execFileSync(install, args, { ...user, cwd: folder, stdio: 'ignore' })
  }
  const port = await freePort()
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'server.sock')}`,
    '--innodb-flush-log-at-trx-commit=1',
  ]
  const url = `mysql://root@127.0.0.1:${port}/test`
  return new ServerProcess({ program: server, args, folder, user, url, prepare })
}

interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

interface ServerParts {
  readonly program: string
  readonly args: readonly string[]
  readonly folder: string
  readonly user: ServerUser
  readonly url: string
  /** Makes its data, once. */
  readonly prepare: () => void
}

class ServerProcess implements PrivateServer {
  readonly url: string
  readonly folder: string
  readonly #parts: ServerParts
  #child: ChildProcess | undefined
  #output = ''

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.url = parts.url
    this.folder = parts.folder
  }

  async start(): Promise<void> {
    const { program, args, folder, user, prepare } = this.#parts
    if (this.#child === undefined) prepare()
    const child = spawn(program, args, { ...user, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-5_000)
      })
    }
    this.#child = child
    for (let i = 0; i < 600; i += 1) {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${this.#output}`)
      if (await answers(this.url)) return
      await setTimeout(50)
    }
    throw new Error(`${program} does not answer: ${this.#output}`)
  }

  async stop(how: 'fast' | 'immediate' | 'kill'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    // PostgreSQL's words for it; MariaDB knows SIGTERM and SIGKILL.
    child.kill(({ fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const)[how])
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('kill')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function missing(what: string, how: string): undefined {
  process.stderr.write(`skipped: ${what} is not installed here; install it: ${how}\n`)
  return undefined
}

function find(program: string, more = ''): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), more]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}

function serverUser(name: string): ServerUser {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function makeFolder(name: string, { uid, gid }: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `taskflow-${name}-`))
  chmodSync(folder, 0o755)
  if (uid !== undefined) execFileSync('chown', [`${uid}:${gid}`, folder])
  return folder
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Whether a server takes statements, and not only connections. */
async function answers(url: string): Promise<boolean> {
  try {
    if (url.startsWith('mysql:')) {
      const connection = await mysql.createConnection({ uri: url })
      await connection.end()
    } else {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      await client.end()
    }
    return true
  } catch {
    return false
  }
}
