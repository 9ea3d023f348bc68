/**
 * Group commit: checkpoints that arrive while a commit is under way share the next one.
 *
 * For drivers whose commit costs the same for one checkpoint as for many. (J. Gray, A. Reuter,
 * "Transaction Processing", 1993, section 10.5.)
 *
 * @module
 */
import { SharedFaultError } from '../database/session.ts'
import { BackendUnavailableError, FlowError } from '../errors.ts'
import type { Checkpoint } from './backend.ts'
import { checkpointCharacters } from './checkpoint-size.ts'

/** Writes checkpoints of different flows, in one transaction. */
export type WriteAll = (checkpoints: readonly Checkpoint[]) => Promise<void>

/** How checkpoints are gathered. */
export interface CommitQueueOptions {
  /** How many transactions may be under way at once. */
  readonly maxCommits: number
  /** How many checkpoints one transaction takes. */
  readonly maxCheckpoints: number
  /** So many characters a transaction has at most, unless it is of one checkpoint alone. */
  readonly maxCharacters: number
}

interface Waiting {
  readonly checkpoint: Checkpoint
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers checkpoints.
 *
 * Two of one flow are never in one transaction, nor in two that are under way at once: they are
 * written in the order in which they came. When a transaction fails, and not because of a fault
 * that all would meet, each of its checkpoints is written for itself: so only those fail that
 * would have failed alone, and one that waits for a lock does not keep the others waiting.
 */
export class CommitQueue {
  readonly #write: WriteAll
  readonly #options: CommitQueueOptions
  #waiting: Waiting[] = []
  /** Flows of the transactions under way. */
  readonly #underWay = new Set<string>()
  #commitCount = 0
  #isTurnAwaited = false

  constructor(write: WriteAll, options: CommitQueueOptions) {
    this.#write = write
    this.#options = options
  }

  /** Resolves when the checkpoint is written; rejects as {@link WriteAll} did for it alone. */
  save(checkpoint: Checkpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ checkpoint, resolve, reject })
      this.#commitSoon()
    })
  }

  /**
   * Whoever is in this turn of the event loop gets on as well. After a commit that is where the
   * engines are that it has released: they come back with their next checkpoints.
   */
  #commitSoon(): void {
    if (this.#isTurnAwaited || this.#commitCount >= this.#options.maxCommits) return
    this.#isTurnAwaited = true
    setImmediate(() => {
      this.#isTurnAwaited = false
      const batch = this.#takeBatch()
      if (batch.length > 0) void this.#commit(batch)
    })
  }

  #takeBatch(): readonly Waiting[] {
    const { maxCheckpoints, maxCharacters } = this.#options
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    const blocked = new Set(this.#underWay)
    let characters = 0
    let isFull = false
    for (const one of this.#waiting) {
      const key = keyOf(one.checkpoint)
      if (isFull || blocked.has(key)) rest.push(one)
      else {
        const size = checkpointCharacters(one.checkpoint)
        // One that is too large by itself goes alone: the others must not share its trouble.
        isFull = batch.length > 0 && characters + size > maxCharacters
        if (isFull) rest.push(one)
        else batch.push(one)
        isFull ||= batch.length >= maxCheckpoints
        characters += size
      }
      blocked.add(key)
    }
    this.#waiting = rest
    return batch
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    this.#commitCount += 1
    for (const { checkpoint } of batch) this.#underWay.add(keyOf(checkpoint))
    let divided: readonly Waiting[] = []
    try {
      await this.#write(batch.map(({ checkpoint }) => checkpoint))
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (batch.length > 1 && !isShared(error)) divided = batch
      else for (const { reject } of batch) reject(error)
    } finally {
      this.#commitCount -= 1
      if (divided.length === 0) this.#leave(batch)
      else for (const one of divided) void this.#commitAlone(one)
    }
  }

  /** Not counted among the commits, for it may wait for long. */
  async #commitAlone(one: Waiting): Promise<void> {
    const { checkpoint, resolve, reject } = one
    await this.#write([checkpoint]).then(resolve, reject)
    this.#leave([one])
  }

  #leave(batch: readonly Waiting[]): void {
    for (const { checkpoint } of batch) this.#underWay.delete(keyOf(checkpoint))
    if (this.#waiting.length > 0) this.#commitSoon()
  }
}

/** What two checkpoints must not both be about, when they are under way at once. */
function keyOf({ flowUuid, book }: Checkpoint): string {
  return flowUuid === '' ? (book?.uuid ?? '') : flowUuid
}

/** The others would only meet the same. A text that no string can hold is one checkpoint's own. */
function isShared(error: unknown): boolean {
  if (error instanceof RangeError) return false
  const isOwn = error instanceof FlowError && !(error instanceof BackendUnavailableError)
  return !isOwn || error instanceof SharedFaultError
}
