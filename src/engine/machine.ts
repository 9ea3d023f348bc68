/**
 * The phases of a run: resume, schedule, wait, analyze, and so on until nothing is left to do.
 *
 * TaskFlow's state machine (`builder.py`). The phases are called by {@link runToEnd}, or one by
 * one by whoever drives an engine by hand.
 *
 * @module
 */

import type { Undo } from '../persistence/flow-meta.ts'
import type { AtomState } from '../states/atom.ts'
import { Batch } from './batch.ts'
import { Calls } from './calls.ts'
import type { GraphNode } from './compiler.ts'
import { resolve } from './completer.ts'
import { Delays } from './delays.ts'
import { Intake } from './intake.ts'
import { outcomeOfRun } from './outcome-of-run.ts'
import { Requests } from './requests.ts'
import { type Runtime, restart } from './runtime.ts'
import { retrySubflow, retrySubflowMoveByMove } from './scheduler.ts'
import type { StatisticsClock } from './statistics.ts'
import { undoAll } from './undoing.ts'

/** How a run ends. */
export type Ending = 'SUCCESS' | 'FAILURE' | 'REVERTED' | 'SUSPENDED'

/** Drives one run of an engine. */
export class Machine {
  readonly #runtime: Runtime
  readonly #statistics: StatisticsClock
  readonly #calls: Calls
  readonly #intake: Intake
  readonly #batch: Batch
  readonly #requests: Requests
  /** Retries whose delay is not over. */
  readonly #delays: Delays
  /** The present run knows where the flow is. */
  #isResumed = false
  /** Hears of an executor whose capacity grows. */
  #hearing: Disposable | undefined

  constructor(runtime: Runtime, statistics: StatisticsClock) {
    const calls = new Calls(runtime)
    const intake = new Intake(runtime, calls)
    const delays = new Delays(runtime, (retries) => {
      runtime.agenda.add(retries)
      calls.wake()
    })
    const requests = new Requests(runtime, calls, delays)
    this.#runtime = runtime
    this.#statistics = statistics
    this.#calls = calls
    this.#intake = intake
    this.#delays = delays
    this.#requests = requests
    this.#batch = new Batch(runtime, { calls, intake, delays, requests })
  }

  /** How many atoms are under way. */
  get runningCount(): number {
    return this.#intake.runningCount
  }

  /** How many outcomes were taken. */
  get completedCount(): number {
    return this.#intake.completedCount
  }

  /** How many atoms wait for their start. */
  get waitingCount(): number {
    return this.#runtime.agenda.length
  }

