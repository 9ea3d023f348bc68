/**
 * Keeps every move, for tests.
 *
 * @module
 */
import type { Engine } from '../engine/engine.ts'
import type { FlowMoved, RetryMoved, TaskMoved } from '../engine/events.ts'
import type { RetryState, TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Listener } from './listener.ts'

/** A move, as {@link CaptureListener} keeps it. */
export type Captured =
  | readonly [kind: 'flow', state: FlowState, details: FlowMoved<Engine>]
  | readonly [kind: 'task', state: TaskState, details: TaskMoved]
  | readonly [kind: 'retry', state: RetryState, details: RetryMoved]

/**
 * Keeps every move of the flow, its tasks and its retries. What is kept grows without bound.
 *
 * @example
 * using captured = new CaptureListener(engine, { flowStates: [], retryStates: [] })
 * await engine.run()
 * const states = captured.values.map(([, state]) => state)
 */
export class CaptureListener extends Listener {
  /** The moves, oldest first; may be emptied by setting its length. */
  readonly values: Captured[] = []

  protected override flowMoved(state: FlowState, details: FlowMoved<Engine>): void {
    this.values.push(['flow', state, details])
  }

  protected override taskMoved(state: TaskState, details: TaskMoved): void {
    this.values.push(['task', state, details])
  }

  protected override retryMoved(state: RetryState, details: RetryMoved): void {
    this.values.push(['retry', state, details])
  }
}
