/**
 * Moves a flow from state to state, and ends its run.
 *
 * For the engine. The moves are written and told by the journal.
 *
 * @module
 */
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { checkFlowMove, type FlowState } from '../states/flow.ts'
import type { Claim } from './claim.ts'
import type { Journal } from './journal.ts'
import type { Ending } from './machine.ts'
import { metaOfBrokenRun, metaOfNewRun } from './undo-record.ts'

/** The part of the record of a run that is about the flow. */
export class FlowRecordKeeper {
  readonly #flowDetail: FlowDetail
  readonly #journal: Journal<unknown>
  readonly #claim: Claim

  constructor(flowDetail: FlowDetail, journal: Journal<unknown>, claim: Claim) {
    this.#flowDetail = flowDetail
    this.#journal = journal
    this.#claim = claim
  }

  /**
   * Moves the flow; false when that makes no difference.
   *
   * @throws {@link InvalidStateError} when the move is not allowed.
   */
  move(to: FlowState): boolean {
    const { name, state: from } = this.#flowDetail
    if (!checkFlowMove(name, from, to)) return false
    this.#flowDetail.state = to
    this.#journal.flowMoved(from)
    return true
  }

  /** @throws {@link InvalidStateError} when the move is not allowed; nothing is moved. */
  demandMove(to: FlowState): void {
    checkFlowMove(this.#flowDetail.name, this.#flowDetail.state, to)
  }

  /** Nothing is left of the run before: why it was undone, and when it had to be over. */
  forgetRun(): void {
    this.#flowDetail.meta = metaOfNewRun(this.#flowDetail)
    this.#journal.touchFlow()
  }

  /** Moves the flow to its final state; when that cannot be written, the run has not ended. */
  async close(ending: Ending): Promise<void> {
    const { state, meta } = this.#flowDetail
    await this.#claim.end()
    this.move(ending)
    if (ending === 'SUCCESS') this.forgetRun()
    else if (ending === 'FAILURE') this.#flowDetail.meta = metaOfBrokenRun(this.#flowDetail)
    try {
      await this.#journal.flush()
    } catch (error) {
      this.#claim.goOn()
      this.#flowDetail.state = state
      this.#flowDetail.meta = meta
      this.#journal.forgetFlowMove()
      throw error
    }
    if (this.#journal.hasChanges) await this.#journal.flush() // what listeners wrote at the end
  }
}
