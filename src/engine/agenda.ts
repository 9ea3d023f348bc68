/**
 * The atoms that are to be started next: those that became ready, and those that were cut short.
 *
 * @module
 */
import type { Executor } from '../executors/executor.ts'
import type { GraphNode } from './compiler.ts'
import type { Moves } from './moves.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { Selector } from './selector.ts'

/** What an agenda needs of a run. */
export interface AgendaParts {
  readonly executor: Pick<Executor, 'capacity'>
  readonly moves: Moves
  readonly selector: Selector
}

/** The agenda of one run. An atom on it may have become unready since. */
export class Agenda {
  readonly #parts: AgendaParts
  readonly #queue: ReadyQueue
  /** Atoms found RUNNING or REVERTING, to be started again. */
  readonly #unfinished = new Set<GraphNode>()

  constructor(parts: AgendaParts) {
    this.#parts = parts
    this.#queue = new ReadyQueue(parts.executor)
  }

  /** How many atoms are on it. */
  get length(): number {
    return this.#queue.length
  }

  /** True when atoms are called one at a time, batch by batch. */
  get goesByBatch(): boolean {
    return this.#queue.goesByBatch
  }

  /** True when atoms of the present batch are left. */
  get isInBatch(): boolean {
    return this.#queue.isInBatch
  }

  /** Adds atoms that are ready. */
  add(nodes: readonly GraphNode[]): void {
    for (const node of nodes) {
      const isForward = this.#parts.moves.detailOf(node).intention === 'EXECUTE'
      this.#queue.push(node, isForward ? 'execute' : 'revert')
    }
  }

  /** Adds an atom that is started again from the middle. */
  addUnfinished(node: GraphNode): void {
    this.#unfinished.add(node)
    this.add([node])
  }

  /** Takes the atom that starts next; undefined when none can. */
  take(): GraphNode | undefined {
    for (let node = this.#queue.pop(); node !== undefined; node = this.#queue.pop()) {
      if (this.#unfinished.delete(node) || this.#parts.selector.isReady(node)) return node
    }
    return undefined
  }

  /** Without any room, only atoms that can still start are worth waiting for. */
  dropStale(): void {
    for (let node = this.#queue.first; node !== undefined; node = this.#queue.first) {
      if (this.#unfinished.has(node) || this.#parts.selector.isReady(node)) return
      this.#queue.pop()
    }
  }

  /** A run begins. */
  restart(): void {
    this.#queue.clear()
    this.#unfinished.clear()
  }
}
