/**
 * Brings a database to the schema that this release knows, or refuses one that is too new.
 *
 * For whoever keeps something in a database: runs, and what else has steps of its own. What was
 * done is kept in a table of our own for each. Of processes that start at once, one does a step and
 * the others find it done: they take turns, or the version row, which goes in first where tables
 * are made in transactions, is there already.
 *
 * @module
 */
import { BackendUnavailableError, StorageError } from '../errors.ts'
import type { SqlDialect } from './dialect.ts'
import type { Migration } from './migration.ts'
import { momentText } from './moments.ts'
import {
  NotPermittedError,
  type SqlRow,
  type SqlSession,
  StatementRefusedError,
} from './session.ts'

/** The steps of one part of the package. */
export interface Schema {
  /**
   * Which part it is: `core` are the runs. Small letters of English; it goes into names of tables.
   */
  readonly namespace: string
  /** Every step so far, oldest first; only ever appended to. */
  readonly migrations: readonly Migration[]
}

/** The table of the steps that were made; that of the runs is older than namespaces. */
function tableOf({ namespace }: Pick<Schema, 'namespace'>): string {
  if (namespace === 'core') return 'taskflow_ts_migrations'
  if (/^[a-z]{1,20}$/.test(namespace)) return `taskflow_ts_${namespace}_migrations`
  throw new TypeError(
    `the namespace of a schema is ${JSON.stringify(namespace)}: write up to 20 letters from a to z`,
  )
}

function makeTable(schema: Schema): string {
  return `CREATE TABLE IF NOT EXISTS ${tableOf(schema)} (
  id INTEGER NOT NULL PRIMARY KEY,
  breaking INTEGER NOT NULL,
  applied_at VARCHAR(32) NOT NULL
)`
}

/** How many tables of that name there are: 0 or 1. Asking makes nothing and needs no rights to. */
const TABLE_COUNTS: Readonly<Record<SqlDialect['name'], (table: string) => string>> = {
  sqlite: (table) =>
    `SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table' AND name = '${table}'`,
  postgres: (table) => `SELECT COUNT(to_regclass('${table}')) AS count`,
  mysql: (table) =>
    `SELECT COUNT(*) AS count FROM information_schema.tables WHERE table_name = '${table}' AND table_schema = DATABASE()`,
}

/** A step that a database has. */
export interface AppliedStep {
  readonly id: number
  readonly breaking: boolean
}

/** The steps of a schema that a database has, oldest first. Changes nothing. */
export async function readSteps(
  session: SqlSession,
  { name }: SqlDialect,
  schema: Schema,
): Promise<readonly AppliedStep[]> {
  const table = tableOf(schema)
  const count = { sql: TABLE_COUNTS[name](table), values: [] }
  const [[found] = []] = await session.read([count])
  return Number(found?.['count']) === 0 ? [] : stepsIn(session, table)
}

async function stepsIn(session: SqlSession, table: string): Promise<readonly AppliedStep[]> {
  const sql = `SELECT id, breaking FROM ${table} ORDER BY id`
  const [rows = []] = await session.read([{ sql, values: [] }])
  return rows.map((row: SqlRow) => ({
    id: Number(row['id']),
    breaking: Number(row['breaking']) !== 0,
  }))
}

/**
 * Runs the steps that the database does not have. When it has them all it is only read, so that
 * who may not make tables can use those that are there.
 *
 * A process warning tells of steps that this release does not know and can live with.
 *
 * @throws {@link StorageError} when there is an unknown step that it cannot live with.
 * @throws {@link BackendUnavailableError} when a step is missing, and must not be made.
 */
export async function migrate(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  schema: Schema,
): Promise<void> {
  const found = await readSteps(session, dialect, schema)
  refuseBreaking(found, schema)
  const missing = missingIn(found, schema)
  if (missing.length > 0) {
    await session
      .alone((alone) => migrateAlone(alone, dialect, now, schema))
      .catch((error: unknown) => {
        throw error instanceof NotPermittedError ? notMade(missing, error) : error
      })
  }
  warnOfNewer(found, schema)
}

