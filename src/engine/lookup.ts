/**
 * Finds the values of arguments and of named results.
 *
 * TaskFlow's order (`storage.py`): what is injected into the atom, what was put into storage, then
 * the nearest atom that provides the symbol. Reads records, changes nothing.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import type { Binding } from '../atoms/bindings.ts'
import { extract, type Provision } from '../atoms/provides.ts'
import { type MissingDependency, NotFoundError } from '../errors.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { readKept } from '../persistence/kept-value.ts'
import type { Compilation, GraphNode, Scope } from './compiler.ts'
import { Scopes } from './scopes.ts'

/** A value, or the reason why there is none. */
type Found = { readonly value: unknown } | { readonly reason: string }

/** Where values are looked for besides the atoms. */
export interface Injected {
  /** Put into storage for everybody, not to be stored. */
  readonly transient: ReadonlyMap<string, unknown>
  /** Put into storage for everybody, each value as it is kept. */
  readonly persistent: Readonly<Record<string, unknown>>
  /** Put into storage for one atom, not to be stored; by its name. */
  readonly byAtom: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

/** What a provider that has failed stands for. */
export type FailedProviders = 'as values' | 'refused'

/** Looks values up in one compiled flow. */
export class Lookup {
  readonly #compilation: Compilation
  readonly #details: readonly (AtomDetail | undefined)[]
  readonly #injected: Injected
  /** Who provides what to whom. */
  readonly scopes: Scopes

  /** @param details the records of the atoms, by position of their nodes */
  constructor(
    compilation: Compilation,
    details: readonly (AtomDetail | undefined)[],
    injected: Injected,
  ) {
    this.#compilation = compilation
    this.#details = details
    this.#injected = injected
    this.scopes = new Scopes(compilation)
  }

  /**
   * The inputs of a method of an atom, by argument name.
   *
   * @throws {@link NotFoundError} when an argument that is not optional has no value.
   */
  inputs(node: GraphNode, bindings: readonly Binding[]): Record<string, unknown> {
    // Without a prototype: an optional input called `constructor` is then left out like any other.
    // And objects whose names differ from task to task do not each get a shape of their own, which
    // took as long as all the rest in flows of 100,000 tasks.
    const inputs: Record<string, unknown> = Object.create(null)
    for (const { argument, symbol, optional } of bindings) {
      const found = this.#find(node, symbol)
      if ('value' in found) inputs[argument] = found.value
      else if (!optional) {
        throw new NotFoundError(
          `'${node.name}' cannot have its input ${nameOf(argument, symbol)}: ${found.reason}`,
        )
      }
    }
    return inputs
  }

  /** The arguments of all atoms that have no possible source. */
  missing(): readonly MissingDependency[] {
    const missing: MissingDependency[] = []
    for (const node of this.#compilation.atoms) {
      const atom = node.atom as Atom<never, object>
      for (const [method, bindings] of [
        ['execute', atom.executeBindings],
        ['revert', atom.revertBindings],
      ] as const) {
        for (const { argument, symbol, optional } of bindings) {
          if (optional || this.#hasSource(node, symbol)) continue
          missing.push({ atom: node.name, method, argument, symbol })
        }
      }
    }
    return missing
  }

  /** True when the value was injected into the atom or put into storage. */
  isInjected(node: GraphNode, symbol: string): boolean {
    return this.givenTo(node, symbol) !== undefined
  }

  /** All symbols that have a provider of any kind. */
  symbols(): ReadonlySet<string> {
    const { transient, persistent } = this.#injected
    return new Set([...transient.keys(), ...Object.keys(persistent), ...this.scopes.symbols()])
  }

  /**
   * The values known under a symbol in the whole flow: those put into storage first, then those of
   * atoms in order of definition, a retry after the children of its flow.
   *
   * @param failures whether a failed provider contributes its failure, or is no provider
   * @throws {@link NotFoundError} when nobody provides it, or a provider has no value yet.
   */
  named(symbol: string, failures: FailedProviders): readonly unknown[] {
    const values: unknown[] = []
    const { transient, persistent } = this.#injected
    if (transient.has(symbol)) values.push(transient.get(symbol))
    if (Object.hasOwn(persistent, symbol)) values.push(readKept(persistent[symbol]))
    const providers = this.scopes.providersOf(symbol)
    for (const node of providers.length > 1 ? inResultOrder(providers) : providers) {
      const detail = this.#detailOf(node)
      if (detail.state === 'IGNORE') continue
      const found = takeNamed(node, detail, symbol, failures)
      if ('reason' in found) throw new NotFoundError(`no value for '${symbol}': ${found.reason}`)
      values.push(found.value)
    }
    if (values.length === 0) {
      throw new NotFoundError(
        `no value for '${symbol}': ${providers.length === 0 ? 'nothing provides it' : 'what provides it was ignored'}`,
      )
    }
    return values
  }

  #detailOf(node: GraphNode): AtomDetail {
    return this.#details[node.index] as AtomDetail
  }

