/**
 * A directed graph that remembers the order in which nodes and edges came.
 *
 * For graph flows, which have user objects as nodes. Nothing here recurses, so that no graph is
 * too deep.
 *
 * @module
 */
import { appended } from './short-lists.ts'

/** An edge with what is known about it. */
export interface Edge<Node, Label> {
  /** Where it starts. */
  readonly from: Node
  /** Where it ends. */
  readonly to: Node
  /** What is known about it; replaced when the edge is added again. */
  label: Label
}

interface Place<Node, Label> {
  readonly node: Node
  /** Differs from that of every other place. */
  readonly number: number
  incoming: PlacedEdge<Node, Label>[]
  outgoing: PlacedEdge<Node, Label>[]
  /** The outgoing edges by their end, where there are many. */
  byEnd: Map<Node, PlacedEdge<Node, Label>> | undefined
}

/** An edge that knows the place where it ends, so that nobody has to look it up. */
interface PlacedEdge<Node, Label> extends Edge<Node, Label> {
  readonly end: Place<Node, Label>
}

/** So many edges are looked through as fast as a map is asked, and take a quarter of its room. */
const FEW = 8

/** A directed graph without parallel edges. */
export class Digraph<Node, Label> {
  readonly #places = new Map<Node, Place<Node, Label>>()
  #nextNumber = 0

  /** How many nodes there are. */
  get size(): number {
    return this.#places.size
  }

  /** True when the node has been added. */
  has(node: Node): boolean {
    return this.#places.has(node)
  }

  /** The nodes, in the order of their addition. */
  nodes(): IterableIterator<Node> {
    return this.#places.keys()
  }

  /** Adds a node; nothing happens when it is there. */
  add(node: Node): void {
    if (this.#places.has(node)) return
    const number = this.#nextNumber++
    this.#places.set(node, { node, number, incoming: [], outgoing: [], byEnd: undefined })
  }

  /** Removes a node and its edges. */
  remove(node: Node): void {
    const place = this.#places.get(node)
    if (place === undefined) return
    for (const { from } of [...place.incoming]) this.disconnect(from, node)
    for (const { to } of [...place.outgoing]) this.disconnect(node, to)
    this.#places.delete(node)
  }

  /** The edge between two nodes, if there is one. */
  edge(from: Node, to: Node): Edge<Node, Label> | undefined {
    return this.#edge(from, to)
  }

  /** Adds an edge between two nodes of the graph, or gives an edge that is there a new label. */
  connect(from: Node, to: Node, label: Label): void {
    const known = this.edge(from, to)
    if (known !== undefined) {
      known.label = label
      return
    }
    const start = this.#place(from)
    const end = this.#place(to)
    const edge = { from, to, label, end }
    start.outgoing = appended(start.outgoing, edge)
    if (start.byEnd !== undefined) start.byEnd.set(to, edge)
    else if (start.outgoing.length > FEW)
      start.byEnd = new Map(start.outgoing.map((one) => [one.to, one]))
    end.incoming = appended(end.incoming, edge)
  }

  /** Removes an edge; quick when it was added last. */
  disconnect(from: Node, to: Node): void {
    const { outgoing, byEnd } = this.#place(from)
    const edge = this.#edge(from, to)
    if (edge === undefined) return
    byEnd?.delete(to)
    const { incoming } = edge.end
    for (const edges of [outgoing, incoming]) edges.splice(edges.lastIndexOf(edge), 1)
  }

  /** The edges that end at a node, in the order of their addition. */
  incoming(node: Node): readonly Edge<Node, Label>[] {
    return this.#place(node).incoming
  }

  /** The edges that start at a node, in the order of their addition. */
  outgoing(node: Node): readonly Edge<Node, Label>[] {
    return this.#place(node).outgoing
  }

  /** The node's direct and indirect predecessors, nearest first. */
  *ancestors(node: Node): Generator<Node> {
    const seen = new Set<Node>([node])
    const queue = [node]
    for (const next of queue) {
      for (const { from } of this.#place(next).incoming) {
        if (seen.has(from)) continue
        seen.add(from)
        queue.push(from)
        yield from
      }
    }
  }

  /** A path from one node to another, both included; undefined when there is none. */
  path(from: Node, to: Node): readonly Node[] | undefined {
    const cameFrom = new Map<Node, Node | undefined>([[from, undefined]])
    const queue = [from]
    for (const node of queue) {
      if (node === to) {
        const path: Node[] = []
        for (let at: Node | undefined = to; at !== undefined; at = cameFrom.get(at))
          path.unshift(at)
        return path
      }
      for (const { to: next } of this.#place(node).outgoing) {
        if (cameFrom.has(next)) continue
        cameFrom.set(next, node)
        queue.push(next)
      }
    }
    return undefined
  }

  /**
   * The nodes by generations: first those without predecessors, in order of addition; a node
   * joins the next generation when its last incoming edge is met. Nodes on a cycle are left out.
   */
  *generations(): Generator<Node> {
    const met = new Uint32Array(this.#nextNumber)
    const queue: Place<Node, Label>[] = []
    for (const place of this.#places.values()) if (place.incoming.length === 0) queue.push(place)
    for (const { node, outgoing } of queue) {
      yield node
      for (const { end } of outgoing) {
        const count = (met[end.number] as number) + 1
        met[end.number] = count
        if (count === end.incoming.length) queue.push(end)
      }
    }
  }

  #edge(from: Node, to: Node): PlacedEdge<Node, Label> | undefined {
    const place = this.#places.get(from)
    if (place?.byEnd !== undefined) return place.byEnd.get(to)
    return place?.outgoing.find((edge) => edge.to === to)
  }

  #place(node: Node): Place<Node, Label> {
    const place = this.#places.get(node)
    if (place === undefined) throw new RangeError('the node is not in the graph')
    return place
  }
}
