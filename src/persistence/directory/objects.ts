/**
 * From records to the text of files, and back.
 *
 * For the directory backend. `metadata` has the form that Python TaskFlow 5 gives it
 * (`path_based.py`), which overlooks our key `taskflow_ts` and drops it when it writes itself.
 * What damage means is said in the words of the SQL backend: table, uuid and column.
 *
 * @module
 */
import { inWords } from '../../base/thrown.ts'
import { momentFrom, momentText } from '../../database/moments.ts'
import { CorruptRecordError, StorageError } from '../../errors.ts'
import type { AtomPayload, AtomRecord, BookRecord, FlowRecord, StoredFlow } from '../backend.ts'
import type { Holding } from '../fencing.ts'
import { ATOM_TYPES, atomFrom, bookFrom, flowFrom } from '../sql/rows.ts'
import { fieldsOf } from './fields.ts'
import { METADATA, nameOf, type ObjectKind } from './names.ts'

/** What stands in our own file beside a flow detail. */
export interface Beside extends Holding {
  /** The book that holds it. */
  readonly bookUuid: string
  /** When it was first saved. */
  readonly createdAt: Date | undefined
}

type Fields = Readonly<Record<string, unknown>>

/** An atom as it is read. */
export type StoredAtom = StoredFlow['atoms'][number]

/** Python's reader of moments wants each part by itself. */
const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'] as const

/** The key in `metadata` that tells that the file was written last by us. */
export const OURS = 'taskflow_ts'

/** The `metadata` of a book. */
export function bookText(book: BookRecord, now: Date): string {
  const { uuid, name, createdAt, updatedAt } = book
  return objectText({
    name: quoted(name),
    meta: checked(book.meta, `logbooks ${uuid} meta`),
    uuid: quoted(uuid),
    created_at: partsText(createdAt),
    updated_at: partsText(updatedAt),
    [OURS]: `{"saved_at":${stamp(now)}}`,
  })
}

/** The `metadata` of a flow detail. */
export function flowText(flow: FlowRecord, updatedAt: Date | undefined): string {
  const { uuid, name, state, meta } = flow
  return objectText({
    name: quoted(name),
    meta: checked(meta, `flowdetails ${uuid} meta`),
    state: quoted(state),
    uuid: quoted(uuid),
    [OURS]: `{"updated_at":${stamp(updatedAt)}}`,
  })
}

/** The file beside the `metadata` of a flow detail. */
export function besideText({ bookUuid, createdAt, owner, epoch, leaseUntil }: Beside): string {
  return objectText({
    book: quoted(bookUuid),
    created_at: stamp(createdAt),
    owner: owner === undefined ? 'null' : quoted(owner),
    epoch: String(epoch),
    lease_until: stamp(leaseUntil),
  })
}

/** The `metadata` of an atom. A value that is not there has no key, and one that is null has. */
export function atomText(atom: AtomRecord, payload: AtomPayload, now: Date): string {
  const { uuid, name, kind, state, intention, version, meta } = atom
  const place = `atomdetails ${uuid}`
  const values = {
    results: payload.results,
    failure: payload.failure,
    revert_results: payload.revertResults,
    revert_failure: payload.revertFailure,
  }
  const texts: Record<string, string> = {}
  for (const [column, text] of Object.entries(values)) {
    if (text !== null) texts[column] = checked(text, `${place} ${column}`)
  }
  return objectText({
    atom: objectText({
      name: quoted(name),
      uuid: quoted(uuid),
      state: quoted(state),
      intention: quoted(intention),
      version: version === undefined ? 'null' : quoted(version),
      meta: checked(meta, `${place} meta`),
      ...texts,
    }),
    type: quoted(ATOM_TYPES[kind]),
    [OURS]: `{"saved_at":${stamp(now)}}`,
  })
}

/** The uuid that a `metadata` says it is of. */
export function uuidIn(kind: ObjectKind, name: string, text: string): string {
  const object = objectIn(`${kind} ${name} ${METADATA}`, text)
  const { uuid } = kind === 'atomdetails' ? ((object['atom'] ?? {}) as Fields) : object
  if (typeof uuid === 'string') return uuid
  throw new CorruptRecordError(`${kind} ${name} uuid`, 'there is no text in it')
}

/** Makes sure that a `metadata` says to be of the object that its folder is called after. */
export function checkName(kind: ObjectKind, name: string, text: string): void {
  const uuid = uuidIn(kind, name, text)
  if (nameOf(uuid) === name) return
  throw new CorruptRecordError(
    `${kind} ${name} uuid`,
    `'${uuid}' stands in it, which does not belong into a folder of that name`,
  )
}

/** A book from its `metadata`. */
export function bookIn(name: string, text: string): BookRecord {
  const place = `logbooks ${name} ${METADATA}`
  const object = objectIn(place, text)
  return bookFrom({
    uuid: object['uuid'] ?? null,
    name: object['name'] ?? null,
    meta: fieldsOf(text).get('meta') ?? null,
    created_at: momentIn(`logbooks ${name} created_at`, object['created_at']),
    updated_at: momentIn(`logbooks ${name} updated_at`, object['updated_at']),
  })
}

/**
 * A flow detail from its `metadata`, and from what stands beside it.
 *
 * @param changedAt when the file was written last: what Python wrote says nothing about that
 */