  /** Whether a symbol is given to an atom by what is injected into it, or by the store. */
  givenTo(node: GraphNode, symbol: string): 'inject' | 'store' | undefined {
    if (this.#injectedInto(node, symbol) !== undefined) return 'inject'
    const { transient, persistent } = this.#injected
    return transient.has(symbol) || Object.hasOwn(persistent, symbol) ? 'store' : undefined
  }

  #injectedFor(node: GraphNode, symbol: string): Found | undefined {
    return this.#own(node, symbol) ?? this.#stored(symbol)
  }

  /** What was injected into the atom. */
  #own(node: GraphNode, symbol: string): Found | undefined {
    const values = this.#injectedInto(node, symbol)
    return values && { value: readKept(values[symbol]) }
  }

  /** The nearest of the places that are the atom's own, when it has the symbol. */
  #injectedInto(node: GraphNode, symbol: string): Readonly<Record<string, unknown>> | undefined {
    const { byAtom } = this.#injected
    const given = byAtom.size === 0 ? undefined : byAtom.get(node.name)
    if (given !== undefined && Object.hasOwn(given, symbol)) return given
    const own = (node.atom as Atom<never, object>).inject
    if (own !== undefined && Object.hasOwn(own, symbol)) return own
    const kept = this.#details[node.index]?.keptInjected
    return kept !== undefined && Object.hasOwn(kept, symbol) ? kept : undefined
  }

  /** What was put into storage. */
  #stored(symbol: string): Found | undefined {
    const { transient, persistent } = this.#injected
    if (transient.has(symbol)) return { value: transient.get(symbol) }
    if (Object.hasOwn(persistent, symbol)) return { value: readKept(persistent[symbol]) }
    return undefined
  }

  #find(node: GraphNode, symbol: string): Found {
    const injected = this.#injectedFor(node, symbol)
    if (injected !== undefined) return injected
    const only = this.scopes.soleProvider(node, symbol)
    if (only !== undefined) {
      const detail = this.#detailOf(only)
      if (detail.state !== 'IGNORE') return take(only, detail, symbol)
    }
    let found: Found | undefined
    let nearest: Scope | undefined
    this.scopes.visit(node, symbol, (provider, scope) => {
      if (nearest !== undefined && scope !== nearest) return true
      const detail = this.#detailOf(provider)
      if (detail.state === 'IGNORE') return false
      nearest = scope
      const taken = take(provider, detail, symbol)
      if ('value' in taken || found === undefined) found = taken
      return 'value' in taken
    })
    return found ?? { reason: this.#whyUnseen(symbol) }
  }

  #hasSource(node: GraphNode, symbol: string): boolean {
    if (this.isInjected(node, symbol)) return true
    if (this.scopes.soleProvider(node, symbol) !== undefined) return true
    let seen = false
    this.scopes.visit(node, symbol, () => {
      seen = true
      return true
    })
    return seen
  }

  #whyUnseen(symbol: string): string {
    const names = this.scopes.providersOf(symbol).map((node) => `'${node.name}'`)
    if (names.length === 0) return 'nothing provides it'
    return `${names.slice(0, 5).join(', ')} ${names.length === 1 ? 'provides' : 'provide'} it, but ${names.length === 1 ? 'does' : 'do'} not come before it or was ignored`
  }
}

/** An input as messages call it. */
export function nameOf(argument: string, symbol: string): string {
  return argument === symbol ? `'${symbol}'` : `'${argument}' (rebound to '${symbol}')`
}

/** A retry's values count behind those of the children of its flow, as TaskFlow registers them. */
function inResultOrder(providers: readonly GraphNode[]): readonly GraphNode[] {
  const rank = (node: GraphNode): number =>
    node.kind === 'retry' && node.scope !== undefined ? node.scope.end.index - 0.5 : node.index
  return [...providers].sort((a, b) => rank(a) - rank(b))
}

function provisionOf({ atom }: GraphNode, symbol: string): Provision | undefined {
  for (const one of atom?.provisions ?? []) if (one.symbol === symbol) return one
  return undefined
}

/** The part of an atom's result that a symbol stands for. */
function take(node: GraphNode, detail: AtomDetail, symbol: string): Found {
  const { state } = detail
  if (state !== 'SUCCESS' && state !== 'FAILURE' && state !== 'REVERTING') {
    return { reason: `'${node.name}' provides it, but is ${state}` }
  }
  const provision = provisionOf(node, symbol)
  const result = lastResult(detail)
  if (provision?.index === undefined) return { value: result }
  const taken = extract(result, provision.index)
  if (taken.found) return { value: taken.value }
  return {
    reason: `the result of '${node.name}' has no ${typeof provision.index === 'number' ? `element ${provision.index}` : `field '${provision.index}'`}`,
  }
}

function takeNamed(
  node: GraphNode,
  detail: AtomDetail,
  symbol: string,
  failures: FailedProviders,
): Found {
  const { failure } = detail
  if (failure === undefined) return take(node, detail, symbol)
  const isWhole = node.atom?.provisions.find((one) => one.symbol === symbol)?.index === undefined
  if (failures === 'as values' && isWhole) return { value: failure }
  return { reason: `'${node.name}', which provides it, failed: ${failure.message}` }
}

/** What execute returned; of a retry, the value of its newest attempt. */
export function lastResult(detail: AtomDetail): unknown {
  if (detail.kind === 'task') return detail.results
  return readKept(detail.keptResults.at(-1)?.[0])
}
