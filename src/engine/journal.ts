/**
 * Collects what a scheduling tick changes, writes it as one checkpoint, then tells listeners.
 *
 * Nobody hears of a move before it is stored. A start that was stored but not announced yet can
 * be withdrawn, because the code of the atom starts only after its announcement: so a listener
 * that suspends the engine at one atom's success keeps the next atom from starting, although both
 * moves are one transaction.
 *
 * @module
 */

import type { Notifier } from '../base/notifier.ts'
import { PayloadLimit } from '../base/payload-limit.ts'
import type { Claim } from '../holding/claim.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { AtomRecord, Backend, Checkpoint, Fence } from '../persistence/backend.ts'
import type { FlowDetail, LogBook } from '../persistence/flow-detail.ts'
import { atomPayload, atomRecord, bookRecord, flowRecord } from '../persistence/records.ts'
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import type { Pacer } from './pacer.ts'
import { Texts } from './texts.ts'
import type { Writer } from './writer.ts'

/** What a listener learns of a move of the flow. */
export interface FlowMoved<Engine = unknown> {
  /** The engine that runs the flow. */
  readonly engine: Engine
  /** Name of the flow. */
  readonly flowName: string
  /** Identifies the run. */
  readonly flowUuid: string
  /** Where the flow was before. */
  readonly oldState: FlowState
}

/** What a listener learns of a move of a task. */
export interface TaskMoved {
  /** Name of the task. */
  readonly taskName: string
  /** Identifies its record. */
  readonly taskUuid: string
  /** Where the task was before; the same as now when it is run again after a crash. */
  readonly oldState: AtomState
  /** What came of it, for SUCCESS, FAILURE, REVERTED and REVERT_FAILURE: a value or a failure. */
  readonly result?: unknown
}

/** What a listener learns of a move of a retry. */
export interface RetryMoved {
  /** Name of the retry. */
  readonly retryName: string
  /** Identifies its record. */
  readonly retryUuid: string
  /** Where the retry was before. */
  readonly oldState: AtomState
  /** What came of it, for SUCCESS, FAILURE, REVERTED and REVERT_FAILURE: a value or a failure. */
  readonly result?: unknown
}

/** The events of `engine.notifier`: the new state of the flow. */
export type FlowEvents<Engine = unknown> = { readonly [S in FlowState]: FlowMoved<Engine> }

/** The events of `engine.atomNotifier`: the new state of a task or retry. */
export type AtomEvents = { readonly [S in AtomState]: TaskMoved | RetryMoved }

/** The part of an atom's record that a start changes. */
export type AtomSnapshot = Readonly<
  Pick<AtomDetail, 'state' | 'intention' | 'progress' | 'attempt' | 'failure' | 'revertFailure'>
>

/** A move that listeners have not heard of. */
interface Entry {
  /** The atom's record; undefined for a move of the flow. */
  readonly detail: AtomDetail | undefined
  readonly state: AtomState | FlowState
  readonly before: AtomSnapshot | { readonly state: FlowState }
  /** What came of it; undefined when the move has no outcome. */
  readonly outcome: { readonly result: unknown } | undefined
  /** It starts something, and can be taken back as long as nobody has heard of it. */
  readonly starts: boolean
}

/** What a journal needs to know. */
export interface JournalParts<Engine> {
  /** The engine, for listeners. */
  readonly engine: Engine
  /** The record that is kept. */
  readonly flowDetail: FlowDetail
  /** The book for a record that is not stored yet. */
  readonly book: LogBook | undefined
  /** Where it is kept; without one, nothing is written. */
  readonly backend: Backend | undefined
  /** In whose name it is written. */
  readonly claim: Claim
  /** Claims and reads the record, when somebody may have written it since it was read. */
  readonly takeUp?: (() => Promise<unknown>) | undefined
  /** How large a stored value may be; see {@link PayloadLimit}. */
  readonly maxPayloadBytes?: number | undefined
  /** Who hears of the flow. */
  readonly notifier: Notifier<FlowEvents<Engine>>
  /** Who hears of the atoms. */
  readonly atomNotifier: Notifier<AtomEvents>
}

