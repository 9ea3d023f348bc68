/**
 * Who takes part: what each is called in the tables, what it needs, and where its code is.
 *
 * Nothing of a contender is loaded here; each runs in a process of its own.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pythonTaskflow } from './contenders/python.ts'
import type { Contender, Order } from './work.ts'

/** A database server that a contender has a database of its own on. */
export type ServerName = 'postgres' | 'mysql'

/** A contender, before it is started. */
export interface Entry {
  /** As the tables say it, with its version. */
  label(): string | Promise<string>
  /** Says why it cannot take part on this machine; undefined when it can. */
  absence?(): Promise<string | undefined>
  /** Where it has a database of its own. */
  readonly server?: ServerName
  /** Its code is that of this project, so that another checkout has one of the same name. */
  readonly isOurs?: true
  /** What the project is made of, so that it says how fast the machine is. */
  readonly isFloor?: true
  /** Loads its code, and makes it. */
  readonly open: (order: Order) => Promise<Contender>
}

/** Our own process, run from its sources. */
function ours(label: string, server?: ServerName): Entry {
  const open = async (order: Order): Promise<Contender> =>
    (await import('./contenders/taskflow.ts')).open(order)
  return { label: () => label, open, isOurs: true, ...(server !== undefined && { server }) }
}

function held(label: string): Entry {
  return {
    label: () => label,
    open: async (order) => (await import('./contenders/held.ts')).open(order),
  }
}

function footprint(name: string): Entry {
  return {
    label: () => (name === 'nothing' || name.startsWith('taskflow-ts') ? name : versioned(name)),
    open: async (order) => (await import('./contenders/footprint.ts')).open(order),
  }
}

function rawPostgres(label: string): Entry {
  return {
    label: () => label,
    server: 'postgres',
    isFloor: true,
    open: async (order) => (await import('./contenders/raw-postgres.ts')).open(order),
  }
}

function rawSqlite(label: string): Entry {
  return {
    label: () => label,
    isFloor: true,
    open: async (order) => (await import('./contenders/raw-sqlite.ts')).open(order),
  }
}

function openworkflow(server?: ServerName): Entry {
  return {
    label: () => versioned('openworkflow', 'OpenWorkflow'),
    open: async (order) => (await import('./contenders/openworkflow.ts')).open(order),
    ...(server !== undefined && { server }),
  }
}

function python(server?: ServerName): Entry {
  return {
    label: async () => `Python TaskFlow ${await pythonTaskflow()}`,
    async absence() {
      if ((await pythonTaskflow()) !== undefined) return undefined
      return 'Python TaskFlow is not installed: apt-get install python3-taskflow, or name an interpreter that has it in TASKFLOW_BENCH_PYTHON'
    },
    open: async (order) => (await import('./contenders/python.ts')).open(order),
    ...(server !== undefined && { server }),
  }
}

/** All of them, by the name that suites call them. */
export const CONTENDERS: Readonly<Record<string, Entry>> = {
  plain: {
    label: () => 'by hand: `await`, `Promise.all`',
    isFloor: true,
    open: async (order) => (await import('./contenders/plain.ts')).open(order),
  },
  async: {
    label: () => versioned('async', 'async.auto'),
    open: async (order) => (await import('./contenders/async.ts')).open(order),
  },
  'p-graph': {
    label: () => versioned('p-graph'),
    open: async (order) => (await import('./contenders/p-graph.ts')).open(order),
  },
  python: python(),
  'python-sqlite': python(),
  'python-postgres': python('postgres'),
  taskflow: ours('taskflow-ts'),
  'taskflow-run': ours('taskflow-ts, `run()` alone'),
  'taskflow-sqlite': ours('taskflow-ts'),
  'taskflow-directory': ours('taskflow-ts, a folder of JSON files'),
  'taskflow-sqlite-normal': ours("taskflow-ts, `synchronous: 'NORMAL'`"),
  'taskflow-postgres': ours('taskflow-ts', 'postgres'),
  'taskflow-mysql': ours('taskflow-ts', 'mysql'),
  'raw-sqlite': rawSqlite('raw: an insert and a commit each'),
  'raw-sqlite-batched': rawSqlite('raw: one commit for many inserts'),
  'raw-postgres': rawPostgres('raw: a statement and a commit each'),
  'raw-postgres-16': rawPostgres('raw: the same on 16 connections'),
  'raw-postgres-batched': rawPostgres('raw: one statement for many rows'),
  'raw-mysql': {
    label: () => 'raw: a statement and a commit each',
    server: 'mysql',
    isFloor: true,
    open: async (order) => (await import('./contenders/raw-mysql.ts')).open(order),
  },
  'openworkflow-sqlite': openworkflow(),
  'openworkflow-postgres': openworkflow('postgres'),
  dbos: {
    label: () => versioned('@dbos-inc/dbos-sdk', 'DBOS Transact'),
    server: 'postgres',
    open: async (order) => (await import('./contenders/dbos.ts')).open(order),
  },
  restate: {
    label: () => `${versioned('@restatedev/restate-server', 'Restate')}, its own server`,
    async absence() {
      const { restateServer } = await import('./contenders/restate.ts')
      if (restateServer() !== undefined) return undefined
      return `Restate has no server for ${process.platform} on ${process.arch} in its npm package`
    },
    open: async (order) => (await import('./contenders/restate.ts')).open(order),
  },
  'held-plain': held('functions and their results in arrays'),
  'held-linear': held('taskflow-ts, linear'),
  'held-wide': held('taskflow-ts, wide + join'),
  'held-layered': held('taskflow-ts, layered'),
  ...Object.fromEntries(
    [
      'nothing',
      'taskflow-ts',
      'taskflow-ts/sqlite',
      'taskflow-ts/postgres',
      'async',
      'p-graph',
      'openworkflow',
      '@dbos-inc/dbos-sdk',
      '@restatedev/restate-sdk',
    ].map((name) => [`package:${name}`, footprint(name)]),
  ),
}

/** A package of this folder with its version. */
function versioned(name: string, label = name): string {
  const file = join(import.meta.dirname, 'node_modules', name, 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return `${label} ${version}`
}
