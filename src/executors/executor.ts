/**
 * The contract of executors, which call the methods of atoms: here, in threads, on other machines.
 *
 * The engine decides what runs, an executor decides where. Published with a contract suite,
 * `taskflow-ts/testing/contract`.
 *
 * @module
 */
import type { Retry } from '../atoms/retry.ts'
import type { Task, TaskContext } from '../atoms/task.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'

/** Which method of an atom is called. */
export type CallDirection = 'execute' | 'revert'

/** Something that is stored under a uuid. */
export interface Identified {
  readonly uuid: string
}

/**
 * One call of one method of an atom, as the process of the engine holds it. What can be sent to
 * another process is its {@link CallRequest}.
 */
export interface AtomCall {
  /** The task or retry whose method is called. */
  readonly atom: Task | Retry
  /** Which method. */
  readonly direction: CallDirection
  /** Its inputs. Those of a task's revert include `result` and `flowFailures`. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Its second argument: the signal, the keys, the progress. */
  readonly context: TaskContext
  /** The run. */
  readonly run: Identified
  /** The stored record of the atom; its uuid may be made when it is asked for. */
  readonly record: Identified
  /** When its time limit ends; undefined without one. */
  readonly deadline: Date | undefined
}

/**
 * Calls the methods of atoms.
 *
 * Whoever makes an executor stops it: the engine when it was given a factory, otherwise the caller,
 * who may share it between engines.
 */
export interface Executor {
  /**
   * How many calls run at once: a whole number of at least 0, or `Infinity`. The engine reads it
   * before each start, and has no more calls under way, so it may change at any time. With a
   * capacity of 1, an engine works in the order of a serial one.
   */
  readonly capacity: number

  /**
   * Makes the call, at once or when there is room.
   *
   * @returns what the method returned, or a promise of it; throws or rejects with what it threw, or
   * with a `Failure` that describes it.
   */
  call(call: AtomCall): unknown

  /**
   * Ends a call by force, where that is possible: it did not stop in time when its signal told it to,
   * it has failed because of that, and nobody waits for it any more. Gets the object that `call` got.
   * Must not throw.
   */
  giveUp?(call: AtomCall): void

  /**
   * Gets ready for calls, for instance by connecting. Every run calls it before its first call;
   * starting twice is harmless. A run does not begin when it rejects.
   */
  start?(): Promise<void> | void

  /**
   * Ends what `start` began. Calls that are under way elsewhere fail. Stopping twice is harmless, and
   * it may be started again.
   */
  stop?(): Promise<void> | void

  /**
   * Calls the listener whenever the capacity has grown, until the answer is disposed of. Needed by
   * executors whose capacity changes; an engine that found no room waits for it.
   */
  onMoreCapacity?(listener: () => void): Disposable
}

/** What an engine lends to the executor that a factory makes for it. */
export interface ExecutorHost {
  /** Tells the time. */
  readonly clock: Clock
  /** Where log lines go. */
  readonly logger: Logger
}

/**
 * Makes the executor of one engine, which starts it for every run and stops it at the end of the run.
 *
 * @example
 * load(flow, { engine: () => threads({ maxWorkers: 4 }) })
 */
export type ExecutorFactory = (host: ExecutorHost) => Executor
