/**
 * What is seen of a case while it runs, over all its processes: moves and calls.
 *
 * @module
 */
import { type Call, type ObservedAtom, sortSweeps, type Transition } from './outcome.ts'

/** What is seen of one atom. */
interface AtomLog {
  state: string
  readonly transitions: Transition[]
  readonly calls: Call[]
  readonly flowFailures: (readonly string[])[]
  readonly attempts: { execute: number; revert: number }
}

/** What a recording adds to the record of an atom. */
export type AtomHistory = Pick<
  ObservedAtom,
  'executes' | 'reverts' | 'transitions' | 'calls' | 'flowFailures'
>

/** Collects moves and calls in their order. */
export class Recording {
  readonly flowTransitions: Transition[] = []
  readonly callOrder: string[] = []
  readonly #order: string[] = []
  readonly #atoms = new Map<string, AtomLog>()
  #flowState = 'PENDING'

  /** All moves in order, those of one sweep sorted. */
  get order(): readonly string[] {
    return sortSweeps(this.#order)
  }

  /** Notes a move of the flow; false when it is in that state already. */
  flowMoved(state: string): boolean {
    if (this.#flowState === state) return false
    this.flowTransitions.push([this.#flowState, state])
    this.#flowState = state
    this.#order.push(`flow ${state}`)
    return true
  }

  /** Notes a move of an atom; false when it is in that state already, as when it is run again. */
  atomMoved(atom: string, state: string): boolean {
    const log = this.#log(atom)
    if (log.state === state) return false
    log.transitions.push([log.state, state])
    log.state = state
    this.#order.push(`${atom} ${state}`)
    return true
  }

  /** Counts a call of a method; gives the number of the attempt. */
  attempted(atom: string, method: 'execute' | 'revert'): number {
    const { attempts } = this.#log(atom)
    attempts[method] += 1
    this.callOrder.push(`${atom}.${method}`)
    return attempts[method]
  }

  /** Notes what a method was called with. */
  called(atom: string, call: Call, flowFailures?: readonly string[]): void {
    const log = this.#log(atom)
    log.calls.push(call)
    if (flowFailures !== undefined) log.flowFailures.push(flowFailures)
  }

  /** What was seen of an atom. */
  historyOf(atom: string): AtomHistory {
    const { attempts, transitions, calls, flowFailures } = this.#log(atom)
    return {
      executes: attempts.execute,
      reverts: attempts.revert,
      transitions,
      calls,
      flowFailures,
    }
  }

  #log(atom: string): AtomLog {
    let log = this.#atoms.get(atom)
    if (log === undefined) {
      const attempts = { execute: 0, revert: 0 }
      log = { state: 'PENDING', transitions: [], calls: [], flowFailures: [], attempts }
      this.#atoms.set(atom, log)
    }
    return log
  }
}
