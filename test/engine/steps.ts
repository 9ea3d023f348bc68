/**
 * What tests of the engine run: tasks that write down their calls and fail when they are told to.
 *
 * @module
 */
import type { AnyStore, Engine, FlowItem, LoadOptions } from '../../src/index.ts'
import { load, type Provides, type Task, type TaskContext, task } from '../../src/index.ts'

/** One call of a task's method. */
export interface Call {
  /** `'a'` for execute of the task a, `'a revert'` for its revert. */
  readonly name: string
  /** Its inputs; of a revert, with `result` and `flowFailures`. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Identifies the attempt. */
  readonly idempotencyKey: string
  /** Number of the attempt. */
  readonly attempt: number
}

/** How a step differs from one that takes nothing and returns its name. */
export interface StepOptions {
  readonly requires?: readonly string[]
  readonly optional?: readonly string[]
  readonly provides?: Provides
  readonly priority?: number
  readonly version?: string
  /** It has no revert. */
  readonly irreversible?: boolean
  readonly revertRequires?: readonly string[]
  /** What execute does, and returns. */
  readonly does?: (call: Call) => unknown
  /** What revert does, and returns. */
  readonly undoes?: (call: Call) => unknown
}

/** Tasks that write down their calls in one list. */
export interface Workshop {
  /** All calls, in order. */
  readonly calls: Call[]
  /** The names of the calls, in order. */
  readonly names: () => readonly string[]
  /** Makes a task. */
  readonly step: (name: string, options?: StepOptions) => Task
  /** Makes a task that throws an error with its name and what comes of it as the message. */
  readonly bad: (name: string, options?: Omit<StepOptions, 'does'>) => Task
}

/** Makes a workshop. */
export function workshop(): Workshop {
  const calls: Call[] = []
  const step = (name: string, options: StepOptions = {}): Task => {
    const { requires = [], optional, does, undoes, ...rest } = options
    const both = {
      requires,
      ...(optional === undefined ? {} : { optional }),
      ...rest,
      execute(inputs: object, { idempotencyKey, attempt }: TaskContext): unknown {
        const call = { name, inputs: { ...inputs }, idempotencyKey, attempt }
        calls.push(call)
        return does === undefined ? name : does(call)
      },
    }
    if (rest.irreversible === true) return task(name, both) as Task
    return task(name, {
      ...both,
      ...(optional === undefined ? {} : { revertOptional: optional }),
      revert(inputs, { idempotencyKey, attempt }): unknown {
        const call = { name: `${name} revert`, inputs: { ...inputs }, idempotencyKey, attempt }
        calls.push(call)
        return undoes?.(call)
      },
    }) as Task
  }
  return {
    calls,
    names: () => calls.map(({ name }) => name),
    step,
    bad: (name, options) =>
      step(name, {
        ...options,
        does() {
          throw new Error(`${name} is broken`)
        },
      }),
  }
}

/** Loads a flow whose needs the compiler is not to check, as when it was built in a loop. */
export function loadLoosely(flow: FlowItem, options: LoadOptions & AnyStore = {}): Engine {
  return (load as (flow: FlowItem, options: LoadOptions & AnyStore) => Engine)(flow, options)
}

/** What a promise rejects with; undefined when it resolves. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error
  }
}

/** What a function throws; throws itself when it does not. */
export function thrownBy(body: () => unknown): unknown {
  try {
    body()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** The states of all atoms, by name. */
export function statesOf({ storage }: Engine<object>): Readonly<Record<string, string>> {
  return Object.fromEntries(storage.atomNames.map((name) => [name, storage.getAtomState(name)]))
}
