/**
 * A backend over a folder of JSON files.
 *
 * Every use, reading too, has the folder's lock to itself: so it sees whole checkpoints, and what
 * a dead process left is finished before. Small files are read and written without giving way to
 * other work of the process, in slices; syncs and waiting do give way.
 *
 * @module
 */

import { join } from 'node:path'
import { type Clock, SYSTEM_CLOCK, type Timer } from '../../base/clock.ts'
import { type CorruptRecordError, FlowError, NotFoundError, StorageError } from '../../errors.ts'
import type {
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  FlowFilter,
  StoredFlow,
  StoredFlowRecord,
} from '../backend.ts'
import { BackendLife } from '../backend-life.ts'
import { CommitQueue } from '../commit-queue.ts'
import { cut, fitsBook, fitsFlow, pageOf } from '../filters.ts'
import { checkCheckpoint } from '../validation.ts'
import { failed, unavailable } from './faults.ts'
import { checkLayout } from './files.ts'
import { makeFolder } from './folder.ts'
import { FolderJournal } from './journal.ts'
import { FolderLock } from './lock.ts'
import { OWN_FOLDER, pathOf } from './names.ts'
import type { StoredAtom } from './objects.ts'
import { CommitPlan } from './plan.ts'
import { readOne, tellOf } from './readable.ts'
import { inSlices } from './slices.ts'
import { Disk, FolderTree } from './tree.ts'

/** How large the journal grows before what it tells of is made durable, and it is emptied. */
const MAX_JOURNAL_BYTES = 8_388_608
/** How often to try again what a full disk has stopped, while others wait for it. */
const RETRY_MS = 1_000

/** What {@link DirectoryBackend} needs. */
export interface DirectoryParts {
  /** The absolute path. */
  readonly folder: string
  /** How long to wait for another process. */
  readonly busyTimeoutMs: number
  /** Tells when a record was made and changed. */
  readonly clock: Clock
}

/**
 * Keeps records in files.
 *
 * Beside what every backend lives through, it may be in doubt: a commit is durable in the journal,
 * and could not be applied, for lack of room. The lock is kept, so that nobody reads half of it, and
 * each use tries to finish it first.
 */
export class DirectoryBackend implements Backend {
  readonly supports: BackendSupports = { durable: true, processes: true }
  readonly #folder: string
  readonly #clock: Clock
  readonly #lock: FolderLock
  readonly #journal: FolderJournal
  readonly #disk: Disk
  readonly #tree: FolderTree
  readonly #commits: CommitQueue
  readonly #life: BackendLife
  /** The use that has the folder to itself, or waits for that. */
  #last: Promise<unknown> = Promise.resolve()
  #isInDoubt = false
  #retry: Timer | undefined

