/**
 * The moves of a run on their way to listeners.
 *
 * For the journal. A move travels with the checkpoint that covers it: listeners hear of it once
 * that checkpoint is written, and of nothing that was made while it was being written. Knows
 * nothing of backends.
 *
 * @module
 */
import type { Notifier } from '../base/notifier.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import type { AtomEvents, FlowEvents } from './events.ts'
import type { Start } from './start.ts'

/** A move that listeners have not heard of. */
interface Entry {
  /** The atom's record; undefined for a move of the flow. */
  readonly detail: AtomDetail | undefined
  readonly state: AtomState | FlowState
  readonly oldState: AtomState | FlowState
  /** What came of it; undefined when the move has no outcome. */
  readonly outcome: { readonly result: unknown } | undefined
  /** It starts something, and is not told when that was withdrawn. */
  readonly start: Start | undefined
  /** A listener has moved the flow: told before the rest of what the listener is hearing of. */
  readonly isUrgent: boolean
}

/** What an announcer needs to know. */
export interface AnnouncerParts<Engine> {
  /** The engine, for listeners. */
  readonly engine: Engine
  /** The record of the flow. */
  readonly flowDetail: FlowDetail
  /** Who hears of the flow. */
  readonly notifier: Notifier<FlowEvents<Engine>>
  /** Who hears of the atoms. */
  readonly atomNotifier: Notifier<AtomEvents>
}

/**
 * Tells moves in order. A move is fresh, then covered by a checkpoint that is being written, then
 * due, then told; one whose checkpoint could not be written is fresh again.
 */
export class Announcer<Engine> {
  readonly #parts: AnnouncerParts<Engine>
  #fresh: Entry[] = []
  #covered: Entry[] = []
  #due: Entry[] = []
  /** How many of those that are due were told. */
  #toldCount = 0
  #telling: Entry | undefined
  /** A listener has moved the flow, which is to be written before anything else is told. */
  isInterrupted = false

  constructor(parts: AnnouncerParts<Engine>) {
    this.#parts = parts
  }

  /** True when there are listeners, so that moves must be told. */
  get isHeard(): boolean {
    const { notifier, atomNotifier } = this.#parts
    return atomNotifier.size > 0 || notifier.size > 0
  }

  /** True when there are moves that nobody has heard of, stored or not. */
  get isWaiting(): boolean {
    return this.#fresh.length > 0 || this.#due.length > 0
  }

  /** True when there are moves that are stored and were not told. */
  get hasDue(): boolean {
    return this.#due.length > 0
  }

  /** True while listeners are hearing of something. */
  get isTelling(): boolean {
    return this.#telling !== undefined
  }

  /** True while listeners are hearing of a start. */
  get isTellingStart(): boolean {
    return this.#telling?.start !== undefined
  }

  /** An atom was moved. */
  add(
    detail: AtomDetail,
    oldState: AtomState,
    outcome: { readonly result: unknown } | undefined,
    start: Start | undefined,
  ): void {
    this.#fresh.push({ detail, state: detail.state, oldState, outcome, start, isUrgent: false })
  }

  /** The flow was moved. */
  addFlow(oldState: FlowState): void {
    if (!this.isHeard) return
    const isUrgent = this.#telling !== undefined
    const { state } = this.#parts.flowDetail
    const entry: Entry = {
      detail: undefined,
      state,
      oldState,
      outcome: undefined,
      start: undefined,
      isUrgent,
    }
    this.#fresh.push(entry)
    this.isInterrupted ||= isUrgent
  }

  /** Forgets the newest move of the flow, which could not be written. */
  forgetFlowMove(): void {
    const at = this.#fresh.findLastIndex(({ detail }) => detail === undefined)
    if (at >= 0) this.#fresh.splice(at, 1)
  }

  /** Forgets all moves that were not told. */
  forget(): void {
    this.#fresh = []
    this.#covered = []
    this.#due = []
    this.#toldCount = 0
  }

  /** A checkpoint is about to be written: all moves until now are covered by it. */
  cover(): void {
    this.#covered = this.#fresh
    this.#fresh = []
    this.isInterrupted = false
  }

  /** The checkpoint was written: the moves that it covers are due. */
  stored(): void {
    const covered = this.#covered
    this.#covered = []
    if (this.#due.length === 0) {
      this.#due = covered
      return
    }
    const left = this.#due.slice(this.#toldCount)
    const urgent = covered.filter(({ isUrgent }) => isUrgent)
    this.#due = [...urgent, ...left, ...covered.filter(({ isUrgent }) => !isUrgent)]
    this.#toldCount = 0
  }

  /** The checkpoint was not written: its moves wait for the next one. */
  failed(): void {
    this.#fresh = [...this.#covered, ...this.#fresh]
    this.#covered = []
  }

  /** Tells what is due; stops after a listener has moved the flow. */
  tell(): void {
    while (this.#toldCount < this.#due.length) {
      if (this.isInterrupted) return
      const entry = this.#due[this.#toldCount] as Entry
      this.#toldCount += 1
      if (entry.start?.isWithdrawn !== true) this.#tell(entry)
    }
    this.#due = []
    this.#toldCount = 0
  }

  #tell(entry: Entry): void {
    const { engine, flowDetail, notifier, atomNotifier } = this.#parts
    const { detail, outcome, start } = entry
    this.#telling = entry
    if (detail === undefined) {
      notifier.notify(entry.state as FlowState, {
        engine,
        flowName: flowDetail.name,
        flowUuid: flowDetail.uuid,
        oldState: entry.oldState as FlowState,
      })
    } else if (atomNotifier.hears(entry.state as AtomState)) {
      if (start !== undefined) start.isTold = true
      const oldState = entry.oldState as AtomState
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