/** The moves of an engine on their way to the backend and to the listeners. */
export class Journal<Engine> implements Writer {
  readonly #parts: JournalParts<Engine>
  readonly #limit: PayloadLimit
  readonly texts: Texts
  /** Changed records; true when their payload has changed too. */
  #dirty = new Map<AtomDetail, boolean>()
  #flowDirty = false
  readonly #entries: Entry[] = []
  /** Moves that are written when they come and told later. */
  #held: Entry[] = []
  #isHolding = false
  /** The entry that listeners are being told of. */
  #telling: Entry | undefined
  /** A listener has moved the flow: that is written before anything else is told. */
  #isUrgent = false
  #flushing: Promise<void> | undefined
  /** How many checkpoints were written. */
  checkpointCount = 0

  constructor(parts: JournalParts<Engine>) {
    this.#parts = parts
    this.#limit = new PayloadLimit(parts.maxPayloadBytes, () => parts.backend?.maxTextBytes)
    this.texts = new Texts(this.#limit, parts.backend !== undefined)
  }

  touch(detail: AtomDetail, payload: boolean): void {
    if (this.#parts.backend === undefined) return
    if (payload || !this.#dirty.has(detail)) this.#dirty.set(detail, payload)
  }

  touchFlow(): void {
    this.#flowDirty = true
  }

  /** Makes sure that nobody else can have taken the run since a start was written: {@link Claim.demand}. */
  demandLease(): Promise<void> | undefined {
    return this.#parts.claim.demand()
  }

  /** Makes sure that nobody else can have taken the run: {@link Claim.secure}. */
  secureLease(): Promise<void> | undefined {
    return this.#parts.claim.secure()
  }

  /** True when there are listeners, so that moves must be told. */
  get isHeard(): boolean {
    const { notifier, atomNotifier } = this.#parts
    return atomNotifier.size > 0 || notifier.size > 0
  }

  /**
   * Tells of a move that has been made in an atom's record.
   *
   * @param before the record as it was
   * @param starts it starts something, and can be taken back as long as nobody has heard of it
   */
  moved(
    detail: AtomDetail,
    before: AtomSnapshot,
    starts: boolean,
    outcome?: { readonly result: unknown },
  ): void {
    const entry = { detail, state: detail.state, before, outcome, starts }
    if (this.#isHolding) this.#held.push(entry)
    else this.#entries.push(entry)
  }

  /** Keeps the moves that the work makes from being told until {@link Journal.release}. */
  hold<T>(work: () => T): T {
    this.#isHolding = true
    try {
      return work()
    } finally {
      this.#isHolding = false
    }
  }

  /** Lets the moves be told that were held back. */
  release(): void {
    if (this.#held.length === 0) return
    this.#entries.push(...this.#held)
    this.#held = []
  }

  /**
   * Tells of a move that has been made in the flow's record. Made by a listener, it is told next:
   * before the rest of the tick that the listener is hearing of.
   */
  flowMoved(oldState: FlowState): void {
    this.#flowDirty = true
    if (!this.isHeard) return
    const { state } = this.#parts.flowDetail
    const entry: Entry = {
      detail: undefined,
      state,
      before: { state: oldState },
      outcome: undefined,
      starts: false,
    }
    if (this.#telling === undefined) this.#entries.push(entry)
    else {
      this.#entries.unshift(entry)
      this.#isUrgent = true
    }
  }

  /** Takes back the newest move, which is one of the flow and could not be written. */
  forgetFlowMove(): void {
    if (this.#entries.at(-1)?.detail === undefined) this.#entries.pop()
    this.#flowDirty = true
  }

  /**
   * Takes back the starts that listeners have not heard of, if they are hearing of something
   * before; gives the records concerned.
   */
  withdraw(): ReadonlySet<AtomDetail> {
    const withdrawn = new Set<AtomDetail>()
    if (this.#telling === undefined || this.#telling.starts) return withdrawn
    for (let i = this.#entries.length - 1; i >= 0; i -= 1) {
      const { detail, starts, before } = this.#entries[i] as Entry
      if (!starts || detail === undefined) continue
      const { hasFailed } = detail
      Object.assign(detail, before)
      this.touch(detail, detail.hasFailed !== hasFailed)
      withdrawn.add(detail)
      this.#entries.splice(i, 1)
    }
    return withdrawn
  }

  /**
   * Writes what has changed in one transaction, then tells listeners. What they change in turn is
   * left for the next time, unless they move the flow. A call while another is under way waits for
   * it, and then writes what has changed since.
   *
   * @param pacer lets others have their turn while the records are put together; for whoever changes
   * none of them until they are written, since what is in one checkpoint belongs together
   * @throws {@link StorageError} when it cannot be written; what has changed is kept to be written
   * next time, and listeners hear nothing.
   */
  flush(pacer?: Pacer): Promise<void> {
    if (this.#flushing !== undefined) return this.#flushing.then(() => this.flush(pacer))
    if (this.#telling !== undefined) return DONE // called by a listener: told in its turn
    if (!this.hasChanges) this.#tell()
    if (!this.isWaiting) return DONE
    const flushing = this.#writeAndTell(pacer).finally(() => {
      this.#flushing = undefined
    })
    this.#flushing = flushing
    return flushing
  }

  /** Forgets what has changed and was neither written nor told: the record was read anew. */
  forget(): void {
    this.#dirty.clear()
    this.#flowDirty = false
    this.#entries.length = 0
    this.#held = []
  }

  /** True when there is something to write or to tell. */
  get isWaiting(): boolean {
    return this.#entries.length > 0 || this.hasChanges
  }

  /** True when something has changed that is not written. */
  get hasChanges(): boolean {
    return this.#parts.backend !== undefined && (this.#flowDirty || this.#dirty.size > 0)
  }

  async #writeAndTell(pacer: Pacer | undefined): Promise<void> {
    do {
      if (this.hasChanges) await this.#write(pacer)
      this.#tell()
    } while (this.#entries.length > 0)
  }

  /** Tells what there is; a move of the flow that a listener makes is to be written first. */
  #tell(): void {
    this.#isUrgent = false
    while (this.#entries.length > 0 && !(this.#isUrgent && this.hasChanges)) this.#tellNext()
  }

  async #write(pacer: Pacer | undefined): Promise<void> {
    const { backend, flowDetail, claim } = this.#parts
    if (backend === undefined) return
    if (claim.mustRead) await this.#parts.takeUp?.()
    const fence = claim.next()
    const dirty = this.#dirty
    const flowDirty = this.#flowDirty
    this.#dirty = new Map()
    this.#flowDirty = false
    try {
      const isNew = flowDetail.storedIn !== backend
      const changed = isNew ? [...flowDetail].map((detail) => [detail, true] as const) : dirty
      const atoms: AtomRecord[] = []
      const checkpoint = this.#checkpoint(atoms, isNew, flowDirty, fence)
      for (const [detail, payload] of changed) {
        atoms.push(atomRecord(detail, payload ? atomPayload(detail, this.#limit) : undefined))
        const pause = pacer?.step()
        if (pause !== undefined) await pause
      }
      await claim.bound(backend.save(checkpoint))
    } catch (error) {
      claim.failed(fence, error)
      this.#flowDirty = true
      for (const [detail, payload] of dirty) {
        if (payload || !this.#dirty.has(detail)) this.#dirty.set(detail, payload)
      }
      throw error
    }
    claim.written(fence)
    flowDetail.storedIn = backend
    this.checkpointCount += 1
    if (!claim.isTaken) await claim.giveBack() // written beside a run
  }

  #checkpoint(
    atoms: readonly AtomRecord[],
    isNew: boolean,
    flowDirty: boolean,
    fence: Fence,
  ): Checkpoint {
    const { flowDetail, book } = this.#parts
    const bookUuid = flowDetail.bookUuid ?? book?.uuid ?? ''
    return {
      flowUuid: flowDetail.uuid,
      book: isNew && book !== undefined ? bookRecord(book) : undefined,
      flow: isNew || flowDirty ? flowRecord(flowDetail, bookUuid) : undefined,
      atoms,
      fence,
    }
  }

  #tellNext(): void {
    const entry = this.#entries.shift()
    if (entry === undefined) return
    const { engine, flowDetail, notifier, atomNotifier } = this.#parts
    this.#telling = entry
    const { detail, outcome } = entry
    if (detail === undefined) {
      notifier.notify(entry.state as FlowState, {
        engine,
        flowName: flowDetail.name,
        flowUuid: flowDetail.uuid,
        oldState: entry.before.state as FlowState,
      })
    } else if (atomNotifier.hears(entry.state as AtomState)) {
      const oldState = entry.before.state as AtomState
      const { name, uuid } = detail
      const moved =
        detail.kind === 'task'
          ? { taskName: name, taskUuid: uuid, oldState, ...outcome }
          : { retryName: name, retryUuid: uuid, oldState, ...outcome }
      atomNotifier.notify(entry.state as AtomState, moved)
    }
    this.#telling = undefined
  }
}

const DONE: Promise<void> = Promise.resolve()
