/**
 * How far the tasks of a run are: noted in their records, told to listeners, written in time.
 *
 * @module
 */
import type { FullClock, Timer } from '../base/clock.ts'
import type { Notifier } from '../base/notifier.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { TaskState } from '../states/atom.ts'
import type { GraphNode } from './compiler.ts'

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

/** What progress needs of a run. */
export interface ProgressParts {
  readonly notifier: Notifier<ProgressEvents>
  readonly journal: { flush(): Promise<void> }
  readonly clock: FullClock
  /** How long progress waits for a checkpoint before it is written on its own, in milliseconds. */
  readonly delayMs: number
}

/** The progress of the tasks of one run. */
export class Progress {
  readonly #parts: ProgressParts
  #timer: Timer | undefined

  constructor(parts: ProgressParts) {
    this.#parts = parts
  }

  /** Notes and tells the progress of a task where it says nothing itself; retries have none. */
  set(node: GraphNode, detail: AtomDetail, progress: number): void {
    if (node.kind !== 'task') return
    detail.progress = progress
    detail.progressDetails = undefined
    this.tell(node, detail, progress)
  }

  /** Tells the progress of a task. */
  tell(
    node: GraphNode,
    detail: AtomDetail,
    progress: number,
    details?: Readonly<Record<string, unknown>>,
  ): void {
    if (node.atom?.kind !== 'task') return
    node.atom.tellProgress(progress, details)
    const { notifier } = this.#parts
    if (notifier.size === 0) return
    const { uuid, state } = detail
    const told = { taskName: node.name, taskUuid: uuid, state: state as TaskState }
    notifier.notify('update_progress', { ...told, progress, details })
  }

  /**
   * Writes progress that no checkpoint has taken along for a while. A write that fails is left to
   * the next checkpoint to find out.
   */
  writeSoon(): void {
    const { journal, clock, delayMs } = this.#parts
    if (delayMs === Number.POSITIVE_INFINITY) return
    const write = (): void => {
      this.#timer = undefined
      journal.flush().catch(() => {})
    }
    this.#timer ??= clock.setTimer(delayMs, write, { keepsAlive: false })
  }

  /** The run has ended. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
