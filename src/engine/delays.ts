/**
 * The retries whose next attempt was decided and may not begin yet.
 *
 * For the machine. When an attempt may begin is stored with the retry; here is only the timer.
 *
 * @module
 */
import type { RetryDetail } from '../persistence/atom-detail.ts'
import { Alarm } from './alarm.ts'
import type { GraphNode } from './compiler.ts'
import type { Runtime } from './runtime.ts'

/** Holds retries until the first of them is due. */
export class Delays {
  readonly #runtime: Runtime
  readonly #alarm: Alarm
  readonly #onDue: (retries: readonly GraphNode[]) => void
  #delayed: GraphNode[] = []

  /** @param onDue called with all that are held when the first of them is due */
  constructor(runtime: Runtime, onDue: (retries: readonly GraphNode[]) => void) {
    this.#runtime = runtime
    this.#alarm = new Alarm(runtime.clock)
    this.#onDue = onDue
  }

  /** How many are held. */
  get count(): number {
    return this.#delayed.length
  }

  /** Holds an atom that is a retry and not due; false when it may start. */
  hold(node: GraphNode): boolean {
    if (node.kind !== 'retry') return false
    const { retryAt, intention } = this.#runtime.detailOf(node) as RetryDetail
    if (intention !== 'RETRY') return false
    if (retryAt === undefined || retryAt <= this.#runtime.clock.now()) return false
    this.#delayed.push(node)
    const times = this.#delayed.map((one) => (this.#runtime.detailOf(one) as RetryDetail).retryAt)
    this.#alarm.set(new Date(Math.min(...times.map(Number))), () => this.#onDue(this.drop()))
    return true
  }

  /** Holds nothing any more, and gives what it held; no timer is left. */
  drop(): readonly GraphNode[] {
    const delayed = this.#delayed
    this.#delayed = []
    this.#alarm.clear()
    return delayed
  }
}
