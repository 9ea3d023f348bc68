/**
 * What the record of a run says: states, results and failures of its atoms. Changes nothing.
 *
 * For users, through `engine.storage`.
 *
 * @module
 */
import { History } from '../atoms/history.ts'
import type { Failure } from '../base/failure.ts'
import { NotFoundError } from '../errors.ts'
import {
  type AtomDetail,
  failureToReport,
  type ProgressDetails,
  RetryDetail,
} from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'

/** Reads one flow detail. */
export class RecordView {
  /** The record that is kept. */
  readonly flowDetail: FlowDetail

  constructor(flowDetail: FlowDetail) {
    this.flowDetail = flowDetail
  }

  /** Name of the flow. */
  get flowName(): string {
    return this.flowDetail.name
  }

  /** Identifies the run. */
  get flowUuid(): string {
    return this.flowDetail.uuid
  }

  /** Whatever users store with the flow. */
  get flowMeta(): Readonly<Record<string, unknown>> {
    return this.flowDetail.meta
  }

  /** Where the flow is. */
  getFlowState(): FlowState {
    return this.flowDetail.state
  }

  /** Names of the atoms that have records, in order of definition. */
  get atomNames(): readonly string[] {
    return [...this.flowDetail].map(({ name }) => name).filter((name) => name !== INJECTOR_NAME)
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomUuid(atom: string): string {
    return this.detailOf(atom).uuid
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomState(atom: string): AtomState {
    return this.detailOf(atom).state
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomIntention(atom: string): Intention {
    return this.detailOf(atom).intention
  }

  /** State and intention of several atoms, by name. */
  getAtomsStates(
    atoms: Iterable<string>,
  ): Readonly<Record<string, { readonly state: AtomState; readonly intention: Intention }>> {
    const entries = [...atoms].map((atom) => {
      const { state, intention } = this.detailOf(atom)
      return [atom, { state, intention }] as const
    })
    return Object.fromEntries(entries)
  }

  /**
   * What execute of an atom returned, or its {@link Failure}; of a retry, its attempts.
   *
   * @throws {@link NotFoundError} when it has not come to an end, or there is no such atom.
   */
  getExecuteResult(atom: string): unknown {
    const detail = this.detailOf(atom)
    if (detail.failure !== undefined) return detail.failure
    if (['SUCCESS', 'FAILURE', 'REVERTING'].includes(detail.state)) return detail.results
    throw new NotFoundError(`execute of '${atom}' has no result: it is ${detail.state}`)
  }

  /**
   * What revert of an atom returned, or its {@link Failure}.
   *
   * @throws {@link NotFoundError} when it was not reverted, or there is no such atom.
   */
  getRevertResult(atom: string): unknown {
    const detail = this.detailOf(atom)
    if (detail.revertFailure !== undefined) return detail.revertFailure
    if (detail.state === 'REVERTED') return detail.revertResults
    throw new NotFoundError(`revert of '${atom}' has no result: it is ${detail.state}`)
  }

  /**
   * Why execute failed, by atom; failures that a later success replaced are gone, and those from
   * before a new run or a new attempt of the retry around the atom.
   */
  getFailures(): Readonly<Record<string, Failure>> {
    return this.#collect(failureToReport)
  }

  /** Why revert failed, by atom. */
  getRevertFailures(): Readonly<Record<string, Failure>> {
    return this.#collect(({ revertFailure }) => revertFailure)
  }

  /**
   * What a retry has tried.
   *
   * @throws {@link NotFoundError} when there is no such retry.
   */
  getRetryHistory(atom: string): History {
    const detail = this.detailOf(atom)
    if (!(detail instanceof RetryDetail)) throw new NotFoundError(`'${atom}' is not a retry`)
    return new History(detail.results, detail.failure)
  }

  /** How far an atom has come, from 0 to 1. */
  getTaskProgress(atom: string): number {
    return this.detailOf(atom).progress ?? 0
  }

  /** What the atom said with its last progress report. */
  getTaskProgressDetails(atom: string): ProgressDetails | undefined {
    return this.detailOf(atom).progressDetails
  }

  /**
   * The record of an atom.
   *
   * @throws {@link NotFoundError} when there is none.
   */
  protected detailOf(atom: string): AtomDetail {
    const detail = this.flowDetail.find(atom)
    if (detail === undefined) throw this.unknownAtom(atom)
    return detail
  }

  /** What is said of an atom that is not there. */
  protected unknownAtom(atom: string): NotFoundError {
    return new NotFoundError(
      `flow '${this.flowName}' has no record of an atom '${atom}': it has ${this.atomNames.slice(0, 20).join(', ') || 'none, since its engine is not prepared'}`,
    )
  }

  #collect(
    failureOf: (detail: AtomDetail) => Failure | undefined,
  ): Readonly<Record<string, Failure>> {
    const failures = new Map<string, Failure>()
    for (const detail of this.flowDetail) {
      const failure = failureOf(detail)
      if (failure !== undefined) failures.set(detail.name, failure)
    }
    return Object.fromEntries(failures)
  }
}
