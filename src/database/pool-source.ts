/**
 * Where the drivers of servers have their pools from: made here and ended here, or handed in and
 * left alone.
 *
 * @module
 */
import { type Check, count, number } from '../base/checks.ts'
import { within } from './limits.ts'

/** Gives a pool, and takes it back. */
export interface PoolSource<Pool> {
  /** Makes the pool, or passes it on. */
  make(): Promise<Pool>
  /** Ends the pool, or leaves it alone. */
  end(pool: Pool): Promise<void>
}

/** A pool that somebody else made, who also ends it. */
export function handedIn<Pool>(pool: Pool): PoolSource<Pool> {
  return { make: async () => pool, end: async () => {} }
}

/**
 * A pool that is made when it is first needed.
 *
 * @param limitMs how long its end may take: a server that does not answer keeps nobody
 */
export function madeHere<Pool extends { end(): Promise<void> }, As extends object>(
  make: () => Promise<Pool & As>,
  limitMs: number,
): PoolSource<As> {
  const made = new WeakMap<As, Pool>()
  return {
    make: async () => {
      const pool = await make()
      made.set(pool, pool)
      return pool
    },
    end: async (pool) => {
      const ended = made.get(pool)?.end()
      // All that it held is given up: how a connection took leave changes nothing.
      if (ended !== undefined) await within(ended, limitMs, 'no farewell').catch(() => {})
    },
  }
}

/** What the drivers of servers have in common among their options. */
export const POOL_CHECKS: { readonly maxConnections: Check; readonly lockTimeoutMs: Check } = {
  maxConnections: count(1),
  lockTimeoutMs: number({ least: 0, whole: true }),
}

/** Servers take no longer limits; who gave more did not mean to be told so. */
const MAX_LOCK_TIMEOUT_MS = 2 ** 31 - 1

/** A `lockTimeoutMs` that the servers take. */
export function lockTimeoutOf(lockTimeoutMs: number): number {
  return Math.min(lockTimeoutMs, MAX_LOCK_TIMEOUT_MS)
}
