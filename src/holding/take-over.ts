/**
 * Takes runs over that were listed as left: claims, reads again, counts, and puts aside.
 *
 * For `resumeAll`, and for whoever else runs what others left.
 *
 * @module
 */

import type { Clock } from '../base/clock.ts'
import type { PutAsideError } from '../errors.ts'
import type { Backend, StoredFlowRecord } from '../persistence/backend.ts'
import { FlowDetail } from '../persistence/flow-detail.ts'
import { flowRecord } from '../persistence/records.ts'
import { markStored } from '../persistence/stored-in.ts'
import { forgetTakeUps } from '../persistence/take-ups.ts'
import type { FlowState } from '../states/flow.ts'
import { type Claim, claimFor } from './claim.ts'
import { MAX_TAKE_UPS, putAside } from './poison.ts'

/** In whose name runs are taken over, and how often. */
export interface TakeOverOptions {
  /** Where the runs are kept. */
  readonly backend: Backend
  readonly clock?: Clock | undefined
  readonly leaseMs?: number | undefined
  /** How often a run is taken up in vain. */
  readonly maxTakeUps?: number | undefined
}

/** A run to be taken over. */
export interface LeftRun {
  /** Its record, as it was listed; without atoms until it was read again. */
  readonly flowDetail: FlowDetail
  readonly claim: Claim
}

/** What became of taking a run over. */
export type TakeOver =
  /** It is held, and its record is read. */
  | { readonly outcome: 'held' }
  /** Somebody has gone on with it since it was listed. */
  | { readonly outcome: 'moved'; readonly state: FlowState }
  /** It has ended its process each time, and is left to a person. */
  | { readonly outcome: 'put aside'; readonly error: PutAsideError }

/** A claim on a listed run, which is not made yet. */
export function claimOn(record: StoredFlowRecord, options: TakeOverOptions): LeftRun {
  const { backend, clock, leaseMs } = options
  const flowDetail = new FlowDetail(record.name, record.uuid)
  flowDetail.state = record.state
  flowDetail.epoch = record.epoch
  flowDetail.owner = record.owner
  markStored(flowDetail, backend)
  return { flowDetail, claim: claimFor({ flowDetail, backend, clock, leaseMs }) }
}

/**
 * Claims a run before anything of it is called, so that it does not change any more, and reads it.
 * The caller gives the claim back.
 *
 * @throws {@link StaleWriteError} when somebody else was faster, {@link StorageError} when it cannot
 * be claimed or read.
 */
export async function takeOver(
  { flowDetail, claim }: LeftRun,
  { maxTakeUps = MAX_TAKE_UPS }: TakeOverOptions,
): Promise<TakeOver> {
  const { state, owner } = flowDetail
  claim.take()
  const { newer, takeUps } = await claim.takeUp()
  if (newer.state !== state) return { outcome: 'moved', state: newer.state }
  flowDetail.adopt(newer)
  if (takeUps >= maxTakeUps) return leaveAside(flowDetail, takeUps, claim)
  // Stored before anything of the run is called, which may end the process.
  if (owner !== undefined) await claim.save(recordOf(flowDetail))
  else forgetTakeUps(flowDetail)
  return { outcome: 'held' }
}

/** A run that has ended its process each time is left alone, for somebody to look after it. */
async function leaveAside(
  flowDetail: FlowDetail,
  takeUps: number,
  claim: Claim,
): Promise<TakeOver> {
  const error = putAside(flowDetail, takeUps)
  if (flowDetail.state !== 'PENDING') flowDetail.state = 'SUSPENDED'
  await claim.end()
  await claim.save(recordOf(flowDetail))
  return { outcome: 'put aside', error }
}

function recordOf(flowDetail: FlowDetail): ReturnType<typeof flowRecord> {
  return flowRecord(flowDetail, flowDetail.bookUuid ?? '')
}
