/**
 * Where each input will come from, asked of the engine's own look-up; what is missing, and what
 * nobody takes.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import type { Compilation, GraphNode } from '../engine/compiler.ts'
import { affectedBy, rulesOf } from '../engine/deciding.ts'
import type { Lookup } from '../engine/lookup.ts'
import type { InputSource, PlannedGap, PlannedInput, UnusedSymbol } from './model.ts'

/** How many atoms are named as possible providers: a list of thousands helps nobody. */
const MAX_NAMES = 10

/** Asks a look-up, and keeps in mind what was taken. */
export class Sources {
  readonly #compilation: Compilation
  readonly #lookup: Lookup
  readonly #mayBeIgnored: ReadonlySet<GraphNode>
  readonly #takenFromStore = new Set<string>()
  readonly #taken = new Map<GraphNode, Set<string>>()

  constructor(compilation: Compilation, lookup: Lookup) {
    this.#compilation = compilation
    this.#lookup = lookup
    this.#mayBeIgnored = mayBeIgnored(compilation)
  }

  /** Where the inputs of an atom come from. */
  inputsOf(node: GraphNode): readonly PlannedInput[] {
    const { executeBindings, revertBindings } = node.atom as Atom<never, object>
    return [
      ...executeBindings.map((one) => ({ method: 'execute' as const, ...one })),
      ...revertBindings.map((one) => ({ method: 'revert' as const, ...one })),
    ].map((one) => ({ ...one, source: this.#sourceOf(node, one.symbol, one.optional) }))
  }

  /** The inputs without a source, as the engine lists them. */
  missing(): readonly PlannedGap[] {
    const { scopes } = this.#lookup
    return this.#lookup.missing().map((gap) => {
      const some = scopes.providersOf(gap.symbol).slice(0, MAX_NAMES + 1)
      const others = some.map(({ name }) => name).filter((name) => name !== gap.atom)
      return { ...gap, unseen: others.slice(0, MAX_NAMES) }
    })
  }

  /**
   * What is put into the store or provided and has not been taken so far; the store comes first.
   * A result that a decider gets counts as taken.
   */
  unused(store: readonly string[]): readonly UnusedSymbol[] {
    const unused: UnusedSymbol[] = store
      .filter((symbol) => !this.#takenFromStore.has(symbol))
      .map((symbol) => ({ symbol, atom: undefined }))
    const deciding = new Set<GraphNode>()
    for (const { rules } of this.#compilation.nodes) {
      for (const from of rules?.keys() ?? []) deciding.add(from)
    }
    for (const node of this.#compilation.atoms) {
      if (deciding.has(node)) continue
      for (const { symbol } of node.atom?.provisions ?? []) {
        if (!this.#taken.get(node)?.has(symbol)) unused.push({ symbol, atom: node.name })
      }
    }
    return unused
  }

  #sourceOf(node: GraphNode, symbol: string, optional: boolean): InputSource {
    const given = this.#lookup.givenTo(node, symbol)
    if (given === 'store') this.#takenFromStore.add(symbol)
    if (given !== undefined) return { kind: given }
    const providers: GraphNode[] = []
    this.#lookup.scopes.visit(node, symbol, (provider) => {
      providers.push(provider)
      return providers.length > MAX_NAMES || !this.#mayBeIgnored.has(provider)
    })
    for (const provider of providers) this.#take(provider, symbol)
    const [nearest, ...others] = providers.map(({ name }) => name)
    if (nearest !== undefined) return { kind: 'atom', atom: nearest, otherwise: others }
    return { kind: optional ? 'default' : 'missing' }
  }

  #take(provider: GraphNode, symbol: string): void {
    const taken = this.#taken.get(provider)
    if (taken === undefined) this.#taken.set(provider, new Set([symbol]))
    else taken.add(symbol)
  }
}

/** What deciders may take away, each by its depth, as the engine does. */
function mayBeIgnored({ atoms, gates }: Compilation): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>()
  /** Those after which everything is ignored, to be followed once for all of them. */
  const widest = new Set<GraphNode>()
  for (const node of [...atoms, ...gates]) {
    for (const { rule } of rulesOf(node)) {
      found.add(node)
      if (rule.depth === 'ALL') widest.add(node)
      else for (const affected of affectedBy(node, rule.depth)) found.add(affected)
    }
  }
  for (const node of widest) {
    found.add(node)
    for (const successor of node.successors) widest.add(successor)
  }
  return found
}
