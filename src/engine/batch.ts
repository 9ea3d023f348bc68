/**
 * The atoms that start together: moved, written with one checkpoint, then called.
 *
 * For the machine. Until a listener has heard of a start, it can be withdrawn.
 *
 * @module
 */
import { Failure } from '../base/failure.ts'
import type { Calls } from './calls.ts'
import type { Delays } from './delays.ts'
import type { Intake } from './intake.ts'
import { Launches } from './launches.ts'
import type { Requests } from './requests.ts'
import type { Runtime } from './runtime.ts'
import { type Breakdown, type Launch, type StartingParts, start } from './scheduler.ts'

/** What a batch needs of a run. */
export type BatchParts = StartingParts &
  Pick<Runtime, 'agenda' | 'executor' | 'journal' | 'pacer' | 'standing'>

/** The other parts of the machine. */
export interface BatchPartners {
  readonly calls: Calls
  readonly intake: Intake
  /** Retries whose delay is not over. */
  readonly delays: Delays
  readonly requests: Requests
}

/** Starts atoms. */
export class Batch {
  readonly #run: BatchParts
  readonly #partners: BatchPartners
  readonly #launches = new Launches()
  /** Its atoms are being called, one after the other. */
  #isLaunching = false

  constructor(run: BatchParts, partners: BatchPartners) {
    this.#run = run
    this.#partners = partners
  }

  /**
   * Moves atoms that are ready, as many as there is room for; their code is not called yet. Without
   * a promise as long as nothing is to be waited for, since there would be one per atom.
   */
  fill(): Promise<void> | undefined {
    const { standing, executor, agenda, pacer } = this.#run
    const { requests, calls, delays } = this.#partners
    const launches = this.#launches
    while (
      !requests.isWaiting && // else it has come in a pause
      !standing.isStopping &&
      !launches.isBroken &&
      calls.busyCount + launches.count < executor.capacity
    ) {
      const node = agenda.take()
      if (node === undefined) return undefined
      if (delays.hold(node)) continue
      const launch = start(this.#run, node)
      if (launch instanceof Promise) return this.#fillAfter(launch)
      launches.add(launch)
      const pause = pacer.step()
      if (pause !== undefined) return pause.then(() => this.fill())
    }
    if (executor.capacity === 0) agenda.dropStale()
    return undefined
  }

  async #fillAfter(launch: Promise<Launch | Breakdown>): Promise<void> {
    const { standing, reversal } = this.#run
    this.#launches.isAwaited = true
    this.#launches.add(await launch)
    // What was wanted meanwhile did not find it.
    if (standing.isSuspending) this.withdraw()
    const isUnwanted = this.#partners.requests.isWaiting && reversal.undo === undefined
    if (isUnwanted) this.withdraw('execute')
    await this.fill()
  }

  /** Calls the code of the atoms that were moved and not withdrawn. */
  launch(): Promise<void> | undefined {
    const isIdle = this.#launches.count === 0
    const securing = isIdle ? undefined : this.#run.journal.demandLease()
    return securing === undefined ? this.#launchAll() : securing.then(() => this.#launchAll())
  }

  /** Each only while the lease holds; a promise where it must be renewed first. */
  #launchAll(): Promise<void> | undefined {
    const { journal, standing, pacer } = this.#run
    const { calls, intake } = this.#partners
    const secure = (): Promise<void> | undefined => journal.secureLease()
    this.#isLaunching = true
    for (let next = this.#launches.take(); next !== undefined; next = this.#launches.take()) {
      if (next.call === undefined) standing.errors.push(Failure.from(next.error))
      else {
        intake.runningCount += 1
        calls.make(next)
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
   * Withdraws the starts, unless a listener is hearing of one or an atom of them is being called:
   * those that start together with it go on.
   */
  withdrawUnlessUnderWay(): void {
    if (!this.#run.journal.isTellingStart && !this.#isLaunching) this.withdraw()
  }

  /** Withdraws the starts that nobody has heard of: their atoms are as if they were never started. */
  withdraw(direction?: 'execute'): void {
    const { moves, agenda, reversal, selector } = this.#run
    const withdrawn = this.#launches.takeUntold(
      ({ call }) => direction === undefined || call === undefined || call.direction === direction,
    )
    for (const { node, start, restart } of withdrawn) {
      moves.withdraw(start)
      for (const one of restart?.toReversed() ?? []) moves.withdraw(one)
      const isCutShort = ['RUNNING', 'REVERTING', 'RETRYING'].includes(moves.detailOf(node).state)
      if (isCutShort) agenda.addUnfinished(node)
      else agenda.add([node])
    }
    if (withdrawn.length > 0) reversal.forgetKept()
    if (withdrawn.some(({ restart }) => restart !== undefined)) selector.restart()
  }

  /** The run cannot write any more: nothing more of it is called. */
  abandon(): void {
    this.#isLaunching = false
    this.withdraw()
    this.#launches.drop()
  }
}
