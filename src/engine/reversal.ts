/**
 * What of a run goes back: why it is undone, what has been told to turn back, and what stays.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import type { AtomState } from '../states/atom.ts'
import type { Compilation, GraphNode } from './compiler.ts'
import { isIrreversible, Kept } from './kept.ts'
import { Turned } from './turned.ts'

/** What a reversal needs of a run. */
export interface ReversalParts {
  readonly compilation: Compilation
  /** The records of the atoms, by position of their nodes. */
  readonly details: readonly (AtomDetail | undefined)[]
  readonly flowDetail: FlowDetail
  readonly journal: { touchFlow(): void }
}

/** The way back of one run. */
export class Reversal {
  readonly #parts: ReversalParts
  /** What has been told to turn back. */
  readonly turned: Turned
  #undo: Undo | undefined
  #kept: Kept | undefined

  constructor(parts: ReversalParts) {
    this.#parts = parts
    this.turned = new Turned(parts.compilation.nodes.length)
  }

  /** Why the run is being undone, if it is not for a failure. */
  get undo(): Undo | undefined {
    return this.#undo
  }

  /** What stays whatever is reverted; followed from the first time that it is asked for. */
  get kept(): Kept {
    const { compilation, details } = this.#parts
    this.#kept ??= new Kept(compilation, ({ index }) => details[index], this.#undo)
    return this.#kept
  }

  /** Moves have been taken back: what stays is worked out anew. */
  forgetKept(): void {
    this.#kept = undefined
  }

  /** An atom has entered a state. */
  follow(node: GraphNode, state: AtomState): void {
    if (this.#kept !== undefined && isIrreversible(node)) this.#kept.update(node, state)
  }

  /** From now on the run is being undone, which is stored with the next checkpoint. */
  begin(undo: Undo): void {
    const { flowDetail, journal } = this.#parts
    this.#undo = undo
    this.forgetKept()
    this.turned.forget()
    flowDetail.engineMeta = { ...flowDetail.engineMeta, undo }
    journal.touchFlow()
  }

  /** A run begins: it goes in the direction that is stored. */
  restart(): void {
    this.forgetKept()
    this.turned.forget()
    this.#undo = this.#parts.flowDetail.engineMeta.undo
  }
}
