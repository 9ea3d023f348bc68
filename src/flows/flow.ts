/**
 * What all patterns have in common: a name, children, links between them, and perhaps a retry.
 *
 * For the compiler, which turns flows into an execution graph, and for the patterns beside this
 * file. A flow knows its children; it does not know how it is run.
 *
 * @module
 */
import { Atom, type Wired } from '../atoms/atom.ts'
import type { Retry } from '../atoms/retry.ts'
import type { Task } from '../atoms/task.ts'
import type { DeciderRule } from './decider.ts'

/** A child of a flow, whatever its types: a task, or a flow in its turn. */
export type FlowItem = Task<never, object> | Flow<never, object>

/** That one child of a flow comes before another. */
export interface Link {
  /** The child that comes first. */
  readonly from: FlowItem
  /** The child that waits for it. */
  readonly to: FlowItem
  /** Decides whether the child that waits is run at all. */
  readonly rule: DeciderRule | undefined
}

/** How the children of a flow are ordered. */
export type Pattern = 'linear' | 'unordered' | 'graph'

/** What a flow may say about itself. */
export interface FlowOptions<R extends Retry<never, object> = Retry<never, object>> {
  /** Runs first, and is asked what to do when an atom of the flow fails. */
  readonly retry?: R | undefined
}

/**
 * Children put together, themselves to be put into other flows to any depth.
 *
 * @typeParam Needs the symbols required from outside, with their types
 * @typeParam Gives the symbols provided by any atom inside, with their types
 */
export abstract class Flow<Needs extends object = object, Gives extends object = object>
  implements Wired<Needs, Gives>, Iterable<FlowItem>
{
  declare readonly '~wiring'?: (needs: Needs) => Gives
  /** How the children are ordered. */
  abstract readonly pattern: Pattern
  /** For people; need not be unique. */
  readonly name: string
  /** Runs first, and is asked what to do when an atom of the flow fails. */
  readonly retry: Retry<never, object> | undefined

  /** @throws TypeError when the name is no string or is empty, or the retry is none. */
  constructor(name: string, options: FlowOptions = {}) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`a flow needs a name that is not empty, not ${JSON.stringify(name)}`)
    }
    const { retry } = options
    if (retry !== undefined && !(retry instanceof Atom && retry.kind === 'retry')) {
      throw new TypeError(
        `flow '${name}' has a retry that is none: use times(3), forEach(…) or retry(…)`,
      )
    }
    this.name = name
    this.retry = retry
    retry?.joinFlow(name)
  }

  /** How many children there are, the retry not counted. */
  abstract get length(): number

  /** The children; those of a graph flow by generations, those of others as they were added. */
  abstract [Symbol.iterator](): Iterator<FlowItem>

  /** Which child comes before which. */
  abstract links(): Iterable<Link>

  /** The symbols that must come from outside. */
  abstract get requires(): ReadonlySet<string>

  /** The symbols that the retry or any child provides. */
  get provides(): ReadonlySet<string> {
    const provides = new Set<string>(this.retry?.provides)
    for (const child of this) for (const symbol of child.provides) provides.add(symbol)
    return provides
  }

  /** `"pattern: name(len=n)"`, after TaskFlow. */
  toString(): string {
    return `"${this.pattern}: ${this.name}(len=${this.length})"`
  }
}

/** @throws TypeError when something is neither a task nor a flow. */
export function checkItems(flow: string, items: readonly unknown[]): void {
  for (const item of items) {
    if (item instanceof Flow || (item instanceof Atom && item.kind === 'task')) continue
    const what = item instanceof Atom ? `the retry '${item.name}'` : String(item)
    throw new TypeError(
      `flow '${flow}' cannot take ${what} as a child: add tasks and flows${item instanceof Atom ? '; a retry goes into the options of a flow, { retry }' : ''}`,
    )
  }
}
