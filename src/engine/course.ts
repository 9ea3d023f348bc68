/**
 * Where a stored run is going: what a resumption will do with each atom of a flow.
 *
 * For the comparison of a record with a flow, which asks only about what is still to be done.
 * Reads records, changes nothing.
 *
 * @module
 */
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { AtomState } from '../states/atom.ts'
import { type Compilation, controllerOf, type GraphNode } from './compiler.ts'
import { isAllBack, Kept, type RecordOf } from './kept.ts'

/**
 * What is going to happen to an atom:
 * - `execute`: it is executed in its turn;
 * - `rerun`: it was cut short, and is executed again at once;
 * - `keep`: it is done, and may be reverted later;
 * - `revert`: it is reverted;
 * - `again`: it is reverted if it has run, and executed in the next attempt of a retry;
 * - `none`: nothing.
 */
export type Prospect = 'execute' | 'rerun' | 'keep' | 'revert' | 'again' | 'none'

/** What a resumption will do. */
export interface Course {
  /** Everything is being undone that does not stay. */
  readonly isAllBack: boolean
  /** The run is undone from outside: no retry is asked. */
  readonly isUndone: boolean
  /** What becomes of the nodes, by position; those of flows have none. */
  readonly plans: readonly (Prospect | undefined)[]
  /** Where what comes before a node is going, by position; see {@link Heading}. */
  readonly headingBefore: readonly Heading[]
  /** Before the node is a retry that stays, so that what it is in charge of is not run again. */
  readonly isBehindKeptRetry: (node: GraphNode) => boolean
}

/** Forwards; back, to start again; or back for good. */
type Heading = 0 | 1 | 2

const FORWARD = 0
const AGAIN = 1
const BACK = 2

const BEGUN: readonly AtomState[] = [
  'RUNNING',
  'SUCCESS',
  'FAILURE',
  'REVERTING',
  'REVERT_FAILURE',
  'RETRYING',
]

/** The atom has done something that has not been undone. */
export function hasBegun(detail: AtomDetail | undefined): detail is AtomDetail {
  return detail !== undefined && BEGUN.includes(detail.state)
}

/** The run starts anew when it is run: nothing of its record counts. */
export function startsAnew({ state }: FlowDetail): boolean {
  return state === 'REVERTED'
}

/** Something has come of atoms, and the run goes on from there. */
export function hasRun(detail: FlowDetail): boolean {
  if (startsAnew(detail)) return false
  for (const { name, state } of detail) {
    if (name !== INJECTOR_NAME && state !== 'PENDING') return true
  }
  return false
}

/** A run is on its way back as a whole, as far as is stored; atoms that are new do not run then. */
export function isGoingBack(
  compilation: Compilation,
  detail: FlowDetail,
  recordOf: RecordOf,
): boolean {
  const undo = detail.engineMeta.undo
  return (
    undo !== undefined || isAllBack(compilation, recordOf, new Kept(compilation, recordOf, undo))
  )
}

/**
 * Works out what a resumption will do with each atom.
 *
 * @param undo why the run is being undone from outside; left out, as it is stored
 */
export function courseOf(
  compilation: Compilation,
  detail: FlowDetail,
  recordOf: RecordOf,
  undo: Undo | undefined = detail.engineMeta.undo,
): Course {
  const anew = startsAnew(detail)
  const kept = new Kept(compilation, recordOf, undo)
  const isUndone = !anew && undo !== undefined
  const isFailing = isAllBack(compilation, recordOf, kept) || hasFatalFailure(compilation, recordOf)
  const allBack = isUndone || (!anew && isFailing)
  const broken = undo?.triesBrokenAgain === true ? 'again' : 'left'
  const behindKeptRetry = new Set<GraphNode>()
  const headings: Heading[] = []
  const headingBefore: Heading[] = []
  const plans = compilation.nodes.map((node): Prospect | undefined => {
    const before = node.predecessors.reduce<Heading>(
      (most, { index }) => Math.max(most, headings[index] ?? FORWARD) as Heading,
      FORWARD,
    )
    const record = anew ? undefined : recordOf(node)
    const stays = allBack && kept.has(node)
    const heading = stays ? FORWARD : allBack ? BACK : headingOf(record, before)
    headingBefore.push(before)
    headings.push(heading)
    if (node.predecessors.some((one) => behindKeptRetry.has(one) || isKeptRetry(one, kept))) {
      behindKeptRetry.add(node)
    }
    if (node.atom === undefined) return undefined
    return stays ? planOfKept(record) : planOf(record, heading, broken)
  })
  const isBehindKeptRetry = (node: GraphNode): boolean => behindKeptRetry.has(node)
  return { isAllBack: allBack, isUndone, plans, headingBefore, isBehindKeptRetry }
}

function isKeptRetry(node: GraphNode, kept: Kept): boolean {
  return node.kind === 'retry' && kept.has(node)
}

/** An atom has failed, nobody has dealt with it yet, and no retry is in charge of it. */
function hasFatalFailure({ atoms }: Compilation, recordOf: RecordOf): boolean {
  return atoms.some(
    (node) => isUnresolved(recordOf(node)) && retryInCharge(node, recordOf) === undefined,
  )
}

/**
 * The retry that is asked about a failure of the node: the innermost around it that a decider has
 * not refused, since a retry that is ignored has made no attempt.
 */
export function retryInCharge(node: GraphNode, recordOf: RecordOf): GraphNode | undefined {
  let retry = controllerOf(node)
  while (retry !== undefined && recordOf(retry)?.state === 'IGNORE') retry = controllerOf(retry)
  return retry
}

/** The atom has failed, and no retry was asked what to do. */
export function isUnresolved(detail: AtomDetail | undefined): boolean {
  return detail?.state === 'FAILURE' && detail.intention === 'EXECUTE'
}

function headingOf(record: AtomDetail | undefined, before: Heading): Heading {
  if (record === undefined || before === BACK) return before
  if (record.intention === 'RETRY' || record.state === 'RETRYING') return AGAIN
  if (record.intention === 'REVERT') return before === AGAIN ? AGAIN : BACK
  return before
}

/** What stays is left alone, unless it was cut short. */
function planOfKept(record: AtomDetail | undefined): Prospect {
  if (record?.state === 'RUNNING') return 'rerun'
  return record?.state === 'REVERTING' || record?.state === 'RETRYING' ? 'revert' : 'none'
}

function planOf(
  record: AtomDetail | undefined,
  heading: Heading,
  broken: 'again' | 'left',
): Prospect {
  if (heading === AGAIN) return 'again'
  const state = record?.state ?? 'PENDING'
  if (state === 'REVERT_FAILURE') return broken === 'again' ? 'revert' : 'none'
  if (state === 'IGNORE' || state === 'REVERTED') return 'none'
  if (heading === BACK) return state === 'PENDING' ? 'none' : 'revert'
  if (state === 'PENDING') return 'execute'
  if (state === 'RUNNING') return 'rerun'
  return state === 'SUCCESS' ? 'keep' : 'revert'
}

/** Something was begun and cannot go on: its undo broke, or what it needs is not there. */
export function isStuck(state: string, intention: string): boolean {
  if (state === 'PENDING' || state === 'REVERTED' || state === 'IGNORE') return false
  return state !== 'SUCCESS' || intention === 'REVERT' || intention === 'RETRY'
}
