/**
 * What the phases of one run share: the compiled flow, its records, counters and queue, and the
 * one way in which an atom's record is changed.
 *
 * @module
 */
import type { TaskContext } from '../atoms/task.ts'
import type { Failure } from '../base/failure.ts'
import type { Logger } from '../base/logger.ts'
import type { Executor } from '../executors/executor.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { AtomState } from '../states/atom.ts'
import type { Compilation, GraphNode } from './compiler.ts'
import type { AtomSnapshot, Journal } from './journal.ts'
import type { Lookup } from './lookup.ts'
import { ReadyQueue } from './ready-queue.ts'
import { Selector } from './selector.ts'

/** How long progress may wait for a checkpoint before it is written on its own, in milliseconds. */
const PROGRESS_DELAY_MS = 200

/** How the phases behave. */
export interface RuntimeOptions {
  /** Failures break the flow instead of being resolved. */
  readonly neverResolve: boolean
  /** A retry that answers REVERT leaves the decision to the outside. */
  readonly deferReverts: boolean
  /** Each move is a transaction of its own, and told before the next one is made. */
  readonly commitEachMove: boolean
}

/** What a runtime is made of. */
export interface RuntimeParts {
  readonly compilation: Compilation
  /** The records of the atoms, by position of their nodes. */
  readonly details: readonly (AtomDetail | undefined)[]
  readonly flowDetail: FlowDetail
  readonly journal: Journal<unknown>
  readonly lookup: Lookup
  readonly executor: Executor
  readonly logger: Logger
  readonly options: RuntimeOptions
}

/** The state that the phases of an engine share. */
export class Runtime {
  readonly compilation: Compilation
  readonly flowDetail: FlowDetail
  readonly journal: Journal<unknown>
  readonly lookup: Lookup
  readonly executor: Executor
  readonly logger: Logger
  readonly options: RuntimeOptions
  readonly selector: Selector
  readonly queue: ReadyQueue
  /** Atoms found RUNNING or REVERTING, to be started again. */
  readonly unfinished: Set<GraphNode> = new Set()
  /** Failures of execute that no later success has replaced, by atom. */
  readonly failing: Map<string, Failure> = new Map()
  /** What broke the flow. */
  readonly errors: unknown[] = []
  /** How many failures of atoms were resolved by reverting or retrying. */
  resolvedCount = 0
  #details: readonly (AtomDetail | undefined)[]
  #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: RuntimeParts) {
    this.compilation = parts.compilation
    this.flowDetail = parts.flowDetail
    this.journal = parts.journal
    this.lookup = parts.lookup
    this.executor = parts.executor
    this.logger = parts.logger
    this.options = parts.options
    this.#details = parts.details
    this.selector = new Selector(parts.compilation, parts.details)
    this.queue = new ReadyQueue(parts.executor.maxWorkers === 1)
  }

  /** The record of an atom. */
  detailOf(node: GraphNode): AtomDetail {
    return this.#details[node.index] as AtomDetail
  }

  /** The flow was asked to suspend, or is not running for another reason: nothing new starts. */
  get isStopping(): boolean {
    return this.flowDetail.state !== 'RUNNING' || this.errors.length > 0
  }

  /** Aborted when the atoms under way should stop. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Asks the atoms under way to stop. */
  abort(reason: unknown): void {
    this.#abort.abort(reason)
  }

  /** Forgets what a run left behind, before the next one. */
  restart(): void {
    this.queue.clear()
    this.unfinished.clear()
    this.errors.length = 0
    this.failing.clear()
    for (const { name, failure } of this.flowDetail) {
      if (failure !== undefined) this.failing.set(name, failure)
    }
    if (this.#abort.signal.aborted) this.#abort = new AbortController()
  }

  /** Puts atoms that are ready into the queue. */
  enqueue(nodes: readonly GraphNode[]): void {
    for (const node of nodes) {
      const isForward = this.detailOf(node).intention === 'EXECUTE'
      this.queue.push(node, isForward ? 'execute' : 'revert')
    }
  }

  /**
   * Moves an atom; the change itself is the caller's.
   *
   * @param options.starts it starts something, and can be withdrawn as long as nobody has heard
   * @param options.payload results or failures change as well
   */
  move(
    node: GraphNode,
    change: (detail: AtomDetail) => void,
    options: {
      readonly starts?: boolean
      readonly payload?: boolean
      readonly outcome?: { readonly result: unknown }
    },
  ): void {
    const detail = this.detailOf(node)
    const { journal } = this
    if (!journal.isHeard) {
      change(detail)
      journal.touch(detail, options.payload === true)
      return
    }
    const { state, intention, progress, attempt } = detail
    const before: AtomSnapshot = { state, intention, progress, attempt }
    change(detail)
    journal.touch(detail, options.payload === true)
    journal.moved(detail, before, options.starts === true, options.outcome)
  }

  /** Moves an atom to a state that has no outcome; tasks say how far they are. */
  moveTo(node: GraphNode, state: AtomState, options: { readonly starts?: boolean } = {}): void {
    this.move(
      node,
      (detail) => {
        detail.state = state
        tellProgress(node, detail, 0)
      },
      options,
    )
  }

  /** Sets where an atom is meant to go. */
  intend(node: GraphNode, intention: AtomDetail['intention']): void {
    const detail = this.detailOf(node)
    if (detail.intention === intention) return
    detail.intention = intention
    this.journal.touch(detail, false)
  }

  /** In the mode where each move is a transaction of its own: writes and tells what there is. */
  afterMove(): Promise<void> | undefined {
    return this.options.commitEachMove ? this.journal.flush() : undefined
  }

  /**
   * Writes progress that no checkpoint has taken along for a while. A write that fails is left to
   * the next checkpoint to find out.
   */
  writeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.journal.flush().catch(() => {})
    }, PROGRESS_DELAY_MS).unref()
  }

  /** The run has ended. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** What execute or revert of an atom gets beside its inputs. */
  contextOf(node: GraphNode, direction: 'execute' | 'revert'): TaskContext {
    return new AtomContext(this, node, direction)
  }
}

