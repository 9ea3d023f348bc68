/**
 * Whether a stored flow detail fits a flow.
 *
 * @module
 */
import type { FlowDifference } from '../errors.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { Compilation, GraphNode } from './compiler.ts'

/**
 * In what a flow detail does not fit a flow: another kind under the same name, finished atoms
 * that the flow no longer has, new atoms before atoms that have run.
 */
export function findDifferences(
  compilation: Compilation,
  detail: FlowDetail,
): readonly FlowDifference[] {
  if (detail.size === 0) return []
  return [
    ...otherKinds(compilation, detail),
    ...removed(compilation, detail),
    ...inserted(compilation, detail),
  ]
}

function* otherKinds({ atoms }: Compilation, detail: FlowDetail): Generator<FlowDifference> {
  for (const { name, kind } of atoms) {
    const record = detail.find(name)
    if (record === undefined || record.kind === kind) continue
    const message = `'${name}' is a ${kind} of the flow, but its record is that of a ${record.kind}`
    yield { difference: 'kind', atom: name, message }
  }
}

function* removed({ byName }: Compilation, detail: FlowDetail): Generator<FlowDifference> {
  for (const { name, state } of detail) {
    if (name === INJECTOR_NAME || state === 'PENDING' || byName.has(name)) continue
    const message = `'${name}' is ${state}, but the flow no longer has it`
    yield { difference: 'removed', atom: name, message }
  }
}

/** Goes by position, which puts what comes before an atom in front of it. */
function* inserted({ nodes }: Compilation, detail: FlowDetail): Generator<FlowDifference> {
  const newBefore: (GraphNode | undefined)[] = []
  for (const node of nodes) {
    const before = node.predecessors.find(({ index }) => newBefore[index] !== undefined)
    newBefore[node.index] = before && newBefore[before.index]
    if (node.atom === undefined) continue
    const record = detail.find(node.name)
    const intruder = newBefore[node.index]
    if (record === undefined) newBefore[node.index] = node
    else if (intruder !== undefined && record.state !== 'PENDING' && record.state !== 'IGNORE') {
      const message = `'${intruder.name}' has no record, but comes before '${node.name}', which is ${record.state}`
      yield { difference: 'inserted', atom: intruder.name, message }
    }
  }
}
