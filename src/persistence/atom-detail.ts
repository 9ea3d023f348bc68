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

/** The details of a progress report, with the progress at which they were given. */
export interface ProgressDetails {
  /** From 0 to 1. */
  readonly at_progress: number
  /** What the task added. */
  readonly details: Readonly<Record<string, unknown>>
}

/** What both kinds of atoms have in common. */
export abstract class AtomDetail {
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
  /** What revert returned. */
  revertResults: unknown
  /** Why revert failed. */
  revertFailure: Failure | undefined
  /** How far the atom has come, from 0 to 1; undefined when it never started. */
  progress: number | undefined
  /** The details of the last progress report. */
  progressDetails: ProgressDetails | undefined
  /** How many times the atom was started afresh. */
  attempt = 0
  /** Values injected into this atom for good, by symbol. */
  injected: Readonly<Record<string, unknown>> | undefined
  /** Whatever else was stored with the atom, by listeners or by another program. */
  meta: Readonly<Record<string, unknown>> | undefined
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

  /** Takes the outcome of execute: a value. */
  succeed(result: unknown): void {
    this.state = 'SUCCESS'
    this.failure = undefined
    this.revertResults = undefined
    this.revertFailure = undefined
    this.keep(result)
  }

  /** Takes the outcome of execute: a failure. */
  fail(failure: Failure): void {
    this.state = 'FAILURE'
    this.failure = failure
    this.revertResults = undefined
    this.revertFailure = undefined
  }

  /** Takes the outcome of revert: a value. What execute returned stays readable. */
  revert(result: unknown): void {
    this.state = 'REVERTED'
    this.revertResults = result
    this.revertFailure = undefined
  }

  /** Takes the outcome of revert: a failure. */
  failRevert(failure: Failure): void {
    this.state = 'REVERT_FAILURE'
    this.revertFailure = failure
    this.revertResults = undefined
  }

  /** Stores what execute returned. */
  protected abstract keep(result: unknown): void
}

/** What is remembered of a task. */
export class TaskDetail extends AtomDetail {
  readonly kind = 'task'
  /** What execute returned. */
  results: unknown
  /** What execute had returned when its undo broke, for whoever tries the undo again. */
  resultToUndo: unknown

  protected override keep(result: unknown): void {
    this.results = result
  }

  override fail(failure: Failure): void {
    super.fail(failure)
    this.results = undefined
  }

  /** As TaskFlow, forgets the results; what is still to be undone is kept beside them. */
  override failRevert(failure: Failure): void {
    super.failRevert(failure)
    this.resultToUndo ??= this.results
    this.results = undefined
  }

  override revert(result: unknown): void {
    super.revert(result)
    this.resultToUndo = undefined
  }
}

/** What is remembered of a retry. */
export class RetryDetail extends AtomDetail {
  readonly kind = 'retry'
  /** The attempts, newest last. */
  results: readonly Attempt[] = []
  /** When the next attempt may begin, once it was decided to make one; undefined: at once. */
  retryAt: Date | undefined

  /** Appends an attempt with the value that was provided for it. */
  protected override keep(result: unknown): void {
    this.results = [...this.results, [result, {}]]
  }

  /** Forgets the attempts, since they have been undone. */
  override revert(result: unknown): void {
    super.revert(result)
    this.results = []
  }

  /**
   * Notes in the newest attempt that the retry is asked about a failure, once per atom. False
   * when there is no attempt to note it in.
   */
  noteFailure(atom: string, failure: Failure): boolean {
    const newest = this.results.at(-1)
    if (newest === undefined) return false
    const [value, failures] = newest
    if (!Object.hasOwn(failures, atom)) {
      this.results = [...this.results.slice(0, -1), [value, { ...failures, [atom]: failure }]]
    }
    return true
  }
}
