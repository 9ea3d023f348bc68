/**
 * The contract of whoever calls the methods of atoms.
 *
 * For the engine, which decides what runs, and for executors, which decide where: here, several at
 * a time, in threads. The only file of this room that other rooms import for it.
 *
 * @module
 */
import type { Retry } from '../atoms/retry.ts'
import type { Task, TaskContext } from '../atoms/task.ts'

/** One call of one method of an atom. */
export interface AtomCall {
  /** Whose method. */
  readonly atom: Task | Retry
  /** Which method. */
  readonly direction: 'execute' | 'revert'
  /** Its inputs. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** What it gets beside the inputs. */
  readonly context: TaskContext
}

/** Calls the methods of atoms. */
export interface Executor {
  /** How many calls run at once; the engine starts no more atoms than that. */
  readonly maxWorkers: number

  /**
   * Makes the call, at once or when there is room.
   *
   * @returns what the method returned, or a promise of it; throws or rejects with what it threw.
   */
  call(call: AtomCall): unknown

  /**
   * Ends a call by force, if that can be done: it did not stop in time when its signal told it to,
   * has failed by that, and nobody waits for it any more. Gets the object that `call` got. Must not
   * throw.
   */
  giveUp?(call: AtomCall): void
}
