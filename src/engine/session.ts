/**
 * One run that has begun: drives it to its end, and leaves nothing behind, however it ends.
 *
 * @module
 */
import type { Claim } from '../holding/claim.ts'
import { errorOf, throwAtEnd } from './completer.ts'
import { dismiss } from './engine-kinds.ts'
import type { FlowRecordKeeper } from './flow-record.ts'
import type { Interceptors } from './interceptors.ts'
import type { Journal } from './journal.ts'
import type { RunLimits } from './limits.ts'
import type { Ending, Machine } from './machine.ts'
import type { EngineParts, RunOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import type { Phase, StatisticsClock } from './statistics.ts'
import type { Storage } from './storage.ts'
import type { Wishes } from './wishes.ts'

/** Everything that needs the flow to be compiled and its records to be there. */
export interface Prepared {
  readonly runtime: Runtime
  readonly machine: Machine
}

/** What a run needs of its engine. */
export interface SessionParts {
  readonly engineParts: EngineParts
  readonly storage: Storage<object>
  readonly claim: Claim
  readonly journal: Journal<unknown>
  readonly record: FlowRecordKeeper
  readonly limits: RunLimits
  readonly wishes: Wishes
  readonly interceptors: Interceptors
  readonly statistics: StatisticsClock
}

/** One run of an engine, from RUNNING on. */
export class Session {
  readonly #parts: SessionParts
  readonly #prepared: Prepared

  constructor(parts: SessionParts, prepared: Prepared) {
    this.#parts = parts
    this.#prepared = prepared
  }

  /** @throws as {@link Engine.run}. */
  async runToEnd(options: RunOptions): Promise<void> {
    const { runtime, machine } = this.#prepared
    const release = this.#parts.limits.heed(options, runtime.reversal.undo)
    try {
      await this.#finish(await machine.runToEnd())
    } catch (error) {
      await this.#stopAfter(error)
    } finally {
      await this.#end(release)
    }
  }

  /** Phase by phase; see {@link Engine.runIter}. */
  async *phases(options: RunOptions): AsyncGenerator<Phase | Ending, void> {
    const { runtime, machine } = this.#prepared
    const { journal, limits } = this.#parts
    let isLeft = true
    const release = limits.heed(options, runtime.reversal.undo)
    try {
      yield 'RESUMING'
      await machine.resume()
      await journal.flush()
      let next: ReturnType<Machine['next']> = 'SCHEDULING' // though nothing may be ready
      for (; next !== undefined; next = machine.next()) {
        if (next === 'SCHEDULING') {
          yield 'SCHEDULING'
          await machine.startBatch()
        }
        yield 'WAITING'
        await machine.wait()
        yield 'ANALYZING'
        await machine.analyze()
        await journal.flush()
      }
      const ending = machine.ending()
      if (ending !== 'FAILURE') yield ending
      isLeft = false
      await this.#finish(ending)
    } catch (error) {
      isLeft = false
      await this.#stopAfter(error)
    } finally {
      try {
        if (isLeft) await this.#finishAfterLeaving()
      } finally {
        await this.#end(release)
      }
    }
  }

  async #end(release: () => void): Promise<void> {
    const { claim, interceptors, statistics, record, engineParts } = this.#parts
    release()
    claim.rest()
    interceptors.end()
    this.#prepared.machine.rest()
    statistics.stop()
    await dismiss(engineParts).finally(() => record.end())
  }

  /** Moves the flow to its final state, and throws what is to be thrown. */
  async #finish(ending: Ending): Promise<void> {
    await this.#parts.record.close(ending)
    if (ending === 'SUCCESS' || ending === 'SUSPENDED') return
    throwAtEnd(this.#prepared.runtime, this.#parts.storage)
  }

  /** Something other than an atom failed in the middle: stops the atoms under way, and throws it. */
  async #stopAfter(thrown: unknown): Promise<never> {
    const { runtime, machine } = this.#prepared
    const error = errorOf(thrown)
    if (machine.runningCount > 0) runtime.signals.abort(error)
    await machine.abandon()
    await this.#letGo()
    this.#parts.interceptors.end(error)
    throw error
  }

  /** Nobody works on the run any more: what was recorded is written, if that is possible by now. */
  async #letGo(): Promise<void> {
    const { claim, journal } = this.#parts
    if (claim.canWrite) {
      await claim.end()
      await journal.flush().catch(() => {}) // kept for the next run
    }
    await claim.giveBack()
  }

  async #finishAfterLeaving(): Promise<void> {
    try {
      await this.#parts.wishes.suspend()
      await this.#parts.record.close(await this.#prepared.machine.stop())
    } catch (error) {
      await this.#stopAfter(error)
    }
  }
}
