/**
 * What the phases of one run share: the compiled flow, its records, counters and queue, and the
 * one way in which an atom's record is changed.
 *
 * @module
 */
import type { TaskContext } from '../atoms/task.ts'
import { type Clock, type FullClock, fullClock, type Timer } from '../base/clock.ts'
import type { Failure } from '../base/failure.ts'
import type { Logger } from '../base/logger.ts'
import { Notifier } from '../base/notifier.ts'
import { fieldOf, isError } from '../base/realms.ts'
import { StorageError } from '../errors.ts'
import type { AtomCall, Executor } from '../executors/executor.ts'
import { type AtomDetail, failureToReport } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { AtomState, TaskState } from '../states/atom.ts'
import type { Compilation, GraphNode } from './compiler.ts'
import { AtomContext } from './context.ts'
import { Failing } from './failing.ts'
import { Interceptors } from './interceptors.ts'
import type { Journal } from './journal.ts'
import { isIrreversible, Kept } from './kept.ts'
import type { Lookup } from './lookup.ts'
import type { EngineBehaviour } from './options.ts'
import { Pacer } from './pacer.ts'
import { ReadyQueue } from './ready-queue.ts'
import { Selector } from './selector.ts'
import { Start } from './start.ts'
import { Turned } from './turned.ts'
import { readUndo, type Undo, undoMeta } from './undo-record.ts'

/** What a listener learns of the progress of a task. */
export interface TaskProgressed {
  /** Name of the task. */
  readonly taskName: string
  /** Identifies its record. */
  readonly taskUuid: string
  /** Where the task is: it may go forward, back, or have come to an end. */
  readonly state: TaskState
  /** How far it has come, from 0 to 1. */
  readonly progress: number
  /** What the task added. */
  readonly details: Readonly<Record<string, unknown>> | undefined
}

/** The events of `engine.progressNotifier`. */
export interface ProgressEvents {
  /** A task has told how far it has come, or the engine has for it. */
  readonly update_progress: TaskProgressed
}

/** How the phases behave. */
export interface RuntimeOptions {
  /** Failures break the flow instead of being resolved. */
  readonly neverResolve: boolean
  /** A retry that answers REVERT leaves the decision to the outside. */
  readonly deferReverts: boolean
  /** Each move is a transaction of its own, and told before the next one is made. */
  readonly commitEachMove: boolean
  /** How long progress waits for a checkpoint before it is written on its own, in milliseconds. */
  readonly progressDelayMs: number
  /** How long an atom may go on after it was told to stop, in milliseconds. */
  readonly graceMs: number
}

