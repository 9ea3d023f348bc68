/**
 * Runs the script of a case on one engine, and gives what was observed.
 *
 * General: it knows the format and our public face, and no case.
 *
 * @module
 */
import {
  type Engine,
  type FlowDetail,
  type LoadOptions,
  load,
  loadFlowDetail,
  NotFoundError,
  type RetryMoved,
  type TaskMoved,
} from '../../src/index.ts'
import { needsBatches } from './by-batch.ts'
import type {
  AtomMoment,
  Case,
  CaseItem,
  Operation,
  ReloadOperation,
  RunOperation,
} from './case.ts'
import type { Configuration } from './configuration.ts'
import { isSame } from './expressions.ts'
import { observeRefusal, observeThrown, observeValue } from './faults.ts'
import { buildFlow } from './flow-builder.ts'
import type { JsonObject } from './json.ts'
import { observeAtoms } from './observation.ts'
import type { Outcome, Step } from './outcome.ts'
import { Process } from './process.ts'
import { Recording } from './recording.ts'
import { Script } from './script.ts'

/** Longer than any case takes, in milliseconds. */
const DEADLINE_MS = 20_000

/**
 * Runs a case.
 *
 * @throws Error when it hangs, or when what is stored at the end is not what the engine has in
 * memory.
 */
