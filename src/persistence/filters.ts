/**
 * What a filter means: one page of a listing, and which records it fits.
 *
 * For drivers, so that all of them refuse the same wishes and share one default. Those that can
 * ask a database need the page alone.
 *
 * @module
 */
import { count } from '../base/checks.ts'
import type {
  BookFilter,
  BookRecord,
  FlowFilter,
  PageOptions,
  StoredFlowRecord,
} from './backend.ts'

/** A page with nothing left open. */
export interface Page {
  /** Records whose uuid is greater than this one; every uuid is greater than the empty text. */
  readonly after: string
  /** How many records at most. */
  readonly limit: number
}

const DEFAULT_LIMIT = 100
const LIMIT = count(1)

/** @throws RangeError when the limit is not a whole number above 0. */
export function pageOf({ after = '', limit = DEFAULT_LIMIT }: PageOptions): Page {
  LIMIT('limit', limit)
  return { after, limit }
}

/** The records of a page, in order of their uuids. */
export function cut<R extends { readonly uuid: string }>(
  records: readonly R[],
  { after, limit }: Page,
): R[] {
  return records
    .filter(({ uuid }) => uuid > after)
    .sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
    .slice(0, limit)
}

/** Whether a flow detail is among those that are meant, whatever the page. */
export function fitsFlow(flow: StoredFlowRecord, filter: FlowFilter): boolean {
  const { bookUuid, states, name, updatedBefore, owner, freeAt } = filter
  return (
    (bookUuid === undefined || flow.bookUuid === bookUuid) &&
    (states === undefined || states.includes(flow.state)) &&
    (name === undefined || flow.name === name) &&
    (updatedBefore === undefined || isBefore(flow, updatedBefore)) &&
    (owner === undefined || flow.owner === owner) &&
    (freeAt === undefined || isFree(flow, freeAt))
  )
}

/** Whether a book, with these flows, is among those that are meant, whatever the page. */
export function fitsBook(
  book: BookRecord,
  flows: readonly StoredFlowRecord[],
  { states, updatedBefore }: BookFilter,
): boolean {
  return (
    (updatedBefore === undefined || isBefore(book, updatedBefore)) &&
    flows.every(
      (flow) =>
        (states === undefined || states.includes(flow.state)) &&
        (updatedBefore === undefined || isBefore(flow, updatedBefore)),
    )
  )
}

/** Whether nobody holds a flow detail at a moment. */
export function isFree(
  { owner, leaseUntil }: Pick<StoredFlowRecord, 'owner' | 'leaseUntil'>,
  at: Date,
): boolean {
  return owner === undefined || (leaseUntil !== undefined && leaseUntil <= at)
}

/** What was never noted is not known to be old. */
function isBefore(
  { createdAt, updatedAt }: Pick<StoredFlowRecord, 'createdAt' | 'updatedAt'>,
  moment: Date,
): boolean {
  const last = updatedAt ?? createdAt
  return last !== undefined && last < moment
}
