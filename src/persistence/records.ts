/**
 * Details as records, and records as details: what the text in a backend means.
 *
 * The formats are those of Python TaskFlow 5 (`models.py`), which reads what we write; what it has
 * no column for stands in the atom's meta.
 *
 * @module
 */
import type { Attempt } from '../atoms/history.ts'
import type { Provision } from '../atoms/provides.ts'
import { decode, encode } from '../base/codec.ts'
import { Failure } from '../base/failure.ts'
import { NO_PAYLOAD_LIMIT, type PayloadLimit } from '../base/payload-limit.ts'
import { CorruptRecordError, type NotStorableError } from '../errors.ts'
import { type AtomDetail, type ProgressDetails, RetryDetail, TaskDetail } from './atom-detail.ts'
import type { AtomPayload, AtomRecord, BookRecord, FlowRecord, StoredFlow } from './backend.ts'
import { isCoded } from './coded-text.ts'
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
export function encodeResults(
  detail: AtomDetail,
  limit: PayloadLimit = NO_PAYLOAD_LIMIT,
): string | null {
  if (detail.kind === 'task') return encodeValue((detail as TaskDetail).results)
  const attempts = (detail as RetryDetail).results.map(([value, failures]) => [
    value,
    Object.fromEntries(
      Object.entries(failures).map(([k, failure]) => [k, limit.fit(failure.toRecord())]),
    ),
  ])
  return encode(attempts)
}

/**
 * What is large of an atom, as text.
 *
 * @param limit failures that are larger are cut down
 * @param results the results as text, where they were encoded before
 */
export function atomPayload(
  detail: AtomDetail,
  limit: PayloadLimit = NO_PAYLOAD_LIMIT,
  results: string | null = encodeResults(detail, limit),
): AtomPayload {
  const { failure, revertResults, revertFailure } = detail
  return {
    results,
    failure: encodeFailure(failure, limit),
    revertResults: encodeValue(revertResults),
    revertFailure: encodeFailure(revertFailure, limit),
  }
}

/** A failure as text, cut down to what can be stored; arguments go first, as in Python. */
function encodeFailure(failure: Failure | undefined, limit: PayloadLimit): string | null {
  return failure === undefined ? null : encode(limit.fit(failure.toRecord()))
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
  detail.epoch = flow.epoch
  detail.owner = flow.owner
  detail.leaseUntil = flow.leaseUntil
  detail.createdAt = flow.createdAt
  detail.updatedAt = flow.updatedAt
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
    if (isCoded(text)) {
      throw new CorruptRecordError(place, 'it was stored through a payload codec', { cause })
    }
    throw new CorruptRecordError(place, cause instanceof Error ? cause.message : String(cause), {
      cause,
    })
  }
}

/** The meta of an atom that has the progress alone in it, which is the common case; by promises. */
const PLAIN_META = new WeakMap<readonly Provision[], Map<number, string>>()

const NO_PROMISES: readonly Provision[] = []

function encodeMeta(detail: AtomDetail): string {
  const { progress, progressDetails, attempt, injected, meta } = detail
  const retryAt = detail instanceof RetryDetail ? detail.retryAt : undefined
  const resultToUndo = detail instanceof TaskDetail ? detail.resultToUndo : undefined
  const provisions = detail.provisions?.length ? detail.provisions : NO_PROMISES
  const extras = [progressDetails, injected, meta, retryAt, resultToUndo]
  const plain = extras.every((one) => one === undefined)
  if (plain && progress === undefined && attempt === 0) return '{}'
  const common = plain && attempt === 1 && (progress === 0 || progress === 1)
  const known = common ? PLAIN_META.get(provisions)?.get(progress) : undefined
  if (known !== undefined) return known
  const text = encode({
    ...meta,
    ...(progress === undefined ? {} : { progress, progress_details: progressDetails ?? null }),
    ...(attempt === 0 ? {} : { attempt }),
    ...(provisions.length === 0 ? {} : { provides: partsBySymbol(provisions) }),
    ...(injected === undefined ? {} : { injected }),
    ...(retryAt === undefined ? {} : { retry_at: retryAt.toISOString() }),
    ...(resultToUndo === undefined ? {} : { result_to_undo: resultToUndo }),
  })
  if (common) {
    const texts = PLAIN_META.get(provisions) ?? new Map<number, string>()
    PLAIN_META.set(provisions, texts.set(progress, text))
  }
  return text
}

/** Position or field by symbol; null for the whole result. */
function partsBySymbol(provisions: readonly Provision[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(provisions.map(({ symbol, index = null }) => [symbol, index]))
}

function readMeta(detail: AtomDetail, stored: Readonly<Record<string, unknown>>): void {
  const { progress, progress_details: details, attempt, provides, injected, ...others } = stored
  const { retry_at: retryAt, result_to_undo: resultToUndo, ...meta } = others
  if (detail instanceof TaskDetail) detail.resultToUndo = resultToUndo
  if (detail instanceof RetryDetail && typeof retryAt === 'string') {
    const moment = new Date(retryAt)
    if (!Number.isNaN(moment.getTime())) detail.retryAt = moment
  }
  if (typeof progress === 'number') detail.progress = progress
  if (typeof details === 'object' && details !== null) {
    detail.progressDetails = details as ProgressDetails
  }
  if (typeof attempt === 'number') {
    detail.attempt = attempt
    detail.provisions = NO_PROMISES // nothing is written for an atom that provides nothing
  }
  if (typeof provides === 'object' && provides !== null) {
    detail.provisions = Object.entries(provides).map(([symbol, index]) => ({
      symbol,
      index: typeof index === 'number' || typeof index === 'string' ? index : undefined,
    }))
  }
  if (typeof injected === 'object' && injected !== null) {
    detail.injected = injected as Readonly<Record<string, unknown>>
  }
  if (Object.keys(meta).length > 0) detail.meta = meta
}
