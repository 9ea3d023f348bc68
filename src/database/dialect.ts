/**
 * What differs between the SQL databases, as text.
 *
 * For the statements of this folder, which are written once. How errors look and how a batch
 * becomes a transaction is the matter of the session. No name in our tables is a reserved word
 * of SQLite, PostgreSQL or MySQL, so names are never quoted.
 *
 * @module
 */

/** What to do when the row of an INSERT is there already. */
export interface Upsert {
  /** The table inserted into. */
  readonly table: string
  /** The column whose value is there already. */
  readonly key: string
  /** Columns that take the new row's value. */
  readonly replaced: readonly string[]
  /** Columns that take the new row's value of another column. */
  readonly replacedFrom?: Readonly<Record<string, string>>
  /** A column in which the old and the new row must agree, or the row stays as it is. */
  readonly same?: string
}

/** The words of one database. */
export interface SqlDialect {
  /** Whose migrations to run. */
  readonly name: 'sqlite' | 'postgres' | 'mysql'

  /** The value at a position, counted from 1: `?`, on PostgreSQL `$1`. */
  placeholder(position: number): string

  /**
   * The end of an INSERT that replaces: `ON CONFLICT`, on MySQL `ON DUPLICATE KEY UPDATE`. Rows
   * that disagree in {@link Upsert.same} must not count as changed, or make the statement fail.
   */
  onConflict(upsert: Upsert): string

  /**
   * A column of JSON as text, under its own name. PostgreSQL keeps it as `json`, and Python
   * TaskFlow writes the JSON null there where it writes NULL elsewhere.
   */
  jsonText(column: string): string

  /** A moment as text `YYYY-MM-DD HH:MM:SS.ffffff`, under its own name. */
  momentText(column: string): string

  /** Sorts the rows of a table in the order in which they were inserted. */
  readonly insertionOrder: string

  /** How many rows one INSERT takes at most; a power of 2. */
  readonly maxRows: number

  /** Whether an INSERT that replaces tells how many rows it changed. */
  readonly countsUpserts: boolean

  /** Whether tables are made in a transaction, and gone when it is rolled back. */
  readonly schemaInTransactions: boolean
}

/** The words of SQLite. */
export const SQLITE_DIALECT: SqlDialect = {
  name: 'sqlite',

  placeholder: () => '?',

  onConflict({ table, key, replaced, replacedFrom = {}, same }) {
    const assignments = [
      ...replaced.map((column) => `${column} = excluded.${column}`),
      ...Object.entries(replacedFrom).map(([column, from]) => `${column} = excluded.${from}`),
    ]
    const guard = same === undefined ? '' : ` WHERE ${table}.${same} = excluded.${same}`
    return `ON CONFLICT (${key}) DO UPDATE SET ${assignments.join(', ')}${guard}`
  },

  jsonText: (column) => column,

  momentText: (column) => column,

  // An update leaves the rowid alone, and VACUUM copies the rows in its order.
  insertionOrder: 'rowid',

  // 13 columns of 64 rows are 832 variables; SQLite allows 32,766, and more rows gain nothing.
  maxRows: 64,

  countsUpserts: true,

  schemaInTransactions: true,
}
