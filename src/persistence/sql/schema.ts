/**
 * The schema of the runs: TaskFlow's tables, and what is ours in them.
 *
 * @module
 */
import type { SqlDialect } from '../../database/dialect.ts'
import { type Schema, scriptOf } from '../../database/migrations.ts'
import { LOGBOOKS } from './migrations/0001-logbooks.ts'
import { HOLDERS } from './migrations/0002-holders.ts'
import { REPEATS } from './migrations/0003-repeats.ts'
import { EXACT_UUIDS } from './migrations/0004-exact-uuids.ts'

/** Every step so far, oldest first; only ever appended to. */
export const CORE: Schema = {
  namespace: 'core',
  migrations: [LOGBOOKS, HOLDERS, REPEATS, EXACT_UUIDS],
}

/**
 * The statements that bring an empty database to the schema of the runs, for whoever must not let a
 * program do it.
 */
export function migrationScript(dialect: SqlDialect['name'], now: Date): string {
  return scriptOf(dialect, now, CORE)
}
