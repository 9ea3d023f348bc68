/**
 * The phases of a run: resume, schedule, wait, analyze, and so on until nothing is left to do.
 *
 * TaskFlow's state machine (`builder.py`). The phases are called by {@link runToEnd}, or one by
 * one by whoever drives an engine by hand.
 *
 * @module
 */
import type { AtomState } from '../states/atom.ts'
import { Calls } from './calls.ts'
import type { GraphNode } from './compiler.ts'
import { type Outcome, type Recorded, record, resolve, settle } from './completer.ts'
import { decide, hasDeciders } from './deciding.ts'
import { Delays } from './delays.ts'
import { outcomeOfRun } from './outcome-of-run.ts'
import type { Runtime } from './runtime.ts'
import { type Launch, retrySubflow, start } from './scheduler.ts'
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
  /** Outcomes of a batch that is not at its end, recorded already. */
  #recorded: Recorded[] = []
  /** Outcomes of a batch that is not at its end, to be recorded there. */
  #postponed: Outcome[] = []
  #launches: Launch[] = []
  /** Atoms whose outcomes have not been taken. */
  #runningCount = 0
  #completedCount = 0
  /** Retries whose delay is not over. */
  readonly #delays: Delays
  /** Somebody wants the run to be undone. */
  #request: UndoRequest | undefined
  /** The present run knows where the flow is. */
  #isResumed = false

  constructor(runtime: Runtime, statistics: StatisticsClock) {
    this.#runtime = runtime
    this.#statistics = statistics
    this.#calls = new Calls(runtime)
    this.#delays = new Delays(runtime, (retries) => {
      runtime.enqueue(retries)
      this.#calls.wake()
    })
  }

  /** How many atoms are under way. */
  get runningCount(): number {
    return this.#runningCount
  }

  /** How many outcomes were taken. */
  get completedCount(): number {
    return this.#completedCount
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
    if (runtime.undo === undefined) for (const node of retrying) await retrySubflow(runtime, node)
    const ready = runtime.selector.restart()
    runtime.turned.forget()
    const cutShort = [...this.#atomsIn('RUNNING'), ...this.#atomsIn('REVERTING')]
    if (runtime.undo !== undefined) cutShort.push(...retrying)
    for (const node of cutShort) {
      runtime.unfinished.add(node)
      runtime.enqueue([node])
    }
    await this.#chooseNext(ready)
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
    const { queue, unfinished, selector, executor } = runtime
    while (
      !runtime.isStopping &&
      this.#calls.busyCount + this.#launches.length < executor.maxWorkers
    ) {
      const node = queue.pop()
      if (node === undefined) return undefined
      if (!unfinished.delete(node) && !selector.isReady(node)) continue
      if (this.#delays.hold(node)) continue
      const launch = start(runtime, node)
      if (launch instanceof Promise) return launch.then((started) => this.#scheduled(started))
      if (launch === undefined) return undefined
      this.#launches.push(launch)
      const pause = runtime.pacer.step()
      if (pause !== undefined) return pause.then(() => this.#scheduleMore())
    }
    return undefined
  }

  #scheduled(launch: Launch | undefined): Promise<void> | undefined {
    if (launch === undefined) return undefined
    this.#launches.push(launch)
    return this.#scheduleMore()
  }

  /** Calls the code of the atoms that were scheduled and not withdrawn. */
  launch(): Promise<void> | undefined {
    const launches = this.#launches
    this.#launches = []
    this.#runningCount += launches.length
    return this.#calls.makeAll(launches)
  }

  /**
   * Schedules and launches; on a serial engine, one atom of the batch after the other, as far as
   * none fails. For those who drive an engine by hand, and see a batch as one step.
   */
  async startBatch(): Promise<void> {
    const { journal, queue, pacer } = this.#runtime
    do {
      await this.schedule()
      await journal.flush(pacer)
      await this.launch()
      if (!queue.isInBatch) return
      while (this.#calls.busyCount > 0) {
        this.#meetRequest()
        await this.#calls.whenFinished()
      }
    } while (!this.#runtime.isStopping && !this.#calls.finished.some(({ hasFailed }) => hasFailed))
  }

  /**
   * Wants the run to be undone: atoms going forward are told to stop, no retry is asked any more.
   *
   * @returns resolves when it is meant so, which is not stored then; or when the run has ended
   */
  undo(undo: Undo, reason: unknown): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = this.#request
    this.#request = { undo: earlier?.undo ?? undo, reason: earlier?.reason ?? reason, resolve }
    if (earlier !== undefined) void promise.then(earlier.resolve)
    this.#calls.wake()
    return promise
  }

  #meetRequest(): void {
    const runtime = this.#runtime
    const request = this.#request
    if (request === undefined || runtime.isStopping) return
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
    if (this.#runtime.isStopping) return false
    const { queue } = this.#runtime
    return this.#request !== undefined || this.#delays.count > 0 || queue.length > 0
  }

  /** The run has ended: no timer is left, and nobody waits for what is not done any more. */
  rest(): void {
    this.#delays.drop()
    this.#request?.resolve()
    this.#request = undefined
  }

  /** The flow is to be suspended: takes back what was scheduled and not announced. */
  suspend(): void {
    const runtime = this.#runtime
    runtime.heedsSuspension = true
    this.#calls.wake()
    const withdrawn = runtime.journal.withdraw()
    runtime.forgetKept()
    this.#launches = this.#launches.filter(({ node }) => {
      if (!withdrawn.has(runtime.detailOf(node))) return true
      runtime.unfinished.add(node)
      runtime.enqueue([node])
      return false
    })
  }

  /** Waits until something has finished; on a serial engine, until the batch has. */
  wait(): Promise<void> | undefined {
    this.#statistics.enter('WAITING')
    const { executor, queue, isStopping } = this.#runtime
    const isSerial = executor.maxWorkers === 1
    const { busyCount, finished } = this.#calls
    if (finished.length > 0 && (busyCount === 0 || !isSerial)) return undefined
    if (this.#request !== undefined && !isStopping) return undefined
    const mayWait = busyCount > 0 || (this.#hasMore && queue.length === 0)
    return mayWait ? this.#calls.whenFinished() : undefined
  }

  /** Takes what has finished, and finds what becomes ready by it. */
  async analyze(): Promise<void> {
    const runtime = this.#runtime
    const securing = runtime.journal.secureLease() // retries may be asked
    if (securing !== undefined) await securing
    const recorded = this.#recorded
    const finished = [...this.#postponed, ...this.#calls.finished]
    this.#recorded = []
    this.#postponed = []
    this.#calls.finished = []
    this.#statistics.enter('ANALYZING')
    runtime.journal.release()
    let taken = 0
    try {
      for (const one of recorded) {
        const settling = this.#settle(one)
        if (settling !== undefined) await settling
      }
      for (const outcome of finished) {
        taken += 1
        const one = record(runtime, outcome)
        if (runtime.options.commitEachMove) await runtime.afterMove()
        const settling = this.#settle(one)
        if (settling !== undefined) await settling
        const pause = runtime.pacer.step()
        if (pause !== undefined) await pause
      }
    } finally {
      if (taken < finished.length) this.#calls.finished.push(...finished.slice(taken)) // a write failed
    }
  }

  /** A promise only where somebody is asked: a retry, or a decider. */
  #settle(recorded: Recorded): Promise<void> | undefined {
    this.#runningCount -= 1
    this.#completedCount += 1
    const settled = settle(this.#runtime, recorded)
    return settled instanceof Promise
      ? settled.then((ready) => this.#goOnWith(ready))
      : this.#goOnWith(settled)
  }

  /**
   * A serial engine draws the consequences of a batch at its end, and tells listeners then, as
   * TaskFlow. Outcomes are recorded before the next atom starts, so that a crash does not undo them,
   * unless each move is told before the next is made. False when the batch is not to go on.
   */
  #goOnWithBatch(): boolean {
    const runtime = this.#runtime
    if (!runtime.queue.isInBatch || runtime.isStopping) return false
    const finished = this.#calls.finished
    if (this.#calls.busyCount > 0 || finished.some(({ hasFailed }) => hasFailed)) return false
    this.#calls.finished = []
    if (runtime.options.commitEachMove) {
      this.#postponed.push(...finished)
      return true
    }
    const recorded = runtime.journal.hold(() => finished.map((one) => record(runtime, one)))
    this.#recorded.push(...recorded)
    return recorded.every(({ failure }) => failure === undefined)
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
    if (!isStopping && (queue.length > 0 || this.#request !== undefined)) return 'SCHEDULING'
    return this.#runningCount > 0 || this.#hasMore ? 'WAITING' : undefined
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
    const runtime = this.#runtime
    this.#launches = []
    this.#calls.giveGrace('the run cannot go on')
    while (this.#calls.busyCount > 0) await this.#calls.whenFinished()
    runtime.journal.release()
    for (const outcome of [...this.#postponed, ...this.#calls.finished]) {
      if (!runtime.isOwnStop(outcome)) record(runtime, outcome)
    }
    this.#recorded = []
    this.#postponed = []
    this.#calls.finished = []
    this.#runningCount = 0
  }

  /** Ends a run that is driven by hand and was asked to suspend. */
  async stop(): Promise<Ending> {
    if (!this.#isResumed) await this.resume()
    while (this.#runningCount > 0) {
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
      if (journal.isWaiting) await journal.flush(pacer)
      const launching = this.launch()
      if (launching !== undefined) await launching
      if (this.#runningCount === 0 && !this.#hasMore) return this.ending()
      const waiting = this.wait()
      if (waiting !== undefined) await waiting
      if (this.#goOnWithBatch()) continue
      await this.analyze()
      const pause = pacer.step()
      if (pause !== undefined) await pause
    }
  }

  #goOnWith(ready: readonly GraphNode[]): Promise<void> | undefined {
    if (ready.length === 0 || this.#runtime.errors.length > 0) return undefined
    return this.#chooseNext(ready)
  }

  #chooseNext(ready: readonly GraphNode[]): Promise<void> | undefined {
    const runtime = this.#runtime
    if (ready.some(hasDeciders)) {
      return decide(runtime, ready).then((chosen) => runtime.enqueue(chosen))
    }
    runtime.enqueue(ready)
    return undefined
  }
}
