/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { number } from '../base/checks.ts'
import type { FullClock, Timer } from '../base/clock.ts'

/** The moment at which a fake clock starts, unless told otherwise. */
const START = '2000-01-01T00:00:00.000Z'

/** In milliseconds: time never goes back. */
const AMOUNT = number({ least: 0, finite: true })

/** How many turns of the event loop what was waiting gets, between two moments. */
const TURNS = 10

/** A timer that was set and has not rung. */
interface Waiting extends Timer {
  readonly dueMs: number
  readonly ring: () => void
}

/**
 * Tells a time that only a test changes, and ends every wait that is over by then. For whatever
 * takes a `Clock`: engines, listeners, backends, the code of the user.
 *
 * @example
 * const clock = new FakeClock('2026-03-01T12:00:00Z')
 * const ended = load(flow, { clock }).run()
 * await clock.advanceAsync(60_000)
 * await ended
 */
export class FakeClock implements FullClock {
  #nowMs: number
  #elapsedMs = 0
  readonly #waiting = new Set<Waiting>()

  /**
   * @param start the present moment, 2000-01-01 in UTC when left out
   * @throws RangeError when it is no moment.
   */
  constructor(start: Date | string | number = START) {
    this.#nowMs = readMoment(start)
  }

  now(): Date {
    return new Date(this.#nowMs)
  }

  /** Milliseconds for which the clock was advanced. */
  elapsedMs(): number {
    return this.#elapsedMs
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#waiting.size
  }

  /** Rings as soon as the clock was advanced so far; at once when there is nothing to wait for. */
  setTimer(ms: number, ring: () => void): Timer {
    const waitMs = ms > 0 ? ms : 0
    const waiting: Waiting = {
      dueMs: this.#elapsedMs + waitMs,
      ring,
      cancel: () => void this.#waiting.delete(waiting),
    }
    if (waitMs !== Number.POSITIVE_INFINITY) this.#waiting.add(waiting)
    if (waitMs === 0) queueMicrotask(() => this.#ring(waiting))
    return waiting
  }

  /**
   * Lets time pass. Timers ring in the order in which they are due, each at its moment. What they
   * set off goes on after the call; a wait that begins by it begins at the end of the time that has
   * passed. To let waits follow one another, use {@link FakeClock.advanceAsync}.
   *
   * @throws RangeError when the milliseconds are negative or no finite number: time never goes back.
   */
  advance(ms: number): void {
    const untilMs = this.#after(ms)
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#moveTo(next.dueMs)
      this.#ring(next)
    }
    this.#moveTo(untilMs)
  }

  /**
   * Lets time pass moment by moment: after each timer, what was waiting for it goes on before the
   * next one rings, as far as it waits for promises and not for files or servers. A wait that begins
   * by it begins at that moment, and may end within the time that passes.
   *
   * @throws RangeError as {@link FakeClock.advance}.
   */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#after(ms)
    await turns()
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#moveTo(next.dueMs)
      this.#ring(next)
      await turns()
    }
    this.#moveTo(untilMs)
  }

  /**
   * Sets the present moment, forwards or backwards, as somebody does who sets the clock of a
   * machine: {@link FakeClock.elapsedMs} stays as it is, and no wait ends by it.
   *
   * @throws RangeError when it is no moment.
   */
  set(now: Date | string | number): void {
    this.#nowMs = readMoment(now)
  }

  #after(ms: number): number {
    AMOUNT('the time that passes', ms)
    return this.#elapsedMs + ms
  }

  /** The timer that rings first, of several that ring together the one that was set first. */
  #next(untilMs: number): Waiting | undefined {
    let next: Waiting | undefined
    for (const one of this.#waiting) {
      if (one.dueMs <= untilMs && !(next !== undefined && next.dueMs <= one.dueMs)) next = one
    }
    return next
  }

  #ring(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) waiting.ring()
  }

  /** Whoever is called meanwhile may have moved the clock further. */
  #moveTo(elapsedMs: number): void {
    const passedMs = Math.max(0, elapsedMs - this.#elapsedMs)
    this.#elapsedMs += passedMs
    this.#nowMs += passedMs
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await setImmediate()
}

function readMoment(moment: Date | string | number): number {
  const ms = new Date(moment).getTime()
  if (Number.isNaN(ms)) {
    throw new RangeError(
      `${String(moment)} is no moment: write a Date, milliseconds since 1970, or '2026-03-01T12:00:00Z'`,
    )
  }
  return ms
}