  /**
   * Finds out where the flow is: failures that nobody has dealt with are resolved, retries under
   * way go on, atoms that were cut short are to be started again.
   */
  async resume(): Promise<void> {
    const runtime = this.#runtime
    const { reversal, options, moves, pacer, selector, agenda, executor } = runtime
    this.#statistics.enter('RESUMING')
    this.#isResumed = true
    this.#hearing ??= executor.onMoreCapacity?.(() => this.#calls.wake())
    restart(runtime)
    if (reversal.undo !== undefined) undoAll(runtime)
    else if (!options.neverResolve) {
      for (const node of this.#atomsIn('FAILURE')) {
        const { failure } = moves.detailOf(node)
        if (failure !== undefined) await resolve(runtime, node, failure)
        await pacer.step()
      }
    }
    const retrying = this.#atomsIn('RETRYING')
    for (const node of reversal.undo === undefined ? retrying : []) {
      if (options.commit === 'move') await retrySubflowMoveByMove(runtime, node)
      else retrySubflow(runtime, node)
    }
    const ready = selector.restart()
    reversal.turned.forget()
    const cutShort = [...this.#atomsIn('RUNNING'), ...this.#atomsIn('REVERTING')]
    if (reversal.undo !== undefined) cutShort.push(...retrying)
    for (const node of cutShort) agenda.addUnfinished(node)
    await this.#intake.choose(ready)
  }

  /** Moves atoms that are ready, as many as there is room for; their code is not called yet. */
  schedule(): Promise<void> | undefined {
    this.#statistics.enter('SCHEDULING')
    this.#requests.meet()
    return this.#batch.fill()
  }

  /** Calls the code of the atoms that were scheduled and not withdrawn. */
  launch(): Promise<void> | undefined {
    return this.#batch.launch()
  }

  /** Resolves when everything is called that listeners have heard of as started. */
  whenLaunched(): Promise<void> | undefined {
    return this.#batch.whenLaunched()
  }

  /**
   * Schedules and launches; on a serial engine, one atom of the batch after the other, as far as
   * none fails. For those who drive an engine by hand, and see a batch as one step.
   */
  async startBatch(): Promise<void> {
    const { journal, agenda, pacer, standing, options } = this.#runtime
    for (;;) {
      await this.schedule()
      if (journal.isWaiting) await journal.flush(pacer)
      await this.launch()
      if (!agenda.isInBatch) return
      while (this.#calls.busyCount > 0) {
        this.#requests.meet()
        await this.#calls.whenFinished()
      }
      if (standing.isStopping || this.#calls.finished.some(({ hasFailed }) => hasFailed)) return
      if (options.commit === 'tick') await this.analyze()
    }
  }

  /**
   * Wants the run to be undone: atoms going forward are told to stop, no retry is asked any more.
   *
   * @returns resolves when it is meant so, which is not stored then; or when the run has ended
   */
  undo(undo: Undo, reason: unknown): Promise<void> {
    if (this.#runtime.reversal.undo === undefined) this.#batch.withdraw('execute')
    const met = this.#requests.add(undo, reason)
    this.#calls.wake()
    return met
  }

  /** Nothing is under way, and yet there is something to do, now or later. */
  get #hasMore(): boolean {
    const { standing, agenda } = this.#runtime
    if (this.#requests.isWaiting) return true
    if (standing.isStopping) return false
    return this.#delays.count > 0 || agenda.length > 0
  }

  /** The run has ended: no timer is left, and nobody waits for what is not done any more. */
  rest(): void {
    this.#hearing?.[Symbol.dispose]()
    this.#hearing = undefined
    this.#delays.drop()
    this.#requests.drop()
    this.#runtime.progress.stop()
  }

  /**
   * The flow is to be suspended: what nobody has heard of as started is not called. A listener that
   * hears of a start, or an atom that is called, lets those go on that start together with it.
   */
  suspend(): void {
    this.#runtime.standing.heedsSuspension = true
    this.#calls.wake()
    this.#batch.withdrawUnlessUnderWay()
  }

  /** Waits until something has finished; on a serial engine, until the batch has. */
  wait(): Promise<void> | undefined {
    this.#statistics.enter('WAITING')
    const { executor, agenda, standing } = this.#runtime
    const { busyCount, finished } = this.#calls
    if (finished.length > 0 && (busyCount === 0 || !agenda.goesByBatch)) return undefined
    if (this.#requests.isWaiting) return undefined
    // It may have become ready, or the room may have grown, since atoms were last scheduled.
    const canStart = agenda.length > 0 && busyCount < executor.capacity
    if (canStart && !standing.isStopping) return undefined
    return busyCount > 0 || this.#hasMore ? this.#calls.whenFinished() : undefined
  }

  /** Takes what has finished, and finds what becomes ready by it. */
  analyze(): Promise<void> | undefined {
    this.#statistics.enter('ANALYZING')
    const securing = this.#runtime.journal.secureLease() // retries may be asked
    return securing === undefined ? this.#intake.take() : securing.then(() => this.#intake.take())
  }

  /** The atoms in a state; a list, since dealing with them changes states. */
  #atomsIn(state: AtomState): readonly GraphNode[] {
    const { compilation, moves } = this.#runtime
    return compilation.atoms.filter((node) => moves.detailOf(node).state === state)
  }

  /** What the machine does after analyzing. */
  next(): 'SCHEDULING' | 'WAITING' | undefined {
    const { agenda, standing } = this.#runtime
    if (this.#requests.isWaiting || (!standing.isStopping && agenda.length > 0)) return 'SCHEDULING'
    return this.#intake.runningCount > 0 || this.#hasMore ? 'WAITING' : undefined
  }

  /** How the flow ends, once {@link Machine.next} has nothing left. */
  ending(): Ending {
    const { standing, agenda } = this.#runtime
    this.#isResumed = false
    if (standing.errors.length > 0) return 'FAILURE'
    if (this.#delays.drop().length > 0) return 'SUSPENDED'
    return agenda.take() === undefined ? outcomeOfRun(this.#runtime) : 'SUSPENDED'
  }

  /** The run cannot go on: atoms under way are told to stop, and it ends with its next step. */
  lose(reason: unknown): void {
    this.#runtime.signals.abort(reason)
    this.#calls.giveGrace('the run cannot go on')
    this.#calls.wake()
  }

  /**
   * Ends a run that cannot write any more: waits for the atoms under way and keeps their outcomes
   * in memory. The next run draws the consequences.
   */
  async abandon(): Promise<void> {
    this.#batch.abandon()
    this.#calls.giveGrace('the run cannot go on')
    while (this.#calls.busyCount > 0) await this.#calls.whenFinished()
    this.#intake.recordOnly()
  }

  /** Ends a run that is driven by hand and was asked to suspend. */
  async stop(): Promise<Ending> {
    if (!this.#isResumed) await this.resume()
    while (this.#intake.runningCount > 0) {
      this.#requests.meet()
      await this.wait()
      await this.analyze()
    }
    return this.ending()
  }

  /** Runs all phases until nothing is left to do. */
  async runToEnd(): Promise<Ending> {
    const { journal, pacer } = this.#runtime
    await this.resume()
    for (;;) {
      const scheduling = this.schedule()
      if (scheduling !== undefined) await scheduling
      const flushing = journal.isWaiting ? journal.flushNow(pacer) : undefined
      if (flushing !== undefined) await flushing
      const launching = this.launch()
      if (launching !== undefined) await launching
      if (this.#intake.runningCount === 0 && !this.#hasMore) return this.ending()
      const waiting = this.wait()
      if (waiting !== undefined) await waiting
      if (this.#intake.postpone()) continue
      await this.analyze()
      const pause = pacer.step()
      if (pause !== undefined) await pause
    }
  }
}
