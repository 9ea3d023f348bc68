/**
 * Reads logbooks and flow details out of a backend.
 *
 * For whoever looks for flows to resume, or wants to see what became of one.
 *
 * @module
 */
import { CorruptRecordError, NotFoundError } from '../errors.ts'
import type { FlowState } from '../states/flow.ts'
import type { Backend, FlowFilter, PageOptions, StoredFlowRecord } from './backend.ts'
import type { FlowDetail, LogBook } from './flow-detail.ts'
import { readBook, readFlow } from './records.ts'

/**
 * Reads a flow detail with its atoms.
 *
 * @throws {@link NotFoundError} when there is none; {@link CorruptRecordError} when it cannot be
 * read, naming record and column.
 */
export async function loadFlowDetail(backend: Backend, uuid: string): Promise<FlowDetail> {
  const detail = readFlow(await backend.loadFlow(uuid))
  detail.storedIn = backend
  return detail
}

/**
 * Reads a book with all its flow details and their atoms.
 *
 * @throws {@link NotFoundError} when there is none; {@link CorruptRecordError} when a record
 * cannot be read.
 */
export async function loadLogBook(backend: Backend, uuid: string): Promise<LogBook> {
  const book = readBook(await backend.loadBook(uuid))
  for await (const { uuid: flow } of flowsIn(backend, { bookUuid: uuid })) {
    book.add(await loadFlowDetail(backend, flow))
  }
  return book
}

/** The books of a backend without their flow details, page by page, in order of their uuids. */
export async function* listLogBooks(
  backend: Backend,
  page: PageOptions = {},
): AsyncGenerator<LogBook> {
  let after = page.after
  for (;;) {
    const books = await backend.listBooks({ ...page, ...(after === undefined ? {} : { after }) })
    for (const record of books) yield readBook(record)
    after = books.at(-1)?.uuid
    if (after === undefined || page.limit !== undefined) return
  }
}

/** The states in which a run has not come to an end, and can go on. */
export const UNFINISHED: readonly FlowState[] = [
  'PENDING',
  'RUNNING',
  'SUSPENDING',
  'SUSPENDED',
  'RESUMING',
]

/** Which unfinished flows to list. */
export interface UnfinishedFilter extends FlowFilter {
  /**
   * Called for a flow that cannot be read, which is then passed over.
   *
   * @defaultValue the error ends the listing
   */
  readonly onCorrupt?: (error: CorruptRecordError, uuid: string) => void
}

/**
 * The flow details of a backend that were stored and have not come to an end, with their atoms:
 * what {@link loadFromDetail} can go on with. A flow in FAILURE is not among them: somebody must
 * see to what broke it. What another engine is running is among them, and is taken over by whoever
 * runs it: {@link FlowFilter.freeAt} leaves it out.
 */
export async function* listUnfinished(
  backend: Backend,
  filter: UnfinishedFilter = {},
): AsyncGenerator<FlowDetail> {
  const { onCorrupt, ...page } = filter
  for await (const { uuid } of listUnfinishedRecords(backend, page)) {
    try {
      yield await loadFlowDetail(backend, uuid)
    } catch (error) {
      if (error instanceof NotFoundError) continue // removed since the page was read
      if (!(error instanceof CorruptRecordError) || onCorrupt === undefined) throw error
      onCorrupt(error, uuid)
    }
  }
}

/** As {@link listUnfinished}, without the atoms: cheaper, to see who holds what. */
export async function* listUnfinishedRecords(
  backend: Backend,
  filter: FlowFilter = {},
): AsyncGenerator<StoredFlowRecord> {
  const { states = UNFINISHED } = filter
  const wanted = states.filter((state) => UNFINISHED.includes(state))
  yield* flowsIn(backend, { ...filter, states: wanted })
}

async function* flowsIn(backend: Backend, filter: FlowFilter): AsyncGenerator<StoredFlowRecord> {
  let after = filter.after
  for (;;) {
    const flows = await backend.listFlows({ ...filter, ...(after === undefined ? {} : { after }) })
    yield* flows
    after = flows.at(-1)?.uuid
    if (after === undefined || filter.limit !== undefined) return
  }
}
