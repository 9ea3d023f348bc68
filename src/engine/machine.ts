/**
 * The phases of a run: resume, schedule, wait, analyze, and so on until nothing is left to do.
 *
 * TaskFlow's state machine (`builder.py`). The phases are called by {@link runToEnd}, or one by
 * one by whoever drives an engine by hand.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { isThenable } from '../base/thenable.ts'
import { type AtomState, isDone } from '../states/atom.ts'
import type { GraphNode } from './compiler.ts'
import { type Outcome, type Recorded, record, resolve, settle } from './completer.ts'
import { decide, hasDeciders } from './deciding.ts'
import type { Runtime } from './runtime.ts'
import { type Launch, retrySubflow, start } from './scheduler.ts'
import type { StatisticsClock } from './statistics.ts'

/** How a run ends. */
export type Ending = 'SUCCESS' | 'FAILURE' | 'REVERTED' | 'SUSPENDED'

/** After so long without a pause, other work of the process gets its turn, in milliseconds. */
const PAUSE_AFTER_MS = 10

/** How many ticks pass between two looks at the clock. */
const TICKS_PER_LOOK = 64

/** Drives one run of an engine. */
export class Machine {
  readonly #runtime: Runtime
  readonly #statistics: StatisticsClock
  #finished: Outcome[] = []
  /** Outcomes of a batch that is not at its end, recorded already. */
  #recorded: Recorded[] = []
  /** Outcomes of a batch that is not at its end, to be recorded there. */
  #postponed: Outcome[] = []
  #launches: Launch[] = []
  /** Atoms whose outcomes have not been taken. */
  #runningCount = 0
  /** Atoms whose code has not come to its end. */
  #busyCount = 0
  #completedCount = 0
  #wake: (() => void) | undefined
  /** The present run knows where the flow is. */
  #isResumed = false