export function flowIn(
  name: string,
  text: string,
  { bookUuid, createdAt, owner, epoch, leaseUntil }: Beside,
  changedAt: Date,
): StoredFlow['flow'] {
  const object = objectIn(`flowdetails ${name} ${METADATA}`, text)
  const ours = object[OURS] as Fields | undefined
  const record = flowFrom({
    uuid: object['uuid'] ?? null,
    parent_uuid: bookUuid,
    name: object['name'] ?? null,
    state: object['state'] ?? null,
    meta: fieldsOf(text).get('meta') ?? null,
    created_at: null,
    updated_at: ours?.['updated_at'] ?? null,
    taskflow_ts_epoch: epoch,
    taskflow_ts_owner: owner ?? null,
    taskflow_ts_lease_until: null,
  })
  return { ...record, createdAt, leaseUntil, ...(ours === undefined && { updatedAt: changedAt }) }
}

/** What stands in the file beside a flow detail. */
export function besideIn(name: string, text: string): Beside {
  const place = `flowdetails ${name} taskflow-ts.json`
  const { book, created_at, owner, epoch, lease_until } = objectIn(place, text)
  const isSound =
    typeof book === 'string' &&
    Number.isSafeInteger(epoch) &&
    (owner === null || typeof owner === 'string')
  if (!isSound) throw new CorruptRecordError(place, 'it does not say who holds the flow detail')
  return {
    bookUuid: book,
    owner: owner ?? undefined,
    epoch: epoch as number,
    createdAt: ownMoment(place, created_at),
    leaseUntil: ownMoment(place, lease_until),
  }
}

/** An atom from its `metadata`. */
export function atomIn(name: string, text: string): StoredAtom {
  const place = `atomdetails ${name} ${METADATA}`
  const { atom, type } = objectIn(place, text)
  if (typeof atom !== 'object' || atom === null) {
    throw new CorruptRecordError(place, "there is no object under 'atom' in it")
  }
  const fields = atom as Fields
  const texts = fieldsOf(fieldsOf(text).get('atom') ?? '{}')
  return atomFrom({
    uuid: fields['uuid'] ?? null,
    name: fields['name'] ?? null,
    atom_type: type ?? null,
    state: fields['state'] ?? null,
    intention: fields['intention'] ?? null,
    version: fields['version'] ?? null,
    meta: texts.get('meta') ?? null,
    results: texts.get('results') ?? null,
    failure: texts.get('failure') ?? null,
    revert_results: texts.get('revert_results') ?? null,
    revert_failure: texts.get('revert_failure') ?? null,
  })
}

/** A list of uuids. */
export function orderIn(name: string, text: string): readonly string[] {
  const place = `flowdetails ${name} taskflow-ts-order.json`
  const list = parsed(place, text)
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list
  throw new CorruptRecordError(place, 'it is not a list of uuids')
}

function objectIn(place: string, text: string): Fields {
  const value = parsed(place, text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new CorruptRecordError(place, 'it is not an object')
}

function parsed(place: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CorruptRecordError(place, inWords(cause), {
      cause,
    })
  }
}

/** Python's moment by its parts, as a text that the columns of a database have. */
function momentIn(place: string, value: unknown): string | null {
  if (value === null || value === undefined) return null
  const parts = PARTS.map((part) => (value as Fields)[part] ?? (part === 'microsecond' ? 0 : null))
  if (!parts.every((part) => Number.isSafeInteger(part))) {
    throw new CorruptRecordError(place, `${JSON.stringify(value)} is not a moment`)
  }
  const [year, month, day, hour, minute, second, micro] = parts.map((part, i) =>
    String(part).padStart([4, 2, 2, 2, 2, 2, 6][i] ?? 0, '0'),
  )
  return `${year}-${month}-${day} ${hour}:${minute}:${second}.${micro}`
}

function ownMoment(place: string, value: unknown): Date | undefined {
  if (value === null) return undefined
  const moment = typeof value === 'string' ? momentFrom(value) : undefined
  if (moment === undefined) throw new CorruptRecordError(place, `'${value}' is not a moment`)
  return moment
}

function partsText(moment: Date | undefined): string {
  if (moment === undefined) return 'null'
  return JSON.stringify({
    day: moment.getUTCDate(),
    month: moment.getUTCMonth() + 1,
    year: moment.getUTCFullYear(),
    hour: moment.getUTCHours(),
    minute: moment.getUTCMinutes(),
    second: moment.getUTCSeconds(),
    microsecond: moment.getUTCMilliseconds() * 1000,
  })
}

function stamp(moment: Date | undefined): string {
  return moment === undefined ? 'null' : quoted(momentText(moment))
}

function objectText(fields: Readonly<Record<string, string>>): string {
  return `{${Object.entries(fields)
    .map(([key, text]) => `"${key}":${text}`)
    .join(',')}}`
}

function quoted(text: string): string {
  if (typeof text === 'string') return JSON.stringify(text)
  throw new StorageError(`a ${typeof text} stands where a record has a text; nothing was written`)
}

/** A text that is no JSON would make the whole file unreadable. */
function checked(text: string, place: string): string {
  if (text === '{}') return text
  try {
    JSON.parse(text)
    return text
  } catch (cause) {
    throw new StorageError(`the text of ${place} is not JSON; nothing was written`, { cause })
  }
}
