/**
 * The unordered pattern: children that have nothing to do with each other.
 *
 * @module
 */
import type { Retry } from '../atoms/retry.ts'
import type { Nothing } from '../atoms/wiring.ts'
import {
  checkItems,
  Flow,
  type FlowItem,
  type FlowOptions,
  type Link,
  merge,
  type Symbols,
} from './flow.ts'
import type { Fitting, GivesAfter, GivesOf, NeedsAfter, NeedsOf, Unordered } from './wiring.ts'

const NO_LINKS: readonly Link[] = []

/** A flow whose children may run in any order and all at once; they do not see each other. */
export class UnorderedFlow<
  Needs extends object = never,
  Gives extends object = object,
  FromRetry extends object = object,
> extends Flow<Needs, Gives> {
  readonly pattern = 'unordered'
  readonly #children = new Set<FlowItem>()

  /**
   * Adds children. A child that is there already is not added again.
   *
   * @throws TypeError when something is neither a task nor a flow; nothing is added then.
   */
  add<Items extends readonly FlowItem[]>(
    ...items: Fitting<Items, Unordered<Items, Needs, FromRetry>>
  ): UnorderedFlow<
    NeedsAfter<Items, Needs, Unordered<Items, Needs, FromRetry>>,
    GivesAfter<Items, Gives, Unordered<Items, Needs, FromRetry>>,
    FromRetry
  >
  add(...items: readonly FlowItem[]): unknown {
    checkItems(this.name, items)
    for (const item of items) this.#children.add(item)
    return this
  }

  override get length(): number {
    return this.#children.size
  }

  override [Symbol.iterator](): Iterator<FlowItem> {
    return this.#children.values()
  }

  override links(): Iterable<Link> {
    return NO_LINKS
  }

  /** @internal */
  override addUp(of: (child: FlowItem) => Symbols): Symbols {
    const fromRetry = this.retry?.provides ?? new Set<string>()
    let requires = new Set<string>()
    let provides = new Set<string>(fromRetry)
    for (const child of this.#children) {
      const symbols = of(child)
      requires = merge(requires, symbols.requires)
      provides = merge(provides, symbols.provides)
    }
    for (const symbol of fromRetry) requires.delete(symbol)
    return { requires: merge(requires, new Set(this.retry?.requires)), provides }
  }
}

/**
 * Makes a flow whose children may run in any order and all at once.
 *
 * @example
 * const flow = unordered('notify').add(sendMail, postMessage)
 */
export function unordered<R extends Retry<never, object> = Retry<Nothing, Nothing>>(
  name: string,
  options: FlowOptions<R> = {},
): UnorderedFlow<NeedsOf<R>, GivesOf<R>, GivesOf<R>> {
  return new UnorderedFlow(name, options)
}
