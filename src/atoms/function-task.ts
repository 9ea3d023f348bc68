/**
 * Makes tasks of functions: what a spec may hold, and the task that it becomes.
 *
 * For users, who call {@link task}.
 *
 * @module
 */
import { demandName } from '../base/names.ts'
import type { Rebind } from './bindings.ts'
import {
  type RevertInputs,
  Task,
  type TaskContext,
  type TaskFunctions,
  type TaskOptions,
} from './task.ts'
import type {
  AnyInject,
  AnyProvides,
  AnyRequires,
  AnyResult,
  Provided,
  ResultOf,
  Reverted,
  SchemaInputs,
  SchemaOutputs,
  TaskNeeds,
  Untyped,
} from './wiring.ts'

/**
 * A task made of functions; every option of {@link Task} stands beside them.
 *
 * Write execute before revert: the compiler then always knows the type of `result` in revert.
 */
export interface TaskSpec<
  Execute extends CallableFunction,
  Inputs extends object,
  Result,
  RevertOnly extends object,
  P extends AnyProvides,
  Req extends AnyRequires,
  Names extends Rebind | undefined,
  RevertNames extends Rebind | undefined,
  Injected extends AnyInject,
> extends TaskOptions {
  readonly requires?: Req
  readonly provides?: P
  readonly rebind?: Names
  readonly revertRebind?: RevertNames
  readonly inject?: Injected
  /**
   * Does the work; what it returns (or resolves with) is the result.
   *
   * The type is a union so that the compiler learns two things apart: the function as written,
   * which tells the wiring, and what its parameters are where they are not annotated.
   */
  readonly execute:
    | Execute
    | ((inputs: Inputs & SchemaOutputs<Req>, context: TaskContext) => Result)
  /** Undoes the work; see {@link Task.revert}. */
  revert?(
    inputs: Reverted<
      RevertOnly,
      NoInfer<Inputs> & SchemaInputs<Req>,
      RevertInputs<Awaited<NoInfer<Result>>>
    >,
    context: TaskContext,
  ): unknown
  /** Called before execute; what it throws is the failure of the task. */
  preExecute?(): unknown
  /** Called after execute, also after it failed; what it throws is the failure of the task. */
  postExecute?(): unknown
  /** Called before revert; what it throws is the failure of the revert. */
  preRevert?(): unknown
  /** Called after revert, also after it failed; what it throws is the failure of the revert. */
  postRevert?(): unknown
}

/** The functions of a {@link TaskSpec}, whatever their types. */
interface AnySpec extends TaskOptions, TaskFunctions {
  readonly preExecute?: () => unknown
  readonly postExecute?: () => unknown
  readonly preRevert?: () => unknown
  readonly postRevert?: () => unknown
}

class FunctionTask extends Task {
  override readonly revert?: (inputs: object & RevertInputs, context: TaskContext) => unknown
  override readonly preExecute?: () => unknown
  override readonly postExecute?: () => unknown
  override readonly preRevert?: () => unknown
  override readonly postRevert?: () => unknown
  readonly #spec: { execute(inputs: object, context: TaskContext): unknown }

  constructor(name: string, spec: AnySpec) {
    super(name, spec, spec)
    this.#spec = spec as never
    if (spec.revert) this.revert = (spec.revert as (...args: unknown[]) => unknown).bind(spec)
    if (spec.preExecute) this.preExecute = spec.preExecute.bind(spec)
    if (spec.postExecute) this.postExecute = spec.postExecute.bind(spec)
    if (spec.preRevert) this.preRevert = spec.preRevert.bind(spec)
    if (spec.postRevert) this.postRevert = spec.postRevert.bind(spec)
  }

  override execute(inputs: object, context: TaskContext): unknown {
    return this.#spec.execute(inputs, context)
  }
}

/**
 * Makes a task of functions.
 *
 * The names of its inputs are read from the pattern in which `execute` destructures its first
 * parameter; a default value makes an input optional.
 *
 * @param name unique among the atoms of a flow
 * @throws TypeError when the definition contradicts itself, with what to write instead.
 *
 * @example
 * const reserveQuota = task('reserve-quota', {
 *   provides: 'reservation',
 *   execute({ size, type = 'ssd' }: { size: number; type?: string }) {
 *     return quota.reserve(size, type)
 *   },
 *   async revert({ result }) {
 *     if (!isFailure(result)) await quota.release(result)
 *   },
 * })
 */
export function task<
  Execute extends CallableFunction,
  Inputs extends object = Untyped,
  Result extends AnyResult = unknown,
  RevertOnly extends object = object,
  const P extends AnyProvides = undefined,
  const Req extends AnyRequires = undefined,
  const Names extends Rebind | undefined = undefined,
  const RevertNames extends Rebind | undefined = undefined,
  const Injected extends AnyInject = undefined,
>(
  name: string,
  spec: TaskSpec<Execute, Inputs, Result, RevertOnly, P, Req, Names, RevertNames, Injected>,
): Task<
  TaskNeeds<Execute, RevertOnly, keyof RevertInputs, Req, Names, RevertNames, Injected>,
  Provided<P, ResultOf<Execute>>
>
export function task(name: string, spec: object): Task {
  demandName('the name of a task', name)
  if (typeof spec !== 'object' || spec === null) {
    throw new TypeError(
      `task '${name}' needs an object with execute: task('${name}', { execute({ … }) { … } })`,
    )
  }
  return new FunctionTask(name, spec as AnySpec)
}
