/**
 * Hears how far the tasks of an engine have come.
 *
 * For progress bars, pages and logs. A task tells its own listeners too, in whichever engine it
 * runs (`task.notifier`).
 *
 * @module
 */
import { shown } from '../base/checks.ts'
import type { TaskProgressed } from '../engine/progress.ts'
import { Listener, type Watched } from './listener.ts'

/**
 * Tells of the progress of every task of an engine: 0 when it starts or is sent back, what it says
 * through `context.progress`, and 1 when it has come to its end, forwards and backwards.
 *
 * Told at once, before it is stored, in the async context of the task.
 *
 * @example
 * using _progress = new ProgressListener(engine, ({ taskName, progress }) => {
 *   console.log(`${taskName}: ${Math.round(progress * 100)} %`)
 * })
 */
export class ProgressListener extends Listener {
  readonly #tell: (progressed: TaskProgressed) => void

  /** @throws TypeError when `tell` is not a function. */
  constructor(engine: Watched, tell: (progressed: TaskProgressed) => void) {
    if (typeof tell !== 'function') {
      throw new TypeError(`tell must be a function, got ${shown(tell)}`)
    }
    super(engine, { flowStates: [], taskStates: [], retryStates: [] })
    this.#tell = tell
  }

  protected override registerMore(registrations: DisposableStack): void {
    const { progressNotifier } = this.engine
    registrations.use(
      progressNotifier.register('update_progress', (_event, progressed) => this.#tell(progressed), {
        owner: registrations,
      }),
    )
  }
}
