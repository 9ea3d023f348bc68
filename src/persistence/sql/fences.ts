/**
 * A fence as a statement: it finds or changes its one flow detail, or the transaction is undone.
 *
 * For dialects that send a checkpoint as several statements.
 *
 * @module
 */

import { momentText } from '../../database/moments.ts'
import type { SqlStatement, SqlValue } from '../../database/session.ts'
import type { Fence } from '../backend.ts'
import type { Repeat } from './repeats.ts'

/** Makes the statement of a fence. */
export type FenceStatement = (flowUuid: string, fence: Fence, repeat: Repeat) => SqlStatement

const TABLE = 'flowdetails'

const IS_NEWEST = 'COALESCE(taskflow_ts_repeat, 0) <= ?'
const FITS = `(taskflow_ts_epoch = ? AND ${IS_NEWEST})`
// A claim that was written, while its answer got lost, is written again.
const FITS_CLAIM = `(COALESCE(taskflow_ts_epoch, 0) = ? OR (taskflow_ts_epoch = ? AND taskflow_ts_owner = ? AND ${IS_NEWEST}))`
const CHANGES =
  'taskflow_ts_owner = ?, taskflow_ts_epoch = ?, taskflow_ts_lease_until = ?, taskflow_ts_repeat = ?'

type Clause = readonly [text: string, values: readonly SqlValue[]]

function conditionOf({ action, epoch, owner }: Fence, { count }: Repeat): Clause {
  return action === 'claim'
    ? [FITS_CLAIM, [epoch - 1, epoch, owner, count]]
    : [FITS, [epoch, count]]
}

/** What the fence changes; undefined when there is nothing but to look. */
function changesOf(
  { action, epoch, owner, leaseUntil }: Fence,
  { count, isStored }: Repeat,
): Clause | undefined {
  if (action === 'hold') return isStored ? undefined : ['taskflow_ts_repeat = ?', [count]]
  if (action === 'release') return [CHANGES, [null, epoch, null, count]]
  return [CHANGES, [owner, epoch, leaseUntil === undefined ? null : momentText(leaseUntil), count]]
}

/** On SQLite the transaction has the right to write alone, so that to look is enough. */
export const fenceOnSqlite: FenceStatement = (flowUuid, fence, repeat) => {
  const [condition, values] = conditionOf(fence, repeat)
  const [changes, changed] = changesOf(fence, repeat) ?? []
  if (changes === undefined || changed === undefined) {
    const sql = `SELECT 1 FROM ${TABLE} WHERE uuid = ? AND ${condition}`
    return { sql, values: [flowUuid, ...values], table: TABLE, mustFind: 1 }
  }
  const sql = `UPDATE ${TABLE} SET ${changes} WHERE uuid = ? AND ${condition}`
  return { sql, values: [...changed, flowUuid, ...values], table: TABLE, mustChange: 1 }
}

/**
 * On MySQL counts are not known before everything was sent, so that the statement itself must
 * fail: the key cannot be NULL. It is assigned first, before the values that it asks for change.
 */
export const fenceOnMysql: FenceStatement = (flowUuid, fence, repeat) => {
  const [condition, values] = conditionOf(fence, repeat)
  const [changes, changed = []] = changesOf(fence, repeat) ?? []
  const guard = `uuid = IF(${condition}, uuid, NULL)`
  const sql = `UPDATE ${TABLE} SET ${changes === undefined ? guard : `${guard}, ${changes}`} WHERE uuid = ?`
  return { sql, values: [...values, ...changed, flowUuid], table: TABLE, mustFind: 1 }
}
