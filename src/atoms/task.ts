/**
 * A step that does something and knows how to undo it.
 *
 * For users, who extend {@link Task}, or make one of functions: function-task.ts. A task says by name what it takes and
 * gives; where values come from is the engine's matter.
 *
 * @module
 */
import { BOOLEAN } from '../base/checks.ts'
import type { Failure } from '../base/failure.ts'
import type { Logger } from '../base/logger.ts'
import { Notifier } from '../base/notifier.ts'
import { Atom, type AtomOptions } from './atom.ts'
import { type Binding, bind, type Rebind } from './bindings.ts'
import { readParameters } from './parameters.ts'
import { readRequires } from './requires.ts'
import type { StandardSchema } from './schema.ts'
import type { Requires } from './wiring.ts'

/** What the engine hands to execute and revert beside the inputs. */
export interface TaskContext {
  /**
   * Aborted when the atom is to stop: the run was canceled or its deadline is over, the call took
   * longer than its time limit, or the engine cannot write or has lost the run to another one.
   * Suspending does not abort; what runs is finished.
   */
  readonly signal: AbortSignal
  /**
   * The same for every re-run of this attempt, also after a crash, and different for every other
   * attempt and for its revert. Hand it to services that can recognise a repeated request.
   */
  readonly idempotencyKey: string
  /**
   * In revert, the key that execute of the same attempt had: what it began and did not come to the
   * end of can be found by it. In execute, the same as `idempotencyKey`.
   */
  readonly executeKey: string
  /** How many times the atom was started afresh, from 1; a re-run after a crash is no new start. */
  readonly attempt: number
  /** Where log lines go. */
  readonly logger: Logger
  /**
   * Tells how far the atom has come, from 0 to 1. Stored with the next checkpoint and told to the
   * listeners of `task.notifier` at once.
   *
   * @throws RangeError when the fraction is not between 0 and 1.
   */
  readonly progress: (fraction: number, details?: Readonly<Record<string, unknown>>) => void
}

/** What revert gets beside its inputs. */
export interface RevertInputs<Result = unknown> {
  /** What execute returned, or its {@link Failure}; undefined when it did not come to an end. */
  readonly result: Result | Failure
  /** The failures that led to the revert, by the name of the atom. */
  readonly flowFailures: Readonly<Record<string, Failure>>
}

/** What a task tells its own listeners. */
export interface TaskEvents {
  /** The task told how far it has come. */
  update_progress: TaskProgress
}

