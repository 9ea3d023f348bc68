/**
 * Measures taskflow-ts beside its peers, and beside what it is made of.
 *
 * `npm run bench -- --help` says how.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTENDERS, type ServerName } from './contenders.ts'
import { type Bounds, measure } from './measure.ts'
import { findServer, isFolderInMemory, makePlace, type Server } from './places.ts'
import { ContenderProcess } from './process.ts'
import {
  type Cell,
  type Circumstances,
  insertTable,
  jsonOf,
  type Result,
  type Row,
  tableOf,
} from './report.ts'
import { type Entrant, SUITES, type Suite } from './suites.ts'

const HELP = `npm run bench                      measures everything, writes docs/performance.md and bench/results
npm run bench -- --suite NAME      one suite; may be given several times, or end in * (sqlite-*)
npm run bench -- --quick           small sizes, few rounds; prints, and writes nothing
npm run bench -- --rounds N        how often each contender runs at most; 7, or 3 when quick
npm run bench -- --print           prints, and writes nothing
npm run bench -- --beside FOLDER   another checkout beside this one, without peers; prints, writes nothing
npm run bench -- --list            the suites, and who takes part`

const FULL: Bounds = { rounds: 7, warmUpMs: 1_500, maxMs: 15_000 }
const QUICK: Bounds = { rounds: 3, warmUpMs: 300, maxMs: 600 }
const PAGE = resolve(import.meta.dirname, '../docs/performance.md')
const RESULTS = join(import.meta.dirname, 'results')

const { values } = parseArgs({
  options: {
    suite: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    print: { type: 'boolean', default: false },
    beside: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

/** Somebody has had enough: nothing new starts, and databases and folders are removed. */
let isStopped = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isStopped = true
    process.exitCode = 130
  })
}

/** What the run is to do with a suite. */
interface Run {
  readonly suite: Suite
  readonly sizes: readonly number[]
  readonly bounds: Bounds
  readonly servers: Servers
}

/** The servers that were asked for, and why there are none. */
type Servers = Map<ServerName, Server | string>

async function main(): Promise<void> {
  if (values.help) return void print(HELP)
  const suites = chosen(values.suite)
  if (values.list) {
    for (const { name, title, entrants } of suites) {
      print(`${name.padEnd(16)} ${title}`)
      print(`${''.padEnd(16)}   ${entrants.map(({ contender }) => contender).join(', ')}`)
    }
    return
  }
  const bounds = { ...(values.quick ? QUICK : FULL) }
  if (values.rounds !== undefined) bounds.rounds = countOf(values.rounds)
  if (isFolderInMemory()) {
    print('The folder for files lies in memory: set TASKFLOW_BENCH_FOLDER to one on a disk.\n')
  }
  if (suites.some(({ kind }) => kind === 'import' || kind === 'install')) build()
  const writes = !values.quick && !values.print && values.beside === undefined
  const servers: Servers = new Map()
  for (const suite of suites) {
    const sizes = values.quick ? suite.quickSizes : suite.sizes
    const reason = await absenceOf(suite.entrants[0]?.contender ?? '', servers)
    if (reason !== undefined) {
      print(`## ${suite.title} (${suite.name})\n\nLeft out: ${reason}.\n`)
      continue
    }
    const result = await measureSuite({ suite, sizes, bounds, servers })
    if (isStopped) return
    const table = tableOf(result)
    print(`## ${suite.title} (${suite.name})\n\n${table}\n`)
    if (!writes) continue
    mkdirSync(RESULTS, { recursive: true })
    writeFileSync(join(RESULTS, `${suite.name}.json`), jsonOf(result))
    writeFileSync(PAGE, insertTable(readFileSync(PAGE, 'utf8'), suite.name, table))
  }
}

/** The suites that were named; all of them when none was. */
function chosen(names: readonly string[]): readonly Suite[] {
  if (names.length === 0) return SUITES
  const suites = names.map((name) => {
    const found = SUITES.filter((suite) =>
      name.endsWith('*') ? suite.name.startsWith(name.slice(0, -1)) : suite.name === name,
    )
    if (found.length === 0) throw new RangeError(`no suite is called ${name}; --list names them`)
    return found
  })
  return SUITES.filter((suite) => suites.flat().includes(suite))
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new RangeError(`--rounds is ${text}: write a whole number from 1 on`)
}

/** Compiles the package as it is published. */
function build(): void {
  const root = resolve(import.meta.dirname, '..')
  const dist = join(import.meta.dirname, 'dist')
  execFileSync(process.execPath, ['build.ts', dist], { cwd: root, stdio: 'inherit' })
}

