/**
 * A session that tries again when a fault passes: a connection is lost, another writer holds a
 * lock, the server starts.
 *
 * For drivers. Waits longer each time, and not as long as others who met the same fault; the rest
 * of the process goes on meanwhile.
 *
 * @module
 */
import { type Check, type Checks, DURATION, isObject, number, readOptions } from '../base/checks.ts'
import { SYSTEM_CLOCK, sleep } from '../base/clock.ts'
import { BackendUnavailableError, type StorageError } from '../errors.ts'
import {
  SharedFaultError,
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  TransientError,
  type WriteOptions,
} from './session.ts'

/** How often to try, and how long to wait in between. Every option may be left out. */
export interface RetryBounds {
  /**
   * How many times a save or a question is tried; 1 never tries again.
   *
   * @defaultValue `100`, so that `totalMs` is what bounds it
   */
  readonly attempts?: number
  /**
   * The longest wait between two attempts, in milliseconds. The waits are random, up to 50 ms at
   * first and up to twice as much each time.
   *
   * @defaultValue `2_000`
   */
  readonly maxDelayMs?: number
  /**
   * How long to try altogether, in milliseconds; an attempt that is under way then is not cut off.
   * Whichever bound comes first holds.
   *
   * @defaultValue `30_000`
   */
  readonly totalMs?: number
}

const BOUNDS: Checks<RetryBounds> = {
  attempts: number({ least: 1, whole: true }),
  maxDelayMs: DURATION,
  totalMs: DURATION,
}

/** What the option `retry` must be. */
export const RETRY_BOUNDS: Check = (name, value) => {
  const options = Object.entries(isObject(value) ? value : {})
  for (const [option, found] of options) {
    if (Object.hasOwn(BOUNDS, option) && found !== undefined) {
      BOUNDS[option as keyof RetryBounds](`${name}.${option}`, found)
    }
  }
  readOptions(name, value, BOUNDS)
}

/** Bounds of a driver, with what its users do not choose. */
export interface RetryPlan extends RetryBounds {
  /** The longest wait before the second attempt, in milliseconds; 50 when it is left out. */
  readonly firstDelayMs?: number
}

/** What is known of a batch that may run several times. */
interface Trial {
  readonly isWriting: boolean
  readonly isRepeatable: boolean
  readonly isDivisible: boolean
}

const READING: Trial = { isWriting: false, isRepeatable: true, isDivisible: false }
const OPENING: Trial = READING
const AGAIN: Trial = { isWriting: true, isRepeatable: true, isDivisible: false }

/**
 * Runs batches again, within bounds.
 *
 * A batch that failed is run again when nothing of it was written; or, when that is unknown, as
 * the caller says. Opening is tried again only where the driver says that the fault passes: a
 * wrong address should show at once.
 */
export class RetryingSession implements SqlSession {
  readonly #session: SqlSession
  readonly #plan: Required<RetryPlan>
  /** On a connection that is lent there is nothing to hope for once it is lost. */
  readonly #isLent: boolean

  constructor(session: SqlSession, plan: RetryPlan = {}, isLent = false) {
    const { attempts = 100, maxDelayMs = 2_000, totalMs = 30_000, firstDelayMs = 50 } = plan
    this.#session = session
    this.#plan = { attempts, maxDelayMs, totalMs, firstDelayMs }
    this.#isLent = isLent
  }

  get maxTextBytes(): number | undefined {
    return this.#session.maxTextBytes
  }

  open(): Promise<void> {
    return this.#persist(() => this.#session.open(), OPENING)
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  alone<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    return this.#persist(
      () => this.#session.alone((lent) => work(new RetryingSession(lent, this.#plan, true))),
      AGAIN,
    )
  }

  write(
    statements: readonly SqlStatement[],
    { repeat, isDivisible = false }: WriteOptions = {},
  ): Promise<readonly number[]> {
    let next = statements
    return this.#persist(
      () => this.#session.write(next),
      { isWriting: true, isRepeatable: repeat !== undefined, isDivisible },
      () => {
        next = repeat?.() ?? next
      },
    )
  }

  read(queries: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#persist(() => this.#session.read(queries), READING)
  }

  /** @param onUnknown called before an attempt, when the one before may have been written */
  async #persist<R>(
    work: () => Promise<R>,
    { isWriting, isRepeatable, isDivisible }: Trial,
    onUnknown?: () => void,
  ): Promise<R> {
    const { attempts, maxDelayMs, totalMs, firstDelayMs } = this.#plan
    const startedAtMs = performance.now()
    let isNothingWritten = true
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        if (isDivisible && error.isOfRows) throw error
        if (this.#isLent && error.isUnreachable) throw error
        const isUnknown = isWriting && !error.isNothingWritten
        isNothingWritten &&= !isUnknown
        const isLate = performance.now() - startedAtMs >= totalMs
        const isOver = attempt >= attempts || isLate || (isUnknown && !isRepeatable)
        if (isOver) throw giveUp(error, attempt, isNothingWritten)
        if (isUnknown) onUnknown?.()
      }
      const longest = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1))
      const leftMs = startedAtMs + totalMs - performance.now()
      await sleep(SYSTEM_CLOCK, Math.max(0, Math.min(Math.random() * longest, leftMs)))
    }
  }
}

function giveUp(error: TransientError, attempts: number, isNothingWritten: boolean): StorageError {
  const known = isNothingWritten ? 'nothing was written' : 'it is unknown whether it was written'
  const message = `${error.message}; tried ${attempts} times; ${known}`
  const options = { cause: error.cause }
  return error.isUnreachable && isNothingWritten
    ? new BackendUnavailableError(message, options)
    : new SharedFaultError(message, options)
}
