/**
 * Who may write a flow detail: the rule of fences, for drivers that hold the records themselves,
 * and the error for all of them.
 *
 * @module
 */
import { StaleWriteError } from '../errors.ts'
import type { Fence, StoredFlowRecord } from './backend.ts'

/** What a fence is about in a stored flow detail. */
export type Holding = Pick<StoredFlowRecord, 'owner' | 'epoch' | 'leaseUntil'>

/** Of a flow detail that nobody has claimed. */
export const UNCLAIMED: Holding = { owner: undefined, epoch: 0, leaseUntil: undefined }

/**
 * Who holds a flow detail after a checkpoint with that fence.
 *
 * @throws {@link StaleWriteError} when the fence does not fit.
 */
export function heldAfter(stored: Holding, fence: Fence | undefined, flowUuid: string): Holding {
  if (fence === undefined) return stored
  const { owner, epoch, action, leaseUntil } = fence
  const isAgain = stored.epoch === epoch && (action !== 'claim' || stored.owner === owner)
  const isNext = action === 'claim' && stored.epoch === epoch - 1
  if (!isAgain && !isNext) throw staleWrite(flowUuid, stored)
  switch (action) {
    case 'hold':
      return stored
    case 'release':
      return { owner: undefined, epoch, leaseUntil: undefined }
    default:
      return { owner, epoch, leaseUntil }
  }
}

/** The error of a writer that was replaced, or was slower than another one. */
export function staleWrite(flowUuid: string, { owner, epoch }: Holding): StaleWriteError {
  const holder = owner === undefined ? 'which has given it back since' : `${owner}, which holds it`
  return new StaleWriteError(
    `flow detail '${flowUuid}' was claimed by another engine: ${holder} (epoch ${epoch}); nothing was written. Leave it to that engine, or load the flow detail anew to see what became of it`,
  )
}
