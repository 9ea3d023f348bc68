/**
 * What all listeners have in common: they hear of the states of one engine until they are disposed.
 *
 * For users, who extend {@link Listener} or take a ready-made one from the files beside. A listener
 * is told after the state is stored; what it throws is reported once, as a process warning, and
 * harms nobody.
 *
 * @module
 */
import { type Check, CLOCK, checked, isObject, LIST, LOGGER, oneOf, shown } from '../base/checks.ts'
import { ANY, type Notifier } from '../base/notifier.ts'
import { inShort } from '../base/thrown.ts'
import type { Compilation } from '../engine/compiler.ts'
import type { Engine } from '../engine/engine.ts'
import type { AtomEvents, FlowEvents, FlowMoved, RetryMoved, TaskMoved } from '../engine/events.ts'
import type { Interceptors } from '../engine/interceptors.ts'
import type { ProgressEvents } from '../engine/progress.ts'
import type { Storage } from '../engine/storage.ts'
import { RETRY_MOVES, type RetryState, TASK_MOVES, type TaskState } from '../states/atom.ts'
import { FLOW_MOVES, type FlowState } from '../states/flow.ts'

/** The part of an engine's storage that listeners use. */
export type WatchedStorage = Pick<
  Storage,
  | 'flowMeta'
  | 'flowName'
  | 'flowUuid'
  | 'fetchMappedArgs'
  | 'getAtomIntention'
  | 'getAtomState'
  | 'getAtomUuid'
  | 'getExecuteResult'
  | 'getFlowState'
  | 'updateAtomMetadata'
  | 'updateFlowMetadata'
>

/** The part of an engine that listeners use; every {@link Engine} has it, whatever its results. */
export interface Watched {
  /** Tells of the states of the flow. */
  readonly notifier: Notifier<FlowEvents<Engine>>
  /** Tells of the states of tasks and retries. */
  readonly atomNotifier: Notifier<AtomEvents>
  /** Tells of the progress of tasks. */
  readonly progressNotifier: Notifier<ProgressEvents>
  /** Stand around the runs and the calls of atoms. */
  readonly interceptors: Interceptors
  /** The execution graph; undefined before the engine compiles. */
  readonly compilation: Compilation | undefined
  /** States and results, and the place for metadata. */
  readonly storage: WatchedStorage
  /** Asks the flow to suspend. */
  suspend(): Promise<void>
}

/** Which states a listener hears of. Every option may be left out. */
export interface ListenerOptions {
  /**
   * States of the flow; an empty array for none.
   *
   * @defaultValue `['*']`: all
   */
  readonly flowStates?: readonly (FlowState | typeof ANY)[] | undefined
  /**
   * States of tasks; an empty array for none.
   *
   * @defaultValue `['*']`: all
   */
  readonly taskStates?: readonly (TaskState | typeof ANY)[] | undefined
  /**
   * States of retries; an empty array for none.
   *
   * @defaultValue `['*']`: all
   */
  readonly retryStates?: readonly (RetryState | typeof ANY)[] | undefined
}

/**
 * Hears of the states of an engine, from its construction until it is deregistered or disposed.
 *
 * Override `flowMoved`, `taskMoved` and `retryMoved`; each does nothing by default.
 *
 * @example
 * class Stopper extends Listener {
 *   protected override taskMoved(state: TaskState, { taskName }: TaskMoved) {
 *     if (taskName === 'b' && state === 'SUCCESS') this.engine.suspend().catch(() => {})
 *   }
 * }
 * using _stopper = new Stopper(engine)
 * await engine.run()
 */
export abstract class Listener implements Disposable {
  /** The engine that is listened to. */
  protected readonly engine: Watched
  readonly #flowStates: ReadonlySet<FlowState | typeof ANY>
  readonly #taskStates: ReadonlySet<TaskState | typeof ANY>
  readonly #retryStates: ReadonlySet<RetryState | typeof ANY>
  /** Ends the registrations; undefined while there are none. */
  #registrations: DisposableStack | undefined

