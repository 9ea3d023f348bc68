/**
 * Measures how long tasks and flows take, and stores it with them.
 *
 * @module
 */
import { type Clock, fullClock } from '../base/clock.ts'
import type { FlowMoved, TaskMoved } from '../engine/events.ts'
import type { TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Listener, type Watched } from './listener.ts'
import { WRITE_TO_STDOUT, type Write } from './printing.ts'

/** How {@link DurationListener} measures. Every option may be left out. */
export interface DurationOptions {
  /**
   * Where the time comes from.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
}

/** How {@link PrintingDurationListener} measures and prints. Every option may be left out. */
export interface PrintingDurationOptions extends DurationOptions {
  /**
   * Takes the lines, line breaks included.
   *
   * @defaultValue writes to the standard output
   */
  readonly write?: Write | undefined
}

/** What is measured. */
export type Measured = 'task' | 'flow'

/** Whether a state starts the measurement, ends it, or makes it void. */
const EFFECTS: Readonly<Partial<Record<TaskState | FlowState, 'start' | 'end' | 'void'>>> = {
  RUNNING: 'start',
  REVERTING: 'start',
  SUCCESS: 'end',
  FAILURE: 'end',
  REVERTED: 'end',
  REVERT_FAILURE: 'end',
  PENDING: 'void',
  SUSPENDED: 'void', // it did not come to an end, and time at rest is not to be counted
}

/**
 * Stores with each task, and with the flow, how long it took: `duration` in the metadata, in
 * seconds, from RUNNING or REVERTING to an outcome. A revert replaces the duration of the execute.
 *
 * The time to store the outcome is included. Of a flow that was suspended, only the run that
 * brought it to an end counts. Durations are written with the next checkpoint.
 *
 * @example
 * using _durations = new DurationListener(engine)
 */
export class DurationListener extends Listener {
  readonly #clock: Clock
  /** When what is under way was started, by kind and name. */
  readonly #startedAtMs = new Map<string, number>()

  constructor(engine: Watched, options: DurationOptions = {}) {
    super(engine, { retryStates: [] })
    this.#clock = fullClock(options.clock)
  }

  /** Stops listening, and forgets what is under way. */
  override deregister(): void {
    super.deregister()
    this.#startedAtMs.clear()
  }

  protected override flowMoved(state: FlowState, { flowName }: FlowMoved): void {
    this.#measure('flow', flowName, state)
  }

  protected override taskMoved(state: TaskState, { taskName }: TaskMoved): void {
    this.#measure('task', taskName, state)
  }

  /** A task or the flow was started. */
  protected started(_kind: Measured, _name: string): void {}

  /** A task or the flow has come to an end; stores the duration. */
  protected finished(kind: Measured, name: string, durationSeconds: number): void {
    const { storage } = this.engine
    const meta = { duration: durationSeconds }
    if (kind === 'flow') storage.updateFlowMetadata(meta)
    else storage.updateAtomMetadata(name, meta)
  }

  #measure(kind: Measured, name: string, state: TaskState | FlowState): void {
    const effect = EFFECTS[state]
    if (effect === undefined) return
    const key = `${kind} ${name}`
    const startedAtMs = this.#startedAtMs.get(key)
    this.#startedAtMs.delete(key)
    if (effect === 'start') {
      this.#startedAtMs.set(key, this.#clock.elapsedMs())
      this.started(kind, name)
    } else if (effect === 'end' && startedAtMs !== undefined) {
      this.finished(kind, name, (this.#clock.elapsedMs() - startedAtMs) / 1000)
    }
  }
}

/** As {@link DurationListener}, and prints a line when something starts and when it ends. */
export class PrintingDurationListener extends DurationListener {
  readonly #write: Write

  constructor(engine: Watched, options: PrintingDurationOptions = {}) {
    super(engine, options)
    this.#write = options.write ?? WRITE_TO_STDOUT
  }

  protected override started(kind: Measured, name: string): void {
    super.started(kind, name)
    this.#write(`'${name}' ${kind} started.\n`)
  }

  protected override finished(kind: Measured, name: string, durationSeconds: number): void {
    super.finished(kind, name, durationSeconds)
    this.#write(`It took ${kind} '${name}' ${durationSeconds.toFixed(2)} seconds to finish.\n`)
  }
}
