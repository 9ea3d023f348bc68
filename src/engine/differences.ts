/**
 * In what a stored flow detail differs from a flow, and whether its run can go on with it.
 *
 * A run is bound by what it has done and by what it still needs, and by nothing else. Inputs are
 * the matter of `needs.ts`.
 *
 * @module
 */
import {
  type AcceptableDifference,
  type FlowDifference,
  FlowMismatchError,
  isAcceptable,
} from '../errors.ts'
import { type AtomDetail, RetryDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import { isFlowFinished } from '../states/flow.ts'
import type { Compilation, GraphNode } from './compiler.ts'
import {
  type Course,
  courseOf,
  hasBegun,
  isUnresolved,
  retryInCharge,
  startsAnew,
} from './course.ts'
import type { RecordOf } from './kept.ts'

/** A flow with a record of a run of it, or of an older version of it. */
interface Pair {
  readonly compilation: Compilation
  readonly detail: FlowDetail
  readonly recordOf: RecordOf
  readonly course: Course
}

/**
 * All differences that concern atoms and their order, blocking or not; inputs are left out.
 *
 * @param undo why the run is going to be undone; left out, what is stored with it
 */
export function findDifferences(
  compilation: Compilation,
  detail: FlowDetail,
  undo?: Undo,
): readonly FlowDifference[] {
  if (detail.size === 0) return []
  const recordOf = recordsOf(compilation, detail)
  const course = courseOf(compilation, detail, recordOf, undo)
  const pair = { compilation, detail, recordOf, course }
  return [
    ...otherKinds(pair),
    ...removed(pair),
    ...inserted(pair),
    ...otherVersions(pair),
    ...brokenUndo(pair),
  ]
}

/** Finds the records of atoms by name; one of the other kind does not count. */
export function recordsOf({ nodes }: Compilation, detail: FlowDetail): RecordOf {
  const records = nodes.map(({ name, kind, atom }) => {
    const record = atom && detail.find(name)
    return record?.kind === kind ? record : undefined
  })
  return ({ index }) => records[index]
}

/**
 * Lets pass what is not blocking, or accepted.
 *
 * @throws {@link FlowMismatchError} with the differences that are left.
 */
export function refuse(
  flow: string,
  differences: readonly FlowDifference[],
  accept: readonly AcceptableDifference[],
): void {
  const refused = differences.filter(
    ({ blocking, difference }) =>
      blocking && !(isAcceptable(difference) && accept.includes(difference)),
  )
  if (refused.length > 0) throw new FlowMismatchError(flow, refused)
}

function* otherKinds({ compilation, detail }: Pair): Generator<FlowDifference> {
  for (const { name, kind } of compilation.atoms) {
    const record = detail.find(name)
    if (record === undefined || record.kind === kind) continue
    const message = `'${name}' is a ${kind} of the flow, but its record is that of a ${record.kind}`
    yield { difference: 'kind', atom: name, message, blocking: true }
  }
}

function* removed({ compilation, detail }: Pair): Generator<FlowDifference> {
  for (const record of detail) {
    const { name, state } = record
    if (name === INJECTOR_NAME || compilation.byName.has(name)) continue
    const blocking = hasBegun(record) && !startsAnew(detail)
    const loss = record.kind === 'task' ? 'it would not be reverted' : 'its attempts would be lost'
    const message = `'${name}' is ${state}, but the flow no longer has it${blocking ? `: ${loss}` : ''}`
    yield { difference: 'removed', atom: name, message, blocking }
  }
}

/** Goes by position, which puts what comes before an atom in front of it. */
function* inserted({ compilation, detail, recordOf, course }: Pair): Generator<FlowDifference> {
  const lateBefore: (GraphNode | undefined)[] = []
  const intruders = new Set<GraphNode>()
  const found: FlowDifference[] = []
  for (const node of compilation.nodes) {
    const before = node.predecessors.find(({ index }) => lateBefore[index] !== undefined)
    const late = before && lateBefore[before.index]
    const record = startsAnew(detail) ? undefined : recordOf(node)
    const plan = course.plans[node.index]
    lateBefore[node.index] = plan === 'execute' && isFresh(record, detail) ? node : late
    if (late === undefined || record === undefined || !isAhead(record)) continue
    intruders.add(late)
    const message = `'${late.name}' has not run, but comes before '${node.name}', which is ${record.state}`
    found.push({ difference: 'inserted', atom: late.name, message, blocking: true })
  }
  yield* found
  for (const node of compilation.atoms) {
    if (detail.find(node.name) !== undefined || intruders.has(node)) continue
    const isLate = course.plans[node.index] === 'none'
    const message = `'${node.name}' is new${isLate ? ', and will not run, since what comes before it is being undone' : ''}`
    yield { difference: 'added', atom: node.name, message, blocking: false }
  }
}

/** It has been started, and what is to come of it was decided; so it waits for nobody. */
function isAhead(record: AtomDetail): boolean {
  return record.state !== 'PENDING' && record.state !== 'IGNORE' && !isUnresolved(record)
}

/** Never started, in this version or in the one before. */
function isFresh(record: AtomDetail | undefined, { state }: FlowDetail): boolean {
  if (record === undefined) return true
  const isReset = isFlowFinished(state) && state !== 'FAILURE' // a reset may have been cut short
  return !isReset && record.state === 'PENDING' && record.attempt === 0
}

function* otherVersions({ compilation, detail, recordOf }: Pair): Generator<FlowDifference> {
  if (startsAnew(detail)) return
  for (const node of compilation.atoms) {
    const record = recordOf(node)
    const now = node.atom?.version
    if (!hasBegun(record) || record.version === undefined || now === undefined) continue
    if (record.version === now) continue
    const blocking = majorOf(record.version) !== majorOf(now)
    const message = `'${node.name}' has run in version ${record.version}, and the flow has it in version ${now}`
    yield { difference: 'version', atom: node.name, message, blocking }
  }
}

function majorOf(version: string): string | undefined {
  return version.split('.')[0]
}

/** What an undo under way, or a failure that is still to be dealt with, can no longer rely on. */
function* brokenUndo({ compilation, detail, recordOf, course }: Pair): Generator<FlowDifference> {
  if (startsAnew(detail)) return
  for (const node of compilation.atoms) {
    const record = recordOf(node)
    if (record === undefined) continue
    const message = whyStuck(node, record, recordOf, course)
    if (message === undefined) continue
    yield { difference: 'undo', atom: node.name, message, blocking: true }
  }
}

function whyStuck(
  node: GraphNode,
  { state, intention }: AtomDetail,
  recordOf: RecordOf,
  { isAllBack, isUndone, headingBefore, isBehindKeptRetry }: Course,
): string | undefined {
  if (isUndone) return undefined
  if (isUnresolved(recordOf(node))) {
    const retry = untriedController(node, recordOf)
    return retry && `'${node.name}' has failed, but retry '${retry.name}' has made no attempt yet`
  }
  if (isAllBack) return undefined
  const isPartOfUndo = headingBefore[node.index] !== 0
  // The flow of a retry that stays is reverted down to what stays, and not run again.
  const isUndoneAlone = !isPartOfUndo && !isBehindKeptRetry(node)
  if (node.kind === 'task' && intention === 'REVERT' && isUndoneAlone) {
    return `'${node.name}' is to be reverted for a retry, but that no longer comes before it`
  }
  if (isPartOfUndo && intention === 'EXECUTE' && (state === 'SUCCESS' || state === 'RUNNING')) {
    return `'${node.name}' is ${state}, but comes behind what is being undone without it`
  }
  return undefined
}

/** The innermost retry that would be asked about a failure and has nothing to go by. */
function untriedController(node: GraphNode, recordOf: RecordOf): GraphNode | undefined {
  let retry = retryInCharge(node, recordOf)
  for (; retry !== undefined; retry = retryInCharge(retry, recordOf)) {
    const record = recordOf(retry)
    if (!(record instanceof RetryDetail) || record.attemptCount === 0) return retry
  }
  return undefined
}
