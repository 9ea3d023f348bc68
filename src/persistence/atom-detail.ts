/**
 * What is remembered of one atom: state, intention, results, failures, progress.
 *
 * TaskFlow's `TaskDetail` and `RetryDetail`. The engine changes them and decides when they are
 * written; whoever reads a logbook gets them filled.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Attempt } from '../atoms/history.ts'
import type { Provision } from '../atoms/provides.ts'
import type { Failure } from '../base/failure.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import { isKeptAsText, keep, readKept, readMembers } from './kept-value.ts'

/** The details of a progress report, with the progress at which they were given. */
export interface ProgressDetails {
  /** From 0 to 1. */
  readonly at_progress: number
  /** What the task added. */
  readonly details: Readonly<Record<string, unknown>>
}

/** What is remembered of an atom: `kind` tells which of both it is. */
export type AtomDetail = TaskDetail | RetryDetail

/** What both kinds of atoms have in common. */
export abstract class CommonDetail {
  /** What sort of atom it is of. */
  abstract readonly kind: 'task' | 'retry'
  /** Name of the atom; records are found by it. */
  readonly name: string
  /** Where the atom is. */
  state: AtomState = 'PENDING'
  /** Where the atom is meant to go. */
  intention: Intention = 'EXECUTE'
  /** The version of the atom when it was last started; of one that never was, when it was added. */
  version: string | undefined
  /** What the atom promised to provide when it was last started; undefined when nobody wrote it down. */
  provisions: readonly Provision[] | undefined
  /** Why execute failed, as far as no later success has replaced it. */
  failure: Failure | undefined
  /** Why revert failed. */
  revertFailure: Failure | undefined
  /** How far the atom has come, from 0 to 1; undefined when it never started. */
  progress: number | undefined
  /** The details of the last progress report. */
  progressDetails: ProgressDetails | undefined
  /** How many times the atom was started afresh. */
  attempt = 0
  /** What was injected into this atom for good, by symbol, each value as it is kept. */
  keptInjected: Readonly<Record<string, unknown>> | undefined
  /** Whatever else was stored with the atom, by listeners or by another program. */
  meta: Readonly<Record<string, unknown>> | undefined
  #revertResults: unknown
  #uuid: string | undefined

  constructor(name: string, uuid?: string) {
    this.name = name
    this.#uuid = uuid
  }

  /** Identifies the record. */
  get uuid(): string {
    this.#uuid ??= randomUUID()
    return this.#uuid
  }

  /** What revert returned; of an object that was stored, a copy for whoever asks. */
  get revertResults(): unknown {
    return readKept(this.#revertResults)
  }

  set revertResults(kept: unknown) {
    this.#revertResults = kept
  }

  /** The same as it is kept, for whoever stores it. */
  get keptRevertResults(): unknown {
    return this.#revertResults
  }

  /** Values injected into this atom for good, by symbol; copies for whoever asks. */
  get injected(): Readonly<Record<string, unknown>> | undefined {
    return this.keptInjected && readMembers(this.keptInjected)
  }

  /**
   * Becomes what was read of the same atom later; false, and nothing is changed, when that is of
   * another kind.
   */
  adopt(newer: AtomDetail): boolean {
    if (newer.kind !== this.kind) return false
    this.state = newer.state
    this.intention = newer.intention
    this.version = newer.version
    this.provisions = newer.provisions
    this.failure = newer.failure
    this.revertFailure = newer.revertFailure
    this.progress = newer.progress
    this.progressDetails = newer.progressDetails
    this.attempt = newer.attempt
    this.keptInjected = newer.keptInjected
    this.meta = newer.meta
    this.#revertResults = newer.#revertResults
    this.#uuid = newer.uuid
    return true
  }

  /**
   * Takes the outcome of execute: a value.
   *
   * @param text the value as it is stored; later readers get what it says, whatever becomes of the
   * value. Left out where nothing is stored: then the value is shared
   */
  succeed(result: unknown, text?: string | null): void {
    this.state = 'SUCCESS'
    this.failure = undefined
    this.#revertResults = undefined
    this.revertFailure = undefined
    this.keep(keep(result, text))
  }

  /** Takes the outcome of execute: a failure. */
  fail(failure: Failure): void {
    this.state = 'FAILURE'
    this.failure = failure
    this.#revertResults = undefined
    this.revertFailure = undefined
  }

  /** Whether there is a failure to report, of execute or of revert. */
  get hasFailed(): boolean {
    return this.failure !== undefined || this.revertFailure !== undefined
  }

  /**
   * Sends the atom back to the start. Failures of what it did before are not reported any more; a
   * result stays readable until it is replaced.
   */
  startOver(): void {
    this.state = 'PENDING'
    this.failure = undefined
    this.revertFailure = undefined
  }

  /** Takes the outcome of revert: a value, with its text as above. What execute returned stays readable. */
  revert(result: unknown, text?: string | null): void {
    this.state = 'REVERTED'
    this.#revertResults = keep(result, text)
    this.revertFailure = undefined
  }

  /** Takes the outcome of revert: a failure. */
  failRevert(failure: Failure): void {
    this.state = 'REVERT_FAILURE'
    this.revertFailure = failure
    this.#revertResults = undefined
  }

  /** Takes what execute returned, as it is kept. */
  protected abstract keep(kept: unknown): void
}

/**
 * Why execute failed. An atom that is to start, or has, has not failed yet: what Python leaves in
 * its record is of an attempt before.
 */
export function failureToReport({ state, failure }: AtomDetail): Failure | undefined {
  return state === 'PENDING' || state === 'RUNNING' ? undefined : failure
}

/** What is remembered of a task. */
export class TaskDetail extends CommonDetail {
  readonly kind = 'task'
  #results: unknown
  #resultToUndo: unknown

