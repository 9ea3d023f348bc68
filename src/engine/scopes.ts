/**
 * Which atom's result another atom sees under a symbol.
 *
 * The nearest atom before it, going from the innermost flow outwards (TaskFlow's `scopes.py`).
 * Knows the graph only; whether a result exists is the storage's matter.
 *
 * @module
 */
import type { Compilation, GraphNode, Scope } from './compiler.ts'

/** Gets a provider and the flow whose scope it stands in; ends the search by giving true. */
export type Visitor = (provider: GraphNode, scope: Scope) => boolean

const NOBODY: readonly GraphNode[] = []

/** Finds providers of symbols. */
export class Scopes {
  /** By symbol; several in order of position. Most symbols have one, and need no list. */
  readonly #providers = new Map<string, GraphNode | GraphNode[]>()

  constructor({ atoms }: Compilation) {
    for (const node of atoms) {
      for (const { symbol } of node.atom?.provisions ?? []) {
        const known = this.#providers.get(symbol)
        if (known === undefined) this.#providers.set(symbol, node)
        else if (Array.isArray(known)) known.push(node)
        else this.#providers.set(symbol, [known, node])
      }
    }
  }

  /** The symbols that any atom provides. */
  symbols(): IterableIterator<string> {
    return this.#providers.keys()
  }

  /** All atoms that provide a symbol, visible or not, by position. */
  providersOf(symbol: string): readonly GraphNode[] {
    const providers = this.#providers.get(symbol)
    if (providers === undefined) return NOBODY
    return Array.isArray(providers) ? providers : [providers]
  }

  /**
   * The one atom that provides a symbol, when it comes before another atom; undefined when there
   * is none, or there are several to choose from.
   */
  soleProvider(node: GraphNode, symbol: string): GraphNode | undefined {
    const provider = this.#providers.get(symbol)
    if (provider === undefined || Array.isArray(provider)) return undefined
    if (provider.index >= node.index) return undefined
    const scope = commonScope(provider, node)
    if (scope === undefined) return undefined
    if (provider !== scope.retry && scope.flow.pattern === 'unordered') return undefined
    return precedes(provider, node, scope) ? provider : undefined
  }

  /**
   * Visits the providers of a symbol that come before an atom, nearest first.
   *
   * Going back by position meets the scopes from the innermost outwards, because everything in a
   * flow stands together. What an unordered flow holds beside the atom is passed over in one leap.
   */
  visit(node: GraphNode, symbol: string, visitor: Visitor): void {
    const providers = this.providersOf(symbol)
    let i = lastBefore(providers, node.index)
    while (i >= 0) {
      const provider = providers[i] as GraphNode
      const scope = commonScope(provider, node)
      if (scope === undefined) return
      if (provider !== scope.retry && scope.flow.pattern === 'unordered') {
        i = lastBefore(providers, (scope.retry?.index ?? scope.start.index) + 1)
        continue
      }
      if (precedes(provider, node, scope) && visitor(provider, scope)) return
      i -= 1
    }
  }
}

/** The last place in the list whose position is below the limit; -1 when there is none. */
function lastBefore(nodes: readonly GraphNode[], limit: number): number {
  let low = 0
  let high = nodes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((nodes[middle] as GraphNode).index < limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The innermost flow that both are in. */
function commonScope(a: GraphNode, b: GraphNode): Scope | undefined {
  let left = a.scope
  let right = b.scope
  while (left !== right && left !== undefined && right !== undefined) {
    if (left.depth > right.depth) left = left.parent
    else if (right.depth > left.depth) right = right.parent
    else {
      left = left.parent
      right = right.parent
    }
  }
  return left === right ? left : undefined
}

function precedes(provider: GraphNode, node: GraphNode, scope: Scope): boolean {
  if (provider === scope.retry || scope.flow.pattern === 'linear') return true
  return isReachable(childHolding(provider, scope, 'end'), childHolding(node, scope, 'start'))
}

/** The node of the flow's child that holds the given node: the atom itself, or an end of a flow. */
function childHolding(node: GraphNode, scope: Scope, end: 'start' | 'end'): GraphNode {
  let inner = node.scope
  if (inner === scope) return node
  while (inner?.parent !== undefined && inner.parent !== scope) inner = inner.parent
  return inner === undefined ? node : inner[end]
}

/** True when a path leads from one child of a flow to another; leaps over what flows hold. */
function isReachable(from: GraphNode, to: GraphNode): boolean {
  const fewer = from.successors.length < to.predecessors.length
  if (fewer ? from.successors.includes(to) : to.predecessors.includes(from)) return true
  const seen = new Set<GraphNode>([to])
  for (const node of seen) {
    const before = node.kind === 'flow_end' && node !== to ? (node.scope as Scope).start : node
    for (const predecessor of before.predecessors) {
      if (predecessor === from) return true
      if (predecessor.index > from.index) seen.add(predecessor)
    }
  }
  return false
}
