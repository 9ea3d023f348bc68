/**
 * A session that tries again when a fault passes: a connection is lost, two writers wait for each
 * other, the server starts.
 *
 * For drivers of servers. Waits longer each time, and not as long as others who met the same fault.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { BackendUnavailableError, StorageError } from '../../errors.ts'
import { type SqlRow, type SqlSession, type SqlStatement, TransientError } from './session.ts'

/** How often to try, and how long to wait in between. Every option may be left out. */
export interface RetryBounds {
  /**
   * How many times a save or a question is tried; 1 never tries again.
   *
   * @defaultValue `10`
   */
  readonly attempts?: number
  /**
   * The longest wait between two attempts, in milliseconds. The waits are random, up to 50 ms at
   * first and up to twice as much each time.
   *
   * @defaultValue `2_000`
   */
  readonly maxDelayMs?: number
}

const FIRST_DELAY_MS = 50

/**
 * Runs batches again, within bounds.
 *
 * A batch that failed is run again when nothing of it was written, or when running it twice does
 * no harm. Opening is not tried again: a wrong address should show at once.
 */
export class RetryingSession implements SqlSession {
  readonly #session: SqlSession
  readonly #attempts: number
  readonly #maxDelayMs: number

  /** @throws RangeError when a number has no sense. */
  constructor(session: SqlSession, { attempts = 10, maxDelayMs = 2_000 }: RetryBounds = {}) {
    if (!Number.isSafeInteger(attempts) || attempts < 1) {
      throw new RangeError(`retry.attempts must be a whole number from 1 on, but is ${attempts}`)
    }
    if (!Number.isFinite(maxDelayMs) || maxDelayMs < 0) {
      throw new RangeError(`retry.maxDelayMs must be a number from 0 on, but is ${maxDelayMs}`)
    }
    this.#session = session
    this.#attempts = attempts
    this.#maxDelayMs = maxDelayMs
  }

  open(): Promise<void> {
    return this.#session.open()
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return this.#session.alone(work)
  }

  write(statements: readonly SqlStatement[], isRepeatable = false): Promise<void> {
    return this.#persist(() => this.#session.write(statements), { isRepeatable, isWriting: true })
  }

  read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#persist(() => this.#session.read(queries), {
      isRepeatable: true,
      isWriting: false,
    })
  }

  async #persist<R>(
    work: () => Promise<R>,
    { isRepeatable, isWriting }: { readonly isRepeatable: boolean; readonly isWriting: boolean },
  ): Promise<R> {
    let isNothingWritten = true
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        isNothingWritten &&= error.isNothingWritten || !isWriting
        const isOver = attempt >= this.#attempts || !(error.isNothingWritten || isRepeatable)
        if (isOver) throw giveUp(error, attempt, isNothingWritten)
      }
      const longest = Math.min(this.#maxDelayMs, FIRST_DELAY_MS * 2 ** (attempt - 1))
      await setTimeout(Math.random() * longest)
    }
  }
}

function giveUp(error: TransientError, attempts: number, isNothingWritten: boolean): StorageError {
  const known = isNothingWritten ? 'nothing was written' : 'it is unknown whether it was written'
  const message = `${error.message}; tried ${attempts} times; ${known}`
  const options = { cause: error.cause }
  return error.isUnreachable && isNothingWritten
    ? new BackendUnavailableError(message, options)
    : new StorageError(message, options)
}
