/**
 * Moves a flow from state to state, and ends its run.
 *
 * For the engine. The moves are written and told by the journal.
 *
 * @module
 */
import { StaleWriteError } from '../errors.ts'
import type { Claim } from '../holding/claim.ts'
import { putAside } from '../holding/poison.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { engineMetaOfBrokenRun, engineMetaOfNewRun } from '../persistence/flow-meta.ts'
import { forgetTakeUps } from '../persistence/take-ups.ts'
import { checkFlowMove, type FlowState, isFlowFinished } from '../states/flow.ts'
import type { Journal } from './journal.ts'
import type { Ending } from './machine.ts'
import type { EngineParts } from './options.ts'
import { type ResetParts, resetAtoms } from './preparation.ts'
import type { Storage } from './storage.ts'

/** What engines of this process are running. */
const UNDER_WAY = new WeakSet<FlowDetail>()

/** The part of the record of a run that is about the flow. */
export class FlowRecordKeeper {
  /** A run is under way. */
  isRunning = false
  readonly #flowDetail: FlowDetail
  readonly #journal: Journal<unknown>
  readonly #claim: Claim
  readonly #storage: Storage<object>
  readonly #maxTakeUps: number
  /** How often the run was taken up before without coming any further. */
  #takeUps = 0

  constructor(
    storage: Storage<object>,
    journal: Journal<unknown>,
    claim: Claim,
    { maxTakeUps }: Pick<EngineParts, 'maxTakeUps'>,
  ) {
    this.#maxTakeUps = maxTakeUps
    this.#flowDetail = storage.flowDetail
    this.#journal = journal
    this.#claim = claim
    this.#storage = storage
  }

  /**
   * A run begins.
   *
   * @throws {@link StaleWriteError} when another engine is running the same object: both would
   * change it.
   */
  begin(): void {
    const { name, uuid } = this.#flowDetail
    if (UNDER_WAY.has(this.#flowDetail)) {
      throw new StaleWriteError(
        `flow '${name}' (${uuid}) is being run by another engine of this process, with the same flow detail object: wait until that run has ended, or load the flow detail anew to take it over`,
      )
    }
    UNDER_WAY.add(this.#flowDetail)
    this.isRunning = true
  }

  /** The run has ended. */
  end(): void {
    UNDER_WAY.delete(this.#flowDetail)
    this.isRunning = false
  }

  /** Sends the flow and all its atoms back to the start. */
  async reset(run: ResetParts): Promise<void> {
    this.demandMove('PENDING')
    await resetAtoms(run)
    this.forgetRun()
    this.move('PENDING')
    await run.moves.afterMove()
  }

  /**
   * Claims a record that somebody else may have written since it was read, and reads it again, so
   * that nothing is done from a stale copy. What was put into storage meanwhile stays in it.
   *
   * @returns false when the record is known to be as it was read
   * @throws as {@link Claim.takeUp}; {@link StaleWriteError} when the run has ended since it was read
   */
  async takeUp(): Promise<boolean> {
    const { name, uuid, state, owner } = this.#flowDetail
    if (!this.#claim.mustRead) {
      // Nobody left it in the lurch: it was given back, or put aside and somebody looks after it.
      if (owner === undefined && forgetTakeUps(this.#flowDetail)) this.#journal.touchFlow()
      return false
    }
    const { newer, takeUps } = await this.#claim.takeUp()
    if (newer.state !== state && isFlowFinished(newer.state)) {
      await this.#claim.giveBack()
      throw new StaleWriteError(
        `flow '${name}' (${uuid}) has ended ${newer.state} since it was read as ${state}; nothing was run. Load the flow detail anew to see what became of it`,
      )
    }
    this.#takeUps = takeUps
    this.#journal.forget()
    this.#storage.reread(newer)
    this.#journal.touchFlow()
    return true
  }

  /**
   * Puts a run aside that has ended its process each time it was taken up.
   *
   * @throws {@link PutAsideError} when it was; it can be run again.
   */
  async refusePoison(): Promise<void> {
    const takeUps = this.#takeUps
    if (takeUps < this.#maxTakeUps) return
    this.#takeUps = 0
    const error = putAside(this.#flowDetail, takeUps)
    this.#journal.touchFlow()
    await this.#journal.flush()
    throw error
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
    this.#flowDetail.engineMeta = engineMetaOfNewRun(this.#flowDetail.engineMeta)
    this.#journal.touchFlow()
  }

  /** Moves the flow to its final state; when that cannot be written, the run has not ended. */
  async close(ending: Ending): Promise<void> {
    const { state, engineMeta } = this.#flowDetail
    await this.#claim.end()
    this.move(ending)
    forgetTakeUps(this.#flowDetail)
    if (ending === 'SUCCESS') this.forgetRun()
    else if (ending === 'FAILURE') {
      this.#flowDetail.engineMeta = engineMetaOfBrokenRun(this.#flowDetail.engineMeta)
    }
    try {
      await this.#journal.flush()
    } catch (error) {
      this.#claim.goOn()
      this.#flowDetail.state = state
      this.#flowDetail.engineMeta = engineMeta
      this.#journal.forgetFlowMove()
      throw error
    }
    if (this.#journal.hasChanges) await this.#journal.flush() // what listeners wrote at the end
  }
}
