/**
 * Brings a database to the schema that this release knows, or refuses one that is too new.
 *
 * For the SQL backend. What was done is kept in a table of our own, beside TaskFlow's tables. Of
 * processes that start at once, one does a step and the others find it done: they take turns, or
 * the version row, which goes in first where tables are made in transactions, is there already.
 *
 * @module
 */
import { StorageError } from '../../errors.ts'
import type { SqlDialect } from './dialect.ts'
import { LOGBOOKS } from './migrations/0001-logbooks.ts'
import { HOLDERS } from './migrations/0002-holders.ts'
import { REPEATS } from './migrations/0003-repeats.ts'
import type { Migration } from './migrations/migration.ts'
import { momentText } from './moments.ts'
import { type SqlSession, StatementRefusedError } from './session.ts'

/** Every step so far, oldest first; only ever appended to. */
export const MIGRATIONS: readonly Migration[] = [LOGBOOKS, HOLDERS, REPEATS]

const VERSIONS = `CREATE TABLE IF NOT EXISTS taskflow_ts_migrations (
  id INTEGER NOT NULL PRIMARY KEY,
  breaking INTEGER NOT NULL,
  applied_at VARCHAR(32) NOT NULL
)`

/**
 * Runs the steps that the database does not have.
 *
 * A process warning tells of steps that this release does not know and can live with.
 *
 * @throws {@link StorageError} when there is an unknown step that it cannot live with.
 */
export async function migrate(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await session.alone((alone) => migrateAlone(alone, dialect, now, migrations))
}

async function migrateAlone(
  session: SqlSession,
  dialect: SqlDialect,
  now: Date,
  migrations: readonly Migration[],
): Promise<void> {
  await session.write([{ sql: VERSIONS, values: [] }])
  const [rows = []] = await session.read([
    { sql: 'SELECT id, breaking FROM taskflow_ts_migrations ORDER BY id', values: [] },
  ])
  const newest = migrations.length
  const unknown = rows.filter((row) => Number(row['id']) > newest)
  if (unknown.length > 0) meetNewer(unknown.map(({ id }) => id).join(', '), newest, unknown)
  const applied = new Set(rows.map((row) => Number(row['id'])))
  for (const migration of migrations) {
    if (!applied.has(migration.id)) await apply(session, dialect, now, migration)
  }
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

function meetNewer(
  ids: string,
  newest: number,
  unknown: readonly { readonly breaking?: unknown }[],
): void {
  const facts = `the database has schema steps ${ids}; this release of taskflow-ts knows steps up to ${newest}`
  if (unknown.some(({ breaking }) => Number(breaking) !== 0)) {
    throw new StorageError(`${facts}, and cannot work with it; update taskflow-ts`)
  }
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
