/**
 * What there is to say of the database behind a backend: its schema, its settings, its clock.
 *
 * @module
 */

/** A setting of the database that matters here. */
export interface Setting {
  readonly name: string
  readonly value: string
  /** What is to be feared of the value; undefined when it is right. */
  readonly warning: string | undefined
}

/** What was found in a database. */
export interface Examination {
  /** Which SQL it speaks. */
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  /** What it says of itself. */
  readonly version: string
  /** The steps of the schema that were made. */
  readonly applied: readonly number[]
  /** The steps of the schema that this release knows. */
  readonly known: readonly number[]
  /** The steps that are there, that this release does not know and cannot live with. */
  readonly breaking: readonly number[]
  /** Settings, the good ones too. */
  readonly settings: readonly Setting[]
  /** By how much its clock is ahead of ours, in milliseconds; undefined where it has ours. */
  readonly skewMs: number | undefined
  /** How wrong that may be, in milliseconds. */
  readonly skewErrorMs: number
  /** Why nothing can be written; undefined when it can. */
  readonly writeError: unknown
  /** Whether it was tried to write, which needs the tables. */
  readonly isWriteTried: boolean
}
