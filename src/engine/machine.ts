/**
 * The phases of a run: resume, schedule, wait, analyze, and so on until nothing is left to do.
 *
 * TaskFlow's state machine (`builder.py`). The phases are called by {@link runToEnd}, or one by
 * one by whoever drives an engine by hand.
 *
 * @module
 */
import { Failure } from '../base/failure.ts'
import type { AtomState } from '../states/atom.ts'
import { Calls } from './calls.ts'
import type { GraphNode } from './compiler.ts'
import { resolve } from './completer.ts'
import { Delays } from './delays.ts'
import { Intake } from './intake.ts'
import { Launches } from './launches.ts'
import { outcomeOfRun } from './outcome-of-run.ts'
import type { Runtime } from './runtime.ts'
import {
  type Breakdown,
  type Launch,
  retrySubflow,
  retrySubflowMoveByMove,
  start,
} from './scheduler.ts'
import type { StatisticsClock } from './statistics.ts'
import type { Undo, UndoRequest } from './undo-record.ts'
import { undoAll } from './undoing.ts'

/** How a run ends. */
export type Ending = 'SUCCESS' | 'FAILURE' | 'REVERTED' | 'SUSPENDED'

/** Drives one run of an engine. */
export class Machine {
  readonly #runtime: Runtime
  readonly #statistics: StatisticsClock
  readonly #calls: Calls
  readonly #intake: Intake
  readonly #launches = new Launches()
  /** Atoms that start together are being called, one after the other. */
  #isLaunching = false
  /** Retries whose delay is not over. */
  readonly #delays: Delays
  /** Somebody wants the run to be undone. */
  #request: UndoRequest | undefined
  /** The present run knows where the flow is. */
  #isResumed = false
  /** Hears of an executor whose capacity grows. */
  #hearing: Disposable | undefined