  /** What execute returned; of an object that was stored, a copy for whoever asks. */
  get results(): unknown {
    return readKept(this.#results)
  }

  set results(kept: unknown) {
    this.#results = kept
  }

  /** The same as it is kept, for whoever stores it. */
  get keptResults(): unknown {
    return this.#results
  }

  /** What execute had returned when its undo broke, for whoever tries the undo again. */
  get resultToUndo(): unknown {
    return readKept(this.#resultToUndo)
  }

  set resultToUndo(kept: unknown) {
    this.#resultToUndo = kept
  }

  /** The same as it is kept, for whoever stores it. */
  get keptResultToUndo(): unknown {
    return this.#resultToUndo
  }

  override adopt(newer: AtomDetail): boolean {
    if (!(newer instanceof TaskDetail && super.adopt(newer))) return false
    this.#results = newer.#results
    this.#resultToUndo = newer.#resultToUndo
    return true
  }

  protected override keep(kept: unknown): void {
    this.#results = kept
  }

  override fail(failure: Failure): void {
    super.fail(failure)
    this.#results = undefined
  }

  /** As TaskFlow, forgets the results; what is still to be undone is kept beside them. */
  override failRevert(failure: Failure): void {
    super.failRevert(failure)
    this.#resultToUndo ??= this.#results
    this.#results = undefined
  }

  override revert(result: unknown, text?: string | null): void {
    super.revert(result, text)
    this.#resultToUndo = undefined
  }
}

/** What is remembered of a retry. */
export class RetryDetail extends CommonDetail {
  readonly kind = 'retry'
  /** When the next attempt may begin, once it was decided to make one; undefined: at once. */
  retryAt: Date | undefined
  /** How long that wait is altogether, in milliseconds; undefined when nobody wrote it down. */
  retryDelayMs: number | undefined
  #attempts: readonly Attempt[] = []

  /** The attempts, newest last; of objects that were provided and stored, copies for whoever asks. */
  get results(): readonly Attempt[] {
    if (!this.#attempts.some(([kept]) => isKeptAsText(kept))) return this.#attempts
    return this.#attempts.map(([kept, failures]) => [readKept(kept), failures])
  }

  set results(kept: readonly Attempt[]) {
    this.#attempts = kept
  }

  /** The same with their values as they are kept, for whoever stores them. */
  get keptResults(): readonly Attempt[] {
    return this.#attempts
  }

  /** How many attempts there were. */
  get attemptCount(): number {
    return this.#attempts.length
  }

  override adopt(newer: AtomDetail): boolean {
    if (!(newer instanceof RetryDetail && super.adopt(newer))) return false
    this.#attempts = newer.#attempts
    this.retryAt = newer.retryAt
    this.retryDelayMs = newer.retryDelayMs
    return true
  }

  /** Appends an attempt with the value that was provided for it. */
  protected override keep(kept: unknown): void {
    this.#attempts = [...this.#attempts, [kept, {}]]
  }

  /** Forgets the attempts, since they have been undone. */
  override revert(result: unknown, text?: string | null): void {
    super.revert(result, text)
    this.#attempts = []
  }

  /**
   * Notes in the newest attempt that the retry is asked about a failure, once per atom. False
   * when there is no attempt to note it in.
   */
  noteFailure(atom: string, failure: Failure): boolean {
    const newest = this.#attempts.at(-1)
    if (newest === undefined) return false
    const [, failures] = newest
    if (Object.hasOwn(failures, atom)) return true
    // In place, since thousands of atoms may fail together; an atom may be called `__proto__`.
    const property = { value: failure, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(failures, atom, property)
    return true
  }
}
