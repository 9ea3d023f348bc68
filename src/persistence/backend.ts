/**
 * The contract of every place that remembers flows, and the records that pass through it.
 *
 * For the engine and for drivers: the only file of this room that other rooms import for it. A
 * backend stores text and does not look into it; what the text means is the matter of records.ts.
 *
 * @module
 */

import type {
  BackendUnavailableError,
  CorruptRecordError,
  NotFoundError,
  StaleWriteError,
  StorageError,
} from '../errors.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import type { Examination } from './examination.ts'

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

/** A flow detail as it is read: with what the backend notes beside it. */
export interface StoredFlowRecord extends FlowRecord {
  /** When it was first saved; undefined where another program did not note it. */
  readonly createdAt: Date | undefined
  /** When its record, not that of an atom, was last saved; undefined when it was saved once. */
  readonly updatedAt: Date | undefined
  /** How often it has been claimed; 0 when it never was. */
  readonly epoch: number
  /** Who holds it; undefined when nobody does. */
  readonly owner: string | undefined
  /** Until when the holder said to hold it; undefined when it said nothing about that. */
  readonly leaseUntil: Date | undefined
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
  readonly flow: StoredFlowRecord
  /** Its atoms, in the order in which they were first saved. */
  readonly atoms: readonly (AtomRecord & { readonly payload: AtomPayload })[]
}

/**
 * In whose name a checkpoint is written, so that a holder that was replaced writes nothing more.
 *
 * Epochs are the fencing tokens of M. Kleppmann, "How to do distributed locking" (2016): a claim
 * raises the stored epoch by one, and nothing is written under a lower one.
 */
export interface Fence {
  /** Who writes; no other writer has this name. */
  readonly owner: string
  /** The epoch that the writer has claimed, from 1. */
  readonly epoch: number
  /**
   * - `claim`: the stored epoch must be the one before (or this claim, written once before); the
   *   owner, the epoch and the lease are stored;
   * - `hold`: the stored epoch must be this one;
   * - `renew`: as hold, and the lease is stored;
   * - `release`: as hold, and nobody owns the flow detail from now on.
   */
  readonly action: 'claim' | 'hold' | 'renew' | 'release'
  /** Until when others should leave the flow detail alone; undefined: as long as it is not released. */
  readonly leaseUntil: Date | undefined
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
  /** In whose name; without it, whoever holds the flow detail is not asked. */
  readonly fence?: Fence | undefined
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
  /**
   * Hears of a record that cannot be read and would belong on the page, which is filled with those
   * behind it.
   *
   * @defaultValue the error is thrown
   */
  readonly onCorrupt?: ((error: CorruptRecordError, uuid: string) => void) | undefined
}

/** Which flow details are meant. */
export interface FlowFilter extends PageOptions {
  /** Only those of one book. */
  readonly bookUuid?: string
  /** Only those in one of these states; none, when there is no state in it. */
  readonly states?: readonly FlowState[]
  /** Only those of one flow name. */
  readonly name?: string
  /** Only those whose own record was saved last before this moment. */
  readonly updatedBefore?: Date
  /** Only those that this owner holds. */
  readonly owner?: string
  /** Only those that nobody holds at this moment: never claimed, released, or the lease is over. */
  readonly freeAt?: Date
}

/** Which books are meant. */
export interface BookFilter extends PageOptions {
  /** Only those without a flow in another state. */
  readonly states?: readonly FlowState[]
  /** Only those that were saved last before this moment, and all their flows too. */
  readonly updatedBefore?: Date
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
   * How many bytes of UTF-8 one text of a record may have, where less fits than 256 MiB; undefined
   * where it does not, or while that is not known, which it may be from the first use on. Engines
   * refuse results that are larger before they save them.
   */
  readonly maxTextBytes?: number | undefined

  /**
   * Opens the place and brings its schema up to date; nothing happens when it is open.
   *
   * @throws {@link BackendUnavailableError} when it cannot be opened or reached.
   */
  open(): Promise<void>

  /** Gives everything back, after the uses under way have ended. Closing twice is harmless. */
  close(): Promise<void>

  /**
   * Looks into the database as it is: connects, and makes and changes nothing. Undefined where
   * there is no database. A wrapper passes on what is inside it.
   *
   * @throws {@link BackendUnavailableError} when the database cannot be reached.
   */
  readonly examine?: (() => Promise<Examination>) | undefined

  /**
   * Writes everything in the checkpoint in one transaction. New records are created, stored ones
   * replaced; of an atom without payload the stored payload stays. Saves may be under way at
   * the same time, and share a transaction then; one that is refused has no part in it. A
   * checkpoint may carry a book alone, or a fence alone; an empty one changes nothing.
   *
   * @throws TypeError when a name, an identifier or a version cannot be kept by every backend alike: it is no
   * well-formed text, has a NUL, ends with a space, or is longer than 255 characters, of an
   * identifier or a version 64.
   * @throws {@link NotFoundError} when the flow of its atoms or of its fence, or the book of its
   * flow, is neither stored nor part of it.
   * @throws {@link StaleWriteError} when its fence does not fit the stored epoch.
   * @throws {@link StorageError} when an atom of it is stored with another flow.
   */
  save(checkpoint: Checkpoint): Promise<void>

  /** @throws {@link NotFoundError} when there is no such book. */
  loadBook(uuid: string): Promise<BookRecord>

  /**
   * The books, in order of their uuids; those that every given part of the filter fits.
   *
   * @throws RangeError when the limit is not a whole number above 0; {@link CorruptRecordError} for
   * a record that cannot be read, unless the filter has an `onCorrupt`.
   */
  listBooks(filter?: BookFilter): Promise<readonly BookRecord[]>

  /** How many books the filter fits, on all pages. */
  countBooks(filter?: BookFilter): Promise<number>

  /** @throws {@link NotFoundError} when there is no such flow detail. */
  loadFlow(uuid: string): Promise<StoredFlow>

  /**
   * The flow details without their atoms, in order of their uuids; those that every given part
   * of the filter fits.
   *
   * @throws RangeError when the limit is not a whole number above 0; {@link CorruptRecordError} for
   * a record that cannot be read, unless the filter has an `onCorrupt`.
   */
  listFlows(filter?: FlowFilter): Promise<readonly StoredFlowRecord[]>

  /** How many flow details the filter fits, on all pages. */
  countFlows(filter?: FlowFilter): Promise<number>

  /**
   * Removes a book with its flows and their atoms.
   *
   * @throws {@link NotFoundError} when there is no such book.
   */
  removeBook(uuid: string): Promise<void>

  /**
   * Removes those of the books that the filter still fits, with their flows and their atoms, in
   * one transaction.
   *
   * @returns how many books were removed
   */
  removeBooks(uuids: readonly string[], filter?: BookFilter): Promise<number>

  /**
   * Removes a flow detail with its atoms; its book stays.
   *
   * @throws {@link NotFoundError} when there is no such flow detail.
   */
  removeFlow(uuid: string): Promise<void>
}
