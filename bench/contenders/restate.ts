/**
 * Restate: a server of its own, which calls this process and keeps what the steps give.
 *
 * The server of the npm package is started on free ports, with its own defaults (RocksDB, each
 * write synced), and ended with the contender. What is measured is a request to it.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import {
  type Context,
  createEndpointHandler,
  type LoggerTransport,
  RestatePromise,
  service,
} from '@restatedev/restate-sdk'
import {
  type Contender,
  check,
  FLOW_COUNT,
  type Order,
  sum,
  timed,
  unknownKind,
  wideResult,
} from '../work.ts'

/** Without the line that warns of callers who are not this machine. */
const complain: LoggerTransport = ({ level }, message, ...rest) => {
  if (String(level) === 'error') process.stderr.write(`Restate: ${[message, ...rest].join(' ')}\n`)
}

/** How long the server may take to start, in milliseconds. */
const START_MS = 30_000

const bench = service({
  name: 'bench',
  handlers: {
    linear: async (context: Context, size: number) => {
      let value = 0
      for (let i = 0; i < size; i += 1) {
        const before = value
        value = await context.run(`t${i}`, async () => before + 1)
      }
      return value
    },
    wide: async (context: Context, size: number) => {
      const values = await RestatePromise.all(
        Array.from({ length: size }, (_, i) => context.run(`t${i}`, async () => i)),
      )
      return context.run('join', async () => sum(values))
    },
  },
})

/** The program of this machine; undefined when the package has none for it. */
export function restateServer(): string | undefined {
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}`
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/restate-server`)
  } catch {
    return undefined
  }
}

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const program = restateServer()
  if (program === undefined) throw new Error('there is no Restate server for this machine')
  const endpoint = createHttp2Server(createEndpointHandler({ services: [bench], logger: complain }))
  endpoint.listen(0, '127.0.0.1')
  await once(endpoint, 'listening')
  const [nodePort, adminPort, ingressPort] = await freePorts(3)
  const server = spawn(program, ['--no-logo', '--base-dir', order.folder, '--listen-mode', 'tcp'], {
    stdio: 'ignore',
    cwd: order.folder,
    env: {
      ...process.env,
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(nodePort),
      RESTATE_ADMIN__BIND_PORT: String(adminPort),
      RESTATE_INGRESS__BIND_PORT: String(ingressPort),
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
  })
  const uri = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`
  await untilItAnswers(server, `http://127.0.0.1:${adminPort}`, { uri })
  const call = async (handler: string, size: number): Promise<number> => {
    const body = JSON.stringify(size)
    const headers = { 'content-type': 'application/json' }
    const url = `http://127.0.0.1:${ingressPort}/bench/${handler}`
    const response = await fetch(url, { method: 'POST', headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`Restate answered ${response.status}: ${text}`)
    return JSON.parse(text) as number
  }
  return {
    run: () => run(order, call),
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      await once(server, 'exit')
      endpoint.close()
    },
  }
}

async function run(
  { contender, kind, size }: Order,
  call: (handler: string, size: number) => Promise<number>,
): Promise<number> {
  let result = 0
  if (kind === 'linear' || kind === 'wide') {
    const us = await timed(size, async () => {
      result = await call(kind, size)
    })
    check(kind, result, kind === 'linear' ? size : wideResult(size))
    return us
  }
  if (kind !== 'flows') return unknownKind(contender, kind)
  const length = size / FLOW_COUNT
  const us = await timed(size, async () => {
    result = sum(
      await Promise.all(Array.from({ length: FLOW_COUNT }, () => call('linear', length))),
    )
  })
  check(kind, result, FLOW_COUNT * length)
  return us
}

/** Tells the server of the endpoint, again and again until it takes it. */
async function untilItAnswers(
  server: ChildProcess,
  admin: string,
  deployment: { readonly uri: string },
): Promise<void> {
  const end = performance.now() + START_MS
  for (;;) {
    if (server.exitCode !== null) throw new Error(`the Restate server ended: ${server.exitCode}`)
    try {
      const response = await fetch(`${admin}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(deployment),
      })
      if (response.ok) return
      if (performance.now() > end) throw new Error(`the server refuses: ${await response.text()}`)
    } catch (error) {
      if (performance.now() > end)
        throw new Error('the Restate server does not start', { cause: error })
    }
    await setTimeout(200)
  }
}

/** Ports that are free now; all are found before any is given back. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  const ports: number[] = []
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}
