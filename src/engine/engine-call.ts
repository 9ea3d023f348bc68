/**
 * A call of an atom as the engine hands it to its executor.
 *
 * @module
 */
import type { TaskContext } from '../atoms/task.ts'
import type { AtomCall, CallDirection } from '../executors/executor.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { GraphNode } from './compiler.ts'

/** What a call asks of its run. */
export interface CallHost {
  readonly flowDetail: FlowDetail
  readonly moves: { detailOf(node: GraphNode): { readonly uuid: string } }
}

/** One call. Most executors ask for no uuid, and records without one make it when it is asked for. */
export class EngineCall implements AtomCall {
  readonly direction: CallDirection
  readonly inputs: AtomCall['inputs']
  readonly context: TaskContext
  deadline: Date | undefined
  readonly #host: CallHost
  readonly #node: GraphNode

  constructor(
    host: CallHost,
    node: GraphNode,
    direction: CallDirection,
    inputs: AtomCall['inputs'],
    context: TaskContext,
  ) {
    this.direction = direction
    this.inputs = inputs
    this.context = context
    this.deadline = undefined
    this.#host = host
    this.#node = node
  }

  get atom(): AtomCall['atom'] {
    return this.#node.atom as AtomCall['atom']
  }

  get runUuid(): string {
    return this.#host.flowDetail.uuid
  }

  get atomUuid(): string {
    return this.#host.moves.detailOf(this.#node).uuid
  }
}
