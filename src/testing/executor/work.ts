/**
 * What the tasks of the executor contract do.
 *
 * Exported functions, so that an executor that calls code elsewhere can call them there by name.
 *
 * @module
 */

import { task } from '../../atoms/function-task.ts'
import type { Task, TaskOptions } from '../../atoms/task.ts'
import type { ThreadContext } from '../../atoms/thread-task.ts'

/** What a task gets. */
type Inputs = Readonly<Record<string, unknown>>

/** Returns the sum of its inputs. */
export function add({ a, b }: Inputs): unknown {
  return (a as number) + (b as number)
}

/** Returns the same a little later. */
export async function addLater(inputs: Inputs): Promise<unknown> {
  await Promise.resolve()
  return add(inputs)
}

/** Returns nothing. */
export function nothing(): undefined {
  return undefined
}

/** Fails with a class, a message and a cause. */
export function fail(): never {
  throw new RangeError('too much', { cause: new TypeError('the cause') })
}

/** Fails the same way a little later. */
export async function failLater(): Promise<never> {
  await Promise.resolve()
  return fail()
}

/** Returns what its context says about the call. */
export function tell(
  _inputs: Inputs,
  { attempt, idempotencyKey, executeKey }: ThreadContext,
): unknown {
  return { attempt, idempotencyKey, executeKey }
}

/** Reports progress twice before it returns. */
export function report(_inputs: Inputs, { progress }: ThreadContext): string {
  progress(0.25)
  progress(0.5, { step: 'half' })
  return 'reported'
}

/** Reports that it has begun, then waits until it is told to stop. */
export async function waitForStop(
  _inputs: Inputs,
  { signal, progress }: ThreadContext,
): Promise<string> {
  progress(0.1)
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  return `stopped: ${String(signal.reason)}`
}

/** Reports that it has begun, and never ends. */
export async function hang(_inputs: Inputs, { progress }: ThreadContext): Promise<never> {
  progress(0.1)
  return new Promise<never>(() => {})
}

/** In place of a revert: returns the result or the failure that it undoes, and who failed. */
export function undo({ a, result, flowFailures }: Inputs): unknown {
  return { a, undone: messageOf(result), failed: Object.keys(flowFailures as object) }
}

/** A failure is an object of this process, or a record. */
function messageOf(result: unknown): unknown {
  const found = result as { readonly message?: string; readonly exception_str?: string } | undefined
  return found?.message ?? found?.exception_str ?? result
}

/** Names of what a task of the contract does. */
export type ContractWorkName =
  | 'add'
  | 'addLater'
  | 'nothing'
  | 'fail'
  | 'failLater'
  | 'tell'
  | 'report'
  | 'waitForStop'
  | 'hang'
  | 'undo'

/** All of it, by name. */
export const CONTRACT_WORK: Readonly<
  Record<
    ContractWorkName,
    (inputs: Readonly<Record<string, unknown>>, context: ThreadContext) => unknown
  >
> = {
  add,
  addLater,
  nothing,
  fail,
  failLater,
  tell,
  report,
  waitForStop,
  hang,
  undo,
}

/** What a task of the contract does; every name is one of {@link CONTRACT_WORK}. */
export interface ContractWork {
  /** Name of the task. */
  readonly name: string
  /** What its execute does. */
  readonly execute: Exclude<ContractWorkName, 'undo'>
  /** What its revert does; undefined when it has none. */
  readonly revert: 'undo' | 'waitForStop' | undefined
  /** Names of its inputs. */
  readonly requires: readonly string[]
  /** Further options of the task. */
  readonly options: TaskOptions & { readonly provides?: string }
}

/** A task of the contract for executors that call it where the engine is. */
export function contractTask(work: ContractWork): Task<object, object> {
  const { name, execute, revert, requires, options } = work
  return task(name, {
    ...options,
    requires,
    execute: (inputs: object, context) => CONTRACT_WORK[execute](inputs as Inputs, context),
    ...(revert !== undefined && {
      revert: (inputs: object, context) => CONTRACT_WORK[revert](inputs as Inputs, context),
    }),
  }) as Task<object, object>
}
