/**
 * The contract of every place that remembers flows, and the records that pass through it.
 *
 * For the engine and for drivers: the only file of this room that other rooms import for it. A
 * backend stores text and does not look into it; what the text means is the matter of records.ts.
 *
 * @module
 */
import type { BackendUnavailableError, NotFoundError, StorageError } from '../errors.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'

/** What a backend can do beyond the common clauses; users may read it too. */
export interface BackendSupports {
  /** What was acknowledged survives the process. */
  readonly durable: boolean
  /** Several processes may use it at once. */
  readonly processes: boolean
}

/** A logbook as it is stored: TaskFlow's table `logbooks`. */
export interface BookRecord {
  /** Identifies the book. */
  readonly uuid: string
  /** For people. */
  readonly name: string
  /** JSON text of an object. */
  readonly meta: string
  /** When it was made. */
  readonly createdAt: Date
  /** When it was last changed. */
  readonly updatedAt: Date | undefined
}

/** A flow detail as it is stored: TaskFlow's table `flowdetails`. */
export interface FlowRecord {
  /** Identifies the flow detail. */
  readonly uuid: string
  /** The book that it is kept in. */
  readonly bookUuid: string
  /** Name of the flow. */
  readonly name: string
  /** Where the flow is. */
  readonly state: FlowState
  /** JSON text of an object. */
  readonly meta: string
}

/** The columns of an atom that can be large, as JSON text; null where there is no value. */
export interface AtomPayload {
  /** What execute returned; of a retry, its attempts. */
  readonly results: string | null
  /** Why execute failed. */
  readonly failure: string | null
  /** What revert returned. */
  readonly revertResults: string | null
  /** Why revert failed. */
  readonly revertFailure: string | null
}

/** An atom detail as it is stored: TaskFlow's table `atomdetails`. */
export interface AtomRecord {
  /** Identifies the atom detail. */
  readonly uuid: string
  /** Name of the atom. */
  readonly name: string
  /** What sort of atom it is of. */
  readonly kind: 'task' | 'retry'
  /** Where the atom is. */
  readonly state: AtomState
  /** Where the atom is meant to go. */
  readonly intention: Intention
  /** For people. */
  readonly version: string | undefined
  /** JSON text of an object. */
  readonly meta: string
  /** Undefined in a checkpoint: what is stored stays as it is (nothing, in a new record). */
  readonly payload: AtomPayload | undefined
}

/** A flow detail with its atoms, as read. */
export interface StoredFlow {
  /** The flow detail. */
  readonly flow: FlowRecord
  /** Its atoms, in the order in which they were first saved. */
  readonly atoms: readonly (AtomRecord & { readonly payload: AtomPayload })[]
}

/** What changed in one scheduling tick of one flow; written whole or not at all. */
export interface Checkpoint {
  /** The flow that it belongs to, and its atoms with it. */
  readonly flowUuid: string
  /** The book, when it is new or has changed. */
  readonly book: BookRecord | undefined
  /** The flow detail, when it is new or has changed. */
  readonly flow: FlowRecord | undefined
  /** The atoms that are new or have changed, each once. */
  readonly atoms: readonly AtomRecord[]
}

/** Which records to list, and where to go on. */
export interface PageOptions {
  /** Goes on behind this uuid, whether its record is still there or not. */
  readonly after?: string
  /**
   * How many records at most.
   *
   * @defaultValue `100`
   */
  readonly limit?: number
}

/** Which flow details to list. */
export interface FlowFilter extends PageOptions {
  /** Only those of one book. */
  readonly bookUuid?: string
  /** Only those in one of these states; none, when there is no state in it. */
  readonly states?: readonly FlowState[]
  /** Only those of one flow name. */
  readonly name?: string
}

/**
 * A place that remembers flows.
 *
 * Opens itself when it is first used. A promise that resolved means that the change is kept, as
 * far as {@link BackendSupports.durable} says; one that rejected means that nothing was changed,
 * or that it is unknown because the connection was lost. A closed backend rejects every use with
 * {@link StorageError}. A place that {@link BackendSupports.processes} may share shows each of
 * its users what the others have saved.
 */
export interface Backend extends AsyncDisposable {
  /** What it can do. */
  readonly supports: BackendSupports

  /**
   * Opens the place and brings its schema up to date; nothing happens when it is open.
   *
   * @throws {@link BackendUnavailableError} when it cannot be opened or reached.
   */
  open(): Promise<void>

  /** Gives everything back, after the uses under way have ended. Closing twice is harmless. */
  close(): Promise<void>

  /**
   * Writes everything in the checkpoint in one transaction. New records are created, stored ones
   * replaced; of an atom without payload the stored payload stays. Saves may be under way at
   * the same time. A checkpoint may carry a book alone; an empty one changes nothing.
   *
   * @throws {@link NotFoundError} when the flow of its atoms, or the book of its flow, is neither
   * stored nor part of it.
   * @throws {@link StorageError} when an atom of it is stored with another flow.
   */
  save(checkpoint: Checkpoint): Promise<void>

  /** @throws {@link NotFoundError} when there is no such book. */
  loadBook(uuid: string): Promise<BookRecord>

  /**
   * The books, in order of their uuids.
   *
   * @throws RangeError when the limit is not a whole number above 0.
   */
  listBooks(page?: PageOptions): Promise<readonly BookRecord[]>

  /** @throws {@link NotFoundError} when there is no such flow detail. */
  loadFlow(uuid: string): Promise<StoredFlow>

  /**
   * The flow details without their atoms, in order of their uuids; those that every given part
   * of the filter fits.
   *
   * @throws RangeError when the limit is not a whole number above 0.
   */
  listFlows(filter?: FlowFilter): Promise<readonly FlowRecord[]>

  /**
   * Removes a book with its flows and their atoms.
   *
   * @throws {@link NotFoundError} when there is no such book.
   */
  removeBook(uuid: string): Promise<void>
}
