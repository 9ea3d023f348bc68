/**
 * What stays whatever is reverted: points of no return, the tasks that a revert stops at, and
 * everything before them.
 *
 * Asked by the machine while it runs, and by the comparison of a record with a flow, so that both
 * have the same answer. Follows the states of the atoms instead of being worked out at each failure.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import type { Compilation, GraphNode } from './compiler.ts'

/** The record of an atom; undefined when there is none that fits it. */
export type RecordOf = (node: GraphNode) => AtomDetail | undefined

/** The nodes that stay. */
export class Kept {
  /** Those that stay for their own sake. */
  readonly #anchors = new Set<GraphNode>()
  /** Those that stay whatever becomes of them. */
  readonly #named = new Set<GraphNode>()
  /** Of all that stay, how many direct successors stay. */
  readonly #successorCounts = new Map<GraphNode, number>()
  #released: GraphNode[] = []

  constructor(compilation: Compilation, recordOf: RecordOf, undo: Undo | undefined) {
    for (const node of pointsPassed(compilation, recordOf)) this.#add(node)
    for (const name of undo?.downTo ?? []) {
      const node = compilation.byName.get(name)
      if (node === undefined) continue
      this.#named.add(node)
      this.#add(node)
    }
  }

  /** How many nodes stay. */
  get size(): number {
    return this.#successorCounts.size
  }

  /** Whether a node stays. */
  has(node: GraphNode): boolean {
    return this.#successorCounts.has(node)
  }

  /** A point of no return has moved. */
  update(node: GraphNode, state: AtomState): void {
    if (isPassed(state)) this.#add(node)
    else this.#remove(node)
  }

  /** The nodes that stayed when this was last asked, and do not any more. */
  takeReleased(): readonly GraphNode[] {
    const released = this.#released
    if (released.length > 0) this.#released = []
    return released.filter((node) => !this.has(node))
  }

  #add(anchor: GraphNode): void {
    this.#anchors.add(anchor)
    if (this.#successorCounts.has(anchor)) return
    this.#successorCounts.set(anchor, 0)
    const queue = [anchor]
    for (const node of queue) {
      for (const before of node.predecessors) {
        const count = this.#successorCounts.get(before)
        this.#successorCounts.set(before, (count ?? 0) + 1)
        if (count === undefined) queue.push(before)
      }
    }
  }

  #remove(anchor: GraphNode): void {
    if (this.#named.has(anchor) || !this.#anchors.delete(anchor)) return
    if (this.#successorCounts.get(anchor) !== 0) return
    this.#successorCounts.delete(anchor)
    const queue = [anchor]
    for (const node of queue) {
      this.#released.push(node)
      for (const before of node.predecessors) {
        const count = (this.#successorCounts.get(before) as number) - 1
        if (count > 0 || this.#anchors.has(before)) this.#successorCounts.set(before, count)
        else {
          this.#successorCounts.delete(before)
          queue.push(before)
        }
      }
    }
  }
}

/** Tasks that cannot be undone and have run, or may be running. */
export function pointsPassed(compilation: Compilation, recordOf: RecordOf): readonly GraphNode[] {
  return irreversibleOf(compilation).filter((node) => {
    const state = recordOf(node)?.state
    return state !== undefined && isPassed(state)
  })
}

/** The task is a point of no return. */
export function isIrreversible({ atom }: GraphNode): boolean {
  return atom?.kind === 'task' && atom.irreversible
}

/**
 * Where an undo of the whole run sends an atom. What stays goes nowhere: it is not started either,
 * and a retry of it makes no further attempt. Only what was cut short comes to its end.
 */
export function intentionOfUndo(state: AtomState, place: 'stays' | 'goes'): Intention {
  if (state === 'IGNORE') return 'IGNORE'
  if (place === 'goes') return 'REVERT'
  const rests = state === 'SUCCESS' || state === 'FAILURE' || state === 'REVERT_FAILURE'
  return rests || state === 'RUNNING' ? 'EXECUTE' : 'REVERT'
}

/**
 * Everything is on its way back that does not stay, as far as the intentions that are stored say.
 */
export function isAllBack({ atoms }: Compilation, recordOf: RecordOf, kept: Kept): boolean {
  let seen = false
  for (const node of atoms) {
    const record = recordOf(node)
    if (record === undefined) continue
    if (record.intention === 'REVERT') seen = true
    else if (!kept.has(node)) return false
  }
  return seen
}

function isPassed(state: AtomState): boolean {
  return state === 'SUCCESS' || state === 'RUNNING'
}

/** By compilation, since it is asked at failures; most flows have none. */
const irreversible = new WeakMap<Compilation, readonly GraphNode[]>()

function irreversibleOf(compilation: Compilation): readonly GraphNode[] {
  let nodes = irreversible.get(compilation)
  if (nodes === undefined) {
    nodes = compilation.atoms.filter(isIrreversible)
    irreversible.set(compilation, nodes)
  }
  return nodes
}
