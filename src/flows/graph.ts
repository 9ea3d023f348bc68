/**
 * The graph pattern: children ordered by what they need of each other, and by links.
 *
 * @module
 */
import type { Retry } from '../atoms/retry.ts'
import type { Nothing } from '../atoms/wiring.ts'
import { BOOLEAN, type Checks, readOptions } from '../base/checks.ts'
import { Digraph, type Edge } from '../base/digraph.ts'
import { appended } from '../base/short-lists.ts'
import { AmbiguousDependencyError, CycleError } from '../errors.ts'
import { type DeciderHistory, type DeciderRule, type LinkOptions, readRule } from './decider.ts'
import {
  checkItems,
  Flow,
  type FlowItem,
  type FlowOptions,
  type Link,
  merge,
  type Symbols,
  symbolsOf,
} from './flow.ts'
import type { Fitting, GivesAfter, GivesOf, Graph, NeedsAfter, NeedsOf } from './wiring.ts'

/** Which links are made when children are added. */
export interface AddOptions {
  /**
   * A new child is linked behind the known child that provides what it requires.
   *
   * @defaultValue `true`
   */
  readonly resolveRequires?: boolean
  /**
   * Known children that still lack what a new child provides are linked behind it.
   *
   * @defaultValue `true`
   */
  readonly resolveExisting?: boolean
}

const ADD_CHECKS: Checks<AddOptions> = { resolveRequires: BOOLEAN, resolveExisting: BOOLEAN }

type Edges = Digraph<FlowItem, DeciderRule | undefined>

/**
 * A flow whose children are ordered by data: who requires a symbol runs after who provides it.
 * Links add order that data does not show, and deciders.
 */
export class GraphFlow<Needs extends object = never, Gives extends object = object> extends Flow<
  Needs,
  Gives
