/**
 * What the clause groups of the executor contract share: how a clause is declared, and calls.
 *
 * @module
 */
import type { Task, TaskContext } from '../../atoms/task.ts'
import { SILENT_LOGGER } from '../../base/logger.ts'
import type { AtomCall, CallDirection, Executor } from '../../executors/executor.ts'
import type { ContractWork } from './work.ts'

/** Makes a task that does some work; what is left out is nothing. */
export type MakeTask = (
  execute: ContractWork['execute'],
  parts?: Partial<ContractWork>,
) => Task<object, object>

/** What the body of a clause works with. */
export interface ExecutorClauseContext {
  /** The executor under test, started, and stopped at the end. */
  readonly executor: Executor
  /** Makes tasks that it can call. */
  readonly work: MakeTask
}

/** Declares one clause; it is skipped by executors that lack the optional method it `needs`. */
export type DeclareExecutorClause = (
  title: string,
  body: (context: ExecutorClauseContext) => Promise<void>,
  needs?: 'giveUp' | 'stop' | 'onMoreCapacity',
) => void

/** Makes tasks by the work that they do. */
export function worked(taskFor: (work: ContractWork) => Task<object, object>): MakeTask {
  return (execute, parts = {}) =>
    taskFor({ name: execute, execute, revert: undefined, requires: [], options: {}, ...parts })
}

/** What a call is made of; parts that are left out are harmless. */
export interface CallParts {
  readonly direction?: CallDirection
  readonly inputs?: AtomCall['inputs']
  readonly context?: Partial<TaskContext>
}

/** A call of an atom, as an engine makes it. */
export function callOf(
  atom: AtomCall['atom'],
  { direction = 'execute', inputs = {}, context = {} }: CallParts = {},
): AtomCall {
  return {
    atom,
    direction,
    inputs,
    context: {
      signal: new AbortController().signal,
      idempotencyKey: 'key',
      executeKey: 'key',
      attempt: 1,
      logger: SILENT_LOGGER,
      progress() {},
      ...context,
    },
    run: { uuid: '00000000-0000-4000-8000-000000000001' },
    record: { uuid: '00000000-0000-4000-8000-000000000002' },
    deadline: undefined,
  }
}

/** What comes of a call, also where the executor throws at once. */
export async function outcomeOf(executor: Executor, call: AtomCall): Promise<unknown> {
  return await executor.call(call)
}
