/**
 * Runs a flow: the public face of compiling, preparing, running, suspending and resetting.
 *
 * @module
 */
import { Failure } from '../base/failure.ts'
import { SILENT_LOGGER } from '../base/logger.ts'
import { Notifier } from '../base/notifier.ts'
import {
  EngineBusyError,
  FlowMismatchError,
  InvalidStateError,
  MissingDependenciesError,
} from '../errors.ts'
import type { FlowItem } from '../flows/flow.ts'
import { checkFlowMove, type FlowState } from '../states/flow.ts'
import { type Compilation, compile } from './compiler.ts'
import { findDifferences } from './differences.ts'
import { type AtomEvents, type FlowEvents, Journal } from './journal.ts'
import { type Ending, Machine } from './machine.ts'
import type { EngineParts, RunOptions } from './options.ts'
import { Runtime, type RuntimeOptions } from './runtime.ts'
import { type EngineStatistics, type Phase, StatisticsClock } from './statistics.ts'
import { Storage } from './storage.ts'

/** Everything that needs the flow to be compiled and its records to be there. */
interface Prepared {
  readonly runtime: Runtime
  readonly machine: Machine
}

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
  /** States, results and failures; and the way to put values in. */
  readonly storage: Storage<Results>
  readonly #parts: EngineParts
  readonly #journal: Journal<unknown>
  readonly #statistics: StatisticsClock
  #compilation: Compilation | undefined
  #prepared: Prepared | undefined
  #isValidated = false
  #isRunning = false

  constructor(parts: EngineParts) {
    const { flowDetail, book, backend } = parts
    this.#parts = parts
    const { notifier, atomNotifier } = this
    const journalParts = { engine: this, flowDetail, book, backend, notifier, atomNotifier }
    this.#journal = new Journal<Engine>(journalParts) as Journal<unknown>
    this.#statistics = new StatisticsClock(parts.gatherStatistics !== false)
    this.storage = new Storage<Results>(flowDetail, this.#journal)
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
    const account = this.#statistics.read()
    if (account === undefined) return undefined
    const { runtime, machine } = this.#prepared ?? {}
    return {
      ...account,
      discardedFailures: runtime?.resolvedCount ?? 0,
      awaiting: machine?.waitingCount ?? 0,
      completed: machine?.completedCount ?? 0,
      incomplete: machine?.runningCount ?? 0,
      checkpoints: this.#journal.checkpointCount,
    }
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
    if (this.#isRunning) throw new EngineBusyError(this.flow.name)
    await this.#prepare()
    await this.#journal.flush()
  }

  /**
   * Makes sure that every input of every atom has a possible source.
   *
   * @throws {@link MissingDependenciesError} listing all that have none; {@link InvalidStateError}
   * before {@link Engine.prepare}.
   */
  validate(): void {
    this.#demandPrepared('validate')
    const missing = this.storage.lookup.missing()
    if (missing.length > 0) throw new MissingDependenciesError(this.flow.name, missing)
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
   * kept, and running again goes on from there.
   */
  async run(options: RunOptions = {}): Promise<void> {
    const prepared = await this.#begin()
    const release = this.#suspendOn(options.signal)
    try {
      await this.#finish(await prepared.machine.runToEnd(), prepared)
    } catch (error) {
      throw await this.#stopAfter(error, prepared)
    } finally {
      this.#end(release)
    }
  }

  /**
   * Runs the flow phase by phase: gives the name of each before it is done, and the final state
   * at last, unless that is FAILURE. Throws what {@link Engine.run} throws.
   *
   * Whoever leaves the loop early suspends the flow; what is under way is finished first.
   */
  async *runIter(options: RunOptions = {}): AsyncGenerator<Phase | Ending, void> {
    const prepared = await this.#begin()
    const { machine } = prepared
    let isLeft = true
    const release = this.#suspendOn(options.signal)
    try {
      yield 'RESUMING'
      await machine.resume()
      await this.#journal.flush()
      let next: ReturnType<Machine['next']> = 'SCHEDULING' // though nothing may be ready
      for (; next !== undefined; next = machine.next()) {
        if (next === 'SCHEDULING') {
          yield 'SCHEDULING'
          await machine.startBatch()
        }
        yield 'WAITING'
        await machine.wait()
        yield 'ANALYZING'
        await machine.analyze()
        await this.#journal.flush()
      }
      const ending = machine.ending()
      if (ending !== 'FAILURE') yield ending
      isLeft = false
      await this.#finish(ending, prepared)
    } catch (error) {
      isLeft = false
      throw await this.#stopAfter(error, prepared)
    } finally {
      if (isLeft) await this.#finishAfterLeaving(prepared)
      this.#end(release)
    }
  }

  /**
   * Asks the flow to suspend: nothing new starts, what is under way is finished, and the run
   * resolves with the flow SUSPENDED, unless nothing was left to do. Has no effect on a flow that
   * is not running.
   *
   * @returns resolves once the wish is stored
   * @throws {@link InvalidStateError} before {@link Engine.compile}.
   */
  suspend(): Promise<void> {
    if (this.#compilation === undefined) {
      return Promise.reject(
        new InvalidStateError(
          `the engine of flow '${this.flow.name}' cannot suspend before it is compiled: call compile() or run()`,
        ),
      )
    }
    if (this.#moveFlow('SUSPENDING')) {
      this.#prepared?.machine.withdraw()
    }
    const stored = this.#journal.flush()
    stored.catch(() => {}) // whoever runs the flow hears of it
    return stored
  }

  /**
   * Sends all atoms back to PENDING, so that the next run executes them again. Results stay
   * readable until they are replaced. Nothing is reverted.
   *
   * @throws {@link InvalidStateError} before {@link Engine.prepare}, or when the flow is neither
   * SUCCESS, REVERTED nor PENDING; nothing is changed then.
   */
  async reset(): Promise<void> {
    const prepared = this.#demandPrepared('reset')
    if (this.#isRunning) throw new EngineBusyError(this.flow.name)
    await this.#reset(prepared)
    await this.#journal.flush()
  }

  async #reset({ runtime }: Prepared): Promise<void> {
    checkFlowMove(this.flow.name, this.storage.flowDetail.state, 'PENDING')
    for (const node of runtime.compilation.atoms) {
      const { state } = runtime.detailOf(node)
      runtime.intend(node, 'EXECUTE')
      if (state === 'PENDING') continue
      runtime.moveTo(node, 'PENDING')
      await runtime.afterMove()
    }
    this.#moveFlow('PENDING')
    await runtime.afterMove()
  }

  async #prepare(): Promise<Prepared> {
    const compilation = this.#compilation
    if (compilation === undefined) {
      throw new InvalidStateError(
        `the engine of flow '${this.flow.name}' cannot prepare before it is compiled: call compile() first`,
      )
    }
    if (this.#prepared === undefined) {
      this.#refuseMisfit(compilation)
      const runtime = this.#runtime(compilation)
      this.#prepared = { runtime, machine: new Machine(runtime, this.#statistics) }
      this.#injectPersistently(runtime)
    }
    const { runtime } = this.#prepared
    if (this.#moveFlow('RESUMING')) await runtime.afterMove()
    if (this.#moveFlow('SUSPENDED')) await runtime.afterMove()
    if (this.storage.getFlowState() === 'REVERTED') await this.#reset(this.#prepared)
    return this.#prepared
  }

  #refuseMisfit(compilation: Compilation): void {
    const { flowDetail, accept = [] } = this.#parts
    const refused = findDifferences(compilation, flowDetail).filter(
      ({ difference }) => difference === 'kind' || !accept.includes(difference),
    )
    if (refused.length > 0) throw new FlowMismatchError(this.flow.name, refused)
  }

  #runtime(compilation: Compilation): Runtime {
    const { flowDetail, executor, logger = SILENT_LOGGER } = this.#parts
    const { neverResolve = false, deferReverts = false, commit = 'tick' } = this.#parts
    const options: RuntimeOptions = {
      neverResolve,
      deferReverts,
      commitEachMove: commit === 'move',
    }
    const details = this.storage.attach(compilation)
    const { lookup } = this.storage
    const journal = this.#journal
    const parts = { compilation, details, flowDetail, journal, lookup, executor, logger, options }
    return new Runtime(parts)
  }

  #injectPersistently({ compilation }: Runtime): void {
    if (this.#parts.injectTransient !== false) return
    for (const { name, atom } of compilation.atoms) {
      if (atom?.inject === undefined) continue
      this.storage.injectAtomArgs(name, atom.inject, { transient: false })
    }
  }

  async #begin(): Promise<Prepared> {
    if (this.#isRunning) throw new EngineBusyError(this.flow.name)
    this.#isRunning = true
    try {
      this.compile()
      const prepared = await this.#prepare()
      await this.#validateBeforeWriting()
      this.#statistics.restart()
      this.#moveFlow('RUNNING')
      await prepared.runtime.afterMove()
      return prepared
    } catch (error) {
      this.#isRunning = false
      throw error
    }
  }

  /** What cannot run is not stored either, unless it is stored already. */
  async #validateBeforeWriting(): Promise<void> {
    if (this.#isValidated) return
    const { flowDetail, backend } = this.#parts
    if (flowDetail.storedIn === backend) await this.#journal.flush()
    this.validate()
  }

  #end(release: () => void): void {
    release()
    this.#prepared?.runtime.stop()
    this.#statistics.stop()
    this.#isRunning = false
  }

  #suspendOn(signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return () => {}
    const suspend = (): void => void this.suspend().catch(() => {})
    if (signal.aborted) suspend()
    signal.addEventListener('abort', suspend, { once: true })
    return () => signal.removeEventListener('abort', suspend)
  }

  /** Moves the flow to its final state; when that cannot be written, the run has not ended. */
  async #close(ending: Ending): Promise<void> {
    const { flowDetail } = this.#parts
    const { state } = flowDetail
    this.#moveFlow(ending)
    try {
      await this.#journal.flush()
    } catch (error) {
      flowDetail.state = state
      this.#journal.forgetFlowMove()
      throw error
    }
    if (this.#journal.hasChanges) await this.#journal.flush() // what listeners wrote at the end
  }

  /** Moves the flow to its final state, and throws what is to be thrown. */
  async #finish(ending: Ending, { runtime }: Prepared): Promise<void> {
    await this.#close(ending)
    if (ending === 'SUCCESS' || ending === 'SUSPENDED') return
    if (runtime.errors.length > 0) {
      throw runtime.errors.length === 1
        ? runtime.errors[0]
        : Failure.errorOf(runtime.errors.map((error) => Failure.from(error)))
    }
    const failures = [
      ...Object.values(this.storage.getFailures()),
      ...Object.values(this.storage.getRevertFailures()),
    ]
    if (failures.length > 0) throw Failure.errorOf(failures)
  }

  /** Something other than an atom failed in the middle: atoms under way are told to stop. */
  async #stopAfter(error: unknown, { runtime, machine }: Prepared): Promise<unknown> {
    if (machine.runningCount > 0) runtime.abort(error)
    await machine.abandon()
    return error
  }

  async #finishAfterLeaving(prepared: Prepared): Promise<void> {
    try {
      await this.suspend()
      await this.#close(await prepared.machine.stop())
    } catch (error) {
      throw await this.#stopAfter(error, prepared)
    }
  }

  /** Moves the flow; false when that makes no difference. */
  #moveFlow(to: FlowState): boolean {
    const { flowDetail } = this.#parts
    const from = flowDetail.state
    if (!checkFlowMove(flowDetail.name, from, to)) return false
    flowDetail.state = to
    this.#journal.flowMoved(from)
    return true
  }

  #demandPrepared(what: string): Prepared {
    if (this.#compilation === undefined || this.#prepared === undefined) {
      const missing = this.#compilation === undefined ? 'compiled' : 'prepared'
      throw new InvalidStateError(
        `the engine of flow '${this.flow.name}' cannot ${what} before it is ${missing}: call compile() and prepare() first, or run()`,
      )
    }
    return this.#prepared
  }
}
