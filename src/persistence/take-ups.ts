/**
 * What a record says about take-ups that led nowhere: since when, and whether it was put aside.
 *
 * In the metadata of the flow, so that every backend keeps it, and Python TaskFlow passes it on.
 *
 * @module
 */
import type { FlowDetail } from './flow-detail.ts'

const KEY = 'taskflow_ts_take_ups'

/** Take-ups of a run after which nothing has come of it. */
export interface TakeUps {
  /** The epoch of the first of them. */
  readonly since: number
  /** How far the run had come then. */
  readonly mark: string
  /** Why the run is not taken up any more; undefined when it is. */
  readonly aside?: PutAside | undefined
}

/** Why a run is not taken up any more. */
export interface PutAside {
  /** How often it was taken up without coming any further. */
  readonly takeUps: number
  /** In words. */
  readonly reason: string
}

type Meta = Readonly<Record<string, unknown>>

/** Reads what there is about take-ups in the metadata of a flow. */
export function readTakeUps(meta: Meta): TakeUps | undefined {
  const found = meta[KEY] as Partial<TakeUps> | null | undefined
  const isSound =
    typeof found === 'object' &&
    found !== null &&
    Number.isSafeInteger(found.since) &&
    typeof found.mark === 'string'
  return isSound ? (found as TakeUps) : undefined
}

/** Why a run was put aside; undefined when it was not. */
export function readPutAside(meta: Meta): PutAside | undefined {
  const aside = readTakeUps(meta)?.aside as Partial<PutAside> | null | undefined
  const isSound = typeof aside?.takeUps === 'number' && typeof aside.reason === 'string'
  return isSound ? (aside as PutAside) : undefined
}

/** Notes take-ups; stored with the next write of the flow. */
export function noteTakeUps(detail: FlowDetail, takeUps: TakeUps): void {
  detail.meta = { ...detail.meta, [KEY]: takeUps }
}

/** Something has come of the run, or somebody looks after it; false when there was nothing to forget. */
export function forgetTakeUps(detail: FlowDetail): boolean {
  if (!(KEY in detail.meta)) return false
  const { [KEY]: _takeUps, ...rest } = detail.meta
  detail.meta = rest
  return true
}