  constructor(runtime: Runtime, statistics: StatisticsClock) {
    this.#runtime = runtime
    this.#statistics = statistics
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
    if (!runtime.options.neverResolve) {
      for (const node of this.#atomsIn('FAILURE')) {
        const { failure } = runtime.detailOf(node)
        if (failure !== undefined) await resolve(runtime, node, failure)
      }
    }
    for (const node of this.#atomsIn('RETRYING')) await retrySubflow(runtime, node)
    const ready = runtime.selector.restart()
    for (const node of [...this.#atomsIn('RUNNING'), ...this.#atomsIn('REVERTING')]) {
      runtime.unfinished.add(node)
      runtime.enqueue([node])
    }
    await this.#chooseNext(ready)
  }

  /** Moves atoms that are ready, as many as there is room for; their code is not called yet. */
  async schedule(): Promise<void> {
    const runtime = this.#runtime
    const { queue, unfinished, selector, executor } = runtime
    this.#statistics.enter('SCHEDULING')
    while (!runtime.isStopping && this.#busyCount + this.#launches.length < executor.maxWorkers) {
      const node = queue.pop()
      if (node === undefined) return
      if (!unfinished.delete(node) && !selector.isReady(node)) continue
      const launch = await start(runtime, node)
      if (launch === undefined) return
      this.#launches.push(launch)
    }
  }

  /** Calls the code of the atoms that were scheduled and not withdrawn. */
  launch(): void {
    const launches = this.#launches
    this.#launches = []
    for (const { node, call } of launches) {
      const { direction } = call
      this.#runningCount += 1
      this.#busyCount += 1
      let value: unknown
      try {
        value = this.#runtime.executor.call(call)
      } catch (error) {
        this.#finish({ node, direction, hasFailed: true, value: error })
        continue
      }
      if (isThenable(value)) this.#follow(node, direction, value)
      else this.#finish({ node, direction, hasFailed: false, value })
    }
  }

  /**
   * Schedules and launches; on a serial engine, one atom of the batch after the other, as far as
   * none fails. For those who drive an engine by hand, and see a batch as one step.
   */
  async startBatch(): Promise<void> {
    const { journal, queue } = this.#runtime
    do {
      await this.schedule()
      await journal.flush()
      this.launch()
      if (!queue.isInBatch) return
      while (this.#busyCount > 0) await this.#nextFinish()
    } while (!this.#runtime.isStopping && !this.#finished.some(({ hasFailed }) => hasFailed))
  }

  /** Takes back what was scheduled and not announced, because the flow is to be suspended. */
  withdraw(): void {
    const runtime = this.#runtime
    const withdrawn = runtime.journal.withdraw()
    if (withdrawn.size === 0) return
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
    const isSerial = this.#runtime.executor.maxWorkers === 1
    if (this.#busyCount === 0 || (this.#finished.length > 0 && !isSerial)) return undefined
    return this.#nextFinish()
  }

  /** Takes what has finished, and finds what becomes ready by it. */
  async analyze(): Promise<void> {
    const runtime = this.#runtime
    const recorded = this.#recorded
    const finished = [...this.#postponed, ...this.#finished]
    this.#recorded = []
    this.#postponed = []
    this.#finished = []
    this.#statistics.enter('ANALYZING')
    runtime.journal.release()
    let taken = 0
    try {
      for (const one of recorded) await this.#settle(one)
      for (const outcome of finished) {
        taken += 1
        const one = record(runtime, outcome)
        if (runtime.options.commitEachMove) await runtime.afterMove()
        await this.#settle(one)
      }
    } finally {
      if (taken < finished.length) this.#finished.push(...finished.slice(taken)) // a write failed
    }
  }

  async #settle(recorded: Recorded): Promise<void> {
    this.#runningCount -= 1
    this.#completedCount += 1
    const settled = settle(this.#runtime, recorded)
    const ready = settled instanceof Promise ? await settled : settled
    if (ready.length > 0 && this.#runtime.errors.length === 0) await this.#chooseNext(ready)
  }

  /**
   * A serial engine draws the consequences of a batch at its end, as TaskFlow does. Outcomes are
   * recorded before the next atom of the batch starts all the same, so that a crash does not undo
   * them; listeners hear of them at the end. (Where each move is told before the next is made, both
   * wait for the end.) False when the batch is not to go on.
   */
  #goOnWithBatch(): boolean {
    const runtime = this.#runtime
    if (!runtime.queue.isInBatch || runtime.isStopping) return false
    const finished = this.#finished
    if (this.#busyCount > 0 || finished.some(({ hasFailed }) => hasFailed)) return false
    this.#finished = []
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
    if (!isStopping && queue.length > 0) return 'SCHEDULING'
    return this.#runningCount > 0 ? 'WAITING' : undefined
  }

  /** How the flow ends, once {@link Machine.next} has nothing left. */
  ending(): Ending {
    const runtime = this.#runtime
    this.#isResumed = false
    if (runtime.errors.length > 0) return 'FAILURE'
    for (let node = runtime.queue.pop(); node !== undefined; node = runtime.queue.pop()) {
      if (runtime.unfinished.has(node) || runtime.selector.isReady(node)) return 'SUSPENDED'
    }
    let isComplete = true
    for (const node of runtime.compilation.atoms) {
      const { state, intention } = runtime.detailOf(node)
      if (isDone(state) && intention !== 'REVERT') continue
      isComplete &&= isDone(state)
      if (!runtime.options.commitEachMove && isStuck(state, intention)) return 'FAILURE'
    }
    return isComplete ? 'SUCCESS' : 'REVERTED'
  }

  /**
   * Ends a run that cannot write any more: waits for the atoms under way and keeps their outcomes
   * in memory. The next run draws the consequences.
   */
  async abandon(): Promise<void> {
    const runtime = this.#runtime
    this.#launches = []
    while (this.#busyCount > 0) await this.#nextFinish()
    runtime.journal.release()
    for (const outcome of [...this.#postponed, ...this.#finished]) record(runtime, outcome)
    this.#recorded = []
    this.#postponed = []
    this.#finished = []
    this.#runningCount = 0
  }

  /** Ends a run that is driven by hand and was asked to suspend. */
  async stop(): Promise<Ending> {
    if (!this.#isResumed) await this.resume()
    while (this.#runningCount > 0) {
      await this.wait()
      await this.analyze()
    }
    return this.ending()
  }

  /** Runs all phases until nothing is left to do. */
  async runToEnd(): Promise<Ending> {
    const { journal } = this.#runtime
    await this.resume()
    let lastPauseMs = performance.now()
    for (let tick = 1; ; tick += 1) {
      await this.schedule()
      if (journal.isWaiting) await journal.flush()
      this.launch()
      if (this.#runningCount === 0) return this.ending()
      const waiting = this.wait()
      if (waiting !== undefined) await waiting
      if (this.#goOnWithBatch()) continue
      await this.analyze()
      if (tick % TICKS_PER_LOOK === 0 && performance.now() - lastPauseMs > PAUSE_AFTER_MS) {
        await setImmediate()
        lastPauseMs = performance.now()
      }
    }
  }

  async #chooseNext(ready: readonly GraphNode[]): Promise<void> {
    const runtime = this.#runtime
    if (!ready.some(hasDeciders)) {
      runtime.enqueue(ready)
      return
    }
    runtime.enqueue(await decide(runtime, ready))
  }

  #nextFinish(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  #finish(outcome: Outcome): void {
    this.#busyCount -= 1
    this.#finished.push(outcome)
  }

  #follow(node: GraphNode, direction: Outcome['direction'], promise: PromiseLike<unknown>): void {
    promise.then(
      (value) => {
        this.#finish({ node, direction, hasFailed: false, value })
        this.#wake?.()
      },
      (error: unknown) => {
        this.#finish({ node, direction, hasFailed: true, value: error })
        this.#wake?.()
      },
    )
  }
}

/** Something was begun and cannot go on: its undo broke, or what it needs is not there. */
function isStuck(state: string, intention: string): boolean {
  if (state === 'PENDING' || state === 'REVERTED' || state === 'IGNORE') return false
  return state !== 'SUCCESS' || intention === 'REVERT' || intention === 'RETRY'
}
