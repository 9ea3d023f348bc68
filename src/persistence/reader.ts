/**
 * Reads logbooks and flow details out of a backend.
 *
 * For whoever looks for flows to resume, or wants to see what became of one.
 *
 * @module
 */
import { CorruptRecordError } from '../errors.ts'
import type { Backend, FlowFilter, FlowRecord, PageOptions } from './backend.ts'
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

/** Which unfinished flows to list. */
export interface UnfinishedFilter extends Omit<FlowFilter, 'states'> {
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
 * see to what broke it.
 */
export async function* listUnfinished(
  backend: Backend,
  filter: UnfinishedFilter = {},
): AsyncGenerator<FlowDetail> {
  const { onCorrupt, ...page } = filter
  const states = ['PENDING', 'RUNNING', 'SUSPENDING', 'SUSPENDED', 'RESUMING'] as const
  for await (const { uuid } of flowsIn(backend, { ...page, states })) {
    try {
      yield await loadFlowDetail(backend, uuid)
    } catch (error) {
      if (!(error instanceof CorruptRecordError) || onCorrupt === undefined) throw error
      onCorrupt(error, uuid)
    }
  }
}

async function* flowsIn(backend: Backend, filter: FlowFilter): AsyncGenerator<FlowRecord> {
  let after = filter.after
  for (;;) {
    const flows = await backend.listFlows({ ...filter, ...(after === undefined ? {} : { after }) })
    yield* flows
    after = flows.at(-1)?.uuid
    if (after === undefined || filter.limit !== undefined) return
  }
}