  constructor(runtime: Runtime, statistics: StatisticsClock) {
    this.#runtime = runtime
    this.#statistics = statistics
    this.#calls = new Calls(runtime)
    this.#intake = new Intake(runtime, this.#calls)
    this.#delays = new Delays(runtime, (retries) => {
      runtime.enqueue(retries)
      this.#calls.wake()
    })
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
    return this.#runtime.queue.length
  }

  /**
   * Finds out where the flow is: failures that nobody has dealt with are resolved, retries under
   * way go on, atoms that were cut short are to be started again.
   */
  async resume(): Promise<void> {
    const runtime = this.#runtime
    this.#statistics.enter('RESUMING')
    this.#isResumed = true
    this.#hearing ??= runtime.executor.onMoreCapacity?.(() => this.#calls.wake())
    runtime.restart()
    if (runtime.undo !== undefined) undoAll(runtime)
    else if (!runtime.options.neverResolve) {
      for (const node of this.#atomsIn('FAILURE')) {
        const { failure } = runtime.detailOf(node)
        if (failure !== undefined) await resolve(runtime, node, failure)
        await runtime.pacer.step()
      }
    }
    const retrying = this.#atomsIn('RETRYING')
    for (const node of runtime.undo === undefined ? retrying : []) {
      if (runtime.options.commitEachMove) await retrySubflowMoveByMove(runtime, node)
      else retrySubflow(runtime, node)
    }
    const ready = runtime.selector.restart()
    runtime.turned.forget()
    const cutShort = [...this.#atomsIn('RUNNING'), ...this.#atomsIn('REVERTING')]
    if (runtime.undo !== undefined) cutShort.push(...retrying)
    for (const node of cutShort) {
      runtime.unfinished.add(node)
      runtime.enqueue([node])
    }
    await this.#intake.choose(ready)
  }

  /** Moves atoms that are ready, as many as there is room for; their code is not called yet. */
  schedule(): Promise<void> | undefined {
    this.#statistics.enter('SCHEDULING')
    this.#meetRequest()
    return this.#scheduleMore()
  }

  /** Without a promise as long as nothing is to be waited for, since there would be one per atom. */
  #scheduleMore(): Promise<void> | undefined {
    const runtime = this.#runtime
    const launches = this.#launches
    const { queue, unfinished, selector, executor } = runtime
    while (
      this.#request === undefined && // else it has come in a pause
      !runtime.isStopping &&
      !launches.isBroken &&
      this.#calls.busyCount + launches.count < executor.capacity
    ) {
      const node = queue.pop()
      if (node === undefined) return undefined
      if (!unfinished.delete(node) && !selector.isReady(node)) continue
      if (this.#delays.hold(node)) continue
      const launch = start(runtime, node)
      if (launch instanceof Promise) return this.#scheduleAfter(launch)
      launches.add(launch)
      const pause = runtime.pacer.step()
      if (pause !== undefined) return pause.then(() => this.#scheduleMore())
    }
    if (executor.capacity === 0) this.#dropStale()
    return undefined
  }

  /** Without any room, only atoms that can still start are worth waiting for. */
  #dropStale(): void {
    const { queue, unfinished, selector } = this.#runtime
    for (let node = queue.first; node !== undefined; node = queue.first) {
      if (unfinished.has(node) || selector.isReady(node)) return
      queue.pop()
    }
  }

  async #scheduleAfter(launch: Promise<Launch | Breakdown>): Promise<void> {
    this.#launches.isAwaited = true
    this.#launches.add(await launch)
    // What was wanted meanwhile did not find it.
    if (this.#runtime.isSuspending) this.#withdraw()
    if (this.#request !== undefined && this.#runtime.undo === undefined) this.#withdraw('execute')
    await this.#scheduleMore()
  }

  /** Calls the code of the atoms that were scheduled and not withdrawn. */
  launch(): Promise<void> | undefined {
    const isIdle = this.#launches.count === 0
    const securing = isIdle ? undefined : this.#runtime.journal.demandLease()
    return securing === undefined ? this.#launchAll() : securing.then(() => this.#launchAll())
  }

  /** Each only while the lease holds; a promise where it must be renewed first. */
  #launchAll(): Promise<void> | undefined {
    const { journal, errors, pacer } = this.#runtime
    const secure = (): Promise<void> | undefined => journal.secureLease()
    this.#isLaunching = true
    for (let next = this.#launches.take(); next !== undefined; next = this.#launches.take()) {
      if (next.call === undefined) errors.push(Failure.from(next.error))
      else {
        this.#intake.runningCount += 1
        this.#calls.make(next)
      }
      if (this.#launches.count === 0) continue
      const pause = pacer.step()
      const securing = pause === undefined ? journal.secureLease() : pause.then(secure)
      if (securing === undefined) continue
      this.#isLaunching = false
      return securing.then(() => this.#launchAll())
    }
    this.#isLaunching = false
    return undefined
  }

  /** Resolves when everything is called that listeners have heard of as started. */
  whenLaunched(): Promise<void> | undefined {
    return this.#launches.whenCalled()
  }

  /**
   * Schedules and launches; on a serial engine, one atom of the batch after the other, as far as
   * none fails. For those who drive an engine by hand, and see a batch as one step.
   */
  async startBatch(): Promise<void> {
    const runtime = this.#runtime
    const { journal, queue, pacer } = runtime
    for (;;) {
      await this.schedule()
      if (journal.isWaiting) await journal.flush(pacer)
      await this.launch()
      if (!queue.isInBatch) return
      while (this.#calls.busyCount > 0) {
        this.#meetRequest()
        await this.#calls.whenFinished()
      }
      if (runtime.isStopping || this.#calls.finished.some(({ hasFailed }) => hasFailed)) return
      if (!runtime.options.commitEachMove) await this.analyze()
    }
  }

  /**
   * Wants the run to be undone: atoms going forward are told to stop, no retry is asked any more.
   *
   * @returns resolves when it is meant so, which is not stored then; or when the run has ended
   */
  undo(undo: Undo, reason: unknown): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = this.#request
    if (this.#runtime.undo === undefined) this.#withdraw('execute')
    this.#request = { undo: earlier?.undo ?? undo, reason: earlier?.reason ?? reason, resolve }
    if (earlier !== undefined) void promise.then(earlier.resolve)
    this.#calls.wake()
    return promise
  }

  #meetRequest(): void {
    const runtime = this.#runtime
    const request = this.#request
    if (request === undefined) return
    this.#request = undefined
    if (runtime.undo === undefined) {
      runtime.beginUndo(request.undo)
      runtime.abort(request.reason, 'execute')
      this.#calls.giveGrace(request.undo.message, 'execute')
      runtime.enqueue([...undoAll(runtime), ...this.#delays.drop()])
    }
    request.resolve()
  }

  /** Nothing is under way, and yet there is something to do, now or later. */
  get #hasMore(): boolean {
    if (this.#request !== undefined) return true
    if (this.#runtime.isStopping) return false
    return this.#delays.count > 0 || this.#runtime.queue.length > 0
  }

  /** The run has ended: no timer is left, and nobody waits for what is not done any more. */
  rest(): void {
    this.#hearing?.[Symbol.dispose]()
    this.#hearing = undefined
    this.#delays.drop()
    this.#request?.resolve()
    this.#request = undefined
  }

  /**
   * The flow is to be suspended: what nobody has heard of as started is not called. A listener that
   * hears of a start, or an atom that is called, lets those go on that start together with it.
   */
  suspend(): void {
    const runtime = this.#runtime
    runtime.heedsSuspension = true
    this.#calls.wake()
    if (!runtime.journal.isTellingStart && !this.#isLaunching) this.#withdraw()
  }

  /** Withdraws the starts that nobody has heard of: their atoms are as if they were never started. */
  #withdraw(direction?: 'execute'): void {
    const runtime = this.#runtime
    const withdrawn = this.#launches.takeUntold(
      ({ call }) => direction === undefined || call === undefined || call.direction === direction,
    )
    for (const { node, start, restart } of withdrawn) {
      runtime.withdraw(start)
      for (const one of restart?.toReversed() ?? []) runtime.withdraw(one)
      const isCutShort = ['RUNNING', 'REVERTING', 'RETRYING'].includes(runtime.detailOf(node).state)
      if (isCutShort) runtime.unfinished.add(node)
      runtime.enqueue([node])
    }
    if (withdrawn.length > 0) runtime.forgetKept()
    if (withdrawn.some(({ restart }) => restart !== undefined)) runtime.selector.restart()
  }

  /** Waits until something has finished; on a serial engine, until the batch has. */
  wait(): Promise<void> | undefined {
    this.#statistics.enter('WAITING')
    const { executor, queue } = this.#runtime
    const { busyCount, finished } = this.#calls
    if (finished.length > 0 && (busyCount === 0 || !queue.goesByBatch)) return undefined
    if (this.#request !== undefined) return undefined
    const hasNoneToStart = queue.length === 0 || executor.capacity === 0
    const mayWait = busyCount > 0 || (this.#hasMore && hasNoneToStart)
    return mayWait ? this.#calls.whenFinished() : undefined
  }

  /** Takes what has finished, and finds what becomes ready by it. */
  analyze(): Promise<void> | undefined {
    this.#statistics.enter('ANALYZING')
    const securing = this.#runtime.journal.secureLease() // retries may be asked
    return securing === undefined ? this.#intake.take() : securing.then(() => this.#intake.take())
  }

  /** The atoms in a state; a list, since dealing with them changes states. */
  #atomsIn(state: AtomState): readonly GraphNode[] {
    return this.#runtime.compilation.atoms.filter(
      (node) => this.#runtime.detailOf(node).state === state,
    )
  }

  /** What the machine does after analyzing. */
  next(): 'SCHEDULING' | 'WAITING' | undefined {
    const { queue, isStopping } = this.#runtime
    if (this.#request !== undefined || (!isStopping && queue.length > 0)) return 'SCHEDULING'
    return this.#intake.runningCount > 0 || this.#hasMore ? 'WAITING' : undefined
  }

  /** How the flow ends, once {@link Machine.next} has nothing left. */
  ending(): Ending {
    const runtime = this.#runtime
    this.#isResumed = false
    if (runtime.errors.length > 0) return 'FAILURE'
    if (this.#delays.drop().length > 0) return 'SUSPENDED'
    for (let node = runtime.queue.pop(); node !== undefined; node = runtime.queue.pop()) {
      if (runtime.unfinished.has(node) || runtime.selector.isReady(node)) return 'SUSPENDED'
    }
    return outcomeOfRun(runtime)
  }

  /** The run cannot go on: atoms under way are told to stop, and it ends with its next step. */
  lose(reason: unknown): void {
    this.#runtime.abort(reason)
    this.#calls.giveGrace('the run cannot go on')
    this.#calls.wake()
  }

  /**
   * Ends a run that cannot write any more: waits for the atoms under way and keeps their outcomes
   * in memory. The next run draws the consequences.
   */
  async abandon(): Promise<void> {
    this.#isLaunching = false
    this.#withdraw()
    this.#launches.drop()
    this.#calls.giveGrace('the run cannot go on')
    while (this.#calls.busyCount > 0) await this.#calls.whenFinished()
    this.#intake.recordOnly()
  }

  /** Ends a run that is driven by hand and was asked to suspend. */
  async stop(): Promise<Ending> {
    if (!this.#isResumed) await this.resume()
    while (this.#intake.runningCount > 0) {
      this.#meetRequest()
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
