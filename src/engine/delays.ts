/**
 * The retries whose next attempt was decided and may not begin yet.
 *
 * For the machine. When an attempt may begin is stored with the retry, as a moment; within the
 * process that decided it, the time that has passed is what counts, whatever becomes of the clock
 * on the wall.
 *
 * @module
 */
import { later, type Timer } from '../base/clock.ts'
import type { RetryDetail } from '../persistence/atom-detail.ts'
import type { GraphNode } from './compiler.ts'
import type { Runtime } from './runtime.ts'

/** When the waits of this process are over, by the moments that stand in the records for it. */
const DUE_MS = new WeakMap<Date, number>()

/** A retry that waits. */
interface Delayed {
  readonly node: GraphNode
  /** When its wait is over, in the time that the clock has counted. */
  readonly dueMs: number
}

/** Notes in the record of a retry how long its next attempt is to wait, from now on. */
export function delay(
  { clock }: Pick<Runtime, 'clock'>,
  detail: RetryDetail,
  delayMs: number,
): void {
  detail.retryAt = delayMs > 0 ? later(clock.now(), delayMs) : undefined
  detail.retryDelayMs = delayMs
  if (detail.retryAt !== undefined) DUE_MS.set(detail.retryAt, clock.elapsedMs() + delayMs)
}

/** What delays need of a run. */
export type DelaysParts = Pick<Runtime, 'clock' | 'moves'>

/** Holds retries until the first of them is due. */
export class Delays {
  readonly #run: DelaysParts
  readonly #onDue: (retries: readonly GraphNode[]) => void
  #delayed: Delayed[] = []
  #timer: Timer | undefined
  /** When the timer rings, in the time that the clock has counted. */
  #nextMs = Number.POSITIVE_INFINITY

  /** @param onDue called with those whose wait is over */
  constructor(run: DelaysParts, onDue: (retries: readonly GraphNode[]) => void) {
    this.#run = run
    this.#onDue = onDue
  }

  /** How many are held. */
  get count(): number {
    return this.#delayed.length
  }

  /** Holds an atom that is a retry and not due; false when it may start. */
  hold(node: GraphNode): boolean {
    if (node.kind !== 'retry') return false
    const detail = this.#run.moves.retryDetailOf(node)
    if (detail.retryAt === undefined || detail.intention !== 'RETRY') return false
    const dueMs = this.#dueMs(detail, detail.retryAt)
    if (dueMs <= this.#run.clock.elapsedMs()) return false
    this.#delayed.push({ node, dueMs })
    if (dueMs < this.#nextMs) this.#waitUntil(dueMs)
    return true
  }

  /** Holds nothing any more, and gives what it held; no timer is left. */
  drop(): readonly GraphNode[] {
    const delayed = this.#delayed
    this.#delayed = []
    this.#timer?.cancel()
    this.#nextMs = Number.POSITIVE_INFINITY
    return delayed.map(({ node }) => node)
  }

  /** What is read from a record is waited for until then, but never longer than was decided. */
  #dueMs({ retryDelayMs }: RetryDetail, retryAt: Date): number {
    const known = DUE_MS.get(retryAt)
    if (known !== undefined) return known
    const { clock } = this.#run
    const leftMs = retryAt.getTime() - clock.now().getTime()
    const dueMs = clock.elapsedMs() + Math.min(leftMs, retryDelayMs ?? leftMs)
    DUE_MS.set(retryAt, dueMs)
    return dueMs
  }

  #waitUntil(dueMs: number): void {
    const { clock } = this.#run
    this.#timer?.cancel()
    this.#nextMs = dueMs
    this.#timer = clock.setTimer(dueMs - clock.elapsedMs(), () => this.#ring(dueMs))
  }

  #ring(atMs: number): void {
    const due = this.#delayed.filter(({ dueMs }) => dueMs <= atMs)
    this.#delayed = this.#delayed.filter(({ dueMs }) => dueMs > atMs)
    this.#nextMs = Number.POSITIVE_INFINITY
    const nextMs = this.#delayed.reduce((least, { dueMs }) => Math.min(least, dueMs), this.#nextMs)
    if (this.#delayed.length > 0) this.#waitUntil(nextMs)
    for (const { node } of due) {
      const { retryAt } = this.#run.moves.retryDetailOf(node)
      if (retryAt !== undefined) DUE_MS.set(retryAt, Number.NEGATIVE_INFINITY)
    }
    this.#onDue(due.map(({ node }) => node))
  }
}
