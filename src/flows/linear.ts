/**
 * The linear pattern: each child starts when everything in the child before it has finished.
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
import type { Fitting, GivesAfter, GivesOf, Linear, NeedsAfter, NeedsOf } from './wiring.ts'

/** A flow whose children run one after the other, and are reverted the other way round. */
export class LinearFlow<Needs extends object = never, Gives extends object = object> extends Flow<
  Needs,
  Gives
> {
  readonly pattern = 'linear'
  readonly #children = new Set<FlowItem>()

  /**
   * Adds children behind those that are there. A child that is there already stays where it is.
   *
   * @throws TypeError when something is neither a task nor a flow; nothing is added then.
   */
  add<Items extends readonly FlowItem[]>(
    ...items: Fitting<Items, Linear<Items, Needs, Gives>>
  ): LinearFlow<
    NeedsAfter<Items, Needs, Linear<Items, Needs, Gives>>,
    GivesAfter<Items, Gives, Linear<Items, Needs, Gives>>
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

  override *links(): Generator<Link> {
    let from: FlowItem | undefined
    for (const to of this.#children) {
      if (from !== undefined) yield { from, to, rule: undefined }
      from = to
    }
  }

  /** @internal */
  override addUp(of: (child: FlowItem) => Symbols): Symbols {
    const requires = new Set<string>(this.retry?.requires)
    let provides = new Set<string>(this.retry?.provides)
    for (const child of this.#children) {
      const symbols = of(child)
      for (const symbol of symbols.requires) if (!provides.has(symbol)) requires.add(symbol)
      provides = merge(provides, symbols.provides)
    }
    return { requires, provides }
  }
}

/**
 * Makes a flow whose children run one after the other.
 *
 * @example
 * const flow = linear('create-volume', { retry: times(3) }).add(reserveQuota, createEntry)
 */
export function linear<R extends Retry<never, object> = Retry<Nothing, Nothing>>(
  name: string,
  options: FlowOptions<R> = {},
): LinearFlow<NeedsOf<R>, GivesOf<R>> {
  return new LinearFlow(name, options)
}
