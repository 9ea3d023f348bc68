/**
 * Knows which atoms are ready, forwards and backwards, by counting instead of searching.
 *
 * For each node it keeps how many direct predecessors are not done and, while something is being
 * reverted, how many direct successors are not undone. Each edge is looked at once per pass, so
 * that a whole run costs O(V+E). Reads states and intentions, never changes them.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { isDone, isUndone } from '../states/atom.ts'
import { type Compilation, descendantsOf, type GraphNode } from './compiler.ts'

/** No revert under way concerns the node. */
const NOT_CONCERNED = -1

/** The node is undone, and has let go of what comes before it. */
const RELEASED = -2

/** Counts what atoms wait for. */
export class Selector {
  readonly #nodes: readonly GraphNode[]
  readonly #details: readonly (AtomDetail | undefined)[]
  /** Empty flows behind deciders, and those of them whose deciders are still to be asked. */
  readonly #gates: ReadonlySet<GraphNode>
  readonly #closedGates = new Set<GraphNode>()
  /** Direct predecessors that are not done, by position. */
  readonly #waiting: Int32Array
  /** Done itself, and everything before it as well. */
  readonly #done: Uint8Array
  /** Direct successors that have not let go, by position; or one of the marks above. */
  readonly #holding: Int32Array
  /** The turn at which a node was last concerned. */
  readonly #concernedAt: Int32Array
  #turn = 0
  /** Undoing that broke is tried again. */
  triesBrokenAgain = false
  /** How many nodes and edges were looked at; a measure of the cost of scheduling. */
  visits = 0

  /** @param details the records of the atoms, by position of their nodes */
  constructor({ nodes, gates }: Compilation, details: readonly (AtomDetail | undefined)[]) {
    this.#nodes = nodes
    this.#gates = new Set(gates)
    this.#details = details
    this.#waiting = new Int32Array(nodes.length)
    this.#done = new Uint8Array(nodes.length)
    this.#holding = new Int32Array(nodes.length).fill(NOT_CONCERNED)
    this.#concernedAt = new Int32Array(nodes.length)
  }

