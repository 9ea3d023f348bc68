/**
 * A checkpoint as statements: at most one for the book, one for the flow, and few for the atoms.
 *
 * For the SQL backend. The texts are few and stay the same, so that a driver can prepare each
 * once: atoms go in batches of 1, 2, 4, … rows, with their payload columns or without.
 *
 * @module
 */

import type { SqlDialect, Upsert } from '../../database/dialect.ts'
import { momentText } from '../../database/moments.ts'
import type { SqlStatement, SqlValue } from '../../database/session.ts'
import type { AtomPayload, AtomRecord, BookRecord, Checkpoint, FlowRecord } from '../backend.ts'
import { charactersOf } from '../checkpoint-size.ts'
import type { FenceStatement } from './fences.ts'
import { NO_REPEAT, type Repeats } from './repeats.ts'
import { ATOM_TYPES } from './rows.ts'

/** Makes statements of checkpoints. */
export interface CheckpointStatements {
  /**
   * The statements that save checkpoints of different flows, in one transaction.
   *
   * @param repeats under which numbers; none, when they are left out
   */
  statements(
    checkpoints: readonly Checkpoint[],
    now: Date,
    repeats?: Repeats,
  ): readonly SqlStatement[]
}

/** What to insert, and what to do when it is there. */
export interface Shape {
  /** The columns, in the order of the values. */
  readonly columns: readonly string[]
  /** What to do when the row is there. */
  readonly upsert: Upsert
}

// Inserting fills created_at alone; an update takes the same moment as updated_at, as TaskFlow.
const TOUCHED = { updated_at: 'created_at' }

/** A book. */
export const BOOK: Shape = {
  columns: ['uuid', 'name', 'meta', 'created_at', 'updated_at'],
  upsert: {
    table: 'logbooks',
    key: 'uuid',
    replaced: ['name', 'meta', 'created_at', 'updated_at'],
  },
}

/** A flow detail. */
export const FLOW: Shape = {
  columns: ['uuid', 'created_at', 'parent_uuid', 'name', 'state', 'meta'],
  upsert: {
    table: 'flowdetails',
    key: 'uuid',
    replaced: ['parent_uuid', 'name', 'state', 'meta'],
    replacedFrom: TOUCHED,
  },
}

const STATE_COLUMNS = ['name', 'atom_type', 'state', 'intention', 'version', 'meta']
const PAYLOAD_COLUMNS = ['results', 'failure', 'revert_results', 'revert_failure']

/** An atom without its payload columns: what is stored there stays. */
export const ATOM_STATE: Shape = atomShape(STATE_COLUMNS)
/** An atom with its payload columns. */
export const ATOM_WHOLE: Shape = atomShape([...STATE_COLUMNS, ...PAYLOAD_COLUMNS])

function atomShape(replaced: readonly string[]): Shape {
  return {
    columns: ['uuid', 'created_at', 'parent_uuid', ...replaced],
    upsert: {
      table: 'atomdetails',
      key: 'uuid',
      replaced,
      replacedFrom: TOUCHED,
      same: 'parent_uuid',
    },
  }
}

/** Writes checkpoints in the words of one dialect; keeps the texts. */
export class Upserts implements CheckpointStatements {
  readonly #dialect: SqlDialect
  readonly #fence: FenceStatement
  readonly #maxCharacters: () => number
  readonly #book: string
  readonly #flow: string
  readonly #atomStates = new Map<number, string>()
  readonly #atomsWhole = new Map<number, string>()

  /**
   * @param maxCharacters how many characters the rows of one statement may have, unless it is one
   * row
   */
  constructor(
    dialect: SqlDialect,
    fence: FenceStatement,
    maxCharacters: () => number = () => Number.POSITIVE_INFINITY,
  ) {
    this.#dialect = dialect
    this.#maxCharacters = maxCharacters
    this.#fence = fence
    this.#book = insert(dialect, BOOK, 1)
    this.#flow = insert(dialect, FLOW, 1)
  }

