/**
 * Removes the records of runs that came to an end long ago.
 *
 * For programs that clean up from time to time, and for the command line.
 *
 * @module
 */
import {
  BOOLEAN,
  type Checks,
  CLOCK,
  count,
  DURATION,
  FUNCTION,
  listOf,
  oneOf,
  readOptions,
  SIGNAL,
} from '../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../base/clock.ts'
import type { CorruptRecordError, StorageError } from '../errors.ts'
import { FLOW_STATES, type FlowState, isFlowFinished } from '../states/flow.ts'
import type { Backend, BookFilter } from './backend.ts'

/** What {@link removeFinished} removes, and how. */
export interface RemovalOptions {
  /** How long nothing of the book must have been saved, in milliseconds. */
  readonly olderThanMs: number
  /**
   * In which states its runs must be; only states in which a run has ended.
   *
   * @defaultValue `['SUCCESS', 'REVERTED']`: a run in FAILURE waits for somebody to see to it
   */
  readonly states?: readonly FlowState[] | undefined
  /**
   * How many books one transaction removes, with their runs and atoms.
   *
   * @defaultValue `100`
   */
  readonly batch?: number | undefined
  /**
   * Counts and removes nothing.
   *
   * @defaultValue `false`
   */
  readonly dryRun?: boolean | undefined
  /**
   * Hears of a book that cannot be read, which is kept.
   *
   * @defaultValue a process warning names it
   */
  readonly onCorrupt?: ((error: CorruptRecordError, uuid: string) => void) | undefined
  /** Stops after the batch under way; what was removed stays removed. */
  readonly signal?: AbortSignal | undefined
  /**
   * Tells what time it is.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
}

const CHECKS: Checks<RemovalOptions> = {
  olderThanMs: DURATION,
  states: listOf(oneOf(...FLOW_STATES.filter(isFlowFinished))),
  batch: count(1),
  dryRun: BOOLEAN,
  signal: SIGNAL,
  onCorrupt: FUNCTION,
  clock: CLOCK,
}

const DEFAULT_STATES: readonly FlowState[] = ['SUCCESS', 'REVERTED']
const DEFAULT_BATCH = 100

/**
 * Removes the books that nothing was saved in for a while and whose runs have all ended, with the
 * records of these runs. Each run has a book of its own, unless it was given one. Whether a book
 * still fits is asked in the transaction that removes it, so a run that begins anew meanwhile
 * is kept.
 *
 * @returns how many books were removed, or would be
 * @throws TypeError or RangeError for an invalid option, such as a state in which no run has ended;
 * {@link StorageError} when the backend fails: what was removed before stays removed.
 *
 * @example
 * await removeFinished(backend, { olderThanMs: 7 * 24 * 60 * 60 * 1_000 })
 */
export async function removeFinished(backend: Backend, options: RemovalOptions): Promise<number> {
  const { filter, limit } = readRemoval(options)
  const { dryRun = false, signal, onCorrupt = warn } = options
  if (dryRun) return backend.countBooks(filter)
  let count = 0
  let after = ''
  while (signal?.aborted !== true) {
    const books = await backend.listBooks({ ...filter, after, limit, onCorrupt })
    const last = books.at(-1)
    if (last === undefined) break
    const uuids = books.map(({ uuid }) => uuid)
    count += await backend.removeBooks(uuids, filter)
    after = last.uuid
  }
  return count
}

function readRemoval(options: RemovalOptions): {
  readonly filter: BookFilter
  readonly limit: number
} {
  const read = readOptions('removeFinished()', options, CHECKS)
  CHECKS.olderThanMs('olderThanMs', read.olderThanMs)
  const { olderThanMs, states = DEFAULT_STATES, batch = DEFAULT_BATCH, clock = SYSTEM_CLOCK } = read
  // Nothing is older than a thousand years, and no column holds the moment.
  const updatedBefore = new Date(clock.now().getTime() - Math.min(olderThanMs, MAX_AGE_MS))
  return { filter: { states: [...states], updatedBefore }, limit: batch }
}

function warn(error: CorruptRecordError): void {
  process.emitWarning(`a book was kept that may have ended long ago: ${error.message}`, {
    type: 'TaskflowWarning',
    code: 'TASKFLOW_UNREADABLE',
  })
}

/** A thousand years. */
const MAX_AGE_MS = 1000 * 365 * 24 * 60 * 60 * 1000