export async function runCase(item: Case, configuration: Configuration): Promise<Outcome> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`case ${item.id} hangs`)), DEADLINE_MS)
  try {
    return await Promise.race([new CaseRun(item, configuration).run(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What the present operation waits for. */
interface Watch {
  readonly suspendWhen: AtomMoment | undefined
  readonly crashWhen: RunOperation['crashWhen']
  readonly counts: Map<string, number>
}

/** What an operation came to, beside how it ended. */
type Extra = Pick<Step, 'value' | 'yields'>

class CaseRun {
  readonly #case: Case
  readonly #configuration: Configuration
  readonly #recording = new Recording()
  #process: Process
  #engine: Engine | undefined
  #watch: Watch | undefined

  constructor(item: Case, configuration: Configuration) {
    this.#case = item
    this.#configuration = configuration
    this.#process = new Process(configuration.place.open())
  }

  async run(): Promise<Outcome> {
    try {
      this.#engine = this.#load(this.#case.flow, { store: this.#case.store })
    } catch (error) {
      const failures = observeRefusal(error)
      return {
        flowState: null,
        steps: [{ op: 'build', ended: 'raised', flowState: null, error: { failures } }],
      }
    }
    const steps: Step[] = []
    for (const operation of this.#case.script) steps.push(await this.#step(operation))
    return this.#outcome(steps)
  }

  async #outcome(steps: readonly Step[]): Promise<Outcome> {
    const { flowDetail } = this.#living.storage
    const stored = await this.#stored()
    const atoms = observeAtoms(flowDetail, this.#recording)
    if (stored !== undefined) this.#checkStored(flowDetail, stored)
    const { flowTransitions, order, callOrder } = this.#recording
    return {
      flowState: (stored ?? flowDetail).state,
      steps,
      flowTransitions,
      results: observeValue(this.#living.storage.fetchAll({ failures: true })) as JsonObject,
      atoms,
      order,
      callOrder,
    }
  }

  /** What was recorded must not depend on the memory of the process. */
  #checkStored(kept: FlowDetail, stored: FlowDetail): void {
    if (this.#process.isDead) return
    const inMemory = [kept.state, observeAtoms(kept, this.#recording)]
    const inBackend = [stored.state, observeAtoms(stored, this.#recording)]
    if (isSame(inMemory, inBackend)) return
    throw new Error(
      `what is stored differs from memory\n${JSON.stringify(inBackend)}\n${JSON.stringify(inMemory)}`,
    )
  }

  async #step(operation: Operation): Promise<Step> {
    const { op } = operation
    const process = this.#process
    const yields: string[] = []
    let ended: Step['ended'] = 'returned'
    let extra: Extra & Pick<Step, 'error'> = {}
    try {
      const work = this.#perform(operation, yields)
      work.catch(() => {}) // when the process dies first
      extra = (await Promise.race([work, process.death])) ?? {}
    } catch (error) {
      ended = 'raised'
      const isBuilding = op === 'reload'
      extra = { error: { failures: isBuilding ? observeRefusal(error) : observeThrown(error) } }
    }
    if (process.isDead && op !== 'reload') {
      ended = 'crashed'
      extra = {}
    }
    const isIterated = op === 'run' && operation.yields === true
    const flowState = await this.#flowState()
    return { op, ended, flowState, ...extra, ...(isIterated && { yields }) }
  }

  async #perform(operation: Operation, yields: string[]): Promise<Extra | undefined> {
    const engine = this.#living
    switch (operation.op) {
      case 'run':
        await this.#run(operation, yields)
        return undefined
      case 'reload':
        await this.#reload(operation)
        return undefined
      case 'inject':
        engine.storage.inject(operation.values)
        return undefined
      case 'fetch':
        return { value: observeValue(engine.storage.fetch(operation.name, { failures: true })) }
      case 'compile':
      case 'prepare':
      case 'validate':
      case 'suspend':
      case 'reset':
        await engine[operation.op]()
        return undefined
    }
  }

  async #run(operation: RunOperation, yields: string[]): Promise<void> {
    const engine = this.#living
    const { suspendWhen, crashWhen, crashAfterYields, suspendAtYield } = operation
    this.#watch = { suspendWhen, crashWhen, counts: new Map() }
    if (operation.yields !== true) return engine.run()
    const iterator = engine.runIter()
    for (;;) {
      const { done, value } = await iterator.next()
      if (done === true || this.#process.isDead) return
      yields.push(value)
      if (yields.length === crashAfterYields) this.#process.crash()
      if (this.#process.isDead) return
      if (yields.length === suspendAtYield) this.#suspend(engine)
    }
  }

  /**
   * Without a crash, an in-memory hand-over passes the record itself. After a crash only what was
   * stored is left.
   */
  async #reload({ flow = this.#case.flow, via }: ReloadOperation): Promise<void> {
    const { storage } = this.#living
    if (!this.#process.isDead && via === 'object') {
      this.#engine = this.#load(flow, { flowDetail: storage.flowDetail })
      return
    }
    if (!this.#process.isDead) await storage.save()
    this.#process = new Process(this.#configuration.place.open())
    const flowDetail = await this.#stored()
    // A process that died before its first write has left nothing behind.
    const { store } = flowDetail === undefined ? this.#case : {}
    this.#engine = this.#load(flow, { flowDetail, store })
  }

  #load(
    item: CaseItem,
    options: Pick<LoadOptions, 'flowDetail'> & { store?: JsonObject | undefined },
  ): Engine {
    const { engine: kind, pace } = this.#configuration
    const { options: { defer_reverts, never_resolve, inject_transient } = {} } = this.#case.engine
    const process = this.#process
    const flow = buildFlow(item, new Script(process, this.#recording, pace))
    const engine = load(
      flow as never,
      {
        ...options,
        ...(kind === 'parallel' && { engine: kind, maxWorkers: Number.POSITIVE_INFINITY }),
        backend: process.backend,
        deferReverts: defer_reverts,
        neverResolve: never_resolve,
        injectTransient: inject_transient,
        accept: ['removed', 'inserted'],
        commit: this.#commit,
      } as never,
    ) as Engine
    engine.notifier.register('*', (state) => {
      if (process.isDead || !this.#recording.flowMoved(state)) return
      const { crashWhen } = this.#watch ?? {}
      if (crashWhen !== undefined && 'flow' in crashWhen && crashWhen.flow === state)
        process.crash()
    })
    engine.atomNotifier.register('*', (state, moved) => {
      const atom = nameOf(moved)
      if (process.isDead || !this.#recording.atomMoved(atom, state)) return
      this.#noticed(engine, atom, state)
    })
    return engine
  }

  /** An atom has entered a state: that may be the moment to crash or to suspend. */
  #noticed(engine: Engine, atom: string, state: string): void {
    const { suspendWhen, crashWhen, counts } = this.#watch ?? {}
    const key = `${atom} ${state}`
    const count = (counts?.get(key) ?? 0) + 1
    counts?.set(key, count)
    const isNow = (moment: AtomMoment): boolean =>
      moment.atom === atom && moment.state === state && (moment.nth ?? 1) === count
    if (crashWhen !== undefined && 'atom' in crashWhen && isNow(crashWhen)) this.#process.crash()
    else if (suspendWhen !== undefined && isNow(suspendWhen)) this.#suspend(engine)
  }

  #suspend(engine: Engine): void {
    engine.suspend().catch(() => {}) // the run hears of it
  }

  get #hasCrashes(): boolean {
    return this.#case.script.some((operation) => {
      return (
        operation.op === 'run' &&
        (operation.crashWhen !== undefined || operation.crashAfterYields !== undefined)
      )
    })
  }

  get #commit(): 'move' | 'tick' {
    const { engine, commitWithCrashes } = this.#configuration
    if (engine === 'serial' && needsBatches(this.#case.id)) return 'move'
    return this.#hasCrashes ? commitWithCrashes : 'tick'
  }

  get #living(): Engine {
    if (this.#engine === undefined) throw new Error('the engine is not built')
    return this.#engine
  }

  async #flowState(): Promise<string> {
    return ((await this.#stored()) ?? this.#living.storage.flowDetail).state
  }

  /** The record as another process finds it; undefined when nothing was written. */
  async #stored(): Promise<FlowDetail | undefined> {
    const { backend } = this.#process.isDead
      ? new Process(this.#configuration.place.open())
      : this.#process
    try {
      return await loadFlowDetail(backend, this.#living.storage.flowUuid)
    } catch (error) {
      if (error instanceof NotFoundError) return undefined
      throw error
    }
  }
}

function nameOf(moved: TaskMoved | RetryMoved): string {
  return 'taskName' in moved ? moved.taskName : moved.retryName
}
