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
import { NO_PAYLOAD_LIMIT, PayloadLimit } from '../base/payload-limit.ts'
import { inWords } from '../base/thrown.ts'
import { CorruptRecordError, type NotStorableError } from '../errors.ts'
import { type AtomDetail, RetryDetail, TaskDetail } from './atom-detail.ts'
import { encodeMeta, readMeta } from './atom-meta.ts'
import type { AtomPayload, AtomRecord, BookRecord, FlowRecord, StoredFlow } from './backend.ts'
import { isCoded } from './coded-text.ts'
import { FlowDetail, LogBook } from './flow-detail.ts'
import { encodeFlowMeta, type FlowMeta, splitFlowMeta } from './flow-meta.ts'
import { isKeptAsText, keep, keepCopy, textOfKept } from './kept-value.ts'

/** Name of the record that holds the values given in `store`; TaskFlow's, so that it reads them. */
export const INJECTOR_NAME = '_TaskFlow_INJECTOR'

/** A book as it is stored. */
export function bookRecord(book: LogBook): BookRecord {
  const { uuid, name, meta, createdAt, updatedAt } = book
  return { uuid, name, meta: encode(meta), createdAt, updatedAt }
}

/** A flow detail as it is stored. */
export function flowRecord(detail: FlowDetail, bookUuid: string): FlowRecord {
  const { uuid, name, state } = detail
  return { uuid, bookUuid, name, state, meta: encodeFlowMeta(detail) }
}

/** An atom detail as it is stored; without payload, the stored one stays as it is. */
export function atomRecord(
  detail: AtomDetail,
  payload: AtomPayload | undefined,
  limit: PayloadLimit = NO_PAYLOAD_LIMIT,
): AtomRecord {
  const { uuid, name, kind, state, intention, version } = detail
  let meta = encodeMeta(detail)
  // What the atom said on its way is the only part that nobody needs to go on.
  if (limit.isOverTotal(meta)) meta = encodeMeta(detail, false)
  return { uuid, name, kind, state, intention, version, meta, payload }
}

/**
 * All that may come to stand in the meta of an atom, as text: a result stands there, too, while an
 * undo of it has failed.
 *
 * @param result the result, as text
 */
export function encodeWithMeta(detail: AtomDetail, result: string | null): string {
  return `${encodeMeta(detail, false)}${result ?? ''}`
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
  if (detail.kind === 'task') return encodeValue(detail.keptResults)
  const retry: RetryDetail = detail
  let text = encodeAttempts(retry, limit)
  for (const maxBytes of FEWER_BYTES) {
    if (!limit.isOverTotal(text)) return text
    text = encodeAttempts(retry, new PayloadLimit(maxBytes))
  }
  let most = Math.max(0, ...retry.keptResults.map(([, failures]) => Object.keys(failures).length))
  while (most > 0 && limit.isOverTotal(text)) {
    most = Math.floor(most / 2)
    text = encodeAttempts(retry, new PayloadLimit(LEAST_BYTES), most)
  }
  return text
}

/** The history of a retry without its failures: the least that must be stored of it. */
export function encodeProvided(retry: RetryDetail): string {
  return encodeAttempts(retry, NO_PAYLOAD_LIMIT, 0)
}

/** How large a failure may be in a history that is too large; tried in order. */
const LEAST_BYTES = 1_024
const FEWER_BYTES = [16_384, LEAST_BYTES]

/** @param most how many failures of each attempt are kept; each is on record with its atom as well */
function encodeAttempts(detail: RetryDetail, limit: PayloadLimit, most = Infinity): string {
  const attempts = detail.keptResults.map(([kept, failures]) => {
    const value = isKeptAsText(kept) ? `[${textOfKept(kept)}]` : encode([kept])
    return `${value.slice(0, -1)},${encodeFailures(failures, limit, most)}]`
  })
  return `[${attempts.join(',')}]`
}

function encodeFailures(failures: Attempt[1], limit: PayloadLimit, most: number): string {
  const entries = Object.entries(failures).slice(0, most)
  const [only] = entries
  // The codec would take one key that looks like a mark of its own for that.
  if (only !== undefined && entries.length === 1) {
    return encode(Object.fromEntries([[only[0], limit.fit(only[1].toRecord())]]))
  }
  return `{${entries.map(([atom, one]) => `${JSON.stringify(atom)}:${limit.textOf(one)}`).join(',')}}`
}

/**
 * What is large of an atom, as text.
 *
 * @param limit failures that are larger are cut down
 */
export function atomPayload(
  detail: AtomDetail,
  limit: PayloadLimit = NO_PAYLOAD_LIMIT,
): AtomPayload {
  const { failure, keptRevertResults, revertFailure } = detail
  return {
    results: encodeResults(detail, limit),
    failure: encodeFailure(failure, limit),
    revertResults: encodeValue(keptRevertResults),
    revertFailure: encodeFailure(revertFailure, limit),
  }
}

/** A failure as text, cut down to what can be stored; arguments go first, as in Python. */
function encodeFailure(failure: Failure | undefined, limit: PayloadLimit): string | null {
  return failure === undefined ? null : limit.textOf(failure)
}

/** A value, kept or not, as text; nothing at all is null, so that it reads as None in Python. */
export function encodeValue(value: unknown): string | null {
  return value === undefined ? null : textOfKept(value)
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
  const { meta, engineMeta } = readFlowMeta(flow)
  detail.meta = meta
  detail.engineMeta = engineMeta
  for (const atom of atoms) {
    if (detail.find(atom.name) !== undefined) {
      const place = `atomdetails ${atom.uuid} name`
      throw new CorruptRecordError(place, `another atom of the flow is called '${atom.name}', too`)
    }
    detail.add(readAtom(atom, atom.payload))
  }
  detail.markRead()
  return detail
}

/**
 * The metadata of a flow detail, as it was stored.
 *
 * @throws {@link CorruptRecordError} when it cannot be read.
 */
export function readFlowMeta({ uuid, meta }: Pick<FlowRecord, 'uuid' | 'meta'>): FlowMeta {
  return splitFlowMeta(readObject(`flowdetails ${uuid} meta`, meta))
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
  detail.revertResults = readKeptValue(`${place} revert_results`, payload.revertResults)
  detail.revertFailure = readFailure(`${place} revert_failure`, payload.revertFailure)
  if (detail instanceof TaskDetail) {
    detail.results = readKeptValue(`${place} results`, payload.results)
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
      keepCopy(attempt[0]),
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

/** The value is read at once, so that one that cannot be is found, and kept as its text. */
function readKeptValue(place: string, text: string | null): unknown {
  return keep(readValue(place, text), text)
}

function readValue(place: string, text: string | null): unknown {
  if (text === null) return undefined
  try {
    return decode(text)
  } catch (cause) {
    if (isCoded(text)) {
      throw new CorruptRecordError(place, 'it was stored through a payload codec', { cause })
    }
    throw new CorruptRecordError(place, inWords(cause), {
      cause,
    })
  }
}
