/**
 * A backend that remembers as long as the process lives.
 *
 * For tests, and for flows that need not survive: it keeps the whole contract except durability.
 * Records are kept as they are handed over; nobody changes them, here or there.
 *
 * @module
 */
import { NotFoundError, StorageError } from '../errors.ts'
import type {
  AtomPayload,
  Backend,
  BackendSupports,
  BookRecord,
  Checkpoint,
  FlowFilter,
  FlowRecord,
  PageOptions,
  StoredFlow,
} from './backend.ts'
import { type Page, pageOf } from './page.ts'

type StoredAtom = StoredFlow['atoms'][number]

const NO_PAYLOAD: AtomPayload = {
  results: null,
  failure: null,
  revertResults: null,
  revertFailure: null,
}

/** Keeps records in maps; gone with the process. */
export class MemoryBackend implements Backend {
  readonly supports: BackendSupports = { durable: false, processes: false }
  readonly #books = new Map<string, BookRecord>()
  readonly #flows = new Map<string, FlowRecord>()
  /** By uuid of the flow, then of the atom; a Map keeps the order of the first save. */
  readonly #atoms = new Map<string, Map<string, StoredAtom>>()
  /** The flow of each atom, by the atom's uuid. */
  readonly #flowOf = new Map<string, string>()
  #isClosed = false

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
    this.#check(checkpoint)
    const { flowUuid, book, flow, atoms } = checkpoint
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

  async listBooks(page: PageOptions = {}): Promise<readonly BookRecord[]> {
    this.#refuseWhenClosed()
    return cut([...this.#books.values()], pageOf(page))
  }

  async loadFlow(uuid: string): Promise<StoredFlow> {
    this.#refuseWhenClosed()
    const flow = this.#flows.get(uuid)
    if (flow === undefined) throw new NotFoundError(`there is no flow detail '${uuid}'`)
    return { flow, atoms: [...(this.#atoms.get(uuid)?.values() ?? [])] }
  }

  async listFlows(filter: FlowFilter = {}): Promise<readonly FlowRecord[]> {
    this.#refuseWhenClosed()
    const { bookUuid, states, name } = filter
    const flows = [...this.#flows.values()].filter(
      (flow) =>
        (bookUuid === undefined || flow.bookUuid === bookUuid) &&
        (states === undefined || states.includes(flow.state)) &&
        (name === undefined || flow.name === name),
    )
    return cut(flows, pageOf(filter))
  }

  async removeBook(uuid: string): Promise<void> {
    this.#refuseWhenClosed()
    if (!this.#books.delete(uuid)) throw new NotFoundError(`there is no book '${uuid}'`)
    for (const flow of this.#flows.values()) {
      if (flow.bookUuid !== uuid) continue
      for (const atom of this.#atoms.get(flow.uuid)?.keys() ?? []) this.#flowOf.delete(atom)
      this.#atoms.delete(flow.uuid)
      this.#flows.delete(flow.uuid)
    }
  }

  /** Everything that can be refused is refused here, before the first change. */
  #check({ flowUuid, book, flow, atoms }: Checkpoint): void {
    if (flow !== undefined && book?.uuid !== flow.bookUuid && !this.#books.has(flow.bookUuid)) {
      throw new NotFoundError(
        `there is no book '${flow.bookUuid}' for flow detail '${flow.uuid}'; save the book with it`,
      )
    }
    if (atoms.length > 0 && flow?.uuid !== flowUuid && !this.#flows.has(flowUuid)) {
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
export function memory(): Backend {
  return new MemoryBackend()
}

function cut<R extends { readonly uuid: string }>(records: R[], { after, limit }: Page): R[] {
  return records
    .filter(({ uuid }) => uuid > after)
    .sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
    .slice(0, limit)
}
