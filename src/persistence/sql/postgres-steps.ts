/**
 * A step of one flow as one UPDATE: the short form of the checkpoint that is written most, with the
 * outcome of one atom and the start of the next.
 *
 * The parts of the long form cost the server more than the rows do. The short form changes rows
 * that are all there, and held by whoever writes them; or none, and then the long form is to write
 * them or to say why not.
 *
 * @module
 */
import type { Checkpoint } from '../backend.ts'
import { COLUMN_TYPES, POSTGRES_DIALECT } from './postgres-dialect.ts'
import type { Repeat } from './repeats.ts'
import type { SqlStatement, SqlValue } from './session.ts'
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

/** @param pattern of each atom, whether it has payload */
function textOf(pattern: readonly boolean[]): string {
  let position = 0
  const place = (): string => POSTGRES_DIALECT.placeholder(++position)
  const [moment, flow, epoch, repeat] = [place(), place(), place(), place()]
  const keys: string[] = []
  const cases = new Map<string, string>()
  for (const hasPayload of pattern) {
    const key = place()
    keys.push(key)
    for (const column of (hasPayload ? ATOM_WHOLE : ATOM_STATE).upsert.replaced) {
      const type = COLUMN_TYPES[column]
      const value = type === undefined ? place() : `${place()}::${type}`
      cases.set(column, `${cases.get(column) ?? ''} WHEN ${key} THEN ${value}`)
    }
  }
  const changes = [...cases].map(
    ([column, whens]) => `${column} = CASE uuid${whens} ELSE ${column} END`,
  )
  const atoms = `uuid IN (${keys.join(', ')})`
  // The flow detail is locked, so that no claim can come in between.
  const held = `SELECT uuid FROM flowdetails WHERE uuid = ${flow} AND taskflow_ts_epoch = ${epoch} AND COALESCE(taskflow_ts_repeat, 0) <= ${repeat} FOR NO KEY UPDATE`
  const stored = `SELECT count(*) FROM atomdetails WHERE ${atoms} AND parent_uuid = ${flow}`
  return `UPDATE atomdetails SET updated_at = ${moment}::timestamp, ${changes.join(', ')} WHERE ${atoms} AND (${stored}) = ${keys.length} AND parent_uuid = (${held})`
}
