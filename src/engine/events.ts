/**
 * What listeners learn of a run: the moves of the flow and of its atoms.
 *
 * For listeners. The announcer makes the events.
 *
 * @module
 */
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'

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
