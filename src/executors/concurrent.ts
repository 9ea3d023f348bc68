/**
 * The executor of the parallel engine: many calls at once, in this thread.
 *
 * For atoms that wait for something else most of the time, as promise-based ones do.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { type Checks, number, readOptions } from '../base/checks.ts'
import { awaitable, withEnd } from '../base/thenable.ts'
import { callAtom } from './call.ts'
import type { AtomCall, Executor } from './executor.ts'

/** How a concurrent executor behaves. */
export interface ConcurrentOptions {
  /**
   * How many calls run at once; `Infinity` for no limit.
   *
   * @defaultValue four times the number of processors
   */
  readonly maxWorkers?: number
}

const CHECKS: Checks<ConcurrentOptions> = { maxWorkers: number({ least: 1, whole: true }) }

/** Calls up to a number of atoms at once; several engines may share one, and with it its limit. */
class ConcurrentExecutor implements Executor {
  readonly capacity: number
  #callCount = 0
  readonly #waiting: (() => void)[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  call(call: AtomCall): unknown {
    if (this.#callCount >= this.capacity) return this.#callLater(call)
    this.#callCount += 1
    return this.#run(call)
  }

  async #callLater(call: AtomCall): Promise<unknown> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const { signal } = call.context
    if (signal.aborted) {
      // Its run was told to stop while the call waited: perhaps another engine has it by now.
      this.#end()
      throw signal.reason
    }
    return this.#run(call)
  }

  #run(call: AtomCall): unknown {
    let result: unknown
    try {
      result = callAtom(call)
    } catch (error) {
      this.#end()
      throw error
    }
    const pending = awaitable(result)
    if (pending !== undefined) return withEnd(pending, () => this.#end())
    this.#end()
    return result
  }

  /** Hands the place over to who waits longest. */
  #end(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#callCount -= 1
    else next()
  }
}

/**
 * Makes an executor for parallel engines, to be shared between several of them.
 *
 * @throws RangeError or TypeError when `maxWorkers` is not a whole number above 0, or Infinity.
 *
 * @example
 * const executor = concurrent({ maxWorkers: 10 })
 * const engines = flows.map((flow) => load(flow, { engine: 'parallel', executor }))
 */
export function concurrent(options: ConcurrentOptions = {}): Executor {
  const { maxWorkers = defaultMaxWorkers() } = readOptions('concurrent()', options, CHECKS)
  return new ConcurrentExecutor(maxWorkers)
}

/** The executor of one parallel engine, which never starts more calls than there is room for. */
export function concurrentForOne(maxWorkers: number = defaultMaxWorkers()): Executor {
  return { capacity: maxWorkers, call: callAtom }
}

function defaultMaxWorkers(): number {
  return availableParallelism() * 4
}
