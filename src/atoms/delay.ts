/**
 * How long a retry waits before its next attempt.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'
import type { History } from './history.ts'

/** Waits that grow from attempt to attempt. */
export interface ExponentialDelay {
  /** The longest first wait, in milliseconds. */
  readonly initialMs: number
  /**
   * By how much each wait may be longer than the one before.
   *
   * @defaultValue `2`
   */
  readonly factor?: number
  /**
   * No wait is longer, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly maxMs?: number
  /**
   * Each wait is a random part of what it could be, so that those who failed together do not come
   * back together ("full jitter": M. Brooker, AWS Architecture Blog, 2015).
   *
   * @defaultValue `true`
   */
  readonly jitter?: boolean
}

/** What a wait may depend on. */
export interface DelayInputs {
  /** What was tried so far, the newest attempt with its failures. */
  readonly history: History
  /** The failure that is to be tried again. */
  readonly failure: Failure
}

/**
 * How long to wait: always as many milliseconds; longer from attempt to attempt; or what a function
 * says, in milliseconds.
 */
export type RetryDelay = number | ExponentialDelay | ((inputs: DelayInputs) => number)

/** @throws TypeError when it cannot be waited by. */
export function checkDelay(label: string, delay: RetryDelay = 0): RetryDelay {
  if (typeof delay === 'function') return delay
  const numbers =
    typeof delay === 'number'
      ? [delay]
      : [delay?.initialMs, delay?.maxMs ?? 0, (delay?.factor ?? 1) - 1]
  if (numbers.every((one) => typeof one === 'number' && one >= 0)) return delay
  throw new TypeError(
    `'${label}' has the delay ${JSON.stringify(delay)}: write milliseconds from 0 on, { initialMs, factor, maxMs }, or a function`,
  )
}

/** @throws RangeError when a function gave no number from 0 on. */
export function delayMs(label: string, delay: RetryDelay, inputs: DelayInputs): number {
  const ms = ownDelayMs(delay, inputs)
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw new RangeError(
      `the delay of '${label}' gave ${String(ms)}: it must give milliseconds from 0 on`,
    )
  }
  return Math.max(ms, retryAfterMs(inputs.failure))
}

function ownDelayMs(delay: RetryDelay, inputs: DelayInputs): number {
  if (typeof delay === 'number') return delay
  if (typeof delay === 'function') return delay(inputs)
  const { initialMs, factor = 2, maxMs = 60_000, jitter = true } = delay
  const longest = Math.min(maxMs, initialMs * factor ** (inputs.history.length - 1))
  return jitter ? Math.random() * longest : longest
}

/** What the other side asked for, as long as the error is at hand. */
function retryAfterMs({ thrown }: Failure): number {
  const asked: unknown =
    typeof thrown === 'object' && thrown !== null && 'retryAfterMs' in thrown
      ? thrown.retryAfterMs
      : 0
  return typeof asked === 'number' && asked > 0 ? asked : 0
}
