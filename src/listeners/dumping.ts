/**
 * Turns every move into a text, and leaves open where the text goes.
 *
 * TaskFlow's `DumpingListener`, for the listeners that log and print.
 *
 * @module
 */
import { isFailure } from '../base/failure.ts'
import type { FlowMoved, RetryMoved, TaskMoved } from '../engine/events.ts'
import type { RetryState, TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { displayBare } from './display.ts'
import { formatFailure } from './failure-formatter.ts'
import { Listener } from './listener.ts'

/**
 * Makes a text of every move of the flow, its tasks and its retries (which TaskFlow leaves out).
 * Results are shown in full, up to a length; a failure is followed by its stack.
 */
export abstract class DumpingListener extends Listener {
  /** Takes a text: one line, and below it the stack if something failed. */
  protected abstract dump(text: string): void

  protected override flowMoved(state: FlowState, details: FlowMoved): void {
    const { flowName, flowUuid, oldState } = details
    this.dump(this.#line('flow', flowName, flowUuid, state, oldState))
  }

  protected override taskMoved(state: TaskState, details: TaskMoved): void {
    const { taskName, taskUuid, oldState } = details
    this.dump(this.#line('task', taskName, taskUuid, state, oldState) + outcomeOf(details))
  }

  protected override retryMoved(state: RetryState, details: RetryMoved): void {
    const { retryName, retryUuid, oldState } = details
    this.dump(this.#line('retry', retryName, retryUuid, state, oldState) + outcomeOf(details))
  }

  #line(kind: string, name: string, uuid: string, state: string, oldState: string): string {
    const engine = `engine '${this.engine.storage.flowName}'`
    return `${engine} has moved ${kind} '${name}' (${uuid}) into state '${state}' from state '${oldState}'`
  }
}

function outcomeOf(details: { readonly result?: unknown }): string {
  if (!('result' in details)) return ''
  const { result } = details
  if (!isFailure(result)) return ` with result '${displayBare(result)}' (failure=false)`
  return ` with result '${displayBare(result.format())}' (failure=true)\n${formatFailure(result)}`
}
