/**
 * Gives the rest of the process its turn while many atoms are dealt with at once.
 *
 * For whoever has a loop over atoms that may be thousands. A loop pauses between two of them only,
 * so that nobody finds an atom half dealt with.
 *
 * @module
 */
import { setImmediate as onNextTurn } from 'node:timers'
import { setImmediate } from 'node:timers/promises'
import { type Clock, SYSTEM_CLOCK } from '../base/clock.ts'

/** After so long without a turn of the event loop it is time for a pause, in milliseconds. */
const PAUSE_AFTER_MS = 15

/** How many atoms are dealt with between two looks at the clock. */
const STEPS_PER_LOOK = 16

/** Says when it is time for a pause. */
export class Pacer {
  readonly #isSwitchedOff: boolean
  #stepCount = 0
  /** Since when the event loop has not turned; undefined when it has since the last look. */
  #busySinceMs: number | undefined

  /**
   * @param clock the engine's; with one that has timers of its own, as in tests, nothing pauses, so
   * that the order of what happens does not depend on how fast the machine is
   */
  constructor(clock: Clock = SYSTEM_CLOCK) {
    this.#isSwitchedOff = clock !== SYSTEM_CLOCK && clock.setTimer !== undefined
  }

  /** One more atom was dealt with: a promise when it is time for a pause, which it resolves after. */
  step(): Promise<void> | undefined {
    if (this.#isSwitchedOff) return undefined
    this.#stepCount += 1
    return this.#stepCount % STEPS_PER_LOOK === 0 ? this.#look() : undefined
  }

  #look(): Promise<void> | undefined {
    const nowMs = performance.now()
    if (this.#busySinceMs === undefined) {
      this.#busySinceMs = nowMs
      onNextTurn(() => {
        this.#busySinceMs = undefined
      })
      return undefined
    }
    return nowMs - this.#busySinceMs > PAUSE_AFTER_MS ? this.#pause() : undefined
  }

  async #pause(): Promise<void> {
    await setImmediate()
    this.#busySinceMs = undefined
  }
}
