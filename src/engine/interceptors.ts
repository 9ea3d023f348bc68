/**
 * What stands around the runs of an engine and the calls of its atoms: for tracing, and for
 * whoever must give atoms a context of their own.
 *
 * A listener hears afterwards; an interceptor is there before, and in between.
 *
 * @module
 */
import { onRejection } from '../base/thenable.ts'
import { inspectThrown } from '../base/thrown.ts'
import type { AtomCall, Executor } from '../executors/executor.ts'

/** Told once how a run ended: what it throws, or undefined when it resolves. */
export type RunEnd = (error: unknown) => void

/** Stands around runs and calls; either may be left out. */
export interface Interceptor {
  /**
   * Called when a run begins: everything is prepared, and nothing of the run is written, so that
   * metadata set here is part of its first checkpoint. The async context is that of the caller.
   * What it throws is thrown by the run, and no atom is started.
   *
   * @returns what is called when the run has ended and its final state is stored; what that throws
   * is reported as a process warning
   */
  readonly beginRun?: () => RunEnd | undefined
  /**
   * Makes a call by calling `next` once, and gives what that gave. Atoms that are not asynchronous
   * stay so if this function is not. What it throws is the failure of the atom.
   */
  readonly aroundCall?: (call: AtomCall, next: () => unknown) => unknown
}

/** The interceptors of one engine; the one registered first is the outermost. */
export class Interceptors {
  #list: readonly { readonly interceptor: Interceptor }[] = []
  #ends: RunEnd[] = []

  /** How many are registered. */
  get size(): number {
    return this.#list.length
  }

  /**
   * Registers for the runs and calls that begin from now on.
   *
   * @returns what ends the registration, for `using`; the end of a run under way is told all the
   * same
   */
  register(interceptor: Interceptor): Disposable {
    const entry = { interceptor }
    this.#list = [...this.#list, entry]
    return {
      [Symbol.dispose]: () => {
        this.#list = this.#list.filter((one) => one !== entry)
      },
    }
  }

  /**
   * For the engine: a run begins.
   *
   * @internal
   */
  begin(): void {
    for (const { interceptor } of this.#list) {
      const end = interceptor.beginRun?.()
      if (typeof end === 'function') this.#ends.unshift(end)
      else onRejection(end, report) // of an async function: nobody waits for it
    }
  }

  /**
   * For the engine: the run has ended. Has no effect when that was said already.
   *
   * @internal
   */
  end(error?: unknown): void {
    const ends = this.#ends
    if (ends.length === 0) return
    this.#ends = []
    for (const end of ends) {
      try {
        onRejection(end(error), report) // it may be async in spite of its type
      } catch (broken) {
        report(broken)
      }
    }
  }

  /**
   * For the engine: makes a call, with everybody around it.
   *
   * @internal
   */
  call(call: AtomCall, executor: Executor): unknown {
    const list = this.#list
    return list.length === 0 ? executor.call(call) : callThrough(list, 0, call, executor)
  }
}

function report(broken: unknown): void {
  process.emitWarning(
    `an interceptor threw at the end of a run and was passed over: ${inspectThrown(broken)}`,
    'TaskflowListenerWarning',
  )
}

function callThrough(
  list: readonly { readonly interceptor: Interceptor }[],
  position: number,
  call: AtomCall,
  executor: Executor,
): unknown {
  for (let i = position; i < list.length; i += 1) {
    const interceptor = list[i]?.interceptor
    if (interceptor?.aroundCall) {
      return interceptor.aroundCall(call, () => callThrough(list, i + 1, call, executor))
    }
  }
  return executor.call(call)
}
