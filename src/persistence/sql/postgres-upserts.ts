/**
 * Checkpoints as one statement of PostgreSQL, so that it is a transaction by itself and takes one
 * round trip.
 *
 * Each table is written by a part of a WITH, from one array per column, so that few texts serve
 * all checkpoints, each prepared once. Where there are fences, the flow details are locked and
 * looked at first, and what does not fit takes no part: the answer has a row for each flow that
 * did. Foreign keys are checked at the end. A step of one flow has a shorter form.
 *
 * @module
 */

import { momentText } from '../../database/moments.ts'
import { COLUMN_TYPES, POSITION, POSTGRES_DIALECT } from '../../database/postgres-dialect.ts'
import type { SqlStatement, SqlValue } from '../../database/session.ts'
import type { AtomRecord, Checkpoint } from '../backend.ts'
import { charactersOf } from '../checkpoint-size.ts'
import { PostgresSteps } from './postgres-steps.ts'
import { NO_REPEAT, type Repeat, type Repeats } from './repeats.ts'
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

/** Several times as many bytes are far from what a message may have. */
const MAX_CHARACTERS = 32_000_000

const HOLDER_COLUMNS = [
  'taskflow_ts_owner',
  'taskflow_ts_epoch',
  'taskflow_ts_lease_until',
  'taskflow_ts_repeat',
]

/** A flow detail with its holder, which is known where fences are asked. */
const HELD_FLOW: Shape = {
  columns: FLOW.columns,
  upsert: { ...FLOW.upsert, replaced: [...FLOW.upsert.replaced, ...HOLDER_COLUMNS] },
}

/**
 * Looks at the flow details and locks them, so that no claim can come in between. `may_go` are
 * those whose fence fits, with their holder from now on.
 */
const FENCES = (place: () => string): readonly string[] => [
  `asked AS MATERIALIZED (SELECT * FROM unnest(${place()}::text[], ${place()}::int[], ${place()}::text[], ${place()}::text[], ${place()}::timestamp[], ${place()}::int[], ${place()}::bool[]) AS one (flow, epoch, action, owner, lease, repeat, is_written))`,
  `held AS MATERIALIZED (SELECT uuid, taskflow_ts_epoch AS epoch, taskflow_ts_owner AS owner, taskflow_ts_lease_until AS lease, COALESCE(taskflow_ts_repeat, 0) AS repeat FROM flowdetails WHERE uuid IN (SELECT flow FROM asked) ORDER BY uuid FOR NO KEY UPDATE)`,
  `may_go AS MATERIALIZED (SELECT asked.flow, asked.is_written, asked.action <> 'hold' OR held.repeat < asked.repeat AS moves,
    COALESCE(asked.epoch, held.epoch) AS epoch, COALESCE(asked.repeat, held.repeat) AS repeat,
    CASE WHEN action IN ('claim', 'renew') THEN asked.owner WHEN action = 'release' THEN NULL ELSE held.owner END AS owner,
    CASE WHEN action IN ('claim', 'renew') THEN asked.lease WHEN action = 'release' THEN NULL ELSE held.lease END AS lease
    FROM asked LEFT JOIN held ON held.uuid = asked.flow
    WHERE action IS NULL OR CASE action
      WHEN 'claim' THEN (held.uuid IS NOT NULL OR is_written) AND (COALESCE(held.epoch, 0) = asked.epoch - 1 OR (held.epoch = asked.epoch AND held.owner = asked.owner AND held.repeat <= asked.repeat))
      ELSE held.epoch = asked.epoch AND held.repeat <= asked.repeat END)`,
]

const MOVES =
  'moved AS (UPDATE flowdetails SET taskflow_ts_owner = owner, taskflow_ts_epoch = epoch, taskflow_ts_lease_until = lease, taskflow_ts_repeat = repeat FROM may_go WHERE uuid = flow AND NOT is_written AND moves)'

// Two writers may make the same flow detail, and only one of them its holder; and that one may
// make it twice, when it does not know whether it has.
const FIRST_COMES =
  'WHERE flowdetails.taskflow_ts_epoch IS NULL OR flowdetails.taskflow_ts_epoch < excluded.taskflow_ts_epoch OR ((excluded.taskflow_ts_owner IS NULL OR flowdetails.taskflow_ts_owner = excluded.taskflow_ts_owner) AND COALESCE(flowdetails.taskflow_ts_repeat, 0) <= COALESCE(excluded.taskflow_ts_repeat, 0)) RETURNING uuid'

/** Which parts a statement has. */
type Part = 'fences' | 'moves' | 'books' | 'flows' | 'states' | 'wholes'

/** Writes checkpoints as one statement; keeps the texts. */
export class PostgresUpserts implements CheckpointStatements {
  readonly #texts = new Map<string, string>()
  readonly #steps = new PostgresSteps()

