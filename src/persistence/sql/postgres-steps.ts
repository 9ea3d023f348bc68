/**
 * A step of one flow: the short form of the checkpoint that is written most, with the outcome of one
 * atom and the start of the next.
 *
 * The parts of the long form cost the server more than the rows do.
 *
 * @module
 */

import { COLUMN_TYPES, POSTGRES_DIALECT } from '../../database/postgres-dialect.ts'
import type { SqlStatement, SqlValue } from '../../database/session.ts'
import type { Checkpoint } from '../backend.ts'
import type { Repeat } from './repeats.ts'
import { ATOM_STATE, ATOM_WHOLE, payloadValues, stateValues } from './upserts.ts'

/** Each pattern of atoms with payload and without has a text of its own. */
const MAX_ATOMS = 2

/** Makes steps; keeps the texts. */
export class PostgresSteps {
  readonly #texts = new Map<string, string>()

  /** The statement of a step; undefined when the checkpoint needs the long form. */
  statement(
    { flowUuid, book, flow, atoms, fence }: Checkpoint,
    { count, isStored }: Repeat,
    moment: string,
  ): SqlStatement | undefined {
    if (book !== undefined || flow !== undefined) return undefined
    if (fence?.action !== 'hold' || !isStored) return undefined
    if (atoms.length === 0 || atoms.length > MAX_ATOMS) return undefined
    const values: SqlValue[] = [moment, flowUuid, fence.epoch, count]
    for (const atom of atoms) {
      values.push(atom.uuid, ...stateValues(atom))
      if (atom.payload !== undefined) values.push(...payloadValues(atom.payload))
    }
    const sql = this.#text(atoms.map(({ payload }) => payload !== undefined))
    return { sql, values, table: 'flowdetails', mustChange: atoms.length }
  }

  #text(pattern: readonly boolean[]): string {
    const key = pattern.join()
    let text = this.#texts.get(key)
    if (text === undefined) {
      text = textOf(pattern)
      this.#texts.set(key, text)
    }
    return text
  }
}

/**
 * An INSERT, which finds the rows that are there by their key, whatever the planner believes about
 * the table. The flow detail is locked, so that no claim can come in between.
 *
 * @param pattern of each atom, whether it has payload
 */
function textOf(pattern: readonly boolean[]): string {
  let position = 0
  const place = (type = 'text'): string => `${POSTGRES_DIALECT.placeholder(++position)}::${type}`
  const moment = place('timestamp')
  const [flow, epoch, repeat] = [place(), place('int'), place('int')]
  const { table, replaced: states } = ATOM_STATE.upsert
  const payloads = ATOM_WHOLE.upsert.replaced.filter((column) => !states.includes(column))
  const written = pattern.includes(true) ? payloads : []
  const wholes: string[] = []
  const rows = pattern.map((hasPayload) => {
    const uuid = place()
    if (hasPayload) wholes.push(uuid)
    const state = states.map((column) => place(COLUMN_TYPES[column]))
    const payload = written.map((column) => (hasPayload ? place(COLUMN_TYPES[column]) : 'NULL'))
    return `(${[uuid, moment, flow, ...state, ...payload].join(', ')})`
  })
  const changes = written.map(
    (column) =>
      `, ${column} = CASE WHEN excluded.uuid IN (${wholes}) THEN excluded.${column} ELSE ${table}.${column} END`,
  )
  const names = [...ATOM_STATE.columns, ...written].join(', ')
  const holds = `SELECT true FROM flowdetails WHERE uuid = ${flow} AND taskflow_ts_epoch = ${epoch} AND COALESCE(taskflow_ts_repeat, 0) <= ${repeat} FOR NO KEY UPDATE`
  return `INSERT INTO ${table} (${names}) SELECT * FROM (VALUES ${rows.join(', ')}) AS one WHERE (${holds}) ${POSTGRES_DIALECT.onConflict(ATOM_STATE.upsert)}${changes.join('')}`
}
