/**
 * How an engine and its runs behave.
 *
 * @module
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { AcceptableDifference } from '../errors.ts'
import type { Executor, ExecutorFactory } from '../executors/executor.ts'
import type { FlowItem } from '../flows/flow.ts'
import type { Claim } from '../holding/claim.ts'
import type { Backend } from '../persistence/backend.ts'
import type { FlowDetail, LogBook } from '../persistence/flow-detail.ts'

/** How an engine behaves. Every option may be left out. */
export interface EngineBehaviour {
  /**
   * A failure of an atom breaks the flow: no retry is asked, and nothing is reverted.
   *
   * @defaultValue `false`
   */
  readonly neverResolve?: boolean | undefined
  /**
   * A retry that answers REVERT leaves the decision to the next outer retry; without one,
   * everything is reverted.
   *
   * @defaultValue `false`: unless an outer retry decides otherwise, only its own flow is reverted
   */
  readonly deferReverts?: boolean | undefined
  /**
   * What tasks inject is kept in memory only, and comes from the flow again on resumption.
   *
   * @defaultValue `true`
   */
  readonly injectTransient?: boolean | undefined
  /**
   * Keeps account of the time spent.
   *
   * @defaultValue `true`
   */
  readonly gatherStatistics?: boolean | undefined
  /**
   * - `'tick'`: all moves of a scheduling tick are one transaction, so that a linear flow costs one
   *   per task;
   * - `'move'`: as in TaskFlow: each move is one, written and told before the next is made. For
   *   those who watch the tables, or must see every state; costs several times as much. A crash
   *   may fall between the moves of one decision then, so that a part of what a decider refused is
   *   run after all; and a flow in which an undo broke, and which is gone on with, ends REVERTED.
   *
   * @defaultValue `'tick'`
   */
  readonly commit?: 'tick' | 'move' | undefined
  /**
   * How long the progress that a task tells waits for a checkpoint to take it along, before it is
   * written on its own, in milliseconds; `Infinity`: it is not written on its own.
   *
   * @defaultValue `200`
   */
  readonly progressDelayMs?: number | undefined
  /**
   * How long an atom may go on after it was told to stop, because the run was cancelled or its time
   * is over, in milliseconds. Then it has failed, and what comes of it later is lost. `Infinity`:
   * it is waited for.
   *
   * @defaultValue `10_000`
   */
  readonly graceMs?: number | undefined
  /**
   * Blocking differences between a stored flow detail and the flow that are all right.
   *
   * @defaultValue none
   */
  readonly accept?: readonly AcceptableDifference[] | undefined
  /**
   * How long other processes leave the run alone when they hear nothing of this one, in
   * milliseconds; renewed in time while the run goes on. `resumeAll` goes by it where it
   * cannot see whether the process lives; an engine that is loaded with the record by hand takes
   * the run over at once. `Infinity` for no end. The clocks of the machines must agree to within
   * a small part of it.
   *
   * @defaultValue `30_000`
   */
  readonly leaseMs?: number | undefined
  /**
   * How often a run is taken up whose process ended each time before anything came of it: then it is
   * put aside. Counted are runs that their holder did not give back; any outcome of an atom, and a
   * suspension, begin the count anew. `Infinity` for no end.
   *
   * @defaultValue `5`
   */
  readonly maxTakeUps?: number | undefined
  /**
   * Tells when a lease, a wait or a deadline ends.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
  /**
   * How large a stored value may be: a result, a value of the store, the details of progress; in
   * bytes of JSON text as UTF-8, from 1,024 on. What is larger is refused, so that a result is the
   * failure of its atom; a failure is cut down. `Infinity` switches it off. Without a backend
   * nothing is measured.
   *
   * @defaultValue `1_048_576`
   */
  readonly maxPayloadBytes?: number | undefined
  /**
   * What atoms find in their context.
   *
   * @defaultValue one that throws every line away
   */
  readonly logger?: Logger | undefined
}

/** How an engine behaves, with every default filled in. */
export type FullBehaviour = {
  readonly [Name in keyof EngineBehaviour]-?: NonNullable<EngineBehaviour[Name]>
}

