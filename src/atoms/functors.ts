/**
 * Tasks made of a function over values: TaskFlow's `MapFunctorTask` and `ReduceFunctorTask`.
 *
 * @module
 */
import { Task, type TaskOptions } from './task.ts'
import type { AnyProvides, Provided } from './wiring.ts'

/** What {@link mapTask} and {@link reduceTask} may be told. */
export interface FunctorOptions<
  Names extends readonly string[] = readonly string[],
  P extends AnyProvides = AnyProvides,
> extends Omit<TaskOptions, 'requires' | 'rebind' | 'optional' | 'provides'> {
  /** The symbols whose values are taken, in this order. */
  readonly requires: Names
  /** A name for the whole result; for a map also one for each element, by position. */
  readonly provides?: P
}

class FunctorTask extends Task<object, never> {
  readonly #symbols: readonly string[]
  readonly #work: (values: readonly unknown[]) => unknown

  constructor(
    name: string,
    options: TaskOptions & { readonly requires: readonly string[] },
    work: (values: readonly unknown[]) => unknown,
  ) {
    super(name, options)
    this.#symbols = options.requires
    this.#work = work
  }

  override execute(inputs: object): unknown {
    const values = inputs as Readonly<Record<string, unknown>>
    return this.#work(this.#symbols.map((symbol) => values[symbol]))
  }
}

/**
 * Makes a task that applies a function to each of several values, all at once if it is async, and
 * gives the list of results.
 *
 * @throws TypeError when the function does not take exactly one parameter, or `requires` is no list.
 *
 * @example
 * const sizes = mapTask('sizes', (path: string) => sizeOf(path), { requires: ['a', 'b'], provides: ['sizeA', 'sizeB'] })
 */
export function mapTask<
  Value,
  Result,
  const Names extends readonly string[],
  const P extends AnyProvides = undefined,
>(
  name: string,
  functor: (value: Value) => Result | Promise<Result>,
  options: FunctorOptions<Names, P>,
): Task<{ [K in Names[number]]: Value }, Provided<P, readonly Result[]>> {
  checkFunctor(name, 'map', functor, 1)
  checkSymbols(name, options.requires, 1)
  return new FunctorTask(name, options, (values) =>
    Promise.all(values.map((value) => functor(value as Value))),
  )
}

/**
 * Makes a task that folds several values into one, from the left.
 *
 * @throws TypeError when the function does not take exactly two parameters, or `requires` is no
 * list of at least two symbols.
 *
 * @example
 * const total = reduceTask('total', (a: number, b: number) => a + b, { requires: ['x', 'y', 'z'], provides: 'sum' })
 */
export function reduceTask<
  Value,
  const Names extends readonly string[],
  const P extends AnyProvides = undefined,
>(
  name: string,
  functor: (left: Value, right: Value) => Value | Promise<Value>,
  options: FunctorOptions<Names, P>,
): Task<{ [K in Names[number]]: Value }, Provided<P, Value>> {
  checkFunctor(name, 'reduce', functor, 2)
  checkSymbols(name, options.requires, 2)
  return new FunctorTask(name, options, async ([first, ...rest]) => {
    let folded = first as Value
    for (const value of rest) folded = await functor(folded, value as Value)
    return folded
  })
}

function checkFunctor(name: string, kind: string, functor: unknown, count: number): void {
  if (typeof functor !== 'function') {
    throw new TypeError(`${kind} task '${name}' needs a function, not ${typeof functor}`)
  }
  if (functor.length !== count) {
    throw new TypeError(
      `the function of ${kind} task '${name}' takes ${functor.length} parameters: it must take exactly ${count}`,
    )
  }
}

function checkSymbols(name: string, symbols: unknown, least: number): void {
  if (!Array.isArray(symbols) || symbols.length < least) {
    throw new TypeError(
      `'${name}' requires ${JSON.stringify(symbols)}: write a list of at least ${least} ${least === 1 ? 'symbol' : 'symbols'}`,
    )
  }
}
