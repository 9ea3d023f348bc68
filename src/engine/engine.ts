/**
 * Runs a flow: the public face of compiling, preparing, running, suspending and resetting.
 *
 * @module
 */

import { Notifier } from '../base/notifier.ts'
import { unwatched } from '../base/unwatched.ts'
import {
  EngineBusyError,
  type FlowMismatchError,
  InvalidStateError,
  MissingDependenciesError,
} from '../errors.ts'
import type { FlowItem } from '../flows/flow.ts'
import { type Claim, claimFor } from '../holding/claim.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import { storedPlaceOf } from '../persistence/stored-in.ts'
import { type Compilation, compile } from './compiler.ts'
import { errorOf } from './completer.ts'
import { hasRun } from './course.ts'
import { dismiss } from './engine-kinds.ts'
import type { AtomEvents, FlowEvents } from './events.ts'
import { FlowRecordKeeper } from './flow-record.ts'
import { Interceptors } from './interceptors.ts'
import { Journal } from './journal.ts'
import { RunLimits } from './limits.ts'
import { type Ending, Machine } from './machine.ts'
import type { EngineParts, RevertOptions, RunOptions } from './options.ts'
import { type PreparationParts, type Purpose, prepareRuntime, refuseMisfit } from './preparation.ts'
import type { ProgressEvents } from './progress.ts'
import { type Prepared, Session } from './session.ts'
import { type EngineStatistics, type Phase, StatisticsClock } from './statistics.ts'
import { Storage } from './storage.ts'
import { refusePassing, undoOnDemand } from './undoing.ts'
import { Wishes } from './wishes.ts'

/**
 * Runs one flow, and remembers where it is.
 *
 * @typeParam Results the symbols that can be fetched after a run, with their types
 */
export class Engine<Results extends object = Record<string, unknown>> {
  /** Told of every state that the flow enters, after it is stored. */
  readonly notifier: Notifier<FlowEvents<Engine>> = new Notifier()
  /** Told of every state that a task or retry enters, after it is stored. */
  readonly atomNotifier: Notifier<AtomEvents> = new Notifier()
  /** Told of the progress of every task, at once. */
  readonly progressNotifier: Notifier<ProgressEvents> = new Notifier(['update_progress'])
  /** Stand around the runs and the calls of atoms. */
  readonly interceptors: Interceptors = new Interceptors()
  /** States, results and failures; and the way to put values in. */
  readonly storage: Storage<Results>
  readonly #parts: EngineParts
  readonly #claim: Claim
  readonly #journal: Journal<unknown>
  readonly #statistics: StatisticsClock
  readonly #wishes: Wishes
  readonly #limits: RunLimits
  readonly #record: FlowRecordKeeper
  #compilation: Compilation | undefined
  #prepared: Prepared | undefined
  #isValidated = false