/** How the phases of an engine behave that was put together like this. */
export function runtimeOptions(behaviour: EngineBehaviour): RuntimeOptions {
  const { neverResolve = false, deferReverts = false, commit = 'tick' } = behaviour
  const { progressDelayMs = 200, graceMs = 10_000 } = behaviour
  return { neverResolve, deferReverts, commitEachMove: commit === 'move', progressDelayMs, graceMs }
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
  /** Tells the time; left out, that of the machine. */
  readonly clock?: Clock | undefined
  readonly options: RuntimeOptions
  /** Stand around the calls; left out, nobody. */
  readonly interceptors?: Interceptors
  /** Who hears of progress; left out, nobody. */
  readonly progressNotifier?: Notifier<ProgressEvents>
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
  /** What has been told to turn back. */
  readonly turned: Turned
  /** Atoms found RUNNING or REVERTING, to be started again. */
  readonly unfinished: Set<GraphNode> = new Set()
  /** Failures of execute that no later success has replaced, by atom. */
  readonly failing: Failing = new Failing()
  /** When the rest of the process is to have its turn. */
  readonly pacer: Pacer
  /** What broke the flow; as failures, since an error may be `undefined`. */
  readonly errors: Failure[] = []
  /** How many failures of atoms were resolved by reverting or retrying. */
  resolvedCount = 0
  /** Why the run is being undone, if it is not for a failure. */
  undo: Undo | undefined
  /** False once a flow that is SUSPENDING was cancelled: it is reverted before it comes to rest. */
  heedsSuspension = true
  /** Tells the time, and when something is due. */
  readonly clock: FullClock
  readonly #interceptors: Interceptors
  readonly #progressNotifier: Notifier<ProgressEvents>
  #details: readonly (AtomDetail | undefined)[]
  #stops = { execute: new AbortController(), revert: new AbortController() }
  #kept: Kept | undefined
  #timer: Timer | undefined

  constructor(parts: RuntimeParts) {
    this.compilation = parts.compilation
    this.flowDetail = parts.flowDetail
    this.journal = parts.journal
    this.lookup = parts.lookup
    this.executor = parts.executor
    this.logger = parts.logger
    this.clock = fullClock(parts.clock)
    this.pacer = new Pacer(parts.clock)
    this.options = parts.options
    this.#interceptors = parts.interceptors ?? new Interceptors()
    this.#progressNotifier = parts.progressNotifier ?? new Notifier()
    this.#details = parts.details
    this.selector = new Selector(parts.compilation, parts.details)
    this.turned = new Turned(parts.compilation.nodes.length)
    this.queue = new ReadyQueue(parts.executor)
  }

  /** The record of an atom. */
  detailOf(node: GraphNode): AtomDetail {
    return this.#details[node.index] as AtomDetail
  }

  /** The flow was asked to suspend, or is not running for another reason: nothing new starts. */
  get isStopping(): boolean {
    const { state } = this.flowDetail
    if (this.errors.length > 0) return true
    return this.isSuspending || (state !== 'RUNNING' && state !== 'SUSPENDING')
  }

  /** The flow was asked to suspend, and not cancelled since. */
  get isSuspending(): boolean {
    return this.flowDetail.state === 'SUSPENDING' && this.heedsSuspension
  }

  /** Asks the atoms under way to stop: all of them, or those that go forward. */
  abort(reason: unknown, direction?: 'execute'): void {
    this.#stops.execute.abort(reason)
    if (direction === undefined) this.#stops.revert.abort(reason)
  }

  /** What stays whatever is reverted; followed from the first time that it is asked for. */
  get kept(): Kept {
    this.#kept ??= new Kept(this.compilation, (node) => this.detailOf(node), this.undo)
    return this.#kept
  }

  /** Moves have been taken back: what stays is worked out anew. */
  forgetKept(): void {
    this.#kept = undefined
  }

  /** The atom only says that it was told to stop, since the run could not be written any more. */
  isOwnStop(outcome: {
    readonly direction: 'execute' | 'revert'
    readonly hasFailed: boolean
    readonly value: unknown
  }): boolean {
    const { reason } = this.#stops[outcome.direction].signal
    return outcome.hasFailed && reason instanceof StorageError && comesOf(outcome.value, reason)
  }

  /** Forgets what a run left behind, before the next one. */
  restart(): void {
    this.forgetKept()
    this.turned.forget()
    this.queue.clear()
    this.unfinished.clear()
    this.errors.length = 0
    this.heedsSuspension = true
    this.failing.clear()
    this.undo = readUndo(this.flowDetail)
    this.selector.triesBrokenAgain = this.undo?.triesBrokenAgain === true
    for (const detail of this.flowDetail) {
      const failure = failureToReport(detail)
      if (failure !== undefined) this.failing.set(detail.name, failure)
    }
    for (const direction of ['execute', 'revert'] as const) {
      if (this.#stops[direction].signal.aborted) this.#stops[direction] = new AbortController()
    }
  }

  /** A run begins; with `undo` it is to be reverted. */
  begin(undo: Undo | undefined): void {
    if (undo !== undefined) this.beginUndo(undo)
  }

  /** From now on the run is being undone, which is stored with the next checkpoint. */
  beginUndo(undo: Undo): void {
    this.undo = undo
    this.forgetKept()
    this.turned.forget()
    this.flowDetail.meta = { ...this.flowDetail.meta, ...undoMeta(undo) }
    this.journal.touchFlow()
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
   * @param options.payload results or failures change as well
   */
  move(
    node: GraphNode,
    change: (detail: AtomDetail) => void,
    options: {
      readonly payload?: boolean
      readonly outcome?: { readonly result: unknown }
    },
  ): void {
    this.#change(node, change, options.payload === true, options.outcome, undefined)
  }

  /** Moves an atom by starting something, which can be withdrawn until a listener has heard of it. */
  start(node: GraphNode, change: (detail: AtomDetail) => void, payload = false): Start {
    const start = new Start(this.detailOf(node))
    this.#change(node, change, payload, undefined, start)
    return start
  }

  #change(
    node: GraphNode,
    change: (detail: AtomDetail) => void,
    payload: boolean,
    outcome: { readonly result: unknown } | undefined,
    start: Start | undefined,
  ): void {
    const { journal } = this
    const detail = this.detailOf(node)
    const oldState = detail.state
    change(detail)
    this.#followKept(node, detail)
    journal.touch(detail, payload)
    if (journal.isHeard) journal.moved(detail, oldState, outcome, start)
  }

  #followKept(node: GraphNode, { state }: AtomDetail): void {
    if (this.#kept !== undefined && isIrreversible(node)) this.#kept.update(node, state)
  }

  /** Moves an atom to a state that has no outcome; tasks say how far they are. */
  moveTo(node: GraphNode, state: AtomState): void {
    this.move(node, (detail) => this.#enter(node, detail, state), {})
  }

  /** The same, as {@link Runtime.start}. */
  startIn(node: GraphNode, state: AtomState): Start {
    return this.start(node, (detail) => this.#enter(node, detail, state))
  }

  #enter(node: GraphNode, detail: AtomDetail, state: AtomState): void {
    detail.state = state
    this.setProgress(node, detail, 0)
  }

  /** Takes a start back: the record is as it was, which is written with the next checkpoint. */
  withdraw(start: Start): void {
    const { detail } = start
    const { hasFailed } = detail
    start.withdraw()
    this.journal.touch(detail, detail.hasFailed !== hasFailed)
    const failure = failureToReport(detail)
    if (failure !== undefined) this.failing.set(detail.name, failure)
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
    return this.options.commitEachMove ? this.journal.flushNow() : undefined
  }

  /**
   * Writes progress that no checkpoint has taken along for a while. A write that fails is left to
   * the next checkpoint to find out.
   */
  writeSoon(): void {
    const { progressDelayMs } = this.options
    if (progressDelayMs === Number.POSITIVE_INFINITY) return
    const write = (): void => {
      this.#timer = undefined
      this.journal.flush().catch(() => {})
    }
    this.#timer ??= this.clock.setTimer(progressDelayMs, write, { keepsAlive: false })
  }

  /** The run has ended. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Calls a method of an atom. */
  call(call: AtomCall): unknown {
    return this.#interceptors.call(call, this.executor)
  }

  /** Notes and tells the progress of a task where it says nothing itself; retries have none. */
  setProgress(node: GraphNode, detail: AtomDetail, progress: number): void {
    if (node.kind !== 'task') return
    detail.progress = progress
    detail.progressDetails = undefined
    this.tellProgress(node, detail, progress)
  }

  /** Tells the progress of a task. */
  tellProgress(
    node: GraphNode,
    detail: AtomDetail,
    progress: number,
    details?: Readonly<Record<string, unknown>>,
  ): void {
    if (node.atom?.kind !== 'task') return
    node.atom.tellProgress(progress, details)
    if (this.#progressNotifier.size === 0) return
    const { uuid, state } = detail
    const told = { taskName: node.name, taskUuid: uuid, state: state as TaskState }
    this.#progressNotifier.notify('update_progress', { ...told, progress, details })
  }

  /**
   * What execute or revert of an atom gets beside its inputs.
   *
   * @param own aborted when this call alone is to stop
   */
  contextOf(node: GraphNode, direction: 'execute' | 'revert', own?: AbortSignal): TaskContext {
    const { signal } = this.#stops[direction]
    const both = own === undefined ? signal : AbortSignal.any([signal, own])
    return new AtomContext(this, node, direction, both)
  }
}

/** An error is thrown, or is the cause of what is thrown. */
function comesOf(thrown: unknown, error: unknown): boolean {
  return thrown === error || (isError(thrown) && fieldOf(thrown, 'cause') === error)
}