/** What an engine is made of; {@link load} puts it together. */
export interface EngineParts extends FullBehaviour {
  /** What is run. */
  readonly flow: FlowItem
  /** The record of the run. */
  readonly flowDetail: FlowDetail
  /** The book for a record that is not stored yet. */
  readonly book: LogBook | undefined
  /** Where the record is kept. */
  readonly backend: Backend | undefined
  /** Who calls the atoms. */
  readonly executor: Executor
  /** Whether the engine made the executor, and so stops it after every run, or was given it. */
  readonly executorBy: 'engine' | 'caller'
  /**
   * In whose name it is written, where the record was claimed before the engine was made.
   *
   * @internal
   */
  readonly claim?: Claim | undefined
}

/** How one run behaves. */
export interface RunOptions {
  /** Suspends the flow, or cancels the run: see `onAbort`. */
  readonly signal?: AbortSignal | undefined
  /**
   * - `'suspend'`: what is under way is finished, nothing new starts, the run resolves;
   * - `'revert'`: as `engine.cancel()`, with the signal's reason.
   *
   * @defaultValue `'suspend'`
   */
  readonly onAbort?: 'suspend' | 'revert' | undefined
  /**
   * How long the run may take, in milliseconds. Then it is cancelled with a `TimeoutError`.
   * Counted from the start of the first run that says so, over crashes and suspensions; stored
   * with the run, which keeps it until it has ended and is run anew.
   *
   * @defaultValue no limit
   */
  readonly deadlineMs?: number | undefined
}

/** How a run is reverted. */
export interface RevertOptions {
  /**
   * The tasks that stay, with everything before them.
   *
   * @defaultValue none: everything is reverted
   */
  readonly downTo?: string | readonly string[] | undefined
  /** Suspends the flow: what is under way is finished, nothing new starts. */
  readonly signal?: AbortSignal | undefined
}

/** What calls the atoms: one of the engines that there are, or an executor of one's own. */
export type EngineKind = 'serial' | 'parallel' | ExecutorFactory

/** Which engine runs a flow, and where its record is kept. Every option may be left out. */
export interface EngineOptions extends EngineBehaviour {
  /**
   * - `'serial'`: one atom at a time;
   * - `'parallel'`: everything that is ready at once;
   * - a function that makes an {@link Executor}: everything that is ready, up to its capacity.
   *
   * @defaultValue `'serial'`
   */
  readonly engine?: EngineKind | undefined
  /**
   * How many atoms a parallel engine runs at once.
   *
   * @defaultValue four times the number of processors
   */
  readonly maxWorkers?: number | undefined
  /** Calls the atoms of a parallel engine; may be shared between engines, and is not stopped by them. */
  readonly executor?: Executor | undefined
  /**
   * Where the record is kept. Whoever made it closes it.
   *
   * @defaultValue none: the run is gone with the process
   */
  readonly backend?: Backend | undefined
}

/** How {@link load} puts an engine together. */
export interface LoadOptions extends EngineOptions {
  /**
   * The record of a run to go on with.
   *
   * @defaultValue a new one
   */
  readonly flowDetail?: FlowDetail | undefined
  /**
   * The book that a new record is put into.
   *
   * @defaultValue a new one, called as the flow
   */
  readonly book?: LogBook | undefined
}

/** How {@link loadFromFactory} and {@link loadFromDetail} put an engine together. */
export interface FactoryOptions extends EngineOptions {
  /** The book that a new record is put into. */
  readonly book?: LogBook | undefined
}

/** Values put into storage, beside those that are stored with the run. */
export interface AnyStore {
  /** By symbol. */
  readonly store?: Readonly<Record<string, unknown>> | undefined
}

/** A flow that can be made again by its name, in another process. */
export interface FlowDefinition<Args extends readonly unknown[] = readonly never[], F = FlowItem> {
  /** Stored with each run. */
  readonly name: string
  /** Makes the flow; called with the stored arguments, it must make the same flow. */
  readonly factory: (...args: Args) => F
}

/** The flows that a program knows how to make; names are looked up nowhere else. */
export type FlowRegistry = Iterable<FlowDefinition>