  /** Counts everything anew from the states, and gives the atoms and gates that are ready. */
  restart(): readonly GraphNode[] {
    this.#done.fill(0)
    this.#holding.fill(NOT_CONCERNED)
    if (this.#gates.size > 0) this.#closeGates()
    const ready: GraphNode[] = []
    const reverting: GraphNode[] = []
    for (const node of this.#nodes) {
      let waiting = 0
      for (const before of node.predecessors) if (this.#done[before.index] === 0) waiting += 1
      this.visits += 1 + node.predecessors.length
      this.#waiting[node.index] = waiting
      if (waiting === 0 && this.#isSatisfied(node)) this.#done[node.index] = 1
      else if (waiting === 0 && this.#mayExecute(node)) ready.push(node)
      if (isGoingBack(this.#details[node.index])) reverting.push(node)
    }
    return reverting.length === 0 ? ready : [...ready, ...this.#concern(withDescendants(reverting))]
  }

  /** A gate is closed until its deciders are asked; where something after it has run, they were. */
  #closeGates(): void {
    const hasRun = new Uint8Array(this.#nodes.length)
    for (const node of this.#nodes.toReversed()) {
      const state = this.#details[node.index]?.state ?? 'PENDING'
      const isBefore = node.successors.some(({ index }) => hasRun[index] === 1)
      if (isBefore || (state !== 'PENDING' && state !== 'IGNORE')) hasRun[node.index] = 1
      if (!this.#gates.has(node)) continue
      if (isBefore) this.#closedGates.delete(node)
      else this.#closedGates.add(node)
    }
  }

  /** The deciders of a gate have been asked: gives the atoms and gates that become ready by it. */
  open(gate: GraphNode): readonly GraphNode[] {
    this.#closedGates.delete(gate)
    return this.advance(gate)
  }

  /** A node has been done or ignored: gives the atoms and gates that become ready to execute by it. */
  advance(node: GraphNode): readonly GraphNode[] {
    const ready: GraphNode[] = []
    if (this.#waiting[node.index] !== 0 || !this.#isSatisfied(node)) return ready
    this.#done[node.index] = 1
    const queue = [node]
    for (const done of queue) {
      this.visits += 1 + done.successors.length
      for (const next of done.successors) {
        const waiting = (this.#waiting[next.index] as number) - 1
        this.#waiting[next.index] = waiting
        if (waiting !== 0) continue
        if (this.#isSatisfied(next)) {
          this.#done[next.index] = 1
          queue.push(next)
        } else if (this.#mayExecute(next)) ready.push(next)
      }
    }
    return ready
  }

  /**
   * Atoms are to be reverted: gives those that are ready for it.
   *
   * @param nodes what is to be reverted; everything that comes after is concerned too
   */
  turnBack(nodes: readonly GraphNode[]): readonly GraphNode[] {
    return this.#concern(nodes)
  }

  /** An atom that is to be reverted has come to rest: gives the atoms that become ready for it. */
  retreat(node: GraphNode): readonly GraphNode[] {
    const ready: GraphNode[] = []
    if (this.#holding[node.index] !== 0) return ready
    if (this.#isUndone(node)) this.#release(node, ready)
    else if (this.#mayRevert(node)) ready.push(node)
    return ready
  }

  /** The nodes after a retry start afresh: nothing of them is done, and nothing goes back. */
  restartAfter(retry: GraphNode, region: readonly GraphNode[]): void {
    const nodes = [retry, ...region]
    for (const node of nodes) {
      this.#done[node.index] = 0
      this.#holding[node.index] = NOT_CONCERNED
      if (this.#gates.has(node)) this.#closedGates.add(node)
    }
    for (const node of nodes) {
      let waiting = 0
      for (const before of node.predecessors) if (this.#done[before.index] === 0) waiting += 1
      this.#waiting[node.index] = waiting
      this.visits += 1 + node.predecessors.length
    }
  }

  /** Still true of an atom that was found ready: it can be started in the direction it is meant to go. */
  isReady(node: GraphNode): boolean {
    return (
      (this.#waiting[node.index] === 0 && this.#mayExecute(node)) ||
      (this.#holding[node.index] === 0 && this.#mayRevert(node))
    )
  }

  /**
   * Counts what each of the nodes still waits for before it can be reverted; the list must hold
   * all that comes after its nodes. What is concerned already has been counted already.
   */
  #concern(region: readonly GraphNode[]): readonly GraphNode[] {
    const ready: GraphNode[] = []
    const fresh = region.filter(({ index }) => this.#holding[index] === NOT_CONCERNED)
    this.#turn += 1
    for (const node of fresh) {
      this.#concernedAt[node.index] = this.#turn
      this.#holding[node.index] = 0
      this.#done[node.index] = 0
    }
    for (const node of fresh) {
      let holding = 0
      for (const next of node.successors) if (this.#holding[next.index] !== RELEASED) holding += 1
      this.#holding[node.index] = holding
      this.visits += 1 + node.successors.length
    }
    for (const node of fresh.filter(({ index }) => this.#holding[index] === 0)) {
      if (this.#isUndone(node)) this.#release(node, ready)
      else if (this.#mayRevert(node)) ready.push(node)
    }
    return ready
  }

  /** Lets go of what comes before a node that is undone. */
  #release(node: GraphNode, ready: GraphNode[]): void {
    const queue = [node]
    this.#holding[node.index] = RELEASED
    for (const undone of queue) {
      const concernedAt = this.#concernedAt[undone.index] as number
      this.visits += 1 + undone.predecessors.length
      for (const before of undone.predecessors) {
        const holding = this.#holding[before.index] as number
        // Concerned before this node was: it counted, if at all, an earlier release of it.
        if (holding <= 0 || (this.#concernedAt[before.index] as number) < concernedAt) continue
        this.#holding[before.index] = holding - 1
        if (holding !== 1) continue
        if (this.#isUndone(before)) {
          this.#holding[before.index] = RELEASED
          queue.push(before)
        } else if (this.#mayRevert(before)) ready.push(before)
      }
    }
  }

  /** Holds nobody back that comes after it. */
  #isSatisfied(node: GraphNode): boolean {
    const detail = this.#details[node.index]
    if (detail === undefined) return this.#closedGates.size === 0 || !this.#closedGates.has(node)
    const { state, intention } = detail
    return isDone(state) && (intention === 'EXECUTE' || intention === 'IGNORE')
  }

  #mayExecute(node: GraphNode): boolean {
    const detail = this.#details[node.index]
    if (detail === undefined) return this.#closedGates.has(node)
    if (detail.intention !== 'EXECUTE') return false
    return detail.state === 'PENDING' || detail.state === 'RETRYING'
  }

  /** Holds nobody back that must be reverted before it. */
  #isUndone(node: GraphNode): boolean {
    const detail = this.#details[node.index]
    return detail === undefined || isUndone(detail.state)
  }

  #mayRevert(node: GraphNode): boolean {
    const detail = this.#details[node.index]
    if (detail === undefined || !isGoingBack(detail)) return false
    const { state } = detail
    if (state === 'REVERT_FAILURE') return this.triesBrokenAgain
    return state === 'SUCCESS' || state === 'FAILURE'
  }
}

function isGoingBack(detail: AtomDetail | undefined): boolean {
  return detail?.intention === 'REVERT' || detail?.intention === 'RETRY'
}

function withDescendants(nodes: readonly GraphNode[]): readonly GraphNode[] {
  const region = new Set(nodes)
  for (const node of region) for (const next of node.successors) region.add(next)
  return [...region]
}

/** What is concerned when a retry's flow is reverted: the retry and everything after it. */
export function regionOf(retry: GraphNode): readonly GraphNode[] {
  return [retry, ...descendantsOf(retry)]
}