/** Notes and tells the progress of a task; retries have none. */
export function tellProgress(node: GraphNode, detail: AtomDetail, progress: number): void {
  if (node.atom?.kind !== 'task') return
  detail.progress = progress
  detail.progressDetails = undefined
  node.atom.tellProgress(progress)
}

class AtomContext implements TaskContext {
  readonly attempt: number
  readonly #runtime: Runtime
  readonly #node: GraphNode
  readonly #direction: 'execute' | 'revert'

  constructor(runtime: Runtime, node: GraphNode, direction: 'execute' | 'revert') {
    this.attempt = runtime.detailOf(node).attempt
    this.#runtime = runtime
    this.#node = node
    this.#direction = direction
  }

  get signal(): AbortSignal {
    return this.#runtime.signal
  }

  get logger(): Logger {
    return this.#runtime.logger
  }

  get executeKey(): string {
    return `${this.#runtime.detailOf(this.#node).uuid}:${this.attempt}`
  }

  get idempotencyKey(): string {
    return this.#direction === 'execute' ? this.executeKey : `${this.executeKey}:revert`
  }

  /** Bound, since atoms destructure their context; made only when it is asked for. */
  get progress(): TaskContext['progress'] {
    return (fraction, details) => this.#progress(fraction, details)
  }

  #progress(fraction: number, details?: Readonly<Record<string, unknown>>): void {
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
      throw new RangeError(
        `'${this.#node.name}' says its progress is ${String(fraction)}: write a number from 0 to 1`,
      )
    }
    const detail = this.#runtime.detailOf(this.#node)
    const isUnderWay = detail.state === 'RUNNING' || detail.state === 'REVERTING'
    if (!isUnderWay || detail.attempt !== this.attempt) return
    this.#runtime.journal.check(details)
    detail.progress = fraction
    detail.progressDetails = details === undefined ? undefined : { at_progress: fraction, details }
    this.#runtime.journal.touch(detail, false)
    if (this.#runtime.journal.hasChanges) this.#runtime.writeSoon()
    if (this.#node.atom?.kind === 'task') this.#node.atom.tellProgress(fraction, details)
  }
}
