/**
 * How an engine and its runs behave.
 *
 * @module
 */
import type { Logger } from '../base/logger.ts'
import type { FlowDifference } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import type { FlowItem } from '../flows/flow.ts'
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
   * Differences between a stored flow detail and the flow that are all right.
   *
   * @defaultValue none
   */
  readonly accept?: readonly Exclude<FlowDifference['difference'], 'kind'>[] | undefined
  /**
   * What atoms find in their context.
   *
   * @defaultValue one that throws every line away
   */
  readonly logger?: Logger | undefined
}

/** What an engine is made of; {@link load} puts it together. */
export interface EngineParts extends EngineBehaviour {
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
}

/** How one run behaves. */
export interface RunOptions {
  /** Suspends the flow: what is under way is finished, nothing new starts, the run resolves. */
  readonly signal?: AbortSignal | undefined
}
