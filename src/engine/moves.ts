/**
 * The records of the atoms of a run, and the one way in which they are changed.
 *
 * For the phases. Whatever changes here is written and told by the journal.
 *
 * @module
 */
import {
  type AtomDetail,
  failureToReport,
  type RetryDetail,
  type TaskDetail,
} from '../persistence/atom-detail.ts'
import { type AtomState, checkAtomMove } from '../states/atom.ts'
import type { GraphNode } from './compiler.ts'
import type { Failing } from './failing.ts'
import type { Journal } from './journal.ts'
import type { Progress } from './progress.ts'
import type { Reversal } from './reversal.ts'
import { Start } from './start.ts'
import type { Extent } from './writer.ts'

/** What moves need of a run. */
export interface MovesParts {
  /** The records of the atoms, by position of their nodes. */
  readonly details: readonly (AtomDetail | undefined)[]
  readonly journal: Journal<unknown>
  readonly reversal: Reversal
  readonly progress: Progress
  readonly failing: Failing
  /** When moves are written: all of a tick together, or each by itself. */
  readonly commit: 'tick' | 'move'
}

/** What came of an atom, for listeners. */
type ToldOutcome = { readonly result: unknown } | undefined

/** Changes the records of atoms. */
export class Moves {
  readonly #parts: MovesParts
  readonly #details: MovesParts['details']

  constructor(parts: MovesParts) {
    this.#parts = parts
    this.#details = parts.details
  }

  /** The record of an atom. */
  detailOf(node: GraphNode): AtomDetail {
    return this.#details[node.index] as AtomDetail
  }

  /** The record of a task. */
  taskDetailOf(node: GraphNode): TaskDetail {
    const detail = this.detailOf(node)
    if (detail.kind === 'task') return detail
    throw new TypeError(`'${detail.name}' is a retry, and not a task`)
  }

  /** The record of a retry. */
  retryDetailOf(node: GraphNode): RetryDetail {
    const detail = this.detailOf(node)
    if (detail.kind === 'retry') return detail
    throw new TypeError(`'${detail.name}' is a task, and not a retry`)
  }

  /**
   * Moves an atom; the change itself is the caller's.
   *
   * @throws {@link InvalidStateError} when the states have no such move.
   * @param extent whether results or failures change as well
   */
  move(
    node: GraphNode,
    change: (detail: AtomDetail) => void,
    extent: Extent = 'state',
    outcome?: ToldOutcome,
  ): void {
    this.#change(node, change, extent, outcome, undefined)
  }

  /** Moves an atom by starting something, which can be withdrawn until a listener has heard of it. */
  start(node: GraphNode, change: (detail: AtomDetail) => void, extent: Extent = 'state'): Start {
    const start = new Start(this.detailOf(node))
    this.#change(node, change, extent, undefined, start)
    return start
  }

  #change(
    node: GraphNode,
    change: (detail: AtomDetail) => void,
    extent: Extent,
    outcome: ToldOutcome,
    start: Start | undefined,
  ): void {
    const { journal, reversal } = this.#parts
    const detail = this.detailOf(node)
    const oldState = detail.state
    change(detail)
    checkAtomMove(detail, oldState, detail.state)
    reversal.follow(node, detail.state)
    journal.touch(detail, extent)
    if (journal.isHeard) journal.moved(detail, oldState, outcome, start)
  }

  /** Starts something by a state that has no outcome; tasks say how far they are. */
  startIn(node: GraphNode, state: AtomState): Start {
    return this.start(node, (detail) => {
      detail.state = state
      this.#parts.progress.set(node, detail, 0)
    })
  }

  /** Takes a start back: the record is as it was, which is written with the next checkpoint. */
  withdraw(start: Start): void {
    const { journal, failing } = this.#parts
    const { detail } = start
    const { hasFailed } = detail
    start.withdraw()
    journal.touch(detail, detail.hasFailed === hasFailed ? 'state' : 'payload')
    const failure = failureToReport(detail)
    if (failure !== undefined) failing.set(detail.name, failure)
  }

  /** Sets where an atom is meant to go. */
  intend(node: GraphNode, intention: AtomDetail['intention']): void {
    const detail = this.detailOf(node)
    if (detail.intention === intention) return
    detail.intention = intention
    this.#parts.journal.touch(detail, 'state')
  }

  /** In the mode where each move is a transaction of its own: writes and tells what there is. */
  afterMove(): Promise<void> | undefined {
    const { commit, journal } = this.#parts
    return commit === 'move' ? journal.flushNow() : undefined
  }
}
