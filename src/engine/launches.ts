/**
 * The atoms that have been moved and whose code is not called yet.
 *
 * For the machine. Between the move and the call lies the checkpoint that stores the move: who
 * wants the run to stop meanwhile keeps the code from being called, unless a listener has heard of
 * the start already.
 *
 * @module
 */
import type { Breakdown, Launch } from './scheduler.ts'

/** Starts on their way to their calls. */
export class Launches {
  #list: (Launch | Breakdown)[] = []
  /** How many of them were taken. */
  #takenCount = 0
  #called: PromiseWithResolvers<void> | undefined
  /** Another one is on its way: its move is being written. */
  isAwaited = false
  /** One of them cannot be called, so that nothing more is to be started. */
  isBroken = false

  /** How many there are. */
  get count(): number {
    return this.#list.length - this.#takenCount
  }

  /** Adds one. */
  add(launch: Launch | Breakdown): void {
    this.#list.push(launch)
    this.isAwaited = false
    if (launch.call === undefined) this.isBroken = true
  }

  /** Takes the next one, to be called at once. */
  take(): Launch | Breakdown | undefined {
    const next = this.#list[this.#takenCount]
    if (next === undefined) this.drop()
    else this.#takenCount += 1
    return next
  }

  /** Forgets those that are left. */
  drop(): void {
    if (this.#list.length > 0) this.#list = []
    this.#takenCount = 0
    this.isAwaited = false
    this.isBroken = false
    this.#called?.resolve()
    this.#called = undefined
  }

  /** Takes those out that nobody has heard of, and that are meant. */
  takeUntold(isMeant: (launch: Launch | Breakdown) => boolean): readonly (Launch | Breakdown)[] {
    if (this.count === 0) return []
    const { out = [], left = [] } = Object.groupBy(this.#list.slice(this.#takenCount), (one) =>
      !isTold(one) && isMeant(one) ? 'out' : 'left',
    )
    this.#list = left
    this.#takenCount = 0
    this.isBroken = left.some(({ call }) => call === undefined)
    return out
  }

  /** Resolves when those that are left have been called; undefined when none is. */
  whenCalled(): Promise<void> | undefined {
    if (this.count === 0 && !this.isAwaited) return undefined
    this.#called ??= Promise.withResolvers<void>()
    return this.#called.promise
  }
}

function isTold({ start, restart }: Launch | Breakdown): boolean {
  return start.isTold || restart?.some((one) => one.isTold) === true
}
