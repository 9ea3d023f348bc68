/**
 * What else could go wrong in a run, after what its schedule says has gone wrong.
 *
 * Two crashes at which the same is stored and the same has been done are one: a process that dies
 * after a write and one that dies before the call that follows leave the same behind.
 *
 * @module
 */
import {
  type CallName,
  crashAtCall,
  crashAtWrite,
  failureOf,
  type Incident,
  type Schedule,
} from './schedule.ts'

/** How much may go wrong in one schedule. */
export interface SearchBounds {
  /** How many processes may die. */
  readonly crashes: number
  /** Whether a revert may fail. */
  readonly revertFailures: boolean
  /** Which atoms may fail; undefined for all. */
  readonly failing: ReadonlySet<string> | undefined
}

/** Collects the incidents by which a schedule can be made longer. */
export class Candidates {
  /** In the order in which they can happen; crashes by what they would leave behind. */
  readonly #found = new Map<string, Incident>()
  readonly #mayCrash: boolean
  readonly #mayFail: Readonly<Record<CallName['direction'], boolean>>
  readonly #failing: ReadonlySet<string> | undefined

  constructor(schedule: Schedule, { crashes, revertFailures, failing }: SearchBounds) {
    const count = (kind: Incident['kind']): number =>
      schedule.filter((incident) => incident.kind === kind).length
    this.#mayCrash = count('crash') < crashes
    this.#mayFail = {
      execute: count('fail execute') === 0,
      revert: revertFailures && count('fail revert') === 0,
    }
    this.#failing = failing
  }

  /** In the order in which they can happen. */
  get incidents(): readonly Incident[] {
    return [...this.#found.values()]
  }

  /** A write is on its way, or stored. */
  meetWrite(when: 'before' | 'after', write: number, traces: string): void {
    if (this.#mayCrash && !this.#found.has(traces)) {
      this.#found.set(traces, crashAtWrite(when, write))
    }
  }

  /** A call is about to be made, or has ended: that says more of a crash than the name of a write. */
  meetCrash(when: 'before' | 'after', call: CallName, traces: string): void {
    if (this.#mayCrash) this.#found.set(traces, crashAtCall(when, call))
  }

  /** A call is about to be made, or has returned. */
  meetFailure(when: 'before' | 'after', call: CallName, isRetried: boolean): void {
    if (!this.#mayFail[call.direction] || this.#failing?.has(call.atom) === false) return
    this.#add(failureOf(when, call, 'once'))
    if (isRetried && call.direction === 'execute') this.#add(failureOf(when, call, 'for good'))
  }

  /** The code of an atom has come to a place that the user has marked. */
  meetMark(crash: Incident): void {
    if (this.#mayCrash) this.#add(crash)
  }

  #add(incident: Incident): void {
    this.#found.set(incident.text, incident)
  }
}
