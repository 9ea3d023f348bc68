/**
 * One step of our schema. A step that was released is never edited: another one follows it.
 *
 * @module
 */
import type { SqlDialect } from './dialect.ts'

/** What one step does to a database. */
export interface Migration {
  /** Its place in the order, from 1, without gaps. */
  readonly id: number
  /** True when programs that do not know it must not use the database any more. */
  readonly breaking: boolean
  /** Run in order; in one transaction, where tables are made in one. */
  readonly statements: Readonly<Record<SqlDialect['name'], readonly string[]>>
}
