/**
 * A controller of a flow: it is asked what to do when an atom of its flow fails.
 *
 * For users, who call {@link retry} or one of the ready-made controllers, or extend {@link Retry}.
 *
 * @module
 */
import type { ErrorType, Failure } from '../base/failure.ts'
import { demandName } from '../base/names.ts'
import { awaitable, onRejection } from '../base/thenable.ts'
import { NonRetryableError } from '../errors.ts'
import { Atom, type AtomOptions } from './atom.ts'
import { type Binding, type BindingRules, bind, type Rebind } from './bindings.ts'
import { checkDelay, delayMs, type RetryDelay } from './delay.ts'
import type { History } from './history.ts'
import { hidesInputs, readParameters } from './parameters.ts'
import type { TaskContext } from './task.ts'
import type {
  AnyProvides,
  AnyResult,
  InputsOf,
  Less,
  Needed,
  Provided,
  ResultOf,
  Untyped,
} from './wiring.ts'

/**
 * What to do about a failure:
 * - `RETRY`: revert the retry's flow (and what comes after it), then run it again;
 * - `REVERT`: ask the next outer retry; unless that one decides otherwise, revert just this flow;
 * - `REVERT_ALL`: revert everything.
 */
export type Decision = 'RETRY' | 'REVERT' | 'REVERT_ALL'

/** What a retry gets beside its inputs. */
export interface RetryInputs<Value = unknown> {
  /** What was tried so far. */
  readonly history: History<Value>
}

/** What the revert of a retry gets beside its inputs. */
export interface RetryRevertInputs<Value = unknown> extends RetryInputs<Value> {
  /** The failures that led to the revert, by the name of the atom. */
  readonly flowFailures: Readonly<Record<string, Failure>>
}

/** What a retry may say about itself. */
export interface RetryOptions extends AtomOptions {
  /**
   * How long to wait before the next attempt, counted from the decision to try again; see
   * {@link RetryDelay}. When it is over is stored, so that after a crash only the rest is waited.
   * An error with a number `retryAfterMs` is waited for at least so long, whatever stands here.
   *
   * @defaultValue `0`
   */
  readonly delay?: RetryDelay | undefined
  /**
   * Which failures are tried again: classes of errors, their names, or a function that says so. The
   * others are given up without asking `onFailure`, as is {@link NonRetryableError}.
   *
   * @defaultValue all
   */
  readonly retryOn?: readonly ErrorType[] | ((failure: Failure) => boolean) | undefined
  /** Names of inputs, needed when execute takes inputs without destructuring them. */
  readonly requires?: readonly string[] | undefined
  /** Takes inputs from other symbols: `{ argument: 'symbol' }`, or symbols by position. */
  readonly rebind?: Rebind | undefined
}

/** The functions of a retry. */
export interface RetryFunctions {
  /** Gives the value of the next attempt. */
  readonly execute: (...args: never[]) => unknown
  /** Decides about a failure. */
  readonly onFailure: (...args: never[]) => unknown
  /** Undoes what execute did. */
  readonly revert?: ((...args: never[]) => unknown) | undefined
}

const RESERVED = ['history', 'flowFailures']

type RetryOn = RetryOptions['retryOn']

/**
 * Decides what becomes of a flow when one of its atoms fails.
 *
 * It runs first in its flow and provides a value for each attempt; `onFailure` is asked with the
 * inputs of execute. The history is stored and survives a crash.
 *
 * @typeParam Needs the symbols it requires, with their types
 * @typeParam Gives the symbols it provides, with their types
 */
export abstract class Retry<
  Needs extends object = object,
  Gives extends object = object,
