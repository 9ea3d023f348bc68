/**
 * Whether a database is fit to keep runs: its schema, its settings, its clock, what may be done.
 *
 * For the SQL backend, which tells people through the command line. Changes nothing.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { SqlDialect } from '../../database/dialect.ts'
import { readSteps } from '../../database/migrations.ts'
import type { SqlRow, SqlSession } from '../../database/session.ts'
import type { Examination, Setting } from '../examination.ts'
import { CORE } from './schema.ts'

/**
 * Looks into a database, and changes nothing.
 *
 * @throws {@link BackendUnavailableError} when it cannot be reached.
 */
export async function examine(session: SqlSession, dialect: SqlDialect): Promise<Examination> {
  const { applied, breaking } = await readSchema(session, dialect)
  const words = WORDS[dialect.name]
  const beforeMs = Date.now()
  const facts = await ask(session, words.facts)
  const afterMs = Date.now()
  const settings = await readSettings(session, words.settings)
  const nowMs = Number(facts['now_ms'])
  const isWriteTried = applied.includes(1)
  return {
    dialect: dialect.name,
    version: String(facts['version']),
    applied,
    breaking,
    known: CORE.migrations.map(({ id }) => id),
    settings,
    skewMs: Number.isFinite(nowMs) ? nowMs - (beforeMs + afterMs) / 2 : undefined,
    skewErrorMs: (afterMs - beforeMs) / 2,
    isWriteTried,
    writeError: isWriteTried ? await tryToWrite(session, dialect) : undefined,
  }
}

interface Words {
  /** Asks for `version`, and for `now_ms` where there is another clock. */
  readonly facts: string
  /** Each question gives one value; the test says what is to be feared of it. */
  readonly settings: readonly (readonly [
    name: string,
    sql: string,
    warn: (value: string) => string | undefined,
  ])[]
}

const mayLose = 'after a power cut the last commits may be gone, and their tasks run again'

const WORDS: Readonly<Record<SqlDialect['name'], Words>> = {
  sqlite: {
    facts: 'SELECT sqlite_version() AS version',
    settings: [
      [
        'journal_mode',
        'PRAGMA journal_mode',
        (value) => (value === 'wal' ? undefined : 'readers and the writer wait for each other'),
      ],
      ['synchronous', 'PRAGMA synchronous', (value) => (Number(value) >= 2 ? undefined : mayLose)],
      [
        'foreign_keys',
        'PRAGMA foreign_keys',
        (value) => (value === '1' ? undefined : 'removed books leave their runs behind'),
      ],
      ['busy_timeout', 'PRAGMA busy_timeout', () => undefined],
      [
        'quick_check',
        'PRAGMA quick_check(1)',
        (value) => (value === 'ok' ? undefined : 'the file is damaged; restore it from a backup'),
      ],
    ],
  },
  postgres: {
    facts: `SELECT current_setting('server_version') AS version, EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS now_ms`,
    settings: [
      [
        'synchronous_commit',
        `SELECT current_setting('synchronous_commit') AS value`,
        (value) => (value === 'off' ? mayLose : undefined),
      ],
      [
        'fsync',
        `SELECT current_setting('fsync') AS value`,
        (value) => (value === 'off' ? 'after a power cut the database may be damaged' : undefined),
      ],
      ['schema', 'SELECT current_schema() AS value', noSchema],
      [
        'may create tables',
        `SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS value`,
        (value) =>
          value === 'true' ? undefined : 'taskflow migrate must be run by somebody who may',
      ],
    ],
  },
  mysql: {
    facts: 'SELECT VERSION() AS version, UNIX_TIMESTAMP(NOW(6)) * 1000 AS now_ms',
    settings: [
      [
        'innodb_flush_log_at_trx_commit',
        'SELECT @@innodb_flush_log_at_trx_commit AS value',
        (value) => (value === '1' ? undefined : mayLose),
      ],
      ['database', 'SELECT DATABASE() AS value', noSchema],
    ],
  },
}

function noSchema(value: string): string | undefined {
  return value === 'null' || value === '' ? 'there is nowhere to make tables' : undefined
}

async function readSchema(
  session: SqlSession,
  dialect: SqlDialect,
): Promise<Pick<Examination, 'applied' | 'breaking'>> {
  const steps = await readSteps(session, dialect, CORE)
  const newest = CORE.migrations.length
  const breaking = steps.filter((step) => step.id > newest && step.breaking)
  return { applied: steps.map(({ id }) => id), breaking: breaking.map(({ id }) => id) }
}

async function readSettings(
  session: SqlSession,
  settings: Words['settings'],
): Promise<readonly Setting[]> {
  const found: Setting[] = []
  for (const [name, sql, warn] of settings) {
    const value = String(Object.values(await ask(session, sql))[0] ?? null)
    found.push({ name, value, warning: warn(value) })
  }
  return found
}

async function ask(session: SqlSession, sql: string): Promise<SqlRow> {
  const [[row] = []] = await session.read([{ sql, values: [] }])
  return row ?? {}
}

/** Writes a book and removes it in the same transaction; gives what went wrong. */
async function tryToWrite(session: SqlSession, dialect: SqlDialect): Promise<unknown> {
  const uuid = randomUUID()
  const place = dialect.placeholder(1)
  try {
    await session.write([
      { sql: `INSERT INTO logbooks (uuid) VALUES (${place})`, values: [uuid], table: 'logbooks' },
      { sql: `DELETE FROM logbooks WHERE uuid = ${place}`, values: [uuid], table: 'logbooks' },
    ])
    return undefined
  } catch (error) {
    return error
  }
}
