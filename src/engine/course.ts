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
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { AtomState } from '../states/atom.ts'
import { type Compilation, controllerOf, type GraphNode } from './compiler.ts'

/**
 * What is going to happen to an atom:
 * - `execute`: it is executed in its turn;
 * - `rerun`: it was cut short, and is executed again at once;
 * - `keep`: it is done, and may be reverted later;
 * - `revert`: it is reverted;
 * - `again`: it is reverted if it has run, and executed in the next attempt of a retry;
 * - `none`: nothing.
 */
export type Plan = 'execute' | 'rerun' | 'keep' | 'revert' | 'again' | 'none'

/** What a resumption will do. */
export interface Course {
  /** Everything is being undone, down to the first atom. */
  readonly isAllBack: boolean
  /** What becomes of the nodes, by position; those of flows have none. */
  readonly plans: readonly (Plan | undefined)[]
  /** Where what comes before a node is going, by position; see {@link Heading}. */
  readonly headingBefore: readonly Heading[]
}

/** Forwards; back, to start again; or back for good. */
type Heading = 0 | 1 | 2

const FORWARD = 0
const AGAIN = 1
const BACK = 2

/** The record of an atom; undefined when there is none that fits it. */
export type RecordOf = (node: GraphNode) => AtomDetail | undefined

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

/** Every atom that has a record is meant to be reverted. */
export function isAllBack(details: Iterable<AtomDetail>): boolean {
  let seen = false
  for (const { name, intention } of details) {
    if (name === INJECTOR_NAME) continue
    if (intention !== 'REVERT') return false
    seen = true
  }
  return seen
}

/** Works out what a resumption will do with each atom. */
export function courseOf(compilation: Compilation, detail: FlowDetail, recordOf: RecordOf): Course {
  const anew = startsAnew(detail)
  const known = compilation.atoms.flatMap((node) => recordOf(node) ?? [])
  const allBack = !anew && (isAllBack(known) || hasFatalFailure(compilation, recordOf))
  const headings: Heading[] = []
  const headingBefore: Heading[] = []
  const plans = compilation.nodes.map((node): Plan | undefined => {
    const before = node.predecessors.reduce<Heading>(
      (most, { index }) => Math.max(most, headings[index] ?? FORWARD) as Heading,
      FORWARD,
    )
    const record = anew ? undefined : recordOf(node)
    const heading = allBack ? BACK : headingOf(record, before)
    headingBefore.push(before)
    headings.push(heading)
    return node.atom === undefined ? undefined : planOf(record, heading)
  })
  return { isAllBack: allBack, plans, headingBefore }
}

/** An atom has failed, nobody has dealt with it yet, and no retry is in charge of it. */
function hasFatalFailure({ atoms }: Compilation, recordOf: RecordOf): boolean {
  return atoms.some((node) => isUnresolved(recordOf(node)) && controllerOf(node) === undefined)
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

function planOf(record: AtomDetail | undefined, heading: Heading): Plan {
  if (heading === AGAIN) return 'again'
  const state = record?.state ?? 'PENDING'
  if (state === 'IGNORE' || state === 'REVERTED' || state === 'REVERT_FAILURE') return 'none'
  if (heading === BACK) return state === 'PENDING' ? 'none' : 'revert'
  if (state === 'PENDING') return 'execute'
  if (state === 'RUNNING') return 'rerun'
  return state === 'SUCCESS' ? 'keep' : 'revert'
}
