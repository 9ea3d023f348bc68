/**
 * A PgBouncer of the test's own in front of the PostgreSQL server of the tests.
 *
 * @module
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** The version that is installed; undefined, with a line that says how to get it, without one. */
export function pgbouncerVersion(): string | undefined {
  try {
    return /\d+\.\d+/.exec(execFileSync('pgbouncer', ['--version'], { encoding: 'utf8' }))?.[0]
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    process.stderr.write('skipped: there is no pgbouncer; install it: apt-get install pgbouncer\n')
    return undefined
  }
}

/** One that runs. */
export interface PgBouncer extends AsyncDisposable {
  /** The URL of the database through it. */
  readonly url: string
}

/** Starts one in front of a database, with settings that are added to the least that it needs. */
export async function pgbouncer(target: string, settings: string): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'taskflow-pgbouncer-'))
  chmodSync(folder, 0o755) // it gives up the rights of root
  const { hostname, port, username } = new URL(target)
  const url = new URL(target)
  url.port = String(await freePort())
  const users = join(folder, 'users.txt')
  writeFileSync(users, `"${username}" ""\n`)
  const config = join(folder, 'pgbouncer.ini')
  writeFileSync(
    config,
    `[databases]
* = host=${hostname} port=${port || '5432'}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${url.port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
default_pool_size = 3
${settings}
`,
  )
  const isRoot = process.getuid?.() === 0
  const child = spawn('pgbouncer', ['-q', ...(isRoot ? ['-u', 'nobody'] : []), config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  await answers(Number(url.port))
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return
    await setTimeout(50)
  }
  throw new Error('pgbouncer does not answer')
}