  statements(
    checkpoints: readonly Checkpoint[],
    now: Date,
    repeats?: Repeats,
  ): readonly SqlStatement[] {
    const moment = momentText(now)
    return checkpoints.flatMap((checkpoint) => this.#statementsOf(checkpoint, moment, repeats))
  }

  /** Book, flow and atoms, as foreign keys want it; the fence before atoms, to lock in one order. */
  #statementsOf(
    { flowUuid, book, flow, atoms, fence }: Checkpoint,
    moment: string,
    repeats: Repeats | undefined,
  ): readonly SqlStatement[] {
    const statements: SqlStatement[] = []
    if (book !== undefined) {
      statements.push({ sql: this.#book, values: bookValues(book), table: 'logbooks' })
    }
    if (flow !== undefined) {
      statements.push({ sql: this.#flow, values: flowValues(flow, moment), table: 'flowdetails' })
    }
    if (fence !== undefined) {
      const statement = this.#fence(flowUuid, fence, repeats?.of(flowUuid, fence) ?? NO_REPEAT)
      const isLastWord = book !== undefined && flow === undefined
      statements.push(isLastWord ? { ...statement, isLastWord } : statement)
    }
    let start = 0
    while (start < atoms.length) {
      const first = atoms[start] as AtomRecord
      if (charactersOf(first) > this.#maxCharacters()) {
        statements.push(...this.#byColumns(first, flowUuid, moment))
        start += 1
        continue
      }
      const rows = this.#batch(atoms, start)
      const withPayload = first.payload !== undefined
      const values: SqlValue[] = []
      for (const atom of atoms.slice(start, start + rows)) {
        values.push(atom.uuid, moment, flowUuid, ...stateValues(atom))
        if (atom.payload !== undefined) values.push(...payloadValues(atom.payload))
      }
      statements.push({
        sql: this.#atoms(withPayload, rows),
        values,
        table: 'atomdetails',
        ...(this.#dialect.countsUpserts && { mustChange: rows }),
      })
      start += rows
    }
    return statements
  }

  /**
   * How many atoms from `start` on fit into one statement: alike, not too large together, and a
   * power of 2.
   */
  #batch(atoms: readonly AtomRecord[], start: number): number {
    const withPayload = atoms[start]?.payload !== undefined
    const { maxRows } = this.#dialect
    let characters = charactersOf(atoms[start] as AtomRecord)
    // Sorting the atoms by shape would make longer runs, and lose the order of the first save.
    let run = 1
    while (run < maxRows && start + run < atoms.length) {
      const next = atoms[start + run] as AtomRecord
      if ((next.payload !== undefined) !== withPayload) break
      characters += charactersOf(next)
      if (characters > this.#maxCharacters()) break
      run += 1
    }
    return 2 ** Math.floor(Math.log2(run))
  }

  /** One row that may be too large for one statement. */
  #byColumns(atom: AtomRecord, flowUuid: string, moment: string): readonly SqlStatement[] {
    const table = 'atomdetails'
    const state = {
      sql: this.#atoms(false, 1),
      values: [atom.uuid, moment, flowUuid, ...stateValues(atom)],
      table,
      ...(this.#dialect.countsUpserts && { mustChange: 1 }),
    }
    if (atom.payload === undefined) return [state]
    const texts = payloadValues(atom.payload)
    const [first, second] = [1, 2].map((position) => this.#dialect.placeholder(position))
    const columns = PAYLOAD_COLUMNS.map((column, i) => ({
      sql: `UPDATE ${table} SET ${column} = ${first} WHERE uuid = ${second}`,
      values: [texts[i] ?? null, atom.uuid],
      table,
    }))
    return [state, ...columns]
  }

  #atoms(withPayload: boolean, rows: number): string {
    const texts = withPayload ? this.#atomsWhole : this.#atomStates
    let text = texts.get(rows)
    if (text === undefined) {
      text = insert(this.#dialect, withPayload ? ATOM_WHOLE : ATOM_STATE, rows)
      texts.set(rows, text)
    }
    return text
  }
}

function insert(dialect: SqlDialect, { columns, upsert }: Shape, rows: number): string {
  const tuples = Array.from({ length: rows }, (_, row) => {
    const places = columns.map((_, i) => dialect.placeholder(row * columns.length + i + 1))
    return `(${places.join(', ')})`
  })
  return `INSERT INTO ${upsert.table} (${columns.join(', ')}) VALUES ${tuples.join(', ')} ${dialect.onConflict(upsert)}`
}

/** The values of a book, in the order of its columns. */
export function bookValues({
  uuid,
  name,
  meta,
  createdAt,
  updatedAt,
}: BookRecord): readonly SqlValue[] {
  return [uuid, name, meta, momentText(createdAt), updatedAt ? momentText(updatedAt) : null]
}

/** The values of a flow detail. */
export function flowValues(flow: FlowRecord, moment: string): readonly SqlValue[] {
  return [flow.uuid, moment, flow.bookUuid, flow.name, flow.state, flow.meta]
}

/** The values of an atom that are always written, from its name on. */
export function stateValues(atom: AtomRecord): readonly SqlValue[] {
  const { name, kind, state, intention, version = null, meta } = atom
  return [name, ATOM_TYPES[kind], state, intention, version, meta]
}

/** The values of the payload columns of an atom. */
export function payloadValues(payload: AtomPayload): readonly SqlValue[] {
  return [payload.results, payload.failure, payload.revertResults, payload.revertFailure]
}
