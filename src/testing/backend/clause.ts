/**
 * What the clause groups of the backend contract share: how a clause is declared, and records.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type {
  AtomPayload,
  AtomRecord,
  Backend,
  BackendSupports,
  BookRecord,
  Checkpoint,
  FlowRecord,
} from '../../persistence/backend.ts'

/** Opens the place of that name once more; a name not used before is an empty place. */
export type OpenBackend = (place: string) => Promise<Backend>

/** What the body of a clause works with. */
export interface ClauseContext {
  /** A backend over an empty place, closed at the end. */
  readonly backend: Backend
  /** The name of that place. */
  readonly place: string
  /** Opens places of the driver under test. */
  readonly open: OpenBackend
}

/** Declares one clause; it is skipped by drivers that don't support what it `needs`. */
export type DeclareClause = (
  title: string,
  body: (context: ClauseContext) => Promise<void>,
  needs?: keyof BackendSupports,
) => void

/** An atom as it is read back. */
export type LoadedAtom = AtomRecord & { readonly payload: AtomPayload }

/** The payload of an atom that has none. */
export const EMPTY_PAYLOAD: AtomPayload = {
  results: null,
  failure: null,
  revertResults: null,
  revertFailure: null,
}

/** A book with what matters to the test, and something in the rest. */
export function bookRecord(parts: Partial<BookRecord> = {}): BookRecord {
  return {
    uuid: randomUUID(),
    name: 'orders',
    meta: '{}',
    createdAt: new Date('2026-03-01T10:20:30.456Z'),
    updatedAt: undefined,
    ...parts,
  }
}

/** A flow detail of a book. */
export function flowRecord(bookUuid: string, parts: Partial<FlowRecord> = {}): FlowRecord {
  return {
    uuid: randomUUID(),
    bookUuid,
    name: 'create-volume',
    state: 'PENDING',
    meta: '{}',
    ...parts,
  }
}

/** A task, with an empty payload. */
export function atomRecord(parts: Partial<AtomRecord> = {}): AtomRecord {
  return {
    uuid: randomUUID(),
    name: 'reserve-quota',
    kind: 'task',
    state: 'PENDING',
    intention: 'EXECUTE',
    version: undefined,
    meta: '{}',
    payload: EMPTY_PAYLOAD,
    ...parts,
  }
}

/** A checkpoint of a flow. */
export function checkpointOf(flowUuid: string, parts: Partial<Checkpoint> = {}): Checkpoint {
  return { flowUuid, book: undefined, flow: undefined, atoms: [], ...parts }
}

/** Saves a new book with a new flow detail in it. */
export async function saveNewFlow(
  backend: Backend,
  atoms: readonly AtomRecord[] = [],
): Promise<{ readonly book: BookRecord; readonly flow: FlowRecord }> {
  const book = bookRecord()
  const flow = flowRecord(book.uuid)
  await backend.save(checkpointOf(flow.uuid, { book, flow, atoms }))
  return { book, flow }
}

/** Saves books alone. */
export async function saveBooks(backend: Backend, books: readonly BookRecord[]): Promise<void> {
  for (const book of books) await backend.save(checkpointOf('', { book }))
}