  statements(
    checkpoints: readonly Checkpoint[],
    now: Date,
    repeats?: Repeats,
  ): readonly SqlStatement[] {
    const moment = momentText(now)
    const [only, ...others] = divided(checkpoints)
    if (only !== undefined && others.length > 0) {
      return [only, ...others].flatMap((one) => this.statements([one], now, repeats))
    }
    if (only !== undefined && checkpoints.length === 1) {
      const step = this.#steps.statement(only, repeatOf(only, repeats), moment)
      if (step !== undefined) return [step]
    }
    const parts: Part[] = []
    const values: SqlValue[] = []
    const isFenced = checkpoints.some(({ fence }) => fence !== undefined)
    const written = checkpoints.filter(isMoreThanABook)
    if (isFenced) {
      parts.push('fences')
      const repeated = written.map((one) => repeatOf(one, repeats))
      values.push(...columns(written.map((one, i) => fenceValues(one, repeated[i]))))
      if (written.some((one, i) => isMoveAlone(one, repeated[i]))) parts.push('moves')
    }
    const books = checkpoints.flatMap(({ book, flowUuid, fence }) =>
      book === undefined ? [] : [[...bookValues(book), fence === undefined ? null : flowUuid]],
    )
    if (books.length > 0) {
      parts.push('books')
      values.push(...columns(books))
    }
    const flows = written.flatMap(({ flow }) => (flow ? [flow] : []))
    if (flows.length > 0) {
      parts.push('flows')
      values.push(...columns(flows.map((flow) => flowValues(flow, moment))))
    }
    const atoms = new Atoms(written)
    for (const part of ['states', 'wholes'] as const) {
      const rows = atoms.rows(part === 'wholes')
      if (rows.length === 0) continue
      parts.push(part)
      values.push(moment, ...columns(rows))
    }
    if (parts.length === 0) return []
    const counted = isFenced && { table: 'flowdetails', mustChange: written.length }
    return [{ sql: this.#text(parts), values, ...counted }]
  }

  #text(parts: readonly Part[]): string {
    const key = parts.join()
    let text = this.#texts.get(key)
    if (text === undefined) {
      text = textOf(new Set(parts))
      this.#texts.set(key, text)
    }
    return text
  }
}

/**
 * A single checkpoint that is too large for one message, as several: the first has the fence, which
 * locks the flow detail until the transaction ends.
 */
function divided(checkpoints: readonly Checkpoint[]): readonly Checkpoint[] {
  const [only] = checkpoints
  if (only === undefined || checkpoints.length > 1) return checkpoints.slice(0, 1)
  const parts: AtomRecord[][] = [[]]
  let characters = 0
  for (const atom of only.atoms) {
    characters += charactersOf(atom)
    if (characters > MAX_CHARACTERS && parts.at(-1)?.length !== 0) {
      parts.push([])
      characters = charactersOf(atom)
    }
    parts.at(-1)?.push(atom)
  }
  if (parts.length === 1) return [only]
  const { flowUuid } = only
  return parts.map((atoms, i) =>
    i === 0 ? { ...only, atoms } : { flowUuid, book: undefined, flow: undefined, atoms },
  )
}

function isMoreThanABook({ flow, atoms, fence }: Checkpoint): boolean {
  return flow !== undefined || atoms.length > 0 || fence !== undefined
}

/** The holder changes, while the flow detail is not written otherwise. */
function isMoveAlone({ flow, fence }: Checkpoint, { isStored } = NO_REPEAT): boolean {
  return flow === undefined && fence !== undefined && (fence.action !== 'hold' || !isStored)
}

function repeatOf({ flowUuid, fence }: Checkpoint, repeats: Repeats | undefined): Repeat {
  return fence === undefined ? NO_REPEAT : (repeats?.of(flowUuid, fence) ?? NO_REPEAT)
}

function fenceValues(
  { flowUuid, flow, fence }: Checkpoint,
  { count } = NO_REPEAT,
): readonly SqlValue[] {
  const isWritten = flow === undefined ? 'f' : 't'
  if (fence === undefined) return [flowUuid, null, null, null, null, null, isWritten]
  const { epoch, action, owner, leaseUntil } = fence
  const lease = leaseUntil === undefined ? null : momentText(leaseUntil)
  return [flowUuid, epoch, action, owner, lease, count, isWritten]
}

/** The atoms of several checkpoints, numbered in their order. */
class Atoms {
  readonly #atoms: readonly (readonly [flowUuid: string, atom: AtomRecord])[]

  constructor(checkpoints: readonly Checkpoint[]) {
    this.#atoms = checkpoints.flatMap(({ flowUuid, atoms }) =>
      atoms.map((atom) => [flowUuid, atom] as const),
    )
  }

