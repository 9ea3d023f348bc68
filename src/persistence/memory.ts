/**
 * A backend that remembers as long as the process lives.
 *
 * For tests, and for flows that need not survive: it keeps the whole contract except durability.
 * Records are kept as they are handed over; nobody changes them, here or there.
 *
 * @module
 */
import { CLOCK, readOptions } from '../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../base/clock.ts'
import { NotFoundError, StorageError } from '../errors.ts'
import type {
  AtomPayload,
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  FlowFilter,
  StoredFlow,
  StoredFlowRecord,
} from './backend.ts'
import { heldAfter, UNCLAIMED } from './fencing.ts'
import { cut, fitsBook, fitsFlow, pageOf } from './filters.ts'
import { checkCheckpoint } from './validation.ts'

type StoredAtom = StoredFlow['atoms'][number]

const NO_PAYLOAD: AtomPayload = {
  results: null,
  failure: null,
  revertResults: null,
  revertFailure: null,
}

/** How {@link memory} behaves. */
export interface MemoryOptions {
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

/** Keeps records in maps; gone with the process. */
export class MemoryBackend implements Backend {
  readonly supports: BackendSupports = { durable: false, processes: false }
  readonly #clock: Clock
  readonly #books = new Map<string, BookRecord>()
  readonly #flows = new Map<string, StoredFlowRecord>()
  /** By uuid of the flow, then of the atom; a Map keeps the order of the first save. */
  readonly #atoms = new Map<string, Map<string, StoredAtom>>()
  /** The flow of each atom, by the atom's uuid. */
  readonly #flowOf = new Map<string, string>()
  #isClosed = false

  constructor(options: MemoryOptions = {}) {
    const { clock = SYSTEM_CLOCK } = readOptions<MemoryOptions>('memory()', options, {
      clock: CLOCK,
    })
    this.#clock = clock
  }

  async open(): Promise<void> {
    this.#refuseWhenClosed()
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    this.#refuseWhenClosed()
    checkCheckpoint(checkpoint)
    this.#check(checkpoint)
    const { flowUuid, book, atoms } = checkpoint
    const flow = this.#flowAfter(checkpoint)
    if (book !== undefined) this.#books.set(book.uuid, book)
    if (flow !== undefined) {
      this.#flows.set(flow.uuid, flow)
      if (!this.#atoms.has(flow.uuid)) this.#atoms.set(flow.uuid, new Map())
    }
    const stored = this.#atoms.get(flowUuid)
    for (const atom of atoms) {
      const payload = atom.payload ?? stored?.get(atom.uuid)?.payload ?? NO_PAYLOAD
      stored?.set(atom.uuid, { ...atom, payload })
      this.#flowOf.set(atom.uuid, flowUuid)
    }
  }

  async loadBook(uuid: string): Promise<BookRecord> {
    this.#refuseWhenClosed()
    const book = this.#books.get(uuid)
    if (book === undefined) throw new NotFoundError(`there is no book '${uuid}'`)
    return book
  }

  async listBooks(filter: BookFilter = {}): Promise<readonly BookRecord[]> {
    return cut(this.#booksThatFit(filter), pageOf(filter))
  }

  async countBooks(filter: BookFilter = {}): Promise<number> {
    return this.#booksThatFit(filter).length
  }

  async loadFlow(uuid: string): Promise<StoredFlow> {
    this.#refuseWhenClosed()
    const flow = this.#flows.get(uuid)
    if (flow === undefined) throw new NotFoundError(`there is no flow detail '${uuid}'`)
    return { flow, atoms: [...(this.#atoms.get(uuid)?.values() ?? [])] }
  }

  async listFlows(filter: FlowFilter = {}): Promise<readonly StoredFlowRecord[]> {
    return cut(this.#flowsThatFit(filter), pageOf(filter))
  }

  async countFlows(filter: FlowFilter = {}): Promise<number> {
    return this.#flowsThatFit(filter).length
  }

  async removeBook(uuid: string): Promise<void> {
    this.#refuseWhenClosed()
    if (!this.#books.delete(uuid)) throw new NotFoundError(`there is no book '${uuid}'`)
    for (const flow of this.#flows.values()) if (flow.bookUuid === uuid) this.#remove(flow.uuid)
  }

  async removeBooks(uuids: readonly string[], filter: BookFilter = {}): Promise<number> {
    const books = this.#booksThatFit(filter).filter(({ uuid }) => uuids.includes(uuid))
    for (const { uuid } of books) await this.removeBook(uuid)
    return books.length
  }

  async removeFlow(uuid: string): Promise<void> {
    this.#refuseWhenClosed()
    if (!this.#flows.has(uuid)) throw new NotFoundError(`there is no flow detail '${uuid}'`)
    this.#remove(uuid)
  }

  #remove(flowUuid: string): void {
    for (const atom of this.#atoms.get(flowUuid)?.keys() ?? []) this.#flowOf.delete(atom)
    this.#atoms.delete(flowUuid)
    this.#flows.delete(flowUuid)
  }

  #booksThatFit(filter: BookFilter): readonly BookRecord[] {
    this.#refuseWhenClosed()
    const flows = Map.groupBy(this.#flows.values(), ({ bookUuid }) => bookUuid)
    return [...this.#books.values()].filter((book) =>
      fitsBook(book, flows.get(book.uuid) ?? [], filter),
    )
  }

  #flowsThatFit(filter: FlowFilter): readonly StoredFlowRecord[] {
    this.#refuseWhenClosed()
    return [...this.#flows.values()].filter((flow) => fitsFlow(flow, filter))
  }

  /** The flow detail as the checkpoint leaves it; undefined when it leaves it alone. */
  #flowAfter({ flowUuid, flow, fence }: Checkpoint): StoredFlowRecord | undefined {
    const stored = this.#flows.get(flowUuid)
    const held = heldAfter(stored ?? UNCLAIMED, fence, flowUuid)
    const base = flow ?? stored
    if (base === undefined || (flow === undefined && held === stored)) return undefined
    const { owner, epoch, leaseUntil } = held
    const now = this.#clock.now()
    const createdAt = stored === undefined ? now : stored.createdAt
    const updatedAt = flow !== undefined && stored !== undefined ? now : stored?.updatedAt
    return { ...base, createdAt, updatedAt, owner, epoch, leaseUntil }
  }

  /** Everything that can be refused is refused here or by the fence, before the first change. */
  #check({ flowUuid, book, flow, atoms, fence }: Checkpoint): void {
    if (flow !== undefined && book?.uuid !== flow.bookUuid && !this.#books.has(flow.bookUuid)) {
      throw new NotFoundError(
        `there is no book '${flow.bookUuid}' for flow detail '${flow.uuid}'; save the book with it`,
      )
    }
    const needsFlow = atoms.length > 0 || fence !== undefined
    if (needsFlow && flow?.uuid !== flowUuid && !this.#flows.has(flowUuid)) {
      throw new NotFoundError(
        `there is no flow detail '${flowUuid}' for its atoms; save the flow detail with them`,
      )
    }
    for (const { uuid, name } of atoms) {
      if ((this.#flowOf.get(uuid) ?? flowUuid) !== flowUuid) {
        throw new StorageError(
          `atom '${name}' (${uuid}) of flow detail '${flowUuid}' is stored with another flow detail; nothing was written`,
        )
      }
    }
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new StorageError('the backend is closed; make a new one')
  }
}

/** Makes a backend that remembers as long as the process lives. */
export function memory(options: MemoryOptions = {}): Backend {
  return new MemoryBackend(options)
}