> {
  readonly pattern = 'graph'
  readonly #graph: Edges = new Digraph()
  /** What each flow among the children required and provided when it was added; links go by that. */
  readonly #symbols = new Map<FlowItem, Symbols>()
  readonly #providers = new Map<string, FlowItem[]>()
  readonly #requirers = new Map<string, FlowItem[]>()
  #target: { readonly item: FlowItem; visible: ReadonlySet<FlowItem> | undefined } | undefined

  /**
   * Adds children and links them by what they require and provide.
   *
   * @throws {@link AmbiguousDependencyError} when several known children provide what a new one
   * requires; {@link CycleError} when the links would form a cycle; TypeError when something is
   * neither a task nor a flow. Nothing is added then.
   */
  add<Items extends readonly FlowItem[]>(
    ...items: Fitting<Items, Graph<Items, Needs, Gives>>
  ): GraphFlow<
    NeedsAfter<Items, Needs, Graph<Items, Needs, Gives>>,
    GivesAfter<Items, Gives, Graph<Items, Needs, Gives>>
  >
  add(...items: readonly FlowItem[]): unknown {
    return this.#add({}, items)
  }

  /** As {@link GraphFlow.add}, with a say in which links are made. */
  addWith<Items extends readonly FlowItem[]>(
    options: AddOptions,
    ...items: Fitting<Items, Graph<Items, Needs, Gives>>
  ): GraphFlow<
    NeedsAfter<Items, Needs, Graph<Items, Needs, Gives>>,
    GivesAfter<Items, Gives, Graph<Items, Needs, Gives>>
  >
  addWith(options: AddOptions, ...items: readonly FlowItem[]): unknown {
    return this.#add(options, items)
  }

  #add(options: AddOptions, items: readonly FlowItem[]): this {
    readOptions('addWith()', options, ADD_CHECKS)
    checkItems(this.name, items)
    const added = new Map<FlowItem, Symbols>()
    for (const item of items) if (!this.#graph.has(item)) added.set(item, symbolsOf(item))
    const made: Edge<FlowItem, unknown>[] = []
    const waiting = this.#stillWaiting(options)
    // Asked before anything is linked: who lacks a symbol by now gets its link, as in TaskFlow.
    for (const { provides } of added.values()) for (const symbol of provides) waiting.for(symbol)
    try {
      for (const [item, symbols] of added) {
        this.#graph.add(item)
        if (item instanceof Flow) this.#symbols.set(item, symbols)
        if (options.resolveRequires !== false) this.#linkToProviders(item, waiting, made)
        this.#register(item, symbols)
        if (options.resolveExisting !== false) this.#linkWaiting(item, symbols, waiting, made)
        this.#refuseCycleThrough(item)
      }
    } catch (error) {
      for (const { from, to } of made.reverse()) this.#graph.disconnect(from, to)
      for (const item of added.keys()) this.#forget(item)
      throw error
    }
    this.#refreshTarget()
    return this
  }

  /**
   * Runs one child after another, whatever data they exchange; with a decider, perhaps not at all.
   * Linking the same two again keeps the old decider unless a new one is given.
   *
   * @throws RangeError when one of them is not a child, or the depth is none; TypeError when the
   * decider is no function, or there is a depth without one; {@link CycleError}. Nothing is
   * changed then.
   */
  link<History extends object = DeciderHistory>(
    from: FlowItem,
    to: FlowItem,
    options: LinkOptions<History> = {},
  ): this {
    for (const [item, end] of [
      [from, 'from'],
      [to, 'to'],
    ] as const) {
      if (!this.#graph.has(item)) {
        throw new RangeError(
          `flow '${this.name}' cannot link ${end} '${nameOf(item)}', which is not one of its children: add it first`,
        )
      }
    }
    const rule = readRule(options as LinkOptions)
    const path = this.#graph.edge(from, to) ? undefined : this.#graph.path(to, from)
    if (path !== undefined) throw new CycleError(this.name, path.map(nameOf))
    this.#graph.connect(from, to, rule ?? this.#graph.edge(from, to)?.label)
    this.#refreshTarget()
    return this
  }

  /**
   * Restricts the flow to one child and its direct and indirect predecessors; the others are as
   * if they were not there.
   *
   * @throws RangeError when it is not a child.
   */
  target(item: FlowItem): this {
    if (!this.#graph.has(item)) {
      throw new RangeError(
        `flow '${this.name}' cannot target '${nameOf(item)}', which is not one of its children`,
      )
    }
    this.#target = { item, visible: undefined }
    return this
  }

  /** Takes the restriction to a target away. */
  resetTarget(): this {
    this.#target = undefined
    return this
  }

  override get length(): number {
    return this.#visible()?.size ?? this.#graph.size
  }

  override *[Symbol.iterator](): Generator<FlowItem> {
    const visible = this.#visible()
    for (const item of this.#graph.generations()) {
      if (visible === undefined || visible.has(item)) yield item
    }
  }

  override *links(): Generator<Link> {
    const visible = this.#visible()
    for (const node of this.#graph.nodes()) {
      if (visible !== undefined && !visible.has(node)) continue
      for (const { from, to, label } of this.#graph.outgoing(node)) {
        if (visible === undefined || visible.has(to)) yield { from, to, rule: label }
      }
    }
  }

  /** @internal */
  override addUp(of: (child: FlowItem) => Symbols): Symbols {
    const items = [...this]
    const inFlows = items.filter((item) => item instanceof Flow)
    const symbols = new Map(inFlows.map((flow) => [flow, of(flow)]))
    const requires = new Set<string>(this.retry?.requires)
    for (const item of items) {
      for (const symbol of this.#unsatisfied(item, symbols)) requires.add(symbol)
    }
    let provides = new Set<string>(this.retry?.provides)
    for (const item of items) provides = merge(provides, of(item).provides) // changes the sets
    return { requires, provides }
  }

  /**
   * What a child requires that neither the retry nor any predecessor provides.
   *
   * @param symbols of the flows among the children; those of a task are its own
   */
  #unsatisfied(
    item: FlowItem,
    symbols: ReadonlyMap<FlowItem, Symbols> = this.#symbols,
  ): ReadonlySet<string> {
    const left = new Set<string>((symbols.get(item) ?? item).requires)
    for (const symbol of this.retry?.provides ?? []) left.delete(symbol)
    if (left.size === 0) return left
    for (const ancestor of this.#graph.ancestors(item)) {
      const provides = (symbols.get(ancestor) ?? ancestor).provides
      for (const symbol of left) if (provides.has(symbol)) left.delete(symbol)
      if (left.size === 0) break
    }
    return left
  }

  /**
   * Tells which known children lack a symbol. Worked out when the symbol is first asked for in one
   * call of add; the call adds and takes away whom it links.
   */
  #stillWaiting(options: AddOptions): Waiting {
    const lists = new Map<string, Set<FlowItem>>()
    return {
      for: (symbol) => {
        const known = lists.get(symbol)
        if (known !== undefined) return known
        const list = new Set<FlowItem>()
        lists.set(symbol, list)
        if (this.retry?.provides.has(symbol) || options.resolveExisting === false) return list
        for (const item of this.#requirers.get(symbol) ?? []) {
          if (this.#unsatisfied(item).has(symbol)) list.add(item)
        }
        return list
      },
    }
  }

  #linkToProviders(item: FlowItem, waiting: Waiting, made: Edge<FlowItem, unknown>[]): void {
    for (const symbol of this.#unsatisfied(item)) {
      const providers = this.#providers.get(symbol) ?? []
      const [provider] = providers
      if (providers.length > 1) {
        throw new AmbiguousDependencyError(nameOf(item), symbol, providers.map(nameOf).sort())
      }
      if (provider !== undefined) this.#connect(provider, item, made)
      else waiting.for(symbol).add(item)
    }
  }

  #linkWaiting(
    item: FlowItem,
    { provides }: Symbols,
    waiting: Waiting,
    made: Edge<FlowItem, unknown>[],
  ): void {
    for (const symbol of provides) {
      const list = waiting.for(symbol)
      for (const other of list) {
        if (other === item) continue
        this.#connect(item, other, made)
        list.delete(other)
      }
    }
  }

  #connect(from: FlowItem, to: FlowItem, made: Edge<FlowItem, unknown>[]): void {
    if (this.#graph.edge(from, to) !== undefined) return
    this.#graph.connect(from, to, undefined)
    made.push({ from, to, label: undefined })
  }

  /** Only a child with links to and from others can have closed a cycle. */
  #refuseCycleThrough(item: FlowItem): void {
    if (this.#graph.incoming(item).length === 0) return
    for (const { to } of this.#graph.outgoing(item)) {
      const path = this.#graph.path(to, item)
      if (path !== undefined) throw new CycleError(this.name, path.map(nameOf))
    }
  }

  #register(item: FlowItem, { requires, provides }: Symbols): void {
    for (const symbol of provides) append(this.#providers, symbol, item)
    for (const symbol of requires) append(this.#requirers, symbol, item)
  }

  #forget(item: FlowItem): void {
    this.#graph.remove(item)
    this.#symbols.delete(item)
    for (const lists of [this.#providers, this.#requirers]) {
      for (const [symbol, items] of lists) {
        const rest = items.filter((one) => one !== item)
        if (rest.length < items.length) lists.set(symbol, rest)
      }
    }
  }

  #refreshTarget(): void {
    if (this.#target !== undefined) this.#target.visible = undefined
  }

  #visible(): ReadonlySet<FlowItem> | undefined {
    const target = this.#target
    if (target === undefined) return undefined
    target.visible ??= new Set([target.item, ...this.#graph.ancestors(target.item)])
    return target.visible
  }
}

/** Who lacks what, within one call of add. */
interface Waiting {
  for(symbol: string): Set<FlowItem>
}

/**
 * Makes a flow whose children are ordered by the data that they exchange, and by links.
 *
 * @example
 * const flow = graph('adders').add(x5, x3, x4).link(x3, x4, { decider: ({ history }) => history.x3 > 0 })
 */
export function graph<R extends Retry<never, object> = Retry<Nothing, Nothing>>(
  name: string,
  options: FlowOptions<R> = {},
): GraphFlow<NeedsOf<R>, GivesOf<R>> {
  return new GraphFlow(name, options)
}

function append(lists: Map<string, FlowItem[]>, symbol: string, item: FlowItem): void {
  const list = lists.get(symbol) ?? []
  const longer = appended(list, item)
  if (longer !== list) lists.set(symbol, longer)
}

function nameOf(item: FlowItem): string {
  return item.name
}
