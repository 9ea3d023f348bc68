/**
 * From rows to records: what may stand in a column, and what its absence means.
 *
 * For the SQL backend. Rows may come from Python TaskFlow, which leaves NULL where nothing has
 * happened yet. Whatever has no meaning is refused with its table, uuid and column.
 *
 * @module
 */

import { momentFrom } from '../../database/moments.ts'
import type { SqlRow } from '../../database/session.ts'
import { CorruptRecordError } from '../../errors.ts'
import { type AtomState, type Intention, RETRY_MOVES } from '../../states/atom.ts'
import { FLOW_MOVES, type FlowState } from '../../states/flow.ts'
import type { AtomRecord, BookRecord, StoredFlow, StoredFlowRecord } from '../backend.ts'

/** A kind of atom, in the column `atom_type`. */
export const ATOM_TYPES: Readonly<Record<AtomRecord['kind'], string>> = {
  task: 'TASK_DETAIL',
  retry: 'RETRY_DETAIL',
}

const KINDS: Readonly<Record<string, AtomRecord['kind']>> = {
  [ATOM_TYPES.task]: 'task',
  [ATOM_TYPES.retry]: 'retry',
}
const INTENTIONS: Readonly<Record<Intention, Intention>> = {
  EXECUTE: 'EXECUTE',
  IGNORE: 'IGNORE',
  REVERT: 'REVERT',
  RETRY: 'RETRY',
}

/** A row of `logbooks`. */
export function bookFrom(row: SqlRow): BookRecord {
  const cells = new Cells('logbooks', row)
  return {
    uuid: cells.text('uuid'),
    name: cells.text('name'),
    meta: cells.object('meta'),
    createdAt: cells.moment('created_at') ?? cells.refuse('created_at', 'there is no moment in it'),
    updatedAt: cells.moment('updated_at'),
  }
}

/** A row of `flowdetails`. */
export function flowFrom(row: SqlRow): StoredFlowRecord {
  const cells = new Cells('flowdetails', row)
  return {
    uuid: cells.text('uuid'),
    bookUuid: cells.text('parent_uuid'),
    name: cells.text('name'),
    state: cells.word<FlowState>('state', FLOW_MOVES, 'PENDING'),
    meta: cells.object('meta'),
    createdAt: cells.moment('created_at'),
    updatedAt: cells.moment('updated_at'),
    epoch: cells.count('taskflow_ts_epoch'),
    owner: cells.optionalText('taskflow_ts_owner') ?? undefined,
    leaseUntil: cells.moment('taskflow_ts_lease_until'),
  }
}

/** A row of `atomdetails`. */
export function atomFrom(row: SqlRow): StoredFlow['atoms'][number] {
  const cells = new Cells('atomdetails', row)
  const type = cells.text('atom_type')
  return {
    uuid: cells.text('uuid'),
    name: cells.text('name'),
    kind: KINDS[type] ?? cells.refuse('atom_type', `'${type}' is not a type of atom`),
    state: cells.word<AtomState>('state', RETRY_MOVES, 'PENDING'),
    intention: cells.word<Intention>('intention', INTENTIONS, 'EXECUTE'),
    version: cells.optionalText('version') ?? undefined,
    meta: cells.object('meta'),
    payload: {
      results: cells.optionalText('results'),
      failure: cells.failure('failure'),
      revertResults: cells.optionalText('revert_results'),
      revertFailure: cells.failure('revert_failure'),
    },
  }
}

/** One row, read cell by cell. */
class Cells {
  readonly #table: string
  readonly #row: SqlRow

  constructor(table: string, row: SqlRow) {
    this.#table = table
    this.#row = row
  }

  refuse(column: string, reason: string): never {
    throw new CorruptRecordError(`${this.#table} ${this.#row['uuid']} ${column}`, reason)
  }

  optionalText(column: string): string | null {
    const value = this.#row[column]
    if (value === null || typeof value === 'string') return value
    return this.refuse(column, `there is a ${typeof value} in it, and no text`)
  }

  text(column: string): string {
    return this.optionalText(column) ?? this.refuse(column, 'there is nothing in it')
  }

  /** A whole number from 0 on; 0 where nothing was counted. */
  count(column: string): number {
    const value = this.#row[column] ?? 0
    const count = Number(value)
    if (Number.isSafeInteger(count) && count >= 0) return count
    return this.refuse(column, `'${String(value)}' is not a count`)
  }

  moment(column: string): Date | undefined {
    const text = this.optionalText(column)
    if (text === null) return undefined
    return momentFrom(text) ?? this.refuse(column, `'${text}' is not a moment`)
  }

  word<W extends string>(
    column: string,
    words: Readonly<Record<W, unknown>>,
    whenAbsent: NoInfer<W>,
  ): W {
    const text = this.optionalText(column)
    if (text === null) return whenAbsent
    if (Object.hasOwn(words, text)) return text as W
    return this.refuse(column, `'${text}' is none of ${Object.keys(words).join(', ')}`)
  }

  /** The text of an object: neither NULL nor the JSON null is one. */
  object(column: string): string {
    return this.failure(column) ?? '{}'
  }

  /** A failure is an object, so the JSON null can only mean that there is none. */
  failure(column: string): string | null {
    const text = this.optionalText(column)
    return text === 'null' ? null : text
  }
}
