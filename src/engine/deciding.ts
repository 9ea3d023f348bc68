/**
 * Asks the deciders on the links to an atom whether it is run, and ignores what is not.
 *
 * TaskFlow's rules (`deciders.py`): the widest depth of those who refuse counts; an ignored atom
 * holds nobody back.
 *
 * @module
 */
import { Failure } from '../base/failure.ts'
import { type DeciderRule, type Depth, widest } from '../flows/decider.ts'
import { descendantsOf, type GraphNode } from './compiler.ts'
import { lastResult } from './lookup.ts'
import type { Runtime } from './runtime.ts'

/** What deciding needs of a run. */
export type DecidingParts = Pick<
  Runtime,
  'moves' | 'options' | 'reversal' | 'selector' | 'standing'
>

/** A decider on an edge that leads to an atom, or to a flow that the atom begins. */
interface EdgeRule {
  readonly from: GraphNode
  readonly rule: DeciderRule
}

/**
 * Of atoms that are ready to execute, gives those that are run. The others are ignored, which may
 * make more atoms ready; these are asked about in their turn. So are those behind an empty flow,
 * which is decided about when everything before it has finished. A decider that throws breaks the
 * flow.
 */
export async function decide(
  run: DecidingParts,
  candidates: readonly GraphNode[],
): Promise<readonly GraphNode[]> {
  const chosen: GraphNode[] = []
  const queue = [...candidates]
  for (const node of queue) {
    const rules = isToStart(run, node) ? rulesOf(node) : []
    let refusing: readonly Depth[] = []
    try {
      if (rules.length > 0) refusing = await ask(run, rules)
    } catch (error) {
      run.standing.errors.push(Failure.from(error))
      return []
    }
    if (refusing.length > 0) await ignore(run, node, widest(refusing))
    if (node.atom === undefined) queue.push(...run.selector.open(node))
    else if (refusing.length === 0) chosen.push(node)
    else queue.push(...run.selector.advance(node))
  }
  return chosen
}

/** Deciders are asked about what is to be started; about an empty flow, if what follows it is. */
function isToStart(run: DecidingParts, node: GraphNode): boolean {
  if (node.atom !== undefined) {
    const { state, intention } = run.moves.detailOf(node)
    return intention === 'EXECUTE' && state === 'PENDING'
  }
  if (run.reversal.undo !== undefined) return false
  const after = atomsAfter(node)
  return after.length === 0 || after.some((one) => isToStart(run, one))
}

/** The nearest atoms after a node. */
function atomsAfter(node: GraphNode): readonly GraphNode[] {
  const met = new Set(node.successors)
  for (const one of met)
    if (one.atom === undefined) for (const next of one.successors) met.add(next)
  return [...met].filter(({ atom }) => atom !== undefined)
}

/** True when a decider may have a say about the atom. */
export function hasDeciders(node: GraphNode): boolean {
  for (let at: GraphNode | undefined = node; at !== undefined; ) {
    if (at.rules !== undefined) return true
    const before: GraphNode | undefined = at.predecessors[0]
    at = before && passedAtOnce(before)
  }
  return false
}

/** The deciders on the edges to the atom or empty flow, and on those to the flows that begin with it. */
export function rulesOf(node: GraphNode): readonly EdgeRule[] {
  const rules: EdgeRule[] = []
  for (let at: GraphNode | undefined = node; at !== undefined; at = flowBegunBy(at)) {
    for (const [from, rule] of at.rules ?? []) rules.push({ from, rule })
  }
  return rules
}

/** The start of the flow around a node, if nothing but empty flows comes before the node in it. */
function flowBegunBy(node: GraphNode): GraphNode | undefined {
  let around: GraphNode | undefined
  const met = new Set([node])
  for (const at of met) {
    for (const before of at.predecessors) {
      const start = passedAtOnce(before)
      if (start === undefined) return undefined
      if (before.kind === 'flow') around = start
      else met.add(start)
    }
  }
  return around
}

/** The start of a flow that leads to what follows it without an atom in between, if it is one. */
function passedAtOnce(node: GraphNode): GraphNode | undefined {
  if (node.kind === 'flow') return node
  return node.kind === 'flow_end' && node.scope?.isEmpty ? node.scope.start : undefined
}

/** The depths of the deciders that refuse. Links from ignored atoms have no say. */
async function ask(run: DecidingParts, rules: readonly EdgeRule[]): Promise<readonly Depth[]> {
  const results = new Map<string, unknown>() // a task may be called `__proto__`
  const asked: DeciderRule[] = []
  for (const { from, rule } of rules) {
    if (from.atom === undefined) asked.push(rule)
    else {
      const detail = run.moves.detailOf(from)
      if (detail.state === 'IGNORE') continue
      results.set(from.name, lastResult(detail))
      asked.push(rule)
    }
  }
  const history = Object.fromEntries(results)
  const refusing: Depth[] = []
  for (const { decider, depth } of asked) {
    if (!(await decider({ history }))) refusing.push(depth)
  }
  return refusing
}

/** Ignores an atom, or what follows an empty flow, with what the depth says. */
async function ignore(run: DecidingParts, node: GraphNode, depth: Depth): Promise<void> {
  for (const affected of [node, ...affectedBy(node, depth)]) {
    if (affected.atom === undefined || run.moves.detailOf(affected).state === 'IGNORE') continue
    run.moves.move(affected, (detail) => {
      detail.state = 'IGNORE'
      if (detail.kind === 'task') detail.progress = 0
    })
    // Without a pause elsewhere: whoever suspends the flow in one would store half of it.
    if (run.options.commit === 'move') await run.moves.afterMove()
    run.moves.intend(affected, 'IGNORE')
  }
}

/** What else is ignored with an atom or an empty flow. */
export function affectedBy(refused: GraphNode, depth: Depth): readonly GraphNode[] {
  const node = refused.kind === 'flow' && refused.scope ? refused.scope.end : refused
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