async function measureSuite(run: Run): Promise<Result> {
  const { suite, sizes, bounds } = run
  const load = Number(loadavg()[0]?.toFixed(1))
  const absent = new Set<string>()
  const present: Entrant[] = []
  for (const entrant of entrantsOf(suite)) {
    const reason = await absenceOf(entrant.contender, run.servers)
    if (reason === undefined) present.push(entrant)
    else absent.add(reason)
  }
  const cells = new Map<Entrant, Map<number, Cell>>(present.map((one) => [one, new Map()]))
  for (const size of sizes) if (!isStopped) await measureSize(run, size, present, cells)
  const rows: Row[] = []
  for (const [entrant, row] of cells) {
    if (row.size > 0) rows.push({ label: await labelOf(entrant), cells: row })
  }
  const processors = cpus()
  const circumstances: Circumstances = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    processor: `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}`,
    load,
    server: versionFor(present, run.servers),
    rounds: bounds.rounds,
  }
  return { suite, sizes, rows, absent: [...absent], circumstances }
}

/** Who takes part; with another checkout, what is ours twice beside what it is made of. */
function entrantsOf({ entrants }: Suite): readonly Entrant[] {
  const { beside } = values
  if (beside === undefined) return entrants
  const checkout = resolve(beside)
  return entrants.flatMap((entrant) => {
    const { isOurs, isFloor } = CONTENDERS[entrant.contender] ?? {}
    if (isOurs) return [{ ...entrant, checkout }, entrant]
    return isFloor ? [entrant] : []
  })
}

/** Starts all that take part at a size, and measures them in turn. */
async function measureSize(
  { suite, bounds, servers }: Run,
  size: number,
  present: readonly Entrant[],
  cells: ReadonlyMap<Entrant, Map<number, Cell>>,
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const failures = new Map<Entrant, string>()
  const competitors: { readonly entrant: Entrant; name: string; run(): Promise<number> }[] = []
  for (const entrant of present) {
    const { contender, sizes = suite.sizes, quickSizes = sizes } = entrant
    if (!(values.quick ? quickSizes : sizes).includes(size)) continue
    try {
      const server = servers.get(CONTENDERS[contender]?.server as ServerName)
      const place = stack.use(await makePlace(typeof server === 'string' ? undefined : server))
      const { folder, databaseUrl } = place
      const order = { contender, kind: suite.kind, size, folder, databaseUrl }
      const bench = entrant.checkout && join(entrant.checkout, 'bench')
      const child = stack.use(await ContenderProcess.start(order, bench))
      competitors.push({
        entrant,
        name: contender,
        run: () =>
          isStopped || failures.has(entrant)
            ? Promise.resolve(Number.NaN)
            : child.run().catch((error: unknown) => {
                if (!isStopped) failures.set(entrant, fail(suite, contender, size, error))
                return Number.NaN
              }),
      })
    } catch (error) {
      cells.get(entrant)?.set(size, { error: fail(suite, contender, size, error) })
    }
  }
  const warmUpMs = suite.isCount ? 0 : bounds.warmUpMs
  const measurements = await measure(competitors, { ...bounds, warmUpMs })
  for (const [i, { entrant }] of competitors.entries()) {
    const error = failures.get(entrant)
    const measurement = measurements[i]
    if (error !== undefined) cells.get(entrant)?.set(size, { error })
    else if (measurement !== undefined) cells.get(entrant)?.set(size, measurement)
  }
}

/** A contender that fails or comes to a wrong result has no time, and the whole run has failed. */
function fail(suite: Suite, contender: string, size: number, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${suite.name}: ${contender} failed at ${size}: ${text}\n`)
  process.exitCode = 1
  return text
}

async function absenceOf(contender: string, servers: Servers): Promise<string | undefined> {
  const entry = CONTENDERS[contender]
  if (entry === undefined) throw new TypeError(`no contender is called ${contender}`)
  const { server } = entry
  if (server !== undefined) {
    if (!servers.has(server)) servers.set(server, await findServer(server))
    const found = servers.get(server)
    if (typeof found === 'string') return found
  }
  return entry.absence?.()
}

async function labelOf({ contender, checkout }: Entrant): Promise<string> {
  const label = (await CONTENDERS[contender]?.label()) ?? contender
  return checkout === undefined ? label : `${label}, of ${checkout}`
}

function versionFor(present: readonly Entrant[], servers: Servers): string | undefined {
  for (const { contender } of present) {
    const server = servers.get(CONTENDERS[contender]?.server as ServerName)
    if (typeof server === 'object') return server.version
  }
  return undefined
}

await main()
