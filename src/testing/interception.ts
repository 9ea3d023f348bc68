/**
 * Puts something between an executor and the atoms that it calls.
 *
 * For stubs, forced failures and simulated crashes: the flow of the user stays as it is.
 *
 * @module
 */
import type { AtomCall, Executor } from '../executors/executor.ts'

/** Called in place of an atom; `proceed` makes the call after all. */
export type CallInterceptor = (call: AtomCall, proceed: () => unknown) => unknown

const NOTHING_REGISTERED: Disposable = { [Symbol.dispose]() {} }

/** An executor whose calls go through the interceptors, from the first to the last. */
export function intercepted(
  executor: Executor,
  interceptors: readonly CallInterceptor[],
): Executor {
  const call = interceptors.reduceRight<(call: AtomCall) => unknown>(
    (next, interceptor) => (one) => interceptor(one, () => next(one)),
    (one) => executor.call(one),
  )
  return {
    get capacity(): number {
      return executor.capacity
    },
    call,
    giveUp: (given) => executor.giveUp?.(given),
    start: () => executor.start?.(),
    stop: () => executor.stop?.(),
    onMoreCapacity: (listener) => executor.onMoreCapacity?.(listener) ?? NOTHING_REGISTERED,
  }
}
