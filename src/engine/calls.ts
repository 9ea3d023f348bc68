/**
 * The calls of atoms that are under way: their ends, their time limits, and those that do not stop
 * when they are told to.
 *
 * For the machine, which makes calls and takes their outcomes.
 *
 * @module
 */
import { later, type Timer } from '../base/clock.ts'
import { nameIn } from '../base/error-classes.ts'
import { isError } from '../base/realms.ts'
import { awaitable } from '../base/thenable.ts'
import { inspectThrown } from '../base/thrown.ts'
import { TimeoutError } from '../errors.ts'
import type { Outcome } from './completer.ts'
import type { Runtime } from './runtime.ts'
import type { Launch } from './scheduler.ts'

/** One call under way that has not come back at once. */
interface UnderWay {
  readonly launch: Launch
  /** It has failed by this, whatever comes of it. */
  overdue: TimeoutError | undefined
  timer: Timer | undefined
}

/** What calls need of a run. */
export type CallsParts = Pick<Runtime, 'clock' | 'executor' | 'interceptors' | 'logger' | 'options'>

/** Makes calls, and gathers their outcomes. */
export class Calls {
  readonly #run: CallsParts
  readonly #underWay = new Set<UnderWay>()
  /** Outcomes that nobody has taken. */
  finished: Outcome[] = []
  #wake: (() => void) | undefined

  constructor(run: CallsParts) {
    this.#run = run
  }

  /** How many calls have not come to their end. */
  get busyCount(): number {
    return this.#underWay.size
  }

  /** Makes a call. */
  make(launch: Launch): void {
    const { node, call, limitMs } = launch
    const { interceptors, executor } = this.#run
    const { direction } = call
    let value: unknown
    if (limitMs !== undefined) call.deadline = later(this.#run.clock.now(), limitMs)
    try {
      value = interceptors.call(call, executor)
    } catch (error) {
      this.finished.push({ node, direction, hasFailed: true, value: error })
      return
    }
    const pending = awaitable(value)
    if (pending === undefined) this.finished.push({ node, direction, hasFailed: false, value })
    else this.#follow(launch, pending)
  }

  /** Resolves when the next call has come to its end, or {@link Calls.wake} was called. */
  whenFinished(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  /** Lets whoever waits look again. */
  wake(): void {
    this.#wake?.()
  }

  /** Calls were told to stop, or those of execute: what does not, in time, has failed by that. */
  giveGrace(why: string, direction?: 'execute'): void {
    for (const one of this.#underWay) {
      if (direction === undefined || one.launch.call.direction === direction) {
        this.#giveGrace(one, why)
      }
    }
  }

  #follow(launch: Launch, pending: Promise<unknown>): void {
    const one: UnderWay = { launch, overdue: undefined, timer: undefined }
    this.#underWay.add(one)
    const { limitMs } = launch
    if (limitMs !== undefined) {
      one.timer = this.#run.clock.setTimer(limitMs, () => this.#expire(one, limitMs))
    }
    pending.then(
      (value) => this.#end(one, 'returned', value),
      (error: unknown) => this.#end(one, 'threw', error),
    )
  }

  #expire(one: UnderWay, limitMs: number): void {
    const { node, call, abort } = one.launch
    one.overdue = new TimeoutError(
      `${call.direction} of '${node.name}' took longer than its ${limitMs} ms`,
    )
    abort?.(one.overdue)
    this.#giveGrace(one, one.overdue.message)
  }

  #giveGrace(one: UnderWay, why: string): void {
    const { clock, options } = this.#run
    const { graceMs } = options
    one.timer?.cancel()
    one.timer = clock.setTimer(graceMs, () => {
      const { node, call } = one.launch
      one.overdue = new TimeoutError(
        `${call.direction} of '${node.name}' did not stop within ${graceMs} ms: ${why}`,
      )
      this.#end(one, 'threw', one.overdue)
      this.#run.executor.giveUp?.(call)
    })
  }

  #end(one: UnderWay, how: 'returned' | 'threw', value: unknown): void {
    const { node, call } = one.launch
    one.timer?.cancel()
    if (!this.#underWay.delete(one)) {
      this.#warn(
        `${call.direction} of '${node.name}' ended after it was given up: what came of it is lost`,
      )
      return
    }
    const { direction } = call
    const { overdue } = one
    if (overdue === undefined) {
      this.finished.push({ node, direction, hasFailed: how === 'threw', value })
    } else
      this.finished.push({ node, direction, hasFailed: true, value: withCause(overdue, value) })
    this.wake()
  }

  /** Nobody is there to take what a logger throws. */
  #warn(text: string): void {
    try {
      this.#run.logger.warn(text)
    } catch (error) {
      process.emitWarning(`a logger threw: ${inspectThrown(error)}`, 'TaskflowListenerWarning')
    }
  }
}

/** What the atom threw when it was told to stop, unless it says no more than that. */
function withCause(overdue: TimeoutError, thrown: unknown): TimeoutError {
  const says = isError(thrown) && thrown !== overdue && nameIn(thrown) !== 'AbortError'
  if (says) overdue.cause = thrown
  return overdue
}
