/**
 * What one line of a listing says of a run: who holds it, and whether it was put aside.
 *
 * @module
 */
import type { StoredFlowRecord } from '../persistence/backend.ts'
import { isGone } from '../persistence/owner.ts'
import { readFlowMeta } from '../persistence/records.ts'

/** An owner in words: where it runs, and whether it still does. */
export function ownerInWords(
  { owner, leaseUntil }: Pick<StoredFlowRecord, 'owner' | 'leaseUntil'>,
  now: Date,
): string {
  if (owner === undefined) return '-'
  const [host = owner, , pid] = owner.split('/')
  const name = pid === undefined ? owner : `${host}:${pid}`
  if (isGone(owner)) return `${name} (gone)`
  return leaseUntil !== undefined && leaseUntil <= now ? `${name} (lapsed)` : name
}

/** Whether a listed run was put aside; metadata that cannot be read says nothing. */
export function isPutAside(run: StoredFlowRecord): boolean {
  try {
    return readFlowMeta(run).engineMeta.takeUps?.aside !== undefined
  } catch {
    return false
  }
}
