/**
 * How values travel to MySQL inside the text of a statement, so that none can be read as SQL.
 *
 * For the MySQL session. What quoting means depends on a session's character set and modes: in
 * some, a backslash ends a character or escapes nothing. So a text that is not plain goes as
 * hexadecimal digits with its character set in front, which every session reads alike.
 *
 * @module
 */
import type { SqlValue } from './session.ts'

/** A value that writes itself, as `mysql2` takes it. */
export interface SelfWritten {
  /** The value as SQL. */
  toSqlString(): string
}

/** A value as it is handed to the library. */
export type MysqlValue = string | number | null | SelfWritten

/** Printable ASCII without single quote and backslash: the same in every character set and mode. */
const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/

/** The value as it is handed to the library. */
export function carried(value: SqlValue): MysqlValue {
  if (typeof value !== 'string') return value
  // The library would put a backslash before a double quote, which means nothing in some sessions.
  if (PLAIN.test(value)) return { toSqlString: () => `'${value}'` }
  return { toSqlString: () => `_utf8mb4 X'${Buffer.from(value).toString('hex')}'` }
}

/** How many bytes of a statement a text may take at most, for each of its UTF-16 code units. */
export const MOST_BYTES_PER_UNIT = 6

/** How many bytes of a statement a value takes. */
export function bytesOf(value: SqlValue): number {
  if (value === null) return 4
  if (typeof value === 'number') return 24
  return PLAIN.test(value) ? value.length + 2 : 2 * Buffer.byteLength(value) + 12
}
