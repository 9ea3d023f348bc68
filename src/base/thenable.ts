/**
 * Takes what somebody's function gave as `await` would take it.
 *
 * For everybody who calls code of users and makes no promise of what is none. `then` is read and
 * called once: it may be an accessor that answers differently each time, and a lazy thenable, such
 * as a query, does its work each time it is called.
 *
 * @module
 */
import { types } from 'node:util'

/**
 * The ordinary promise to use in place of a value; undefined when `await` would give the value
 * itself. It rejects where reading or calling `then` throws.
 */
export function awaitable(value: unknown): Promise<unknown> | undefined {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return undefined
  if (types.isPromise(value)) return isOrdinary(value) ? value : awaited(value)
  try {
    const { then } = value as { readonly then?: unknown }
    return typeof then === 'function' ? adopted(value, then) : undefined
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Gives what a promise gives, and calls back when that has come. */
export async function withEnd(pending: PromiseLike<unknown>, end: () => void): Promise<unknown> {
  try {
    return await pending
  } finally {
    end()
  }
}

/** Listens to a promise that nobody waits for, so that no rejection goes unhandled. */
export function onRejection(value: unknown, report: (error: unknown) => void): void {
  const pending = awaitable(value)
  pending?.then(undefined, report)
}

/** Of another realm or a class of its own, or changed by somebody, it may do anything. */
function isOrdinary(promise: Promise<unknown>): boolean {
  return (
    Object.getPrototypeOf(promise) === Promise.prototype &&
    !Object.hasOwn(promise, 'then') &&
    !Object.hasOwn(promise, 'constructor')
  )
}

async function awaited(promise: Promise<unknown>): Promise<unknown> {
  return await promise
}

/** As the language does: `then` is called in a turn of its own, and what it throws is a rejection. */
function adopted(value: object, then: CallableFunction): Promise<unknown> {
  return new Promise((resolve, reject) => {
    queueMicrotask(() => {
      try {
        Reflect.apply(then, value, [resolve, reject])
      } catch (error) {
        reject(error)
      }
    })
  })
}