> extends Atom<Needs, Gives> {
  readonly kind = 'retry'
  override readonly executeBindings: readonly Binding[]
  override readonly revertBindings: readonly Binding[]
  readonly #delay: RetryDelay
  readonly #retryOn: RetryOn
  #name: string | undefined

  /**
   * @param name left out, the retry is called `<flow>_retry` after the flow that takes it
   * @throws TypeError when the definition contradicts itself, with what to write instead.
   */
  constructor(name?: string, options: RetryOptions = {}, functions?: RetryFunctions) {
    const label = name === undefined ? new.target.name : name
    super('retry', label, options)
    this.#name = name
    this.#delay = checkDelay(label, options.delay)
    this.#retryOn = checkRetryOn(label, options.retryOn)
    const { execute, onFailure, revert } = functions ?? (this as RetryFunctions)
    for (const [method, fn] of Object.entries({ execute, onFailure })) {
      if (typeof fn !== 'function') {
        throw new TypeError(
          `'${label}' has no ${method}: write a method ${method}({ history }) { … }`,
        )
      }
    }
    if (revert !== undefined && typeof revert !== 'function') {
      throw new TypeError(`'${label}' has a revert that is ${typeof revert}: write a function`)
    }
    const rules: Omit<BindingRules, 'method' | 'fn' | 'borrowed'> = {
      atom: label,
      field: 'requires',
      ignore: RESERVED,
      requires: options.requires,
      optional: undefined,
      rebind: options.rebind,
    }
    this.executeBindings = bind({
      ...rules,
      method: 'execute',
      fn: execute,
      borrowed: false,
    })
    checkOnFailure(rules, onFailure, this.executeBindings)
    this.revertBindings = revert
      ? bind({ ...rules, method: 'revert', fn: revert, borrowed: true })
      : []
  }

  /** Unique among the atoms of a flow. */
  get name(): string {
    return this.#name ?? this.constructor.name
  }

  /** Called by the flow that takes this retry: a retry without a name is called after it. */
  joinFlow(flow: string): void {
    if (this.#name !== undefined) return
    this.#name = `${flow}_retry`
    demandName(`the name of the retry of flow '${flow}'`, this.#name)
  }

  /** What is decided about failures that are not tried again; `REVERT`, unless a retry says more. */
  readonly givingUp: Exclude<Decision, 'RETRY'> = 'REVERT'

  /** Whether a failure may be tried again at all; if so, `onFailure` decides. */
  mayRetry(failure: Failure): boolean {
    if (failure.check(NonRetryableError) !== undefined) return false
    const retryOn = this.#retryOn
    if (retryOn === undefined) return true
    if (typeof retryOn !== 'function') return failure.check(...retryOn) !== undefined
    const answer: unknown = retryOn(failure)
    const pending = awaitable(answer)
    if (pending === undefined) return Boolean(answer)
    onRejection(pending, () => {})
    throw new TypeError(`retryOn of '${this.name}' gave a promise: it must answer at once`)
  }

  /**
   * How long to wait before the next attempt, in milliseconds.
   *
   * @throws RangeError or TypeError when the function given as `delay` gives no number of at least 0.
   */
  delayMs(history: History, failure: Failure): number {
    return delayMs(this.name, this.#delay, { history, failure })
  }

  /** Gives the value of the next attempt; what it throws is for the next outer retry to judge. */
  abstract execute(inputs: Partial<Needs> & RetryInputs, context: TaskContext): unknown

  /** Decides about a failure of the newest attempt. When it throws, the flow stops as FAILURE. */
  abstract onFailure(
    inputs: Partial<Needs> & RetryInputs,
    context: TaskContext,
  ): Decision | Promise<Decision>

  /** Undoes what execute did; by default nothing. */
  revert?(inputs: Partial<Needs> & RetryRevertInputs, context: TaskContext): unknown
}

/** `onFailure` is asked with the inputs of execute: what else it names it would never get. */
function checkOnFailure(
  rules: Omit<BindingRules, 'method' | 'fn' | 'borrowed'>,
  onFailure: (...args: never[]) => unknown,
  executed: readonly Binding[],
): void {
  const parameters = readParameters(onFailure)
  const taken = [...executed.map(({ argument }) => argument), ...rules.ignore]
  const named =
    parameters.form === 'destructured' ? [...parameters.required, ...parameters.optional] : []
  if (rules.requires === undefined && hidesInputs(onFailure)) {
    throw new TypeError(
      `'${rules.atom}' does not say which inputs onFailure takes: destructure its first parameter, onFailure({ history, size }), or list them, requires: ['size'] (an empty list if it takes the history alone)`,
    )
  }
  const unknown = named.filter((name) => !taken.includes(name))
  if (unknown.length === 0) return
  const names = unknown.map((name) => `'${name}'`).join(', ')
  throw new TypeError(
    `'${rules.atom}' takes ${names} in onFailure, which gets the inputs of execute: let execute take them too, or list them, requires`,
  )
}

function checkRetryOn(label: string, retryOn: RetryOn): RetryOn {
  const isRight = retryOn === undefined || typeof retryOn === 'function' || Array.isArray(retryOn)
  if (isRight) return retryOn
  throw new TypeError(
    `'${label}' has a retryOn that is ${typeof retryOn}: write a list of error classes, or a function`,
  )
}

/**
 * A retry made of functions.
 *
 * Write execute before onFailure: the compiler then knows the type of the values in the history.
 */
export interface RetrySpec<
  Execute extends CallableFunction,
  Inputs extends object,
  Value,
  P extends AnyProvides,
  Names extends Rebind | undefined,
> extends RetryOptions {
  readonly provides?: P
  readonly rebind?: Names
  /** Gives the value of the next attempt. */
  readonly execute: Execute | ((inputs: Inputs & RetryInputs, context: TaskContext) => Value)
  /** Decides about a failure of the newest attempt. */
  onFailure(
    inputs: Less<NoInfer<Inputs>, keyof RetryInputs> & RetryInputs<Awaited<NoInfer<Value>>>,
    context: TaskContext,
  ): Decision | Promise<Decision>
  /** Undoes what execute did. */
  revert?(
    inputs: Less<NoInfer<Inputs>, keyof RetryInputs> & RetryRevertInputs<Awaited<NoInfer<Value>>>,
    context: TaskContext,
  ): unknown
}

class FunctionRetry extends Retry {
  override readonly revert?: (inputs: object & RetryRevertInputs, context: TaskContext) => unknown
  readonly #spec: {
    execute(inputs: object, context: TaskContext): unknown
    onFailure(inputs: object, context: TaskContext): Decision | Promise<Decision>
  }

  constructor(name: string | undefined, spec: RetryOptions & RetryFunctions) {
    super(name, spec, spec)
    this.#spec = spec as never
    if (spec.revert) this.revert = (spec.revert as (...args: unknown[]) => unknown).bind(spec)
  }

  override execute(inputs: object, context: TaskContext): unknown {
    return this.#spec.execute(inputs, context)
  }

  override onFailure(inputs: object, context: TaskContext): Decision | Promise<Decision> {
    return this.#spec.onFailure(inputs, context)
  }
}

/**
 * Makes a retry of functions.
 *
 * @param name unique among the atoms of a flow
 * @throws TypeError when the definition contradicts itself, with what to write instead.
 *
 * @example
 * const patient = retry('patient', {
 *   provides: 'attempt',
 *   execute: ({ history }) => history.length + 1,
 *   onFailure: ({ history }) => (history.causedBy(NotReadyError) && history.length < 5 ? 'RETRY' : 'REVERT_ALL'),
 * })
 */
export function retry<
  Execute extends CallableFunction,
  Inputs extends object = Untyped,
  Value extends AnyResult = unknown,
  const P extends AnyProvides = undefined,
  const Names extends Rebind | undefined = undefined,
>(
  name: string,
  spec: RetrySpec<Execute, Inputs, Value, P, Names>,
): Retry<Needed<Less<InputsOf<Execute>, keyof RetryInputs>, Names>, Provided<P, ResultOf<Execute>>>
export function retry(name: string, spec: object): Retry {
  if (typeof spec !== 'object' || spec === null) {
    throw new TypeError(
      `retry '${name}' needs an object with execute and onFailure: retry('${name}', { execute() { … }, onFailure({ history }) { … } })`,
    )
  }
  return new FunctionRetry(name, spec as RetryOptions & RetryFunctions)
}
