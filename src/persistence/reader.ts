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
import { markStored } from './stored-in.ts'

/**
 * Reads a flow detail with its atoms.
 *
 * @throws {@link NotFoundError} when there is none; {@link CorruptRecordError} when it cannot be
 * read, naming record and column.
 */
export async function loadFlowDetail(backend: Backend, uuid: string): Promise<FlowDetail> {
  const detail = readFlow(await backend.loadFlow(uuid))
  markStored(detail, backend)
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
  const unreadable = new Unreadable(page.onCorrupt)
  const { onCorrupt } = unreadable
  for (;;) {
    const place = after === undefined ? {} : { after }
    const books = await backend.listBooks({ limit: PAGE, ...page, ...place, onCorrupt })
    for (const record of books) {
      const book = unreadable.pass(() => readBook(record), record.uuid)
      if (book !== undefined) yield book
    }
    after = books.at(-1)?.uuid
    if (books.length < PAGE || page.limit !== undefined) break
  }
  unreadable.throwFirst()
}

/** How many records are asked for at once; a page with fewer is the last one. */
const PAGE = 100

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
   * Also those that were put aside, since they have ended their process each time they were taken up.
   *
   * @defaultValue `false`: somebody must see to what they do, and run them by hand
   */
  readonly putAside?: boolean | undefined
  /**
   * Hears of a flow that cannot be read, which is then passed over.
   *
   * @defaultValue the first of them is thrown at the end, when all others were given
   */
  readonly onCorrupt?: ((error: CorruptRecordError, uuid: string) => void) | undefined
}

/** Collects what cannot be read, so that it does not keep the others from being given. */
class Unreadable {
  readonly onCorrupt: (error: CorruptRecordError, uuid: string) => void
  #first: CorruptRecordError | undefined

  constructor(onCorrupt: UnfinishedFilter['onCorrupt']) {
    this.onCorrupt =
      onCorrupt ??
      ((error) => {
        this.#first ??= error
      })
  }

  /** Reads; undefined when it cannot be read. */
  pass<R>(read: () => R, uuid: string): R | undefined {
    try {
      return read()
    } catch (error) {
      this.take(error, uuid)
      return undefined
    }
  }

  /** Takes an error that says that a record cannot be read, and throws others. */
  take(error: unknown, uuid: string): void {
    if (!(error instanceof CorruptRecordError)) throw error
    this.onCorrupt(error, uuid)
  }

  throwFirst(): void {
    if (this.#first !== undefined) throw this.#first
  }
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
  const { putAside = false, ...rest } = filter
  const unreadable = new Unreadable(filter.onCorrupt)
  const { onCorrupt } = unreadable
  for await (const { uuid } of listUnfinishedRecords(backend, { ...rest, onCorrupt })) {
    let detail: FlowDetail | undefined
    try {
      detail = await loadFlowDetail(backend, uuid)
    } catch (error) {
      // One that is not there was removed since the page was read.
      if (!(error instanceof NotFoundError)) unreadable.take(error, uuid)
    }
    if (detail === undefined) continue
    if (putAside || detail.engineMeta.takeUps?.aside === undefined) yield detail
  }
  unreadable.throwFirst()
}

/** As {@link listUnfinished}, without the atoms: cheaper, to see who holds what. */
export async function* listUnfinishedRecords(
  backend: Backend,
  filter: UnfinishedFilter = {},
): AsyncGenerator<StoredFlowRecord> {
  const { states = UNFINISHED } = filter
  const wanted = states.filter((state) => UNFINISHED.includes(state))
  yield* flowsIn(backend, { ...filter, states: wanted })
}

async function* flowsIn(backend: Backend, filter: FlowFilter): AsyncGenerator<StoredFlowRecord> {
  const unreadable = new Unreadable(filter.onCorrupt)
  const { onCorrupt } = unreadable
  let after = filter.after
  for (;;) {
    const place = after === undefined ? {} : { after }
    const flows = await backend.listFlows({ limit: PAGE, ...filter, ...place, onCorrupt })
    yield* flows
    after = flows.at(-1)?.uuid
    if (flows.length < PAGE || filter.limit !== undefined) break
  }
  unreadable.throwFirst()
}
