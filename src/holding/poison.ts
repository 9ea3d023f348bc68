/**
 * Finds the runs that end their process each time they are taken up.
 *
 * Nothing can be written when a process is killed, so that take-ups are counted when they begin: a
 * claim raises the epoch, and the record says since which epoch nothing has come of the run. An
 * outcome of an atom shows by itself, and a run that is given back is no such run, so that neither
 * costs a write.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { PutAsideError } from '../errors.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { EngineMeta, PutAside } from '../persistence/flow-meta.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import { noteTakeUps } from '../persistence/take-ups.ts'

/** How often a run is taken up in vain, unless options say otherwise. */
export const MAX_TAKE_UPS = 5

/** How many atoms a reason names. */
const NAMED = 3

/**
 * Counts one more take-up of a run whose holder did not give it back; stored with its next write.
 *
 * @param detail the record, as it was read after the claim
 * @returns how many came before it since something has come of the run
 */
export function countTakeUp(detail: FlowDetail): number {
  const mark = markOf(detail)
  const known = detail.engineMeta.takeUps
  if (known?.mark === mark) return detail.epoch - known.since
  noteTakeUps(detail, { since: detail.epoch, mark })
  return 0
}

/** How many take-ups a listed run has had since something has come of it, or more: that is not known. */
export function takeUpsOf({ takeUps: known }: EngineMeta, epoch: number): number {
  return known === undefined ? 0 : epoch - known.since + 1
}

/** Puts a run aside; stored with its next write. */
export function putAside(detail: FlowDetail, takeUps: number): PutAsideError {
  const reason = `it was taken up ${takeUps} times, and each time its process ended ${whatDoing(detail)}`
  const aside: PutAside = { takeUps, reason }
  noteTakeUps(detail, { since: detail.epoch, mark: markOf(detail), aside })
  return putAsideError(detail, aside)
}

/** The error of a run that was put aside. */
export function putAsideError(
  { name, uuid }: Pick<FlowDetail, 'name' | 'uuid'>,
  { takeUps, reason }: PutAside,
): PutAsideError {
  return new PutAsideError(
    `flow '${name}' (${uuid}) was put aside: ${reason}. Mend the cause, then load the flow detail and run it; or raise maxTakeUps`,
    takeUps,
  )
}

/** Changes with each outcome of an atom, and not when an atom starts. */
function markOf(detail: FlowDetail): string {
  const hash = createHash('sha256')
  for (const { name, state, intention, attempt } of detail) {
    if (name === INJECTOR_NAME) continue
    const before = { RUNNING: 'PENDING', REVERTING: 'SUCCESS' }[state as string] ?? state
    const endedCount = state === 'RUNNING' ? attempt - 1 : attempt
    hash.update(JSON.stringify([name, before, intention, endedCount]))
  }
  return hash.digest('base64url').slice(0, 22)
}

function whatDoing(detail: FlowDetail): string {
  const busy = [...detail].filter(({ state }) => state === 'RUNNING' || state === 'REVERTING')
  if (busy.length === 0) return 'before anything came of it'
  const names = busy.slice(0, NAMED).map(({ name, state }) => `'${name}' was ${state}`)
  return `while ${names.join(', ')}${busy.length > NAMED ? ', …' : ''}`
}