/** How far a task has come. */
export interface TaskProgress {
  /** From 0 to 1. */
  readonly progress: number
  /** What the task added. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** What a task may say about itself. */
export interface TaskOptions extends AtomOptions {
  /**
   * Names of inputs, needed when execute does not destructure its first parameter; or a Standard
   * Schema for each, which then also checks the value (and may convert it) before execute.
   */
  readonly requires?: Requires | undefined
  /** Names of inputs that are left out when nobody provides them. */
  readonly optional?: readonly string[] | undefined
  /** Takes inputs from other symbols: `{ argument: 'symbol' }`, or symbols by position. */
  readonly rebind?: Rebind | undefined
  /**
   * What execute has done cannot be undone: a point of no return. Once it has run, nothing reverts
   * it or what comes before it: a failure behind it reverts down to it, and the flow ends FAILURE.
   *
   * @defaultValue `false`
   */
  readonly irreversible?: boolean | undefined
  /** Values that only this task sees, by symbol; they win over everything else. */
  readonly inject?: Readonly<Record<string, unknown>> | undefined
  /** Inputs of revert, if it does not destructure its parameter and takes others than execute. */
  readonly revertRequires?: readonly string[] | undefined
  /** Inputs of revert that are left out when nobody provides them. */
  readonly revertOptional?: readonly string[] | undefined
  /**
   * As `rebind`, for revert.
   *
   * @defaultValue that of execute, as far as revert takes those arguments
   */
  readonly revertRebind?: Rebind | undefined
}

/** The functions of a task. */
export interface TaskFunctions {
  /** Does the work. */
  readonly execute: (...args: never[]) => unknown
  /** Undoes it. */
  readonly revert?: ((...args: never[]) => unknown) | undefined
}

const RESERVED = ['result', 'flowFailures']
const NO_BINDINGS: readonly Binding[] = []

/**
 * A step with `execute` and, if it can be undone, `revert`.
 *
 * Extend it to carry dependencies in a constructor; {@link task} makes the same of two functions.
 * `execute` and `revert` must be methods, since their parameters are read from the class.
 *
 * @typeParam Needs the symbols it requires, with their types
 * @typeParam Gives the symbols it provides, with their types
 *
 * @example
 * class CreateEntry extends Task<{ size: number }, { volumeId: string }> {
 *   readonly #db: Db
 *
 *   constructor(db: Db) {
 *     super('create-entry', { provides: 'volumeId' })
 *     this.#db = db
 *   }
 *
 *   async execute({ size }: { size: number }) { return this.#db.insert(size) }
 *   async revert({ result }: RevertInputs<string>) { if (!isFailure(result)) await this.#db.remove(result) }
 * }
 */
export abstract class Task<
  Needs extends object = object,
  Gives extends object = object,
> extends Atom<Needs, Gives> {
  readonly kind = 'task'
  readonly name: string
  override readonly executeBindings: readonly Binding[]
  override readonly revertBindings: readonly Binding[]
  /** Schemas by argument, where `requires` has them. */
  readonly schemas: Readonly<Record<string, StandardSchema>> | undefined
  /** What execute has done cannot be undone. */
  readonly irreversible: boolean
  #notifier: Notifier<TaskEvents> | undefined

  /**
   * @param name unique among the atoms of a flow; left out, the name of the class
   * @param functions what is read for names instead of the methods, by those who call functions
   * @throws TypeError when the definition contradicts itself, with what to write instead.
   */
  constructor(name?: string, options: TaskOptions = {}, functions?: TaskFunctions) {
    const label = name === undefined ? new.target.name : name
    super('task', label, options, options.inject)
    if (options.irreversible !== undefined) {
      BOOLEAN(`irreversible of '${label}'`, options.irreversible)
    }
    this.name = label
    const { execute, revert } = functions ?? (this as TaskFunctions)
    if (typeof execute !== 'function') {
      throw new TypeError(`'${label}' has no execute: write a method execute({ … }) { … }`)
    }
    if (revert !== undefined && typeof revert !== 'function') {
      throw new TypeError(`'${label}' has a revert that is ${typeof revert}: write a function`)
    }
    const { names, schemas } = readRequires(label, options.requires)
    this.schemas = schemas
    this.irreversible = options.irreversible === true
    if (this.irreversible && revert !== undefined) {
      throw new TypeError(`'${label}' is irreversible, and has a revert: leave one of them out`)
    }
    this.executeBindings = bind({
      atom: label,
      method: 'execute',
      field: 'requires',
      fn: execute,
      ignore: [],
      requires: names,
      optional: options.optional,
      rebind: options.rebind,
      borrowed: false,
    })
    this.revertBindings = revert
      ? this.#bindRevert(label, revert, names, options, readParameters(execute).form === 'whole')
      : NO_BINDINGS
  }

  /** Who listens to the progress of this task, in whichever engine it runs. */
  get notifier(): Notifier<TaskEvents> {
    this.#notifier ??= new Notifier<TaskEvents>(['update_progress'])
    return this.#notifier
  }

  /** Called by the engine: tells the listeners of this task, if there are any. */
  tellProgress(progress: number, details?: Readonly<Record<string, unknown>>): void {
    this.#notifier?.notify('update_progress', { progress, details })
  }

  /** Does the work; what it returns (or resolves with) is the result. */
  abstract execute(inputs: Needs, context: TaskContext): unknown

  /**
   * Undoes the work, also after execute failed or was cut short by a crash; must therefore cope
   * with work that was done in part or not at all. It need not name all the inputs of execute.
   */
  revert?(inputs: Partial<Needs> & RevertInputs, context: TaskContext): unknown

  /** Called before execute; what it throws is the failure of the task. */
  preExecute?(): unknown
  /** Called after execute, also after it failed; what it throws is the failure of the task. */
  postExecute?(): unknown
  /** Called before revert; what it throws is the failure of the revert. */
  preRevert?(): unknown
  /** Called after revert, also after it failed; what it throws is the failure of the revert. */
  postRevert?(): unknown

  #bindRevert(
    label: string,
    revert: (...args: never[]) => unknown,
    executeNames: readonly string[] | undefined,
    options: TaskOptions,
    executeIsWhole: boolean,
  ): readonly Binding[] {
    const { revertRequires, revertRebind, revertOptional, rebind } = options
    const parameters = readParameters(revert)
    const isWhole = parameters.form === 'whole'
    const own = revertRequires?.length ? revertRequires : undefined
    const ownRebind =
      revertRebind && Object.keys(revertRebind).length > 0 ? revertRebind : undefined
    const executed = this.executeBindings.filter(({ optional }) => !optional)
    const hasRest = parameters.form === 'destructured' && parameters.rest
    const listed = executeNames ?? executed.map(({ argument }) => argument)
    // Names that could be read from execute alone are no list for a revert that cannot be read.
    const isNamed = (executeNames ?? revertRequires) !== undefined || executeIsWhole
    const taken = isWhole && !isNamed ? undefined : listed
    return bind({
      atom: label,
      method: 'revert',
      fn: revert,
      ignore: RESERVED,
      field: 'revertRequires',
      requires: own ?? (isWhole || hasRest ? taken : undefined),
      optional: revertOptional,
      rebind: ownRebind ?? (own || isWhole ? rebind : renamesOf(executed)),
      borrowed: ownRebind === undefined,
    })
  }
}

function renamesOf(bindings: readonly Binding[]): Readonly<Record<string, string>> | undefined {
  const renamed = bindings.filter(({ argument, symbol }) => argument !== symbol)
  if (renamed.length === 0) return undefined
  return Object.fromEntries(renamed.map(({ argument, symbol }) => [argument, symbol]))
}