async function migrateAlone(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  schema: Schema,
): Promise<void> {
  const table = tableOf(schema)
  await session.write([{ sql: makeTable(schema), values: [] }])
  const found = await stepsIn(session, table)
  refuseBreaking(found, schema)
  for (const migration of missingIn(found, schema)) {
    await apply(session, dialect, now, table, migration)
  }
}

function missingIn(found: readonly AppliedStep[], { migrations }: Schema): readonly Migration[] {
  const applied = new Set(found.map(({ id }) => id))
  return migrations.filter(({ id }) => !applied.has(id))
}

function notMade(missing: readonly Migration[], cause: Error): BackendUnavailableError {
  const ids = missing.map(({ id }) => id).join(', ')
  return new BackendUnavailableError(
    `the database lacks schema steps ${ids} of taskflow-ts, and they cannot be made here: ${cause.message}; run 'taskflow migrate' as a user who may change the schema, or its statements: taskflow migrate --print-sql`,
    { cause },
  )
}

/** The statements that bring an empty database to a schema, for whoever must not let a program do it. */
export function scriptOf(dialect: SqlDialect['name'], now: Date, schema: Schema): string {
  const table = tableOf(schema)
  const steps = schema.migrations.map(({ id, breaking, statements }) => {
    const version = `INSERT INTO ${table} (id, breaking, applied_at) VALUES (${id}, ${breaking ? 1 : 0}, '${momentText(now)}')`
    const lines = [...statements[dialect], version].map((sql) => `${sql};`)
    return [
      `-- step ${id}${breaking ? ', which older releases cannot live with' : ''}`,
      ...lines,
    ].join('\n')
  })
  return [`${makeTable(schema)};`, ...steps].join('\n\n')
}

function newerIn(
  found: readonly AppliedStep[],
  { migrations }: Schema,
): { readonly newer: readonly AppliedStep[]; readonly facts: string } {
  const newest = migrations.length
  const newer = found.filter(({ id }) => id > newest)
  const ids = newer.map(({ id }) => id).join(', ')
  const facts = `the database has schema steps ${ids}; this release of taskflow-ts knows steps up to ${newest}`
  return { newer, facts }
}

function refuseBreaking(found: readonly AppliedStep[], schema: Schema): void {
  const { newer, facts } = newerIn(found, schema)
  if (newer.some(({ breaking }) => breaking)) {
    throw new StorageError(`${facts}, and cannot work with it; update taskflow-ts`)
  }
}

function warnOfNewer(found: readonly AppliedStep[], schema: Schema): void {
  const { newer, facts } = newerIn(found, schema)
  if (newer.length === 0) return
  process.emitWarning(`${facts}, and can work with it; update taskflow-ts soon`, {
    type: 'TaskflowWarning',
    code: 'TASKFLOW_NEWER_SCHEMA',
  })
}

async function apply(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  table: string,
  { id, breaking, statements }: Migration,
): Promise<void> {
  const places = [1, 2, 3].map((position) => dialect.placeholder(position)).join(', ')
  const version = {
    sql: `INSERT INTO ${table} (id, breaking, applied_at) VALUES (${places})`,
    values: [id, breaking ? 1 : 0, momentText(now)],
    table,
  }
  try {
    const steps = statements[dialect.name].map((sql) => ({ sql, values: [] }))
    // Elsewhere making a table commits what came before it, and the step must not count as done.
    await session.write(dialect.schemaInTransactions ? [version, ...steps] : [...steps, version])
  } catch (error) {
    // The version row is there: another process was faster, and has done the step.
    const isDone =
      error instanceof StatementRefusedError &&
      error.refusal === 'duplicate-key' &&
      error.table === table
    if (!isDone) throw error
  }
}
