/**
 * Everything that the SQL backend asks a database for.
 *
 * @module
 */

import type { SqlDialect } from '../../database/dialect.ts'
import { momentText } from '../../database/moments.ts'
import type { SqlStatement, SqlValue } from '../../database/session.ts'
import type { BookFilter, FlowFilter } from '../backend.ts'
import type { Page } from '../filters.ts'

const MOMENT_COLUMNS = ['created_at', 'updated_at']
const LEASE = 'taskflow_ts_lease_until'
// What was never noted is not known to be old: NULL is not before anything.
const LAST_SAVED = 'COALESCE(updated_at, created_at)'
const PAYLOAD_COLUMNS = ['results', 'failure', 'revert_results', 'revert_failure']

/** The conditions of one question, with their values. */
class Conditions {
  readonly values: SqlValue[] = []
  readonly #dialect: SqlDialect
  readonly #wanted: string[] = []

  constructor(dialect: SqlDialect) {
    this.#dialect = dialect
  }

  place(value: SqlValue): string {
    return this.#dialect.placeholder(this.values.push(value))
  }

  /** Each value once, so that the number of different texts stays small. */
  list(values: readonly SqlValue[]): string {
    return [...new Set(values)].map((value) => this.place(value)).join(', ')
  }

  add(condition: string): void {
    this.#wanted.push(condition)
  }

  get text(): string {
    return this.#wanted.length === 0 ? '' : ` WHERE ${this.#wanted.join(' AND ')}`
  }
}

/** The questions, in the words of one dialect. */
export class Selects {
  readonly #dialect: SqlDialect
  readonly #bookColumns: string
  readonly #flowColumns: string
  readonly #book: string
  readonly #flow: string
  readonly #atoms: string

  constructor(dialect: SqlDialect) {
    const first = dialect.placeholder(1)
    const meta = dialect.jsonText('meta')
    const payload = PAYLOAD_COLUMNS.map((column) => dialect.jsonText(column))
    const moments = MOMENT_COLUMNS.map((column) => dialect.momentText(column)).join(', ')
    this.#dialect = dialect
    this.#bookColumns = `uuid, name, ${meta}, ${moments}`
    this.#flowColumns = `uuid, parent_uuid, name, state, ${meta}, ${moments}, taskflow_ts_epoch, taskflow_ts_owner, ${dialect.momentText(LEASE)}`
    this.#book = `SELECT ${this.#bookColumns} FROM logbooks WHERE uuid = ${first}`
    this.#flow = `SELECT ${this.#flowColumns} FROM flowdetails WHERE uuid = ${first}`
    this.#atoms = `SELECT uuid, name, atom_type, state, intention, version, ${meta}, ${payload.join(', ')} FROM atomdetails WHERE parent_uuid = ${first} ORDER BY ${dialect.insertionOrder}`
  }

  /** One book. */
  book(uuid: string): SqlStatement {
    return { sql: this.#book, values: [uuid] }
  }

  /** A page of books. */
  books(page: Page, filter: BookFilter): SqlStatement {
    const wanted = this.#behind(page)
    fitBook(wanted, filter)
    return pageOf(`${this.#bookColumns} FROM logbooks`, page, wanted)
  }

  /** How many books. */
  bookCount(filter: BookFilter): SqlStatement {
    const wanted = new Conditions(this.#dialect)
    fitBook(wanted, filter)
    return { sql: `SELECT COUNT(*) AS count FROM logbooks${wanted.text}`, values: wanted.values }
  }

  /** One flow detail. */
  flow(uuid: string): SqlStatement {
    return { sql: this.#flow, values: [uuid] }
  }

  /** A page of flow details; at least one state, when states are asked for. */
  flows(page: Page, filter: FlowFilter): SqlStatement {
    const wanted = this.#behind(page)
    fitFlow(wanted, filter)
    return pageOf(`${this.#flowColumns} FROM flowdetails`, page, wanted)
  }

  /** How many flow details; at least one state, when states are asked for. */
  flowCount(filter: FlowFilter): SqlStatement {
    const wanted = new Conditions(this.#dialect)
    fitFlow(wanted, filter)
    return { sql: `SELECT COUNT(*) AS count FROM flowdetails${wanted.text}`, values: wanted.values }
  }

  /** The atoms of a flow detail, in the order in which they were first saved. */
  atoms(flowUuid: string): SqlStatement {
    return { sql: this.#atoms, values: [flowUuid] }
  }

  /** Removes books, at least one, as far as they fit; the database removes what belongs to them. */
  removal(uuids: readonly string[], filter: BookFilter): SqlStatement {
    const wanted = new Conditions(this.#dialect)
    // As many places as a power of 2, so that there are few different texts.
    const places = 2 ** Math.ceil(Math.log2(uuids.length))
    const padded = Array.from({ length: places }, (_, i) => uuids[i] ?? uuids[0] ?? '')
    wanted.add(`uuid IN (${padded.map((uuid) => wanted.place(uuid)).join(', ')})`)
    fitBook(wanted, filter)
    return {
      sql: `DELETE FROM logbooks${wanted.text}`,
      values: wanted.values,
      table: 'logbooks',
    }
  }

  #behind({ after }: Page): Conditions {
    const wanted = new Conditions(this.#dialect)
    wanted.add(`uuid > ${wanted.place(after)}`)
    return wanted
  }
}

function pageOf(from: string, { limit }: Page, wanted: Conditions): SqlStatement {
  const sql = `SELECT ${from}${wanted.text} ORDER BY uuid LIMIT ${wanted.place(limit)}`
  return { sql, values: wanted.values }
}

function fitFlow(wanted: Conditions, filter: FlowFilter): void {
  const { bookUuid, states, name, updatedBefore, owner, freeAt } = filter
  if (bookUuid !== undefined) wanted.add(`parent_uuid = ${wanted.place(bookUuid)}`)
  if (states !== undefined) {
    // Python leaves NULL where nothing has been started, which reads as PENDING.
    const orNone = states.includes('PENDING') ? ' OR state IS NULL' : ''
    wanted.add(`(state IN (${wanted.list(states)})${orNone})`)
  }
  if (name !== undefined) wanted.add(`name = ${wanted.place(name)}`)
  if (updatedBefore !== undefined) {
    wanted.add(`${LAST_SAVED} < ${wanted.place(momentText(updatedBefore))}`)
  }
  if (owner !== undefined) wanted.add(`taskflow_ts_owner = ${wanted.place(owner)}`)
  if (freeAt !== undefined) {
    wanted.add(`(taskflow_ts_owner IS NULL OR ${LEASE} <= ${wanted.place(momentText(freeAt))})`)
  }
}

function fitBook(wanted: Conditions, { states, updatedBefore }: BookFilter): void {
  const unfit: string[] = []
  if (updatedBefore !== undefined) {
    wanted.add(`${LAST_SAVED} < ${wanted.place(momentText(updatedBefore))}`)
    unfit.push(
      `${LAST_SAVED} IS NULL OR ${LAST_SAVED} >= ${wanted.place(momentText(updatedBefore))}`,
    )
  }
  if (states?.length === 0) unfit.push('1 = 1')
  else if (states !== undefined)
    unfit.push(`COALESCE(state, 'PENDING') NOT IN (${wanted.list(states)})`)
  if (unfit.length === 0) return
  wanted.add(
    `NOT EXISTS (SELECT 1 FROM flowdetails WHERE parent_uuid = logbooks.uuid AND (${unfit.join(' OR ')}))`,
  )
}
