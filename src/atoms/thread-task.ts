/**
 * A task whose functions are named by module and export, so that they can be called in a thread.
 *
 * For work that keeps a processor busy. Functions cannot cross into a thread, names can.
 *
 * @module
 */
import { Task, type TaskContext, type TaskOptions } from './task.ts'
import type { AnyProvides, Provided } from './wiring.ts'

/** Where the functions of a thread task are. */
export interface ThreadTaskOptions<P extends AnyProvides = AnyProvides> extends TaskOptions {
  /** The module, usually `new URL('./work.js', import.meta.url)`. */
  readonly module: URL | string
  /**
   * Name of the exported function that does the work: `(inputs, context) => result`.
   *
   * @defaultValue `'execute'`
   */
  readonly execute?: string
  /** Name of the exported function that undoes it; left out, nothing is undone. */
  readonly revert?: string
  /** Names of the inputs; a function in another module cannot be read for them. */
  readonly requires: readonly string[]
  readonly provides?: P
}

/** What the functions of a thread task get beside their inputs. */
export type ThreadContext = Omit<TaskContext, 'logger'>

/** A task that a thread can run; without a thread executor it runs in the engine's own thread. */
export class ThreadTask<Needs extends object = object, Gives extends object = object> extends Task<
  Needs,
  Gives
> {
  /** Address of the module. */
  readonly module: string
  /** Names of the exported functions; an empty name where there is none. */
  readonly exports: { readonly execute: string; readonly revert: string }
  override readonly revert?: (inputs: object, context: TaskContext) => unknown

  /** @throws TypeError when the module is no address, or `requires` is missing. */
  constructor(name: string, options: ThreadTaskOptions) {
    const revert =
      options.revert === undefined
        ? undefined
        : (inputs: object, context: TaskContext): unknown => this.#call('revert', inputs, context)
    super(name, options, { execute: ThreadTask.prototype.execute, revert })
    if (!URL.canParse(String(options.module))) {
      throw new TypeError(
        `'${name}' has the module '${String(options.module)}': write an address, new URL('./work.js', import.meta.url)`,
      )
    }
    this.module = String(options.module)
    this.exports = { execute: options.execute ?? 'execute', revert: options.revert ?? '' }
    if (revert) this.revert = revert
  }

  override execute(inputs: Needs, context: TaskContext): Promise<unknown> {
    return this.#call('execute', inputs, context)
  }

  #call(method: 'execute' | 'revert', inputs: object, context: TaskContext): Promise<unknown> {
    return callExport(this.module, this.exports[method], inputs, context)
  }
}

/**
 * Calls an exported function of a module.
 *
 * @throws TypeError when the module has no such function.
 */
export async function callExport(
  module: string,
  name: string,
  inputs: object,
  context: ThreadContext,
): Promise<unknown> {
  const found: Readonly<Record<string, unknown>> = await import(module)
  const fn = found[name]
  if (typeof fn !== 'function') throw new TypeError(`${module} exports no function '${name}'`)
  return fn(inputs, context)
}

/**
 * Makes a task of functions that another module exports.
 *
 * @throws TypeError when the module is no address, or `requires` is missing.
 *
 * @example
 * const digest = threadTask('digest', {
 *   module: new URL('./digest.js', import.meta.url), // export function execute({ path }) { … }
 *   requires: ['path'],
 *   provides: 'digest',
 * })
 * await run(flow, { engine: 'parallel', executor: threads() })
 */
export function threadTask<
  const Names extends readonly string[],
  const P extends AnyProvides = undefined,
>(
  name: string,
  options: ThreadTaskOptions<P> & { readonly requires: Names },
): ThreadTask<{ [K in Names[number]]: unknown }, Provided<P, unknown>> {
  return new ThreadTask(name, options)
}