  /** The values of those with payload, or without. */
  rows(withPayload: boolean): readonly (readonly SqlValue[])[] {
    return this.#atoms.flatMap(([flowUuid, atom], place) => {
      const { uuid, payload } = atom
      if ((payload !== undefined) !== withPayload) return []
      const large = payload === undefined ? [] : payloadValues(payload)
      return [[uuid, flowUuid, ...stateValues(atom), ...large, place]]
    })
  }
}

function textOf(parts: ReadonlySet<Part>): string {
  let position = 0
  const place = (): string => POSTGRES_DIALECT.placeholder(++position)
  const isFenced = parts.has('fences')
  const clauses: string[] = isFenced ? [...FENCES(place)] : []
  if (parts.has('moves')) clauses.push(MOVES)
  if (parts.has('books')) clauses.push(`books AS (${insertBooks(isFenced, place)})`)
  if (parts.has('flows')) clauses.push(`flows AS (${insertFlows(isFenced, place)})`)
  if (isFenced) {
    const written = parts.has('flows')
      ? ' WHERE NOT is_written UNION ALL SELECT uuid FROM flows'
      : ''
    clauses.push(`written AS MATERIALIZED (SELECT flow FROM may_go${written})`)
  }
  if (parts.has('states') || parts.has('wholes')) {
    // The numbers of both parts start from the same one, whichever of them runs first.
    clauses.push(`base AS MATERIALIZED (SELECT nextval('${POSITION}s') AS first)`)
  }
  if (parts.has('states')) clauses.push(`states AS (${insertAtoms(ATOM_STATE, isFenced, place)})`)
  if (parts.has('wholes')) clauses.push(`wholes AS (${insertAtoms(ATOM_WHOLE, isFenced, place)})`)
  return `WITH ${clauses.join(', ')} SELECT${isFenced ? ' flow FROM written' : ''}`
}

/** Rows from one array per column, called `one`. */
function rowsOf(columns: readonly string[], place: () => string, more = ''): string {
  const lists = columns.map(() => `${place()}::text[]`)
  return more === ''
    ? `unnest(${lists.join(', ')}) AS one (${columns.join(', ')})`
    : `unnest(${lists.join(', ')}, ${place()}::int[]) AS one (${columns.join(', ')}, ${more})`
}

function cells(columns: readonly string[]): string {
  return columns
    .map((column) =>
      column in COLUMN_TYPES ? `one.${column}::${COLUMN_TYPES[column]}` : `one.${column}`,
    )
    .join(', ')
}

/** Of a book that several checkpoints bring along, the first that may go. */
function insertBooks(isFenced: boolean, place: () => string): string {
  const { columns, upsert } = BOOK
  const gate = isFenced ? ' WHERE one.flow IS NULL OR one.flow IN (SELECT flow FROM may_go)' : ''
  return `INSERT INTO ${upsert.table} (${columns.join(', ')}) SELECT DISTINCT ON (one.uuid) ${cells(columns)} FROM ${rowsOf([...columns, 'flow'], place)}${gate} ${POSTGRES_DIALECT.onConflict(upsert)}`
}

function insertFlows(isFenced: boolean, place: () => string): string {
  if (!isFenced) {
    const { columns, upsert } = FLOW
    return `INSERT INTO ${upsert.table} (${columns.join(', ')}) SELECT ${cells(columns)} FROM ${rowsOf(columns, place)} ${POSTGRES_DIALECT.onConflict(upsert)}`
  }
  const { columns, upsert } = HELD_FLOW
  const names = [...columns, ...HOLDER_COLUMNS].join(', ')
  return `INSERT INTO ${upsert.table} (${names}) SELECT ${cells(columns)}, owner, epoch, lease, repeat FROM ${rowsOf(columns, place)} JOIN may_go ON flow = one.uuid ${POSTGRES_DIALECT.onConflict(upsert)} ${FIRST_COMES}`
}

function insertAtoms({ columns, upsert }: Shape, isFenced: boolean, place: () => string): string {
  const own = columns.filter((column) => column !== 'created_at')
  const names = ['created_at', ...own, POSITION].join(', ')
  const moment = `${place()}::${COLUMN_TYPES['created_at']}`
  const rows = rowsOf(own, place, 'place')
  const gate = isFenced ? ' JOIN written ON written.flow = one.parent_uuid' : ''
  return `INSERT INTO ${upsert.table} (${names}) SELECT ${moment}, ${cells(own)}, base.first + one.place FROM base CROSS JOIN ${rows}${gate} ${POSTGRES_DIALECT.onConflict(upsert)}`
}

/** One array literal per column. */
function columns(rows: readonly (readonly SqlValue[])[]): readonly string[] {
  return (rows[0] ?? []).map((_, column) => `{${rows.map((row) => element(row[column])).join()}}`)
}

function element(value: SqlValue | undefined): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? `"${value.replace(/[\\"]/g, '\\$&')}"` : 'NULL'
}
