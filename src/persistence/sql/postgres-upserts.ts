/**
 * A checkpoint as one statement of PostgreSQL, so that it is a transaction by itself and takes one
 * round trip.
 *
 * Each table is written by a part of a WITH; rows of atoms come as one array per column, so that
 * fifteen texts serve all checkpoints, each prepared once. Foreign keys are checked at the end.
 *
 * @module
 */
import type { AtomRecord, Checkpoint } from '../backend.ts'
import { momentText } from './moments.ts'
import { POSITION, POSTGRES_DIALECT } from './postgres-dialect.ts'
import type { SqlStatement, SqlValue } from './session.ts'
import {
  ATOM_STATE,
  ATOM_WHOLE,
  BOOK,
  bookValues,
  type CheckpointStatements,
  FLOW,
  flowValues,
  payloadValues,
  type Shape,
  stateValues,
} from './upserts.ts'

/** Types of the columns that are no text. */
const TYPES: Readonly<Record<string, string>> = {
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

/** Columns that all atoms of a checkpoint have in common; the others come as arrays. */
const COMMON = ['created_at', 'parent_uuid']

/** Which parts a statement has. */
type Parts = readonly (readonly [name: string, shape: Shape])[]

/** Writes each checkpoint as one statement; keeps the texts. */
export class PostgresUpserts implements CheckpointStatements {
  readonly #texts = new Map<string, string>()

  statements({ flowUuid, book, flow, atoms }: Checkpoint, now: Date): readonly SqlStatement[] {
    const moment = momentText(now)
    const parts: (readonly [string, Shape])[] = []
    const values: SqlValue[] = []
    if (book !== undefined) {
      parts.push(['book', BOOK])
      values.push(...bookValues(book))
    }
    if (flow !== undefined) {
      parts.push(['flow', FLOW])
      values.push(...flowValues(flow, moment))
    }
    const places = new Map(atoms.map((atom, place) => [atom, place]))
    for (const [name, shape] of [
      ['states', ATOM_STATE],
      ['wholes', ATOM_WHOLE],
    ] as const) {
      const alike = atoms.filter(
        ({ payload }) => (payload === undefined) === (shape === ATOM_STATE),
      )
      if (alike.length === 0) continue
      parts.push([name, shape])
      values.push(moment, flowUuid, ...arrays(alike, places))
    }
    return parts.length === 0 ? [] : [{ sql: this.#text(parts), values }]
  }

  #text(parts: Parts): string {
    const key = parts.map(([name]) => name).join()
    let text = this.#texts.get(key)
    if (text === undefined) {
      text = textOf(parts)
      this.#texts.set(key, text)
    }
    return text
  }
}

function textOf(parts: Parts): string {
  let position = 0
  const place = (): string => POSTGRES_DIALECT.placeholder(++position)
  const clauses = parts.map(([name, shape]) => {
    const isAtom = shape === ATOM_STATE || shape === ATOM_WHOLE
    return `${name} AS (${isAtom ? insertAtoms(shape, place) : insertOne(shape, place)})`
  })
  const [last] = parts.at(-1) ?? []
  // The numbers of both parts start from the same one, whichever of them runs first.
  if (last === 'states' || last === 'wholes') {
    clauses.unshift(`base AS MATERIALIZED (SELECT nextval('${POSITION}s') AS first)`)
  }
  return `WITH ${clauses.join(', ')} SELECT`
}

function insertOne({ columns, upsert }: Shape, place: () => string): string {
  const values = columns.map(place).join(', ')
  return `INSERT INTO ${upsert.table} (${columns.join(', ')}) VALUES (${values}) ${POSTGRES_DIALECT.onConflict(upsert)}`
}

function insertAtoms({ columns, upsert }: Shape, place: () => string): string {
  const common = COMMON.map((column) => `${place()}::${TYPES[column] ?? 'text'}`)
  const own = columns.filter((column) => !COMMON.includes(column))
  const names = [...COMMON, ...own, POSITION].join(', ')
  const values = own.map((column) =>
    column in TYPES ? `one.${column}::${TYPES[column]}` : `one.${column}`,
  )
  const lists = [...own.map(() => `${place()}::text[]`), `${place()}::int[]`]
  return `INSERT INTO ${upsert.table} (${names}) SELECT ${[...common, ...values].join(', ')}, base.first + one.place FROM base, unnest(${lists.join(', ')}) AS one (${own.join(', ')}, place) ${POSTGRES_DIALECT.onConflict(upsert)}`
}

/** One array literal per column of the atoms, and one of their places in the checkpoint. */
function arrays(
  atoms: readonly AtomRecord[],
  places: ReadonlyMap<AtomRecord, number>,
): readonly string[] {
  const rows = atoms.map((atom) => [
    atom.uuid,
    ...stateValues(atom),
    ...(atom.payload === undefined ? [] : payloadValues(atom.payload)),
    places.get(atom) ?? 0,
  ])
  return (rows[0] ?? []).map((_, column) => `{${rows.map((row) => element(row[column])).join()}}`)
}

function element(value: SqlValue | undefined): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? `"${value.replace(/[\\"]/g, '\\$&')}"` : 'NULL'
}
