/**
 * Brings a database to the schema that this release knows, or refuses one that is too new.
 *
 * For the SQL backend. What was done is kept in a table of our own, beside TaskFlow's tables. Of
 * processes that start at once, one does a step and the others find it done: they take turns, or
 * the version row, which goes in first where tables are made in transactions, is there already.
 *
 * @module
 */
import { BackendUnavailableError, StorageError } from '../../errors.ts'
import type { SqlDialect } from './dialect.ts'
import { LOGBOOKS } from './migrations/0001-logbooks.ts'
import { HOLDERS } from './migrations/0002-holders.ts'
import { REPEATS } from './migrations/0003-repeats.ts'
import { EXACT_UUIDS } from './migrations/0004-exact-uuids.ts'
import type { Migration } from './migrations/migration.ts'
import { momentText } from './moments.ts'
import {
  NotPermittedError,
  type SqlRow,
  type SqlSession,
  StatementRefusedError,
} from './session.ts'

/** Every step so far, oldest first; only ever appended to. */
export const MIGRATIONS: readonly Migration[] = [LOGBOOKS, HOLDERS, REPEATS, EXACT_UUIDS]

const VERSIONS = `CREATE TABLE IF NOT EXISTS taskflow_ts_migrations (
  id INTEGER NOT NULL PRIMARY KEY,
  breaking INTEGER NOT NULL,
  applied_at VARCHAR(32) NOT NULL
)`

/** How many tables of the steps there are: 0 or 1. Asking makes nothing and needs no rights to. */
const VERSION_TABLES: Readonly<Record<SqlDialect['name'], string>> = {
  sqlite: `SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table' AND name = 'taskflow_ts_migrations'`,
  postgres: `SELECT COUNT(to_regclass('taskflow_ts_migrations')) AS count`,
  mysql: `SELECT COUNT(*) AS count FROM information_schema.tables WHERE table_name = 'taskflow_ts_migrations' AND table_schema = DATABASE()`,
}

/** A step that a database has. */
export interface AppliedStep {
  readonly id: number
  readonly breaking: boolean
}

/** The steps that a database has, oldest first. Changes nothing. */
export async function readSteps(
  session: SqlSession,
  { name }: SqlDialect,
): Promise<readonly AppliedStep[]> {
  const count = { sql: VERSION_TABLES[name], values: [] }
  const [[found] = []] = await session.read([count])
  return Number(found?.['count']) === 0 ? [] : stepsIn(session)
}

async function stepsIn(session: SqlSession): Promise<readonly AppliedStep[]> {
  const sql = 'SELECT id, breaking FROM taskflow_ts_migrations ORDER BY id'
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
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const found = await readSteps(session, dialect)
  refuseBreaking(found, migrations)
  const missing = missingIn(found, migrations)
  if (missing.length > 0) {
    await session
      .alone((alone) => migrateAlone(alone, dialect, now, migrations))
      .catch((error: unknown) => {
        throw error instanceof NotPermittedError ? notMade(missing, error) : error
      })
  }
  warnOfNewer(found, migrations)
}

async function migrateAlone(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  migrations: readonly Migration[],
): Promise<void> {
  await session.write([{ sql: VERSIONS, values: [] }])
  const found = await stepsIn(session)
  refuseBreaking(found, migrations)
  for (const migration of missingIn(found, migrations)) {
    await apply(session, dialect, now, migration)
  }
}

function missingIn(
  found: readonly AppliedStep[],
  migrations: readonly Migration[],
): readonly Migration[] {
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

/**
 * The statements that bring an empty database to the schema of this release, for whoever must not
 * let a program do it.
 */
export function migrationScript(
  dialect: SqlDialect['name'],
  now: Date,
  migrations: readonly Migration[] = MIGRATIONS,
): string {
  const steps = migrations.map(({ id, breaking, statements }) => {
    const version = `INSERT INTO taskflow_ts_migrations (id, breaking, applied_at) VALUES (${id}, ${breaking ? 1 : 0}, '${momentText(now)}')`
    const lines = [...statements[dialect], version].map((sql) => `${sql};`)
    return [
      `-- step ${id}${breaking ? ', which older releases cannot live with' : ''}`,
      ...lines,
    ].join('\n')
  })
  return [`${VERSIONS};`, ...steps].join('\n\n')
}

function newerIn(
  found: readonly AppliedStep[],
  migrations: readonly Migration[],
): { readonly newer: readonly AppliedStep[]; readonly facts: string } {
  const newest = migrations.length
  const newer = found.filter(({ id }) => id > newest)
  const ids = newer.map(({ id }) => id).join(', ')
  const facts = `the database has schema steps ${ids}; this release of taskflow-ts knows steps up to ${newest}`
  return { newer, facts }
}

function refuseBreaking(found: readonly AppliedStep[], migrations: readonly Migration[]): void {
  const { newer, facts } = newerIn(found, migrations)
  if (newer.some(({ breaking }) => breaking)) {
    throw new StorageError(`${facts}, and cannot work with it; update taskflow-ts`)
  }
}

function warnOfNewer(found: readonly AppliedStep[], migrations: readonly Migration[]): void {
  const { newer, facts } = newerIn(found, migrations)
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
  { id, breaking, statements }: Migration,
): Promise<void> {
  const places = [1, 2, 3].map((position) => dialect.placeholder(position)).join(', ')
  const version = {
    sql: `INSERT INTO taskflow_ts_migrations (id, breaking, applied_at) VALUES (${places})`,
    values: [id, breaking ? 1 : 0, momentText(now)],
    table: 'taskflow_ts_migrations',
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
      error.table === version.table
    if (!isDone) throw error
  }
}
