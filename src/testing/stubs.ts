/**
 * Functions that stand in for tasks, without a change of the flow.
 *
 * A stub speaks of symbols, as the types of flows do: its inputs have the names that they have in
 * the flow, whatever `rebind` makes of them.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import { extract } from '../atoms/provides.ts'
import type { RevertInputs, Task, TaskContext } from '../atoms/task.ts'
import { awaitable } from '../base/thenable.ts'
import type { AtomCall } from '../executors/executor.ts'
import type { GivesOf, NeedsOf, ResultsOf } from '../flows/wiring.ts'
import type { CallInterceptor } from './interception.ts'

/**
 * What execute of a task may return so that it provides these symbols: the value itself when it is
 * one, an object with a field for each (`{ pick }`), or a list of values by position.
 */
export type StubResult<Gives> = keyof Gives extends never
  ? unknown
  :
      | Gives
      | readonly Gives[keyof Gives][]
      | (IsOne<keyof Gives> extends true ? Gives[keyof Gives] : never)

type IsOne<Key, Keys = Key> = Key extends unknown ? ([Keys] extends [Key] ? true : false) : never

/** What stands in for the methods of a task; one that is left out stays real. */
export interface StubMethods<Inputs, Result = unknown> {
  /** In place of execute; gets the inputs by symbol. */
  execute?(inputs: Inputs, context: TaskContext): Result | PromiseLike<Result>
  /** In place of revert; gets `result` and `flowFailures` beside the inputs. */
  revert?(inputs: Partial<Inputs> & RevertInputs, context: TaskContext): unknown
}

/**
 * A function in place of execute; revert does nothing then. Or functions for both. A stub may say more
 * of its inputs than the type of the flow does, as where that does not know them.
 */
export type StubOf<Inputs, Result = unknown> =
  | NonNullable<StubMethods<Inputs, Result>['execute']>
  | StubMethods<Inputs, Result>

/** What stands in for one task; made by {@link stub}. */
export interface Stub {
  /** Name of the task. */
  readonly atom: string
  /** What stands in for it. */
  readonly methods: StubMethods<never>
}

/**
 * The stubs of a flow: a list made with {@link stub}, whose types are those of the tasks; or by name
 * of the atom, with all symbols of the flow as inputs. The type of a flow does not know the names of
 * its atoms: a name that it has not is an error when the flow is run.
 */
export type Stubs<F> = readonly Stub[] | Readonly<Record<string, StubOf<ResultsOf<F>>>>

/**
 * Stands in for a task of which the object is at hand: the compiler checks inputs and result.
 *
 * @example
 * await runFlow(flow, { stubs: [stub(reserveQuota, ({ size }) => ({ id: 1, size }))] })
 */
export function stub<T extends Task<never, object>>(
  task: T,
  does: StubOf<NeedsOf<T>, StubResult<GivesOf<T>>>,
): Stub {
  return { atom: task.name, methods: methodsOf(task.name, does as StubOf<never>) }
}

/** The stubs as a list. */
export function stubList(stubs: Stubs<never> | undefined): readonly Stub[] {
  if (stubs === undefined) return []
  if (Array.isArray(stubs)) return stubs as readonly Stub[]
  return Object.entries(stubs as Readonly<Record<string, StubOf<never>>>).map(([atom, does]) => ({
    atom,
    methods: methodsOf(atom, does),
  }))
}

/**
 * Calls stubs in place of their tasks. What a stub returns must hold what its task provides; the
 * complaint about one that does not is noted in `misuses` and thrown.
 */
export function stubbing(stubs: readonly Stub[], misuses: TypeError[]): CallInterceptor {
  const byAtom = new Map(stubs.map(({ atom, methods }) => [atom, methods]))
  return (call, proceed) => {
    const { atom, direction, context } = call
    const methods = byAtom.get(atom.name)
    const method = methods?.[direction]
    if (methods === undefined || method === undefined) return proceed()
    const returned: unknown = method.call(methods, bySymbol(call) as never, context)
    if (direction === 'revert') return returned
    const check = (result: unknown): unknown => {
      const misuse = whyUnfit(atom, result)
      if (misuse === undefined) return result
      misuses.push(misuse)
      throw misuse
    }
    const pending = awaitable(returned)
    return pending === undefined ? check(returned) : checkLate(pending, check)
  }
}

async function checkLate(pending: Promise<unknown>, check: (result: unknown) => unknown) {
  return check(await pending)
}

function methodsOf(atom: string, does: StubOf<never>): StubMethods<never> {
  if (typeof does === 'function') return { execute: does, revert: () => {} }
  const { execute, revert } = (does ?? {}) as StubMethods<never>
  const given = [execute, revert].filter((method) => method !== undefined)
  if (given.length > 0 && given.every((method) => typeof method === 'function')) return does
  throw new TypeError(
    `the stub of '${atom}' is no function: write a function in place of execute, or { execute, revert }`,
  )
}

function bySymbol({ atom, direction, inputs }: AtomCall): Readonly<Record<string, unknown>> {
  const named: Record<string, unknown> = Object.assign(Object.create(null), inputs)
  const bindings = direction === 'execute' ? atom.executeBindings : atom.revertBindings
  for (const { argument } of bindings) delete named[argument]
  for (const { argument, symbol } of bindings) {
    if (Object.hasOwn(inputs, argument)) named[symbol] = inputs[argument]
  }
  return named
}

function whyUnfit({ name, provisions }: Atom, result: unknown): TypeError | undefined {
  const lacking = provisions.filter(({ index }) => !extract(result, index).found)
  if (lacking.length === 0) return undefined
  const symbols = lacking.map(({ symbol }) => `'${symbol}'`).join(', ')
  const isByField = provisions.some(({ index }) => typeof index === 'string')
  const form = isByField ? 'an object with a field for each' : 'a list with a value for each'
  return new TypeError(
    `the stub of '${name}' returned nothing for ${symbols}: return what its execute would, ${form}`,
  )
}
