/**
 * Tells registered callbacks what happened.
 *
 * For the engine, the tasks and whoever watches them. Callbacks are called at once, in order of
 * registration, those for every event first; one that throws harms nobody else.
 *
 * @module
 */

import { onRejection } from './thenable.ts'
import { inspectThrown } from './thrown.ts'

/** Registers for every event. */
export const ANY = '*'

/** Gets the event and its details, which are shared between callbacks and must not be changed. */
export type Callback<Event extends string, Details> = (event: Event, details: Details) => void

/** How a callback is registered. */
export interface RegisterOptions<Details> {
  /** The callback is passed over when this gives false. */
  readonly filter?: (details: Details) => boolean
  /**
   * Whom the callback belongs to. Of all callbacks of one owner, in all notifiers, only the first
   * error is reported.
   *
   * @defaultValue nobody: the first error of each registration is reported
   */
  readonly owner?: object
}

interface Registration<Event extends string, Details> {
  readonly callback: Callback<Event, Details>
  readonly filter: ((details: Details) => boolean) | undefined
  readonly owner: object | undefined
}

/** Registrations, and owners of such, of which an error was reported. */
const REPORTED = new WeakSet<object>()

/**
 * A list of callbacks by event.
 *
 * @typeParam Events the names of the events, each with the details it comes with
 */
export class Notifier<Events extends object> {
  readonly #registrations = new Map<string, Registration<string, never>[]>()
  readonly #events: readonly string[] | undefined

  /** @param events the only events that may be registered for; left out, any may. */
  constructor(events?: readonly (keyof Events & string)[]) {
    this.#events = events
  }

  /** How many callbacks are registered. */
  get size(): number {
    let count = 0
    for (const list of this.#registrations.values()) count += list.length
    return count
  }

  /** True when somebody would hear of this event; cheaper than preparing details for nobody. */
  hears(event: keyof Events & string): boolean {
    const registrations = this.#registrations
    return registrations.size > 0 && (registrations.has(event) || registrations.has(ANY))
  }

  /**
   * Registers a callback for one event, or for all with `'*'`.
   *
   * A callback that throws, or whose promise rejects, is passed over, and reported once as a
   * process warning.
   *
   * @returns what ends the registration, for `using`
   * @throws TypeError when the event cannot be registered for, or the callback (with the same
   * filter) is registered for it already.
   */
  register<E extends keyof Events & string>(
    event: E | typeof ANY,
    callback: Callback<E, Events[E]>,
    options: RegisterOptions<Events[E]> = {},
  ): Disposable {
    if (typeof callback !== 'function') {
      throw new TypeError(`the callback for '${event}' must be a function, not ${typeof callback}`)
    }
    if (event !== ANY && this.#events !== undefined && !this.#events.includes(event)) {
      throw new TypeError(
        `'${event}' is not an event of this notifier; it has ${[ANY, ...this.#events].map((name) => `'${name}'`).join(', ')}`,
      )
    }
    if (this.#find(event, callback, options.filter) !== undefined) {
      throw new TypeError(`the callback is registered for '${event}' already`)
    }
    const registration = { callback, filter: options.filter, owner: options.owner }
    const list = this.#registrations.get(event) ?? []
    this.#registrations.set(event, [
      ...list,
      registration as unknown as Registration<string, never>,
    ])
    return { [Symbol.dispose]: () => void this.deregister(event, callback, options) }
  }

  /** Ends a registration; false when there was none. */
  deregister<E extends keyof Events & string>(
    event: E | typeof ANY,
    callback: Callback<E, Events[E]>,
    options: RegisterOptions<Events[E]> = {},
  ): boolean {
    const found = this.#find(event, callback, options.filter)
    if (found === undefined) return false
    const rest = this.#registrations.get(event)?.filter((one) => one !== found)
    if (rest?.length) this.#registrations.set(event, rest)
    else this.#registrations.delete(event)
    return true
  }

  /** Ends all registrations. */
  reset(): void {
    this.#registrations.clear()
  }

  /** Tells everybody registered for the event. `'*'` itself cannot happen and is dropped. */
  notify<E extends keyof Events & string>(event: E, details: Events[E]): void {
    if (this.#registrations.size === 0 || event === ANY) return
    this.#tell(ANY, event, details)
    this.#tell(event, event, details)
  }

  #tell(list: string, event: string, details: unknown): void {
    for (const one of this.#registrations.get(list) ?? []) {
      const { callback, filter } = one as unknown as Registration<string, unknown>
      try {
        const fail = (error: unknown): void => report(one, event, error)
        // Either may be async in spite of its type; its rejection would end the process.
        const wanted: unknown = filter === undefined || filter(details)
        if (!wanted) continue
        if (wanted !== true) onRejection(wanted, fail)
        onRejection(callback(event, details), fail)
      } catch (error) {
        report(one, event, error)
      }
    }
  }

  #find(
    event: string,
    callback: unknown,
    filter: unknown,
  ): Registration<string, never> | undefined {
    return this.#registrations
      .get(event)
      ?.find((one) => one.callback === callback && one.filter === filter)
  }
}

function report(
  registration: { readonly owner: object | undefined },
  event: string,
  error: unknown,
): void {
  const reporter = registration.owner ?? registration
  if (REPORTED.has(reporter)) return
  REPORTED.add(reporter)
  process.emitWarning(
    `a callback for '${event}' threw and was passed over (reported once): ${inspectThrown(error)}`,
    'TaskflowListenerWarning',
  )
}
