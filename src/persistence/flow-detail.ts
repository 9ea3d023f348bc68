/**
 * What is remembered of one run of a flow, and the books that such records are kept in.
 *
 * TaskFlow's `FlowDetail` and `LogBook`.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { DuplicateError } from '../errors.ts'
import type { FlowState } from '../states/flow.ts'
import type { AtomDetail } from './atom-detail.ts'
import type { EngineMeta } from './flow-meta.ts'

/** What is remembered of one run of a flow. */
export class FlowDetail implements Iterable<AtomDetail> {
  /** Identifies the record. */
  readonly uuid: string
  /** Name of the flow. */
  readonly name: string
  /** Where the flow is. */
  state: FlowState = 'PENDING'
  /** Whatever users store with the flow. The engine goes by nothing of it. */
  meta: Readonly<Record<string, unknown>> = {}
  /** What the engine stores with the flow: how to make it again, why it is being undone. */
  engineMeta: EngineMeta = {}
  /** The book that the record is kept in, once it is in one. */
  bookUuid: string | undefined
  /** How often the record had been claimed when it was read, or by this process since; 0: never. */
  epoch = 0
  /** Who held the record when it was read; undefined when nobody did. */
  owner: string | undefined
  /** Until when that owner said to hold it. */
  leaseUntil: Date | undefined
  /** When the record was made, as it was read. */
  createdAt: Date | undefined
  /** When the record was last saved, as it was read; undefined when it was saved once. */
  updatedAt: Date | undefined
  /**
   * Somebody may have written the record since it was read, without a claim that would show it:
   * it was held then, or by a program that claims nothing. Whoever claims it reads it again.
   */
  mayHaveChanged = false
  readonly #atoms = new Map<string, AtomDetail>()
  #metaAsRead: Readonly<Record<string, unknown>> = {}
  #engineMetaAsRead: EngineMeta = {}

  constructor(name: string, uuid: string = randomUUID()) {
    this.name = name
    this.uuid = uuid
  }

  /** How many atoms are remembered. */
  get size(): number {
    return this.#atoms.size
  }

  /** The atoms, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<AtomDetail> {
    return this.#atoms.values()
  }

  /** The record of an atom. */
  find(atom: string): AtomDetail | undefined {
    return this.#atoms.get(atom)
  }

  /** @throws {@link DuplicateError} when there is a record of that name. */
  add(detail: AtomDetail): void {
    if (this.#atoms.has(detail.name)) {
      throw new DuplicateError(
        `the detail of flow '${this.name}' has a record of '${detail.name}' already`,
        [detail.name],
      )
    }
    this.#atoms.set(detail.name, detail)
  }

  /** All of it is as it was read just now. */
  markRead(): void {
    this.#metaAsRead = this.meta
    this.#engineMetaAsRead = this.engineMeta
    this.mayHaveChanged = this.owner !== undefined || this.epoch === 0
  }

  /**
   * Becomes what was read of the same record later. Who holds this object, or one of its atoms,
   * sees the newer record. Metadata that was changed here since it was read stays changed.
   *
   * @returns whether there is such metadata
   */
  adopt(newer: FlowDetail): boolean {
    const meta = changesOver(newer.meta, this.#metaAsRead, this.meta)
    const engineMeta = changesOver(newer.engineMeta, this.#engineMetaAsRead, this.engineMeta)
    this.#metaAsRead = newer.meta
    this.#engineMetaAsRead = newer.engineMeta
    this.mayHaveChanged = newer.mayHaveChanged
    this.meta = meta
    this.engineMeta = engineMeta
    this.state = newer.state
    this.bookUuid = newer.bookUuid
    this.epoch = newer.epoch
    this.owner = newer.owner
    this.leaseUntil = newer.leaseUntil
    this.createdAt = newer.createdAt
    this.updatedAt = newer.updatedAt
    const known = new Map(this.#atoms)
    this.#atoms.clear()
    for (const atom of newer) {
      const mine = known.get(atom.name)
      const isAdopted = mine?.adopt(atom) === true
      this.#atoms.set(atom.name, isAdopted ? mine : atom)
    }
    return meta !== newer.meta || engineMeta !== newer.engineMeta
  }
}

/** What was read, with what was changed here since it was read before; itself when nothing was. */
function changesOver<M extends object>(newer: M, earlier: object, current: object): M {
  const merged = membersOf(newer)
  const before = membersOf(earlier)
  const now = membersOf(current)
  let isChanged = false
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    if (now.get(key) === before.get(key)) continue
    isChanged = true
    if (now.has(key)) merged.set(key, now.get(key))
    else merged.delete(key)
  }
  return isChanged ? (Object.fromEntries(merged) as M) : newer
}

function membersOf(members: object): Map<string, unknown> {
  return new Map<string, unknown>(Object.entries(members))
}

/** A named collection of runs that belong together. */
export class LogBook implements Iterable<FlowDetail> {
  /** Identifies the book. */
  readonly uuid: string
  /** For people. */
  readonly name: string
  /** Whatever is stored with the book. */
  meta: Readonly<Record<string, unknown>> = {}
  /** When the book was made. */
  createdAt: Date
  /** When the book was last changed. */
  updatedAt: Date | undefined
  readonly #flowDetails: FlowDetail[] = []

  constructor(name: string, uuid: string = randomUUID(), createdAt: Date = new Date()) {
    this.name = name
    this.uuid = uuid
    this.createdAt = createdAt
  }

  /** How many flow details the book holds. */
  get size(): number {
    return this.#flowDetails.length
  }

  /** The flow details, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<FlowDetail> {
    return this.#flowDetails.values()
  }

  /** One of its flow details. */
  find(uuid: string): FlowDetail | undefined {
    return this.#flowDetails.find((detail) => detail.uuid === uuid)
  }

  /** Puts a flow detail into the book; nothing happens when it is there. */
  add(detail: FlowDetail): void {
    if (this.#flowDetails.includes(detail)) return
    detail.bookUuid = this.uuid
    this.#flowDetails.push(detail)
  }
}
