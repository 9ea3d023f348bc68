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
import { ANYTHING, type Checks, kindOf, readOptions } from '../base/checks.ts'
import { demandName } from '../base/names.ts'
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

const RETRY = kindOf(
  'a Retry, as times(3), forEach(…) or retry(…) make it',
  (value) => value instanceof Atom && value.kind === 'retry',
)
const CHECKS: Checks<FlowOptions> = { retry: ANYTHING }

/**
 * Children put together, themselves to be put into other flows to any depth.
 *
 * @typeParam Needs the symbols required from outside, with their types; `never`, the default, stands
 * for whatever a flow needs, so that any flow fits `Flow`
 * @typeParam Gives the symbols provided by any atom inside, with their types
 */
export abstract class Flow<Needs extends object = never, Gives extends object = object>
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
    demandName('the name of a flow', name)
    const { retry } = readOptions(`flow '${name}'`, options, CHECKS)
    if (retry !== undefined) RETRY(`the retry of flow '${name}'`, retry)
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

  /**
   * What the flow requires and provides, from what its children do. May take over the sets of
   * their symbols, which nobody asks for again.
   *
   * @internal
   */
  abstract addUp(of: (child: FlowItem) => Symbols): Symbols

  /** The symbols that must come from outside. */
  get requires(): ReadonlySet<string> {
    return symbolsOf(this).requires
  }

  /** The symbols that the retry or any child provides. */
  get provides(): ReadonlySet<string> {
    return symbolsOf(this).provides
  }

  /** `"pattern: name(len=n)"`, after TaskFlow. */
  toString(): string {
    return `"${this.pattern}: ${this.name}(len=${this.length})"`
  }
}

/** What a task or flow requires from outside, and what it provides. */
export interface Symbols {
  /** The symbols that must come from outside. */
  readonly requires: Set<string>
  /** The symbols that any atom inside provides. */
  readonly provides: Set<string>
}

/**
 * What a task or flow requires and provides. Goes through flows in flows from the inside outwards
 * without recursion, so that none is too deep.
 */
export function symbolsOf(item: FlowItem): Symbols {
  if (!(item instanceof Flow)) return symbolsOfTask(item)
  const known = new Map<FlowItem, Symbols>()
  const of = (child: FlowItem): Symbols => known.get(child) ?? symbolsOfTask(child)
  const stack = [{ flow: item, remaining: item[Symbol.iterator]() }]
  for (;;) {
    const { flow, remaining } = stack.at(-1) as (typeof stack)[number]
    const { done, value: child } = remaining.next()
    if (done !== true) {
      if (child instanceof Flow) stack.push({ flow: child, remaining: child[Symbol.iterator]() })
      continue
    }
    const symbols = flow.addUp(of)
    stack.pop()
    if (stack.length === 0) return symbols
    known.set(flow, symbols)
  }
}

function symbolsOfTask({ requires, provides }: FlowItem): Symbols {
  return { requires: new Set(requires), provides: new Set(provides) }
}

/** Both sets in one of them: the smaller is added to the larger. */
export function merge(a: Set<string>, b: Set<string>): Set<string> {
  const [larger, smaller] = a.size < b.size ? [b, a] : [a, b]
  for (const symbol of smaller) larger.add(symbol)
  return larger
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
