/**
 * Which backend a flow detail was read from, or last written to.
 *
 * Beside the record, since a record is data, and the backend a place.
 *
 * @module
 */
import type { Backend } from './backend.ts'
import type { FlowDetail } from './flow-detail.ts'

const PLACES = new WeakMap<FlowDetail, Backend>()

/** The backend that holds the record as it was read or last written; undefined for a new one. */
export function storedPlaceOf(detail: FlowDetail): Backend | undefined {
  return PLACES.get(detail)
}

/** The record is in that backend, as it is here. */
export function markStored(detail: FlowDetail, backend: Backend): void {
  PLACES.set(detail, backend)
}
