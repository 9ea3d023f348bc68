/**
 * Whether a run may start more: nothing broke it, and nobody wants it to stop.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'

/** How one run stands. */
export class Standing {
  readonly #flowDetail: FlowDetail
  /** What broke the flow; as failures, since an error may be `undefined`. */
  readonly errors: Failure[] = []
  /** How many failures of atoms were resolved by reverting or retrying. */
  resolvedCount = 0
  /** False once a flow that is SUSPENDING was cancelled: it is reverted before it comes to rest. */
  heedsSuspension = true

  constructor(flowDetail: FlowDetail) {
    this.#flowDetail = flowDetail
  }

  /** The flow was asked to suspend, or is not running for another reason: nothing new starts. */
  get isStopping(): boolean {
    const { state } = this.#flowDetail
    if (this.errors.length > 0) return true
    return this.isSuspending || (state !== 'RUNNING' && state !== 'SUSPENDING')
  }

  /** The flow was asked to suspend, and not cancelled since. */
  get isSuspending(): boolean {
    return this.#flowDetail.state === 'SUSPENDING' && this.heedsSuspension
  }

  /** A run begins. */
  restart(): void {
    this.errors.length = 0
    this.heedsSuspension = true
  }
}