  constructor({ folder, busyTimeoutMs, clock }: DirectoryParts) {
    this.#folder = folder
    this.#life = new BackendLife({ open: () => this.#make(), close: () => this.#shut() })
    this.#clock = clock
    this.#lock = new FolderLock(join(folder, OWN_FOLDER, 'lock'), busyTimeoutMs)
    this.#journal = new FolderJournal(folder)
    this.#disk = new Disk(folder)
    this.#tree = new FolderTree(this.#disk)
    this.#commits = new CommitQueue((checkpoints) => this.#write(checkpoints), {
      maxCommits: 1,
      maxCheckpoints: 256,
      maxCharacters: 4_000_000,
    })
  }

  open(): Promise<void> {
    return this.#life.use(async () => {})
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  save(checkpoint: Checkpoint): Promise<void> {
    return this.#life.use(async () => {
      const { book, flow, atoms, fence } = checkpoint
      const isEmpty = book === undefined && flow === undefined && fence === undefined
      if (isEmpty && atoms.length === 0) return
      checkCheckpoint(checkpoint)
      await this.#commits.save(checkpoint)
    })
  }

  loadBook(uuid: string): Promise<BookRecord> {
    return this.#read(async () => {
      const book = this.#tree.book(uuid)
      if (book === undefined) throw new NotFoundError(`there is no book '${uuid}'`)
      return book
    })
  }

  listBooks(filter: BookFilter = {}): Promise<readonly BookRecord[]> {
    return this.#read(async () => {
      const page = pageOf(filter)
      const unreadable = new Map<string, CorruptRecordError>()
      const books = cut(await this.#booksThatFit(filter, unreadable), page)
      return tellOf(unreadable, books, filter)
    })
  }

  countBooks(filter: BookFilter = {}): Promise<number> {
    return this.#read(async () => (await this.#booksThatFit(filter, new Map())).length)
  }

  loadFlow(uuid: string): Promise<StoredFlow> {
    return this.#read(async () => {
      const flow = this.#tree.flow(uuid)
      if (flow === undefined) throw new NotFoundError(`there is no flow detail '${uuid}'`)
      const atoms: StoredAtom[] = []
      for await (const name of inSlices(this.#tree.atomNames(uuid))) {
        const atom = this.#tree.atomAt(name)
        if (atom !== undefined) atoms.push(atom)
      }
      return { flow, atoms }
    })
  }

  listFlows(filter: FlowFilter = {}): Promise<readonly StoredFlowRecord[]> {
    return this.#read(async () => {
      const page = pageOf(filter)
      const unreadable = new Map<string, CorruptRecordError>()
      const flows = cut(await this.#flowsThatFit(filter, unreadable), page)
      return tellOf(unreadable, flows, filter)
    })
  }

  countFlows(filter: FlowFilter = {}): Promise<number> {
    return this.#read(async () => (await this.#flowsThatFit(filter, new Map())).length)
  }

  async removeBook(uuid: string): Promise<void> {
    const removed = await this.removeBooks([uuid])
    if (removed === 0) throw new NotFoundError(`there is no book '${uuid}'`)
  }

  removeBooks(uuids: readonly string[], filter: BookFilter = {}): Promise<number> {
    return this.#read(async () => {
      const wanted = new Set(uuids)
      const isPlain = filter.states === undefined && filter.updatedBefore === undefined
      const books = isPlain
        ? [...wanted].filter((uuid) => this.#tree.hasBook(uuid))
        : (await this.#booksThatFit(filter, new Map()))
            .map(({ uuid }) => uuid)
            .filter((uuid) => wanted.has(uuid))
      const plan = new CommitPlan(this.#disk)
      for (const uuid of books) plan.removeBook(uuid)
      await this.#commit(plan)
      return books.length
    })
  }

  removeFlow(uuid: string): Promise<void> {
    return this.#read(async () => {
      const flow = this.#tree.flow(uuid)
      if (flow === undefined) throw new NotFoundError(`there is no flow detail '${uuid}'`)
      const plan = new CommitPlan(this.#disk)
      plan.removeFlow(uuid, flow.bookUuid)
      await this.#commit(plan)
    })
  }

  /** @param unreadable takes what cannot be read; left out, that is thrown */
  async #booksThatFit(
    filter: BookFilter,
    unreadable?: Map<string, CorruptRecordError>,
  ): Promise<readonly BookRecord[]> {
    const needsFlows = filter.states !== undefined || filter.updatedBefore !== undefined
    const ofFlows = unreadable && new Map<string, CorruptRecordError>()
    const flows = Map.groupBy(
      needsFlows ? await this.#flowsThatFit({}, ofFlows) : [],
      (flow) => flow.bookUuid,
    )
    const books: BookRecord[] = []
    const doubtful = ofFlows?.size ? this.#tree.booksOfFlows() : undefined
    const kept = new Set([...(ofFlows?.keys() ?? [])].map((flow) => doubtful?.get(flow)))
    for await (const name of inSlices(this.#disk.objects('logbooks'))) {
      const book = readOne('logbooks', name, unreadable, () => this.#tree.bookAt(name))
      // Of a book with a flow that cannot be read, nobody knows whether it fits.
      if (book === undefined || kept.has(book.uuid)) continue
      if (fitsBook(book, flows.get(book.uuid) ?? [], filter)) books.push(book)
    }
    return books
  }

  async #flowsThatFit(
    filter: FlowFilter,
    unreadable?: Map<string, CorruptRecordError>,
  ): Promise<readonly StoredFlowRecord[]> {
    const { bookUuid } = filter
    const names =
      bookUuid === undefined
        ? this.#disk.objects('flowdetails')
        : this.#disk.links(pathOf('logbooks', bookUuid))
    let books: ReadonlyMap<string, string> | undefined
    const bookOf = (name: string): string | undefined => {
      if (bookUuid !== undefined) return bookUuid
      books ??= this.#tree.booksOfFlows()
      return books.get(name)
    }
    const flows: StoredFlowRecord[] = []
    for await (const name of inSlices(names)) {
      const flow = readOne('flowdetails', name, unreadable, () => this.#tree.flowAt(name, bookOf))
      if (flow !== undefined && fitsFlow(flow, filter)) flows.push(flow)
    }
    return flows
  }

  async #write(checkpoints: readonly Checkpoint[]): Promise<void> {
    await this.#alone(async () => {
      const plan = new CommitPlan(this.#disk)
      const now = this.#clock.now()
      try {
        for (const checkpoint of checkpoints) plan.save(checkpoint, now)
      } catch (error) {
        throw checkpoints.length === 1 ? error : refusedTogether(error)
      }
      await this.#commit(plan)
    })
    // Those who wait for this commit need not wait for that.
    if (this.#journalSize() > MAX_JOURNAL_BYTES) void this.#settleSoon()
  }

  /** Once the journal has it, it is kept: whoever has the lock next can apply it. */
  async #commit(plan: CommitPlan): Promise<void> {
    const changes = plan.changes()
    if (changes.length === 0) return
    const apply = await this.#journal.write(changes)
    try {
      await apply()
    } catch {
      this.#isInDoubt = true
    }
  }

  #read<R>(work: () => Promise<R>): Promise<R> {
    return this.#life.use(() => this.#alone(work))
  }

  /** One use at a time, of all processes. */
  #alone<R>(work: () => Promise<R>): Promise<R> {
    const use = this.#last.then(() => this.#locked(work))
    this.#last = use.catch(() => {})
    return use
  }

  async #locked<R>(work: () => Promise<R>): Promise<R> {
    try {
      checkLayout(this.#folder)
      if (!this.#isInDoubt) this.#isInDoubt = (await this.#lock.acquire()) !== 'free'
      try {
        if (this.#isInDoubt) await this.#recover()
        return await work()
      } finally {
        if (this.#isInDoubt || this.#journal.isTorn) this.#recoverLater()
        else this.#lock.release()
      }
    } catch (error) {
      throw failed(this.#folder, error)
    }
  }

  async #recover(): Promise<void> {
    this.#lock.tidy()
    await this.#journal.recover()
    await this.#journal.settle()
    this.#isInDoubt = false
  }

  /** Others wait, even if nobody asks for anything here. */
  #recoverLater(): void {
    this.#isInDoubt = true
    if (this.#life.isClosing || this.#retry !== undefined) return
    const retry = (): void => {
      this.#retry = undefined
      if (this.#isInDoubt) this.#read(async () => {}).catch(() => {})
    }
    this.#retry = SYSTEM_CLOCK.setTimer(RETRY_MS, retry, { keepsAlive: false })
  }

  #journalSize(): number {
    try {
      return this.#journal.size()
    } catch {
      return 0 // the next use says what became of it
    }
  }

  async #settleSoon(): Promise<void> {
    const settle = async (): Promise<void> => {
      if (this.#journal.size() > MAX_JOURNAL_BYTES) await this.#journal.settle()
    }
    // What failed stands in the journal still, and the next commit tries again.
    await this.#read(settle).catch(() => {})
  }

  async #make(): Promise<void> {
    try {
      makeFolder(this.#folder)
      await this.#journal.make()
      await this.#alone(() => this.#recover())
    } catch (error) {
      throw unavailable(this.#folder, error)
    }
  }

  async #shut(): Promise<void> {
    // What cannot be settled stands in the journal, and whoever opens the folder next finishes it.
    if (this.#life.wasOpened) await this.#alone(() => this.#journal.settle()).catch(() => {})
  }
}

/** One of several was refused, so that the queue must write them one by one. */
function refusedTogether(error: unknown): unknown {
  if (!(error instanceof FlowError)) return error
  return new StorageError('one of the checkpoints of a commit was refused', { cause: error })
}
