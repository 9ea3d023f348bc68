/**
 * The atoms that are ready, in the order in which they start.
 *
 * By priority, high first; then by position: what executes in the order of the definition, what
 * reverts in the opposite one. A serial engine finishes one batch before it looks at the next.
 *
 * @module
 */
import type { Executor } from '../executors/executor.ts'
import type { GraphNode } from './compiler.ts'

interface Entry {
  readonly node: GraphNode
  readonly batch: number
  readonly priority: number
  readonly rank: number
}

/** A priority queue of atoms. */
export class ReadyQueue {
  /** A binary heap: the first to start stands first. */
  readonly #heap: Entry[] = []
  readonly #executor: Pick<Executor, 'capacity'>
  #batch = 0

  /** @param executor while it has room for one call, what becomes ready waits for the end of the batch */
  constructor(executor: Pick<Executor, 'capacity'>) {
    this.#executor = executor
  }

  /** How many atoms are waiting. */
  get length(): number {
    return this.#heap.length
  }

  /** True when atoms are called one at a time: what becomes ready waits for the end of the batch. */
  get goesByBatch(): boolean {
    return this.#executor.capacity === 1
  }

  /** True when the engine goes by batches, and one of them is not at its end. */
  get isInBatch(): boolean {
    return this.goesByBatch && this.#heap[0]?.batch === this.#batch
  }

  /** Forgets all atoms. */
  clear(): void {
    this.#heap.length = 0
  }

  /** Adds an atom that is ready. */
  push(node: GraphNode, direction: 'execute' | 'revert'): void {
    const entry = {
      node,
      batch: this.goesByBatch ? this.#batch + 1 : this.#batch,
      priority: node.atom?.priority ?? 0,
      rank: direction === 'execute' ? node.index : -node.index,
    }
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent] as Entry)) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  /** The atom that starts next; it stays. */
  get first(): GraphNode | undefined {
    return this.#heap[0]?.node
  }

  /** Takes the atom that starts next. */
  pop(): GraphNode | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (heap.length > 0) sink(heap, last)
    this.#batch = first.batch
    return first.node
  }
}

function sink(heap: Entry[], entry: Entry): void {
  const { length } = heap
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1
    if (!isBefore(heap[child] as Entry, entry)) break
    heap[at] = heap[child] as Entry
    at = child
  }
  heap[at] = entry
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.batch !== b.batch) return a.batch < b.batch
  if (a.priority !== b.priority) return a.priority > b.priority
  return a.rank < b.rank
}
