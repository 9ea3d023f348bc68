/**
 * A limit of time for whatever a server is asked: a connection that swallows packets never fails
 * by itself, and would keep a run waiting forever.
 *
 * For the drivers of servers. Who gives up closes the connection, since an answer that comes late
 * would be taken for that to the next question.
 *
 * @module
 */
import { type Check, number } from '../base/checks.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'

/** The longest that PostgreSQL takes for a limit of its own. */
const MAX_MS = 2 ** 31 - 1

/** A server did not answer in time. What was sent may be done nevertheless. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError'
}

/**
 * Waits for an answer as long as is allowed.
 *
 * @throws {@link SilenceError} when the time is over; whatever `work` becomes later is ignored.
 */
export function within<R>(work: Promise<R>, limitMs: number, what: string): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = SYSTEM_CLOCK.setTimer(limitMs, () => {
      reject(new SilenceError(`${what} within ${limitMs} ms`))
    })
    work.then(
      (answer) => {
        timer.cancel()
        resolve(answer)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}

/** A connection as a pool lends it; gives it back when it comes too late. */
export async function borrow<C>(
  connection: Promise<C>,
  limitMs: number,
  giveBack: (late: C) => void,
): Promise<C> {
  try {
    return await within(connection, limitMs, 'there was no connection')
  } catch (error) {
    if (error instanceof SilenceError) connection.then(giveBack, () => {})
    throw error
  }
}

/** What to do about a server that does not answer. */
export const SILENCE_ADVICE =
  'look at the network and the server, or raise queryTimeoutMs or maxConnections'

/**
 * How long an answer may take when nobody has said it: shorter than the time for which a failed
 * save is tried again, and longer than the wait for a lock, which the server ends by itself.
 */
export function defaultQueryTimeoutMs(totalMs = 30_000, lockTimeoutMs = 0): number {
  const share = Math.max(3_000, lockTimeoutMs + 1_000, Math.ceil(totalMs / 3))
  return Math.min(share, MAX_MS)
}

/** What the option `queryTimeoutMs` must be. */
export const QUERY_TIMEOUT: Check = number({ least: 1, most: MAX_MS, whole: true })
