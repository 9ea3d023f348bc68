/**
 * The words of MySQL and MariaDB, as far as both know them.
 *
 * @module
 */
import type { SqlDialect, Upsert } from './dialect.ts'

/** The words of MySQL and MariaDB. */
export const MYSQL_DIALECT: SqlDialect = {
  name: 'mysql',

  placeholder: () => '?',

  onConflict({ key, replaced, replacedFrom = {}, same }: Upsert) {
    const assignments = [
      ...replaced.map((column) => `${column} = VALUES(${column})`),
      ...Object.entries(replacedFrom).map(([column, from]) => `${column} = VALUES(${from})`),
    ]
    // There is no WHERE, and the count tells changed rows from equal ones. The key cannot be NULL,
    // so that the statement fails as a whole.
    if (same !== undefined) {
      assignments.unshift(`${key} = IF(${same} = VALUES(${same}), ${key}, NULL)`)
    }
    return `ON DUPLICATE KEY UPDATE ${assignments.join(', ')}`
  },

  jsonText: (column) => column,

  momentText: (column) => `DATE_FORMAT(${column}, '%Y-%m-%d %H:%i:%s.%f') AS ${column}`,

  insertionOrder: 'taskflow_ts_position',

  maxRows: 1024,

  countsUpserts: false,

  schemaInTransactions: false,
}
