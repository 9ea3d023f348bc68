/**
 * Logs every move at a level that depends on how bad it is, without what must not be logged.
 *
 * TaskFlow's `DynamicLoggingListener`, the one for services.
 *
 * @module
 */
import { isFailure } from '../base/failure.ts'
import { CONSOLE_LOGGER, type Logger } from '../base/logger.ts'
import type { FlowMoved, RetryMoved, TaskMoved } from '../engine/events.ts'
import type { AtomState, RetryState, TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Disclosure, type DisclosureOptions } from './disclosure.ts'
import { FailureFormatter, type FormatsFailures } from './failure-formatter.ts'
import { Listener, type ListenerOptions, type Watched } from './listener.ts'
import type { LogLevel } from './logging.ts'

/** How {@link DynamicLoggingListener} logs. Every option may be left out. */
export interface DynamicLoggingOptions extends ListenerOptions, DisclosureOptions {
  /**
   * Where lines go.
   *
   * @defaultValue `console`
   */
  readonly logger?: Logger | undefined
  /**
   * The level of lines that tell of nothing bad.
   *
   * @defaultValue `'debug'`
   */
  readonly level?: LogLevel | undefined
  /**
   * The level of failures, and of what follows from them: REVERTED and RETRYING.
   *
   * @defaultValue `'warn'`
   */
  readonly failureLevel?: LogLevel | undefined
  /**
   * Writes what follows a line about a failure.
   *
   * @defaultValue a {@link FailureFormatter} that hides and masks the same as the listener
   */
  readonly failureFormatter?: FormatsFailures | undefined
}

const BAD_STATES: readonly (AtomState | FlowState)[] = [
  'FAILURE',
  'REVERTED',
  'REVERT_FAILURE',
  'RETRYING',
]

/** A move of a task or a retry. */
interface Move {
  readonly what: 'Task' | 'Retry'
  readonly name: string
  readonly uuid: string
  readonly state: AtomState
  readonly details: TaskMoved | RetryMoved
}

/**
 * Logs every move of the flow, its tasks and its retries: what is bad at `failureLevel`, the rest at
 * `level`. Failures come with their stack and with what came before; results are shown unless the
 * task is hidden, with masked keys.
 *
 * TaskFlow logs no retries; `retryStates: []` has that effect. It does not mask results either.
 *
 * @example
 * using _log = new DynamicLoggingListener(engine, { logger, maskOutputsKeys: ['token'] })
 */
export class DynamicLoggingListener extends Listener {
  readonly #logger: Logger
  readonly #level: LogLevel
  readonly #failureLevel: LogLevel
  readonly #disclosure: Disclosure
  readonly #failureFormatter: FormatsFailures

  constructor(engine: Watched, options: DynamicLoggingOptions = {}) {
    const { logger = CONSOLE_LOGGER, level = 'debug', failureLevel = 'warn' } = options
    super(engine, options)
    this.#logger = logger
    this.#level = level
    this.#failureLevel = failureLevel
    this.#disclosure = new Disclosure(options)
    this.#failureFormatter = options.failureFormatter ?? new FailureFormatter(engine, options)
  }

  protected override flowMoved(state: FlowState, details: FlowMoved): void {
    const { flowName, flowUuid, oldState } = details
    this.#log(state, lineOf('Flow', flowName, flowUuid, state, oldState))
  }

  protected override taskMoved(state: TaskState, details: TaskMoved): void {
    const { taskName: name, taskUuid: uuid } = details
    this.#atomMoved({ what: 'Task', name, uuid, state, details })
  }

  protected override retryMoved(state: RetryState, details: RetryMoved): void {
    const { retryName: name, retryUuid: uuid } = details
    this.#atomMoved({ what: 'Retry', name, uuid, state, details })
  }

  #atomMoved({ what, name, uuid, state, details }: Move): void {
    const line = lineOf(what, name, uuid, state, details.oldState)
    const { result } = details
    if (isFailure(result) && isFailed(state)) {
      this.#log(state, `${line}\n${this.#failureFormatter.format(result, name, state)}`)
    } else if (!('result' in details) || this.#disclosure.hides(name)) {
      this.#log(state, line)
    } else {
      const node = state === 'SUCCESS' ? this.engine.compilation?.byName.get(name) : undefined
      this.#log(state, `${line} with result '${this.#disclosure.bare(node, result)}'`)
    }
  }

  #log(state: AtomState | FlowState, text: string): void {
    this.#logger[BAD_STATES.includes(state) ? this.#failureLevel : this.#level](text)
  }
}

/** A failure that is the result of SUCCESS is a value like others: somebody returned it. */
function isFailed(state: AtomState): boolean {
  return state === 'FAILURE' || state === 'REVERT_FAILURE'
}

function lineOf(
  what: 'Flow' | Move['what'],
  name: string,
  uuid: string,
  state: string,
  oldState: string,
): string {
  return `${what} '${name}' (${uuid}) transitioned into state '${state}' from state '${oldState}'`
}
