/**
 * Details as records, and records as details: what the text in a backend means.
 *
 * The formats are those of Python TaskFlow 5 (`models.py`), which reads what we write; what it has
 * no column for stands in the atom's meta.
 *
 * @module
 */
import type { Attempt } from '../atoms/history.ts'
import { decode, encode } from '../base/codec.ts'
import { Failure } from '../base/failure.ts'
import { CorruptRecordError, NotStorableError } from '../errors.ts'
import { type AtomDetail, type ProgressDetails, RetryDetail, TaskDetail } from './atom-detail.ts'
import type { AtomPayload, AtomRecord, BookRecord, FlowRecord, StoredFlow } from './backend.ts'
import { FlowDetail, LogBook } from './flow-detail.ts'

/** Name of the record that holds the values given in `store`; TaskFlow's, so that it reads them. */
export const INJECTOR_NAME = '_TaskFlow_INJECTOR'

/** A book as it is stored. */
export function bookRecord(book: LogBook): BookRecord {
  const { uuid, name, meta, createdAt, updatedAt } = book
  return { uuid, name, meta: encode(meta), createdAt, updatedAt }
}

/** A flow detail as it is stored. */
export function flowRecord(detail: FlowDetail, bookUuid: string): FlowRecord {
  const { uuid, name, state, meta } = detail
  return { uuid, bookUuid, name, state, meta: encode(meta) }
}

/** An atom detail as it is stored; without payload, the stored one stays as it is. */
export function atomRecord(detail: AtomDetail, payload: AtomPayload | undefined): AtomRecord {
  const { uuid, name, kind, state, intention, version } = detail
  return { uuid, name, kind, state, intention, version, meta: encodeMeta(detail), payload }
}

/**
 * The results of an atom as text.
 *
 * @throws {@link NotStorableError} with the path of the part that cannot be stored.
 */
export function encodeResults(detail: AtomDetail): string | null {
  if (detail.kind === 'task') return encodeValue((detail as TaskDetail).results)
  const attempts = (detail as RetryDetail).results.map(([value, failures]) => [
    value,
    Object.fromEntries(Object.entries(failures).map(([k, failure]) => [k, storable(failure)])),
  ])
  return encode(attempts)
}

/**
 * What is large of an atom, as text.
 *
 * @param results the results as text, where they were encoded before
 */
export function atomPayload(
  detail: AtomDetail,
  results: string | null = encodeResults(detail),
): AtomPayload {
  const { failure, revertResults, revertFailure } = detail
  return {
    results,
    failure: failure === undefined ? null : encode(storable(failure)),
    revertResults: encodeValue(revertResults),
    revertFailure: revertFailure === undefined ? null : encode(storable(revertFailure)),
  }
}

/** A value as text; nothing at all is null, so that it reads as None in Python. */
export function encodeValue(value: unknown): string | null {
  return value === undefined ? null : encode(value)
}

/**
 * A flow detail with its atoms, as it was stored.
 *
 * @throws {@link CorruptRecordError} naming the record and column that cannot be read.
 */
export function readFlow({ flow, atoms }: StoredFlow): FlowDetail {
  const detail = new FlowDetail(flow.name, flow.uuid)
  detail.state = flow.state
  detail.bookUuid = flow.bookUuid
  detail.meta = readObject(`flowdetails ${flow.uuid} meta`, flow.meta)
  for (const atom of atoms) detail.add(readAtom(atom, atom.payload))
  return detail
}

/** A book without its flow details, as it was stored. */
export function readBook(record: BookRecord): LogBook {
  const book = new LogBook(record.name, record.uuid, record.createdAt)
  book.updatedAt = record.updatedAt
  book.meta = readObject(`logbooks ${record.uuid} meta`, record.meta)
  return book
}

