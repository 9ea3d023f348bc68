/**
 * Take-ups that led nowhere, as they are noted with a run and forgotten.
 *
 * In the metadata of the flow, so that every backend keeps them, and Python TaskFlow passes them on.
 *
 * @module
 */
import type { FlowDetail } from './flow-detail.ts'
import type { TakeUps } from './flow-meta.ts'

/** Notes take-ups; stored with the next write of the flow. */
export function noteTakeUps(detail: FlowDetail, takeUps: TakeUps): void {
  detail.engineMeta = { ...detail.engineMeta, takeUps }
}

/** Something has come of the run, or somebody looks after it; false when there was nothing to forget. */
export function forgetTakeUps(detail: FlowDetail): boolean {
  if (detail.engineMeta.takeUps === undefined) return false
  detail.engineMeta = { ...detail.engineMeta, takeUps: undefined }
  return true
}
