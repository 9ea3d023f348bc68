/**
 * Many flows at once over one backend, against one at a time: steps per second, the delay of the event
 * loop, and what the server counts of transactions and statements.
 *
 * Run by itself, `npx node bench/concurrent.ts`, since its counts are of the whole server.
 *
 * PostgreSQL is asked at TASKFLOW_TEST_POSTGRES or its usual address, MySQL at TASKFLOW_TEST_MYSQL; a
 * server that does not answer is left out, with a line.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import mysqlLibrary from 'mysql2/promise'
import pg from 'pg'
import { type Backend, load } from '../src/index.ts'
import { mysql } from '../src/persistence/sql/mysql.ts'
import { postgres } from '../src/persistence/sql/postgres.ts'
import { sqlite } from '../src/persistence/sql/sqlite.ts'
import { linearFlow } from './contenders/flows.ts'

const STEPS = 10

/** What a server counts, from its own start on. */
interface Counts {
  readonly commits: number
  /** Messages that the server answered, where it counts them. */
  readonly statements: number | undefined
}

/** A database with nothing in it. */
interface Site {
  readonly open: () => Backend
  count(): Promise<Counts | undefined>
  remove(): Promise<void>
}

/** What came of one width. */
interface Figures {
  readonly width: number
  readonly stepsPerSecond: number
  /** Delay of the event loop, in milliseconds. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly commitsPerStep: number | undefined
  readonly statementsPerStep: number | undefined
}

/** Measures one width: each of so many lanes runs flows one after the other. */
async function measureWidth(site: Site, width: number, flows: number): Promise<Figures> {
  {
    await using first = site.open()
    await first.open() // makes the tables, which is not to be counted
  }
  const before = await site.count()
  const backend = site.open()
  await backend.open()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let left = flows
  delay.enable()
  const startedAtMs = performance.now()
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left > 0) {
        left -= 1
        await load(linearFlow(STEPS), { backend }).run()
      }
    }),
  )
  const seconds = (performance.now() - startedAtMs) / 1_000
  delay.disable()
  await backend.close() // PostgreSQL counts what a connection did when it ends
  const after = await site.count()
  const steps = flows * STEPS
  const each = (what: keyof Counts): number | undefined => {
    const [from, to] = [before?.[what], after?.[what]]
    return from === undefined || to === undefined ? undefined : (to - from) / steps
  }
  const ms = (ns: number): number => ns / 1e6
  return {
    width,
    stepsPerSecond: steps / seconds,
    delayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
    commitsPerStep: each('commits'),
    statementsPerStep: each('statements'),
  }
}

/** The table of all databases that there are. */
async function concurrent(rounds: number): Promise<string> {
  const rows: string[] = []
  for (const [name, make] of SITES) {
    const byWidth = new Map<number, Figures[]>([
      [1, []],
      [100, []],
    ])
    for (let round = -1; round < rounds; round += 1) {
      for (const [width, figures] of byWidth) {
        const site = await make()
        if (site === undefined) continue
        const one = await measureWidth(site, width, width === 1 ? 100 : 1_000)
        if (round >= 0) figures.push(one)
        await site.remove()
      }
    }
    const alone = medianOf(byWidth.get(1) ?? [])
    for (const figures of byWidth.values()) {
      const median = medianOf(figures)
      if (median !== undefined) rows.push(rowOf(name, median, alone?.stepsPerSecond ?? 1))
    }
  }
  const head = [
    '| | flows at once | steps per second | multiple | event loop p50/p99/max, ms | commits per step | statements per step |',
    '|---|---|---|---|---|---|---|',
  ]
  return [...head, ...rows].join('\n')
}

function medianOf(figures: readonly Figures[]): Figures | undefined {
  return [...figures].sort((a, b) => a.stepsPerSecond - b.stepsPerSecond)[figures.length >> 1]
}

function rowOf(name: string, figures: Figures, base: number): string {
  const { width, stepsPerSecond, delayMs, commitsPerStep, statementsPerStep } = figures
  const { p50, p99, max } = delayMs
  const digits = (value: number | undefined): string => value?.toFixed(2) ?? ''
  return `| ${name} | ${width} | ${stepsPerSecond.toFixed(0)} | ${(stepsPerSecond / base).toFixed(1)} | ${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)} | ${digits(commitsPerStep)} | ${digits(statementsPerStep)} |`
}

async function onSqlite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'taskflow-bench-'))
  return {
    open: () => sqlite(join(folder, 'flows.db')),
    count: async () => undefined,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

const NAME = 'taskflow_bench'

async function onPostgres(): Promise<Site | undefined> {
  const root =
    process.env['TASKFLOW_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const client = new pg.Client({ connectionString: root })
  try {
    await client.connect()
  } catch {
    return left('PostgreSQL', root)
  }
  await client.query(`DROP DATABASE IF EXISTS ${NAME}`)
  await client.query(`CREATE DATABASE ${NAME}`)
  const url = new URL(root)
  url.pathname = NAME
  return {
    open: () => postgres(url),
    count: async () => {
      await setTimeout(300) // until the connections have ended
      const { rows } = await client.query(
        `SELECT xact_commit FROM pg_stat_database WHERE datname = '${NAME}'`,
      )
      return { commits: Number(rows[0]?.xact_commit), statements: undefined }
    },
    remove: async () => {
      await client.query(`DROP DATABASE ${NAME} WITH (FORCE)`)
      await client.end()
    },
  }
}

async function onMysql(): Promise<Site | undefined> {
  const root = process.env['TASKFLOW_TEST_MYSQL'] ?? 'mysql://root@127.0.0.1:3306/test'
  const connection = await mysqlLibrary.createConnection({ uri: root }).catch(() => undefined)
  if (connection === undefined) return left('MySQL', root)
  await connection.query(`DROP DATABASE IF EXISTS ${NAME}`)
  await connection.query(`CREATE DATABASE ${NAME}`)
  const url = new URL(root)
  url.pathname = NAME
  return {
    open: () => mysql(url),
    count: async () => {
      const [rows] = await connection.query(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_commit', 'Questions')",
      )
      const status = new Map(
        (rows as { Variable_name: string; Value: string }[]).map((row) => [
          row.Variable_name,
          Number(row.Value),
        ]),
      )
      return { commits: status.get('Com_commit') ?? 0, statements: status.get('Questions') }
    },
    remove: async () => {
      await connection.query(`DROP DATABASE ${NAME}`)
      await connection.end()
    },
  }
}

function left(name: string, url: string): undefined {
  process.stderr.write(`left out: ${name} does not answer at ${new URL(url).host}\n`)
  return undefined
}

const SITES = [
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
  ['MySQL', onMysql],
] as const

process.stdout.write(`${await concurrent(3)}\n`)
