/**
 * Asks the deciders on the links to an atom whether it is run, and ignores what is not.
 *
 * TaskFlow's rules (`deciders.py`): the widest depth of those who refuse counts; an ignored atom
 * holds nobody back.
 *
 * @module
 */
import { type DeciderRule, type Depth, widest } from '../flows/decider.ts'
import { descendantsOf, type GraphNode } from './compiler.ts'
import { lastResult } from './lookup.ts'
import type { Runtime } from './runtime.ts'

/** A decider on an edge that leads to an atom, or to a flow that the atom begins. */
interface EdgeRule {
  readonly from: GraphNode
  readonly rule: DeciderRule
}

/**
 * Of atoms that are ready to execute, gives those that are run. The others are ignored, which may
 * make more atoms ready; these are asked about in their turn. A decider that throws breaks the flow.
 */
export async function decide(
  runtime: Runtime,
  candidates: readonly GraphNode[],
): Promise<readonly GraphNode[]> {
  const chosen: GraphNode[] = []
  const queue = [...candidates]
  for (const node of queue) {
    const { state, intention } = runtime.detailOf(node)
    const isStart = intention === 'EXECUTE' && state === 'PENDING'
    const rules = isStart ? rulesOf(node) : []
    let refusing: readonly Depth[] = []
    try {
      if (rules.length > 0) refusing = await ask(runtime, rules)
    } catch (error) {
      runtime.errors.push(error)
      return []
    }
    if (refusing.length === 0) chosen.push(node)
    else queue.push(...(await ignore(runtime, node, widest(refusing))))
  }
  return chosen
}

/** True when a decider may have a say about the atom. */
export function hasDeciders(node: GraphNode): boolean {
  for (let at: GraphNode | undefined = node; at !== undefined; ) {
    if (at.rules !== undefined) return true
    const before: GraphNode | undefined = at.predecessors[0]
    at = before?.kind === 'flow' ? before : undefined
  }
  return false
}

/** The deciders on the edges to the atom, and on those to flows whose start leads to it. */
export function rulesOf(node: GraphNode): readonly EdgeRule[] {
  const rules: EdgeRule[] = []
  const queue = [node]
  for (const at of queue) {
    for (const [from, rule] of at.rules ?? []) rules.push({ from, rule })
    for (const before of at.predecessors) if (before.kind === 'flow') queue.push(before)
  }
  return rules
}

/** The depths of the deciders that refuse. Links from ignored atoms have no say. */
async function ask(runtime: Runtime, rules: readonly EdgeRule[]): Promise<readonly Depth[]> {
  const history: Record<string, unknown> = {}
  const asked: DeciderRule[] = []
  for (const { from, rule } of rules) {
    if (from.atom === undefined) asked.push(rule)
    else {
      const detail = runtime.detailOf(from)
      if (detail.state === 'IGNORE') continue
      history[from.name] = lastResult(detail)
      asked.push(rule)
    }
  }
  const refusing: Depth[] = []
  for (const { decider, depth } of asked) {
    if (!(await decider({ history }))) refusing.push(depth)
  }
  return refusing
}

/** Ignores an atom with what the depth says; gives the atoms that become ready by it. */
async function ignore(
  runtime: Runtime,
  node: GraphNode,
  depth: Depth,
): Promise<readonly GraphNode[]> {
  for (const affected of [node, ...affectedBy(node, depth)]) {
    if (affected.atom === undefined || runtime.detailOf(affected).state === 'IGNORE') continue
    runtime.move(
      affected,
      (detail) => {
        detail.state = 'IGNORE'
        if (detail.kind === 'task') detail.progress = 0
      },
      {},
    )
    // Without a pause elsewhere: whoever suspends the flow in one would store half of it.
    if (runtime.options.commitEachMove) await runtime.afterMove()
    runtime.intend(affected, 'IGNORE')
  }
  return runtime.selector.advance(node)
}

/** What else is ignored with an atom. */
export function affectedBy(node: GraphNode, depth: Depth): readonly GraphNode[] {
  if (depth === 'ALL') return descendantsOf(node)
  if (depth === 'NEIGHBORS') return node.successors.filter(isTask)
  if (depth === 'ATOM') return []
  const reached = new Set<GraphNode>(node.successors.filter(isTask))
  for (const task of reached)
    for (const next of task.successors) if (isTask(next)) reached.add(next)
  return [...reached]
}

function isTask(node: GraphNode): boolean {
  return node.kind === 'task'
}
