/**
 * Which part of a flow has been told to turn back, so that many failures of one part cost no more
 * than one.
 *
 * For those who resolve failures. Where an atom has turned, everything after it has as well; only
 * what stays was left out.
 *
 * @module
 */
import type { Compilation, GraphNode } from './compiler.ts'

/** The nodes that have turned. */
export class Turned {
  /** The round in which a node has turned, by position. */
  readonly #rounds: Int32Array
  #round = 1
  #isAll = false

  /** @param nodeCount how many nodes the flow has */
  constructor(nodeCount: number) {
    this.#rounds = new Int32Array(nodeCount)
  }

  /** Whether a node has turned. */
  has({ index }: GraphNode): boolean {
    return this.#isAll || this.#rounds[index] === this.#round
  }

  /**
   * Turns the whole flow.
   *
   * @returns its nodes; none, when it has turned before
   */
  turnAll({ nodes }: Compilation): readonly GraphNode[] {
    if (this.#isAll) return []
    this.#isAll = true
    return nodes
  }

  /**
   * Turns a node and everything after it.
   *
   * @returns the nodes that have not turned before, and those that directly follow them
   */
  turnFrom(node: GraphNode): readonly GraphNode[] {
    if (this.has(node)) return []
    const met = new Set([node])
    for (const one of met) {
      if (this.has(one)) continue
      this.#rounds[one.index] = this.#round
      for (const next of one.successors) met.add(next)
    }
    return [...met]
  }

  /** Nothing has turned: atoms are started again, or the counts of those that go back are new. */
  forget(): void {
    this.#round += 1
    this.#isAll = false
  }
}
