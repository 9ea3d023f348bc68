/**
 * Stores when the flow and its atoms entered each state.
 *
 * @module
 */
import { type Clock, fullClock } from '../base/clock.ts'
import type { RetryMoved, TaskMoved } from '../engine/events.ts'
import type { RetryState, TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Listener, type ListenerOptions, type Watched } from './listener.ts'

/** How {@link EventTimeListener} tells the time. Every option may be left out. */
export interface EventTimeOptions extends ListenerOptions {
  /**
   * Where the time comes from.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
}

/**
 * Stores with the flow, each task and each retry when it last entered each state:
 * `RUNNING-timestamp` and so on in the metadata, in seconds since 1970. Written with the next
 * checkpoint.
 *
 * @example
 * using _times = new EventTimeListener(engine)
 */
export class EventTimeListener extends Listener {
  readonly #clock: Clock

  constructor(engine: Watched, options: EventTimeOptions = {}) {
    super(engine, options)
    this.#clock = fullClock(options.clock)
  }

  protected override flowMoved(state: FlowState): void {
    this.engine.storage.updateFlowMetadata(this.#timestamp(state))
  }

  protected override taskMoved(state: TaskState, { taskName }: TaskMoved): void {
    this.engine.storage.updateAtomMetadata(taskName, this.#timestamp(state))
  }

  protected override retryMoved(state: RetryState, { retryName }: RetryMoved): void {
    this.engine.storage.updateAtomMetadata(retryName, this.#timestamp(state))
  }

  #timestamp(state: string): Readonly<Record<string, number>> {
    return { [`${state}-timestamp`]: this.#clock.now().getTime() / 1000 }
  }
}
