/**
 * The words of PostgreSQL.
 *
 * JSON columns are of the type `json`, which keeps the text as it was written; moments have no
 * time zone.
 *
 * @module
 */
import type { SqlDialect, Upsert } from './dialect.ts'

/** Numbers the rows of `atomdetails`; in steps so wide that a checkpoint fits between two. */
export const POSITION = 'taskflow_ts_position'

/** Types of the columns whose values come as text and are something else. */
export const COLUMN_TYPES: Readonly<Record<string, string>> = {
  atom_type: 'atom_types',
  intention: 'intention_type',
  meta: 'json',
  results: 'json',
  failure: 'json',
  revert_results: 'json',
  revert_failure: 'json',
  created_at: 'timestamp',
  updated_at: 'timestamp',
}

/** The words of PostgreSQL. */
export const POSTGRES_DIALECT: SqlDialect = {
  name: 'postgres',

  placeholder: (position) => `$${position}`,

  onConflict({ table, key, replaced, replacedFrom = {}, same }: Upsert) {
    const assignments = [
      ...replaced.map((column) => `${column} = excluded.${column}`),
      ...Object.entries(replacedFrom).map(([column, from]) => `${column} = excluded.${from}`),
    ]
    // The key cannot be NULL, so that the statement fails as a whole. The value stays the same:
    // no index is touched.
    if (same !== undefined) {
      assignments.unshift(
        `${key} = CASE WHEN ${table}.${same} = excluded.${same} THEN ${table}.${key} END`,
      )
    }
    return `ON CONFLICT (${key}) DO UPDATE SET ${assignments.join(', ')}`
  },

  jsonText: (column) => `${column}::text AS ${column}`,

  momentText: (column) => `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS.US') AS ${column}`,

  insertionOrder: POSITION,

  // Rows come as arrays, so this limits nothing but the steps of the positions.
  maxRows: 2 ** 20,

  countsUpserts: false,

  schemaInTransactions: true,
}