function readAtom(record: AtomRecord, payload: AtomPayload): AtomDetail {
  const place = `atomdetails ${record.uuid} ('${record.name}')`
  const detail =
    record.kind === 'task'
      ? new TaskDetail(record.name, record.uuid)
      : new RetryDetail(record.name, record.uuid)
  detail.state = record.state
  detail.intention = record.intention
  detail.version = record.version
  detail.failure = readFailure(`${place} failure`, payload.failure)
  detail.revertResults = readValue(`${place} revert_results`, payload.revertResults)
  detail.revertFailure = readFailure(`${place} revert_failure`, payload.revertFailure)
  if (detail instanceof TaskDetail) {
    detail.results = readValue(`${place} results`, payload.results)
  } else {
    detail.results = readAttempts(`${place} results`, payload.results)
  }
  readMeta(detail, readObject(`${place} meta`, record.meta))
  return detail
}

function readAttempts(place: string, text: string | null): readonly Attempt[] {
  const attempts = readValue(place, text) ?? []
  if (!Array.isArray(attempts)) throw new CorruptRecordError(place, 'it is not a list of attempts')
  return attempts.map((attempt: unknown): Attempt => {
    if (!Array.isArray(attempt) || attempt.length !== 2 || typeof attempt[1] !== 'object') {
      throw new CorruptRecordError(place, 'an attempt is not a pair of value and failures')
    }
    const failures = Object.entries((attempt[1] ?? {}) as Readonly<Record<string, unknown>>)
    return [
      attempt[0],
      Object.fromEntries(failures.map(([atom, one]) => [atom, Failure.fromRecord(one)])),
    ]
  })
}

function readFailure(place: string, text: string | null): Failure | undefined {
  const record = readValue(place, text)
  if (record === undefined || record === null) return undefined
  try {
    return Failure.fromRecord(record)
  } catch (cause) {
    throw new CorruptRecordError(place, 'it is not a failure dictionary of version 1', { cause })
  }
}

function readObject(place: string, text: string): Readonly<Record<string, unknown>> {
  const value = readValue(place, text) ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new CorruptRecordError(place, 'it is not an object')
  }
  return value as Readonly<Record<string, unknown>>
}

function readValue(place: string, text: string | null): unknown {
  if (text === null) return undefined
  try {
    return decode(text)
  } catch (cause) {
    throw new CorruptRecordError(place, cause instanceof Error ? cause.message : String(cause), {
      cause,
    })
  }
}

/** The meta of an atom that has nothing in it but the progress, which is the common case. */
const PLAIN_META = new Map<number, string>()

function encodeMeta(detail: AtomDetail): string {
  const { progress, progressDetails, attempt, injected, meta } = detail
  const plain = progressDetails === undefined && injected === undefined && meta === undefined
  if (plain && progress === undefined && attempt === 0) return '{}'
  if (plain && attempt === 1 && (progress === 0 || progress === 1)) {
    const known = PLAIN_META.get(progress)
    if (known !== undefined) return known
  }
  const text = encode({
    ...meta,
    ...(progress === undefined ? {} : { progress, progress_details: progressDetails ?? null }),
    ...(attempt === 0 ? {} : { attempt }),
    ...(injected === undefined ? {} : { injected }),
  })
  if (plain && attempt === 1 && (progress === 0 || progress === 1)) PLAIN_META.set(progress, text)
  return text
}

function readMeta(detail: AtomDetail, stored: Readonly<Record<string, unknown>>): void {
  const { progress, progress_details: details, attempt, injected, ...meta } = stored
  if (typeof progress === 'number') detail.progress = progress
  if (typeof details === 'object' && details !== null) {
    detail.progressDetails = details as ProgressDetails
  }
  if (typeof attempt === 'number') detail.attempt = attempt
  if (typeof injected === 'object' && injected !== null) {
    detail.injected = injected as Readonly<Record<string, unknown>>
  }
  if (Object.keys(meta).length > 0) detail.meta = meta
}

/** A failure as a record; arguments that cannot be stored are dropped, as Python does. */
function storable(failure: Failure): unknown {
  const record = failure.toRecord()
  try {
    encode(record)
    return record
  } catch (error) {
    if (!(error instanceof NotStorableError)) throw error
    return {
      ...record,
      exc_args: [],
      causes: record.causes.map((one) => ({ ...one, exc_args: [] })),
    }
  }
}