  constructor(parts: EngineParts) {
    this.#parts = parts
    const { notifier, atomNotifier } = this
    const claim = parts.claim ?? claimFor(parts)
    const takeUp = (): Promise<void> => this.#takeUp()
    const journalParts = { ...parts, engine: this, claim, takeUp, notifier, atomNotifier }
    this.#claim = claim
    this.#journal = new Journal<Engine>(journalParts) as Journal<unknown>
    this.#statistics = new StatisticsClock(parts.gatherStatistics ? 'on' : 'off')
    this.storage = new Storage<Results>(parts.flowDetail, this.#journal)
    this.#record = new FlowRecordKeeper(this.storage, this.#journal, claim, parts)
    this.#wishes = new Wishes(this.storage, this.#record, this.#journal, () => this.#prepared)
    this.#limits = new RunLimits(this.storage, parts.clock, this.#wishes)
  }

  /** What is run. */
  get flow(): FlowItem {
    return this.#parts.flow
  }

  /** The execution graph; undefined before {@link Engine.compile}. */
  get compilation(): Compilation | undefined {
    return this.#compilation
  }

  /** Account of the newest run; undefined when `gatherStatistics` is off. */
  get statistics(): EngineStatistics | undefined {
    return this.#statistics.read({ ...this.#prepared, journal: this.#journal })
  }

  /**
   * Turns the flow into the graph that is run. Done once: later changes of the flow have no effect.
   *
   * @throws {@link DuplicateError} when two atoms have one name, or one object is met twice.
   */
  compile(): void {
    this.#compilation ??= compile(this.#parts.flow)
  }

  /**
   * Makes the records of the atoms and writes them. A flow whose process died goes from RUNNING
   * over RESUMING to SUSPENDED; one that was reverted is reset.
   *
   * @throws {@link InvalidStateError} before {@link Engine.compile}; {@link FlowMismatchError} when
   * the stored record does not fit the flow; {@link StorageError} when it cannot be written;
   * {@link EngineBusyError} while it runs.
   */
  async prepare(): Promise<void> {
    if (this.#record.isRunning) throw new EngineBusyError(this.flow.name)
    this.#claim.take()
    try {
      await this.#prepare('other')
      await this.#journal.flush()
    } catch (error) {
      await this.#claim.giveBack()
      throw error
    }
  }

  /**
   * Makes sure that every input of every atom has a possible source.
   * @throws {@link MissingDependenciesError} listing all that have none; {@link FlowMismatchError}
   * when the run has begun and something that it still has to call cannot have an input;
   * {@link InvalidStateError} before {@link Engine.prepare}.
   */
  validate(): void {
    const { compilation } = this.#demandPrepared('validate').runtime
    const isBound = hasRun(this.#parts.flowDetail)
    if (isBound) refuseMisfit(this.#parts, this.storage, compilation, 'run')
    const missing = isBound ? [] : this.storage.lookup.missing()
    if (missing.length) throw new MissingDependenciesError(this.flow.name, missing)
    this.#isValidated = true
  }

  /**
   * Runs the flow to its end; resolves when it is SUCCESS or SUSPENDED. Compiles, prepares and
   * validates first. After a crash or a suspension it goes on where it was, in the same direction;
   * a flow that was reverted starts anew.
   *
   * @throws what the atom threw, once everything is reverted; a {@link WrappedFailure} when there
   * are several failures, or they were read from a backend. {@link MissingDependenciesError} and
   * {@link FlowMismatchError} before anything starts. {@link EngineBusyError} when it is running.
   * {@link StorageError} when it cannot be written: nothing new was started, what was recorded is
   * kept, and running again goes on from there. {@link StaleWriteError} when another engine has
   * claimed the run: atoms under way were told to stop, and nothing of theirs was written.
   */
  async run(options: RunOptions = {}): Promise<void> {
    await (await this.#begin(options)).runToEnd(options)
  }

  /**
   * Reverts a run that is at rest, be it SUCCESS, suspended, half reverted or broken, from its
   * stored results: along its graph, as visible states. Resolves when it is REVERTED, or SUSPENDED
   * by the signal; FAILURE where tasks stay. Undoing that broke is tried again. When the process
   * dies, running or reverting it again goes on in the same direction.
   *
   * @throws {@link IrreversibleError} when tasks that cannot be undone have run and are not among
   * what stays, {@link NotFoundError} for an unknown task; nothing was changed then.
   * {@link EngineBusyError} when it is running: cancel it. What a revert threw, which stops it.
   */
  async revert(options: RevertOptions = {}): Promise<void> {
    const undo = undoOnDemand(options)
    if (this.#record.isRunning) throw new EngineBusyError(this.flow.name)
    if (this.storage.getFlowState() === 'REVERTED') return
    await (await this.#begin({}, undo)).runToEnd(options)
  }

  /**
   * Cancels the run: the signals of the atoms under way are aborted, and when they have ended
   * everything is reverted, down to the last point of no return. Those that do not end within
   * `graceMs` have failed with a {@link TimeoutError}. The run rejects with a
   * {@link CancelledError}. No retry is asked any more. A suspension under way is given up for it.
   *
   * @returns resolves once the wish is stored; from then on it survives a crash, and nothing more is
   * started. When the run ends before that, it has no effect. It need not be waited for: a rejection
   * that nobody handles does not end the process.
   * @throws {@link InvalidStateError} when the flow is not running: revert it.
   */
  cancel(reason: unknown = 'somebody wanted it'): Promise<void> {
    return this.#wishes.cancel(reason)
  }

  /**
   * Runs the flow phase by phase: gives the name of each before it is done, and the final state
   * at last, unless that is FAILURE. Throws what {@link Engine.run} throws.
   * Whoever leaves the loop early suspends the flow; what is under way is finished first.
   */
  async *runIter(options: RunOptions = {}): AsyncGenerator<Phase | Ending, void> {
    yield* (await this.#begin(options)).phases(options)
  }

  /**
   * Asks the flow to suspend: nothing new starts, what is under way is finished, and the run
   * resolves with the flow SUSPENDED, unless nothing was left to do. Has no effect on a flow that
   * is not running.
   *
   * @returns resolves once the wish is stored, and nothing more is started. It need not be waited
   * for, as that of {@link Engine.cancel}
   * @throws {@link InvalidStateError} before {@link Engine.compile}.
   */
  suspend(): Promise<void> {
    return this.#compilation === undefined
      ? unwatched(Promise.reject(this.#notReady('suspend', 'compiled')))
      : this.#wishes.suspend()
  }

  /**
   * Sends all atoms back to PENDING, so that the next run executes them again. Results stay
   * readable until they are replaced. Nothing is reverted.
   *
   * @throws {@link InvalidStateError} before {@link Engine.prepare}, or when the flow is neither
   * SUCCESS, REVERTED nor PENDING; nothing is changed then.
   */
  async reset(): Promise<void> {
    this.#demandPrepared('reset')
    if (this.#record.isRunning) throw new EngineBusyError(this.flow.name)
    this.#claim.take()
    try {
      await this.#takeUp()
      await this.#record.reset((this.#prepared ?? (await this.#prepare('other'))).runtime)
      await this.#journal.flush()
    } finally {
      await this.#claim.giveBack()
    }
  }

  /** Nothing is done from a copy of the record that may be stale. */
  async #takeUp(): Promise<void> {
    if (await this.#record.takeUp()) this.#prepared = undefined
  }

  async #prepare(purpose: Purpose): Promise<Prepared> {
    const compilation = this.#compilation
    if (compilation === undefined) throw this.#notReady('prepare', 'compiled')
    const { storage, interceptors, progressNotifier } = this
    // What does not fit is refused before whoever holds the run is kept from it.
    if (this.#claim.mustRead) refuseMisfit(this.#parts, storage, compilation, purpose)
    await this.#takeUp()
    if (this.#prepared === undefined) {
      refuseMisfit(this.#parts, storage, compilation, purpose)
      const parts = { compilation, storage, journal: this.#journal, interceptors, progressNotifier }
      const runtime = prepareRuntime(this.#parts, parts as PreparationParts)
      this.#prepared = { runtime, machine: new Machine(runtime, this.#statistics) }
    }
    const { runtime } = this.#prepared
    if (this.#record.move('RESUMING')) await runtime.moves.afterMove()
    if (this.#record.move('SUSPENDED')) await runtime.moves.afterMove()
    if (purpose === 'run') await this.#record.refusePoison()
    if (this.storage.getFlowState() === 'REVERTED') await this.#record.reset(runtime)
    return this.#prepared
  }

  /** @param undo the run is to be reverted instead of being gone on with */
  async #begin(options: RunOptions, undo?: Undo): Promise<Session> {
    this.#limits.check(options)
    if (this.#record.isRunning) throw new EngineBusyError(this.flow.name)
    this.#record.begin()
    this.#claim.take()
    try {
      this.compile()
      const prepared = await this.#prepare(undo === undefined ? 'run' : 'other')
      if (undo === undefined) await this.#validateBeforeWriting()
      else refusePassing(prepared.runtime, undo)
      this.#statistics.restart()
      this.interceptors.begin()
      this.#limits.begin(options)
      await this.#parts.executor.start?.()
      if (undo !== undefined) prepared.runtime.reversal.begin(undo)
      this.#record.move('RUNNING')
      await prepared.runtime.moves.afterMove()
      this.#claim.watch((problem) => prepared.machine.lose(problem))
      return this.#sessionOf(prepared)
    } catch (thrown) {
      const error = errorOf(thrown)
      await this.#claim.giveBack()
      this.interceptors.end(error)
      await dismiss(this.#parts).catch(() => {}) // what went wrong before counts
      this.#prepared?.machine.rest()
      this.#record.end()
      throw error
    }
  }

  /** What cannot run is not stored either, unless it is stored already. */
  async #validateBeforeWriting(): Promise<void> {
    if (this.#isValidated) return
    const { flowDetail, backend } = this.#parts
    if (storedPlaceOf(flowDetail) === backend) await this.#journal.flush()
    this.validate()
  }

  #sessionOf(prepared: Prepared): Session {
    return new Session(
      {
        engineParts: this.#parts,
        storage: this.storage,
        claim: this.#claim,
        journal: this.#journal,
        record: this.#record,
        limits: this.#limits,
        wishes: this.#wishes,
        interceptors: this.interceptors,
        statistics: this.#statistics,
      },
      prepared,
    )
  }

  #demandPrepared(what: string): Prepared {
    if (this.#compilation === undefined || this.#prepared === undefined) {
      throw this.#notReady(what, this.#compilation === undefined ? 'compiled' : 'prepared')
    }
    return this.#prepared
  }

  #notReady(what: string, missing: 'compiled' | 'prepared'): InvalidStateError {
    return new InvalidStateError(
      `the engine of flow '${this.flow.name}' cannot ${what} before it is ${missing}: call compile() and prepare() first, or run()`,
    )
  }
}
