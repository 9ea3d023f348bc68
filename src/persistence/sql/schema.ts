/**
 * The schema of the runs: TaskFlow's tables, and what is ours in them.
 *
 * @module
 */
import type { Schema } from '../../database/migrations.ts'
import { LOGBOOKS } from './migrations/0001-logbooks.ts'
import { HOLDERS } from './migrations/0002-holders.ts'
import { REPEATS } from './migrations/0003-repeats.ts'
import { EXACT_UUIDS } from './migrations/0004-exact-uuids.ts'

/** Every step so far, oldest first; only ever appended to. */
export const CORE: Schema = {
  namespace: 'core',
  migrations: [LOGBOOKS, HOLDERS, REPEATS, EXACT_UUIDS],
}