  /**
   * Registers at once.
   *
   * @throws TypeError for a state that there is not.
   */
  constructor(engine: Watched, options: ListenerOptions = {}) {
    checkOptions(options)
    this.engine = engine
    this.#flowStates = statesIn('flowStates', options.flowStates, FLOW_MOVES)
    this.#taskStates = statesIn('taskStates', options.taskStates, TASK_MOVES)
    this.#retryStates = statesIn('retryStates', options.retryStates, RETRY_MOVES)
    this.register()
  }

  /** Listens again after {@link Listener.deregister}; without effect on one that listens. */
  register(): void {
    if (this.#registrations !== undefined) return
    const registrations = new DisposableStack()
    const owner = registrations
    const { notifier, atomNotifier } = this.engine
    for (const state of this.#flowStates) {
      const tell = (to: FlowState, details: FlowMoved<Engine>): void => this.flowMoved(to, details)
      registrations.use(notifier.register(state, tell, { owner }))
    }
    for (const state of this.#taskStates) {
      const tell = (to: string, details: TaskMoved | RetryMoved): void =>
        this.taskMoved(to as TaskState, details as TaskMoved)
      registrations.use(atomNotifier.register(state, tell, { filter: isOfTask, owner }))
    }
    for (const state of this.#retryStates) {
      const tell = (to: string, details: TaskMoved | RetryMoved): void =>
        this.retryMoved(to as RetryState, details as RetryMoved)
      registrations.use(atomNotifier.register(state, tell, { filter: isOfRetry, owner }))
    }
    this.registerMore(registrations)
    this.#registrations = registrations
  }

  /** Stops listening; without effect on one that does not listen. */
  deregister(): void {
    this.#registrations?.dispose()
    this.#registrations = undefined
  }

  /** Stops listening, and never throws: what goes wrong is reported as a process warning. */
  [Symbol.dispose](): void {
    try {
      this.deregister()
    } catch (error) {
      process.emitWarning(
        `a listener of flow '${this.engine.storage.flowName}' could not be deregistered: ${inShort(error)}`,
        'TaskflowListenerWarning',
      )
    }
  }

  /**
   * Registers for more than states. Called by the constructor, when the fields of classes that
   * extend this one are not there yet; what it registers may use them. The stack ends what it is
   * given when the listener is deregistered; as `owner` of callbacks it makes sure that the errors
   * of one listener are reported once.
   */
  protected registerMore(_registrations: DisposableStack): void {}

  /** The flow has entered a state. */
  protected flowMoved(_state: FlowState, _details: FlowMoved<Engine>): void {}

  /** A task has entered a state. */
  protected taskMoved(_state: TaskState, _details: TaskMoved): void {}

  /** A retry has entered a state. */
  protected retryMoved(_state: RetryState, _details: RetryMoved): void {}
}

function isOfTask(details: TaskMoved | RetryMoved): boolean {
  return 'taskName' in details
}

function isOfRetry(details: TaskMoved | RetryMoved): boolean {
  return 'retryName' in details
}

/**
 * What the options of listeners must be, whichever of them have them. Classes of users may have more.
 */
const CHECKS: Readonly<Record<string, Check>> = {
  flowStates: LIST,
  taskStates: LIST,
  retryStates: LIST,
  clock: CLOCK,
  logger: LOGGER,
  level: oneOf('debug', 'info', 'warn', 'error'),
  failureLevel: oneOf('debug', 'info', 'warn', 'error'),
  hideInputsOutputsOf: LIST,
  maskInputsKeys: LIST,
  maskOutputsKeys: LIST,
}

function checkOptions(options: object): void {
  if (!isObject(options)) {
    throw new TypeError(`the options of a listener must be an object, got ${shown(options)}`)
  }
  checked(options, CHECKS)
}

/** With `'*'` the others are left out, so that nothing is told twice. */
function statesIn<State extends string>(
  option: string,
  states: readonly (State | typeof ANY)[] = [ANY],
  moves: Readonly<Record<State, unknown>>,
): ReadonlySet<State | typeof ANY> {
  for (const state of states) {
    if (state === ANY || Object.hasOwn(moves, state)) continue
    const known = Object.keys(moves).map((one) => `'${one}'`)
    throw new TypeError(`${option} must be '*' or among ${known.join(', ')}, got ${shown(state)}`)
  }
  return new Set(states.includes(ANY) ? [ANY] : states)
}
