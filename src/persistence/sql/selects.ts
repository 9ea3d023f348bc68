/**
 * Everything that the SQL backend asks a database for.
 *
 * @module
 */
import type { FlowFilter } from '../backend.ts'
import type { Page } from '../page.ts'
import type { SqlDialect } from './dialect.ts'
import type { SqlStatement, SqlValue } from './session.ts'

const MOMENT_COLUMNS = ['created_at', 'updated_at']
const PAYLOAD_COLUMNS = ['results', 'failure', 'revert_results', 'revert_failure']

/** The questions, in the words of one dialect. */
export class Selects {
  readonly #dialect: SqlDialect
  readonly #book: string
  readonly #books: string
  readonly #flow: string
  readonly #flows: string
  readonly #atoms: string

  constructor(dialect: SqlDialect) {
    const first = dialect.placeholder(1)
    const meta = dialect.jsonText('meta')
    const payload = PAYLOAD_COLUMNS.map((column) => dialect.jsonText(column))
    const moments = MOMENT_COLUMNS.map((column) => dialect.momentText(column))
    const books = `SELECT uuid, name, ${meta}, ${moments.join(', ')} FROM logbooks`
    this.#dialect = dialect
    this.#book = `${books} WHERE uuid = ${first}`
    this.#books = `${books} WHERE uuid > ${first} ORDER BY uuid LIMIT ${dialect.placeholder(2)}`
    this.#flows = `SELECT uuid, parent_uuid, name, state, ${meta} FROM flowdetails`
    this.#flow = `${this.#flows} WHERE uuid = ${first}`
    this.#atoms = `SELECT uuid, name, atom_type, state, intention, version, ${meta}, ${payload.join(', ')} FROM atomdetails WHERE parent_uuid = ${first} ORDER BY ${dialect.insertionOrder}`
  }

  /** One book. */
  book(uuid: string): SqlStatement {
    return { sql: this.#book, values: [uuid] }
  }

  /** A page of books. */
  books({ after, limit }: Page): SqlStatement {
    return { sql: this.#books, values: [after, limit] }
  }

  /** One flow detail. */
  flow(uuid: string): SqlStatement {
    return { sql: this.#flow, values: [uuid] }
  }

  /** A page of flow details; at least one state, when states are asked for. */
  flows({ after, limit }: Page, { bookUuid, states, name }: FlowFilter): SqlStatement {
    const values: SqlValue[] = []
    const place = (value: SqlValue): string => this.#dialect.placeholder(values.push(value))
    const wanted = [`uuid > ${place(after)}`]
    if (bookUuid !== undefined) wanted.push(`parent_uuid = ${place(bookUuid)}`)
    // Each state once: there are eight, so the number of different texts stays small.
    if (states !== undefined)
      wanted.push(`state IN (${[...new Set(states)].map(place).join(', ')})`)
    if (name !== undefined) wanted.push(`name = ${place(name)}`)
    return {
      sql: `${this.#flows} WHERE ${wanted.join(' AND ')} ORDER BY uuid LIMIT ${place(limit)}`,
      values,
    }
  }

  /** The atoms of a flow detail, in the order in which they were first saved. */
  atoms(flowUuid: string): SqlStatement {
    return { sql: this.#atoms, values: [flowUuid] }
  }
}
