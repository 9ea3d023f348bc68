/**
 * How long a retry waits before its next attempt.
 *
 * @module
 */
import {
  BOOLEAN,
  type Checks,
  DURATION,
  isObject,
  number,
  readOptions,
  shown,
} from '../base/checks.ts'
import type { Failure } from '../base/failure.ts'
import { fieldOf } from '../base/realms.ts'
import { onRejection } from '../base/thenable.ts'
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

const EXPONENTIAL: Checks<ExponentialDelay> = {
  initialMs: DURATION,
  factor: number({ least: 1 }),
  maxMs: DURATION,
  jitter: BOOLEAN,
}

/** What is longer is no wait that a record could hold; nobody lives to see the difference. */
const LONGEST_MS = Number.MAX_SAFE_INTEGER

/** @throws TypeError or RangeError when it cannot be waited by. */
export function checkDelay(label: string, delay: RetryDelay = 0): RetryDelay {
  const name = `delay of '${label}'`
  if (typeof delay === 'function') return delay
  if (typeof delay === 'number') {
    DURATION(name, delay)
    return delay
  }
  if (!isObject(delay)) {
    throw new TypeError(
      `${name} must be a number of milliseconds, { initialMs, factor, maxMs, jitter } or a function, got ${shown(delay)}`,
    )
  }
  const place = ` in the ${name}`
  DURATION(`initialMs${place}`, (delay as Partial<ExponentialDelay>).initialMs)
  return readOptions(`the ${name}`, delay, EXPONENTIAL, place)
}

/**
 * How long to wait, in milliseconds; never longer than a record can hold.
 *
 * @throws TypeError or RangeError when a function gave no number of at least 0.
 */
export function delayMs(label: string, delay: RetryDelay, inputs: DelayInputs): number {
  const ms = ownDelayMs(delay, inputs)
  if (typeof ms !== 'number') onRejection(ms, () => {}) // of an async function
  DURATION(`what the delay of '${label}' gives`, ms)
  return Math.min(Math.max(ms, retryAfterMs(inputs.failure)), LONGEST_MS)
}

function ownDelayMs(delay: RetryDelay, inputs: DelayInputs): number {
  if (typeof delay === 'number') return delay
  if (typeof delay === 'function') return delay(inputs)
  const { initialMs, factor = 2, maxMs = 60_000, jitter = true } = delay
  // Without an end, a product with nothing would be no number.
  const growth = Math.min(factor ** (inputs.history.length - 1), LONGEST_MS)
  const longest = Math.min(maxMs, initialMs * growth, LONGEST_MS)
  return jitter ? Math.random() * longest : longest
}

/**
 * What the other side asked for. The error is somebody else's: what is no length of time is not
 * heeded.
 */
function retryAfterMs({ hasThrown, thrown, fields }: Failure): number {
  const asked = fieldOf(hasThrown ? thrown : fields, 'retryAfterMs')
  return typeof asked === 'number' && asked > 0 && asked < Number.POSITIVE_INFINITY ? asked : 0
}
