/**
 * Takes the outcomes of calls, and finds what becomes ready by them.
 *
 * For the machine. An outcome is recorded and has its consequences at once, so that a serial engine
 * looks at each before it starts the next atom; only where each move is a transaction does it wait
 * for the end of the batch, as in TaskFlow.
 *
 * @module
 */
import type { Calls } from './calls.ts'
import type { GraphNode } from './compiler.ts'
import { type CompletingParts, type Outcome, record, settle } from './completer.ts'
import { type DecidingParts, decide, hasDeciders } from './deciding.ts'
import type { Runtime } from './runtime.ts'

/** What taking outcomes needs of a run. */
export type IntakeParts = CompletingParts &
  DecidingParts &
  Pick<Runtime, 'agenda' | 'pacer' | 'signals'>

/** Where the outcomes of one run are taken. */
export class Intake {
  readonly #run: IntakeParts
  readonly #calls: Calls
  /** Outcomes of a batch that is not at its end, to be taken there. */
  #postponed: Outcome[] = []
  /** Atoms whose outcomes have not been taken. */
  runningCount = 0
  /** How many outcomes were taken. */
  completedCount = 0

  constructor(run: IntakeParts, calls: Calls) {
    this.#run = run
    this.#calls = calls
  }

  /** Takes what has finished. Without a promise as long as nothing is to be waited for. */
  take(): Promise<void> | undefined {
    return this.#takeFrom(this.#outcomes(), 0)
  }

  #takeFrom(outcomes: readonly Outcome[], from: number): Promise<void> | undefined {
    let at = from
    try {
      while (at < outcomes.length) {
        const taking = this.#take(outcomes[at] as Outcome)
        at += 1
        if (taking !== undefined) return this.#takeAfter(taking, outcomes, at)
        const pause = this.#run.pacer.step()
        if (pause !== undefined) return this.#takeAfter(pause, outcomes, at)
      }
      return undefined
    } catch (error) {
      this.#calls.finished.push(...outcomes.slice(at + 1))
      throw error
    }
  }

  async #takeAfter(
    taking: Promise<void>,
    outcomes: readonly Outcome[],
    from: number,
  ): Promise<void> {
    let next = from
    try {
      await taking
      while (next < outcomes.length) {
        const outcome = outcomes[next] as Outcome
        next += 1
        const one = this.#take(outcome)
        if (one !== undefined) await one
        const pause = this.#run.pacer.step()
        if (pause !== undefined) await pause
      }
    } catch (error) {
      this.#calls.finished.push(...outcomes.slice(next)) // a write failed
      throw error
    }
  }

  /** A promise only where something is written first, or somebody is asked: a retry, or a decider. */
  #take(outcome: Outcome): Promise<void> | undefined {
    const run = this.#run
    const recorded = record(run, outcome)
    this.runningCount -= 1
    this.completedCount += 1
    const written = run.moves.afterMove()
    const settled =
      written === undefined ? settle(run, recorded) : written.then(() => settle(run, recorded))
    return settled instanceof Promise
      ? settled.then((ready) => this.#goOnWith(ready))
      : this.#goOnWith(settled)
  }

  /**
   * Where each move is told before the next one is made, leaves the outcomes of a serial engine to
   * the end of the batch. False when the batch is not to go on.
   */
  postpone(): boolean {
    const { options, agenda, standing } = this.#run
    if (options.commit === 'tick' || !agenda.isInBatch || standing.isStopping) return false
    const { finished, busyCount } = this.#calls
    if (busyCount > 0 || finished.some(({ hasFailed }) => hasFailed)) return false
    this.#calls.finished = []
    this.#postponed.push(...finished)
    return true
  }

  /** Records what has finished, and draws no consequences: the next run does. */
  recordOnly(): void {
    for (const outcome of this.#outcomes()) {
      if (!this.#run.signals.isOwnStop(outcome)) record(this.#run, outcome)
    }
    this.runningCount = 0
  }

  #outcomes(): readonly Outcome[] {
    const { finished } = this.#calls
    const outcomes = this.#postponed.length > 0 ? [...this.#postponed, ...finished] : finished
    this.#postponed = []
    this.#calls.finished = []
    return outcomes
  }

  #goOnWith(ready: readonly GraphNode[]): Promise<void> | undefined {
    if (ready.length === 0 || this.#run.standing.errors.length > 0) return undefined
    return this.choose(ready)
  }

  /** Puts atoms that are ready into the queue, unless a decider refuses them. */
  choose(ready: readonly GraphNode[]): Promise<void> | undefined {
    const { agenda } = this.#run
    if (ready.some(hasDeciders)) {
      return decide(this.#run, ready).then((chosen) => agenda.add(chosen))
    }
    agenda.add(ready)
    return undefined
  }
}
