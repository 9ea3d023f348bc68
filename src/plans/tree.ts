/**
 * The tree of flows, with the links between children, read from the execution graph.
 *
 * Goes by position and does not recurse, so that no flow is too deep.
 *
 * @module
 */
import { type Compilation, controllerOf, type GraphNode, type Scope } from '../engine/compiler.ts'
import type { DeciderRule } from '../flows/decider.ts'
import type {
  DecidedLink,
  PlannedDecider,
  PlannedFlow,
  PlannedLink,
  PlannedRetry,
  PlannedTask,
} from './model.ts'

interface OpenFlow extends PlannedFlow {
  readonly children: (PlannedTask | PlannedFlow)[]
  readonly links: PlannedLink[]
}

/** A child of a flow in the execution graph: where it begins and where it ends. */
interface Child {
  readonly entry: GraphNode
  readonly exit: GraphNode
}

/** The flows of a compilation. */
export interface Tree {
  /** The outermost flow, or the single task. */
  readonly root: PlannedFlow | PlannedTask
  /** All flows, by their ids. */
  readonly flows: readonly PlannedFlow[]
  /** The ids of the flows. */
  readonly ids: ReadonlyMap<Scope, number>
}

/** Reads the tree of flows. */
export function treeOf({ nodes, name }: Compilation): Tree {
  const flows: OpenFlow[] = []
  const ids = new Map<Scope, number>()
  const children: Child[][] = []
  const add = (scope: Scope | undefined, child: PlannedTask | PlannedFlow, ends: Child): void => {
    const id = scope && ids.get(scope)
    if (id === undefined) return
    flows[id]?.children.push(child)
    children[id]?.push(ends)
  }
  for (const node of nodes) {
    const { kind, scope } = node
    if (kind === 'task') add(scope, { kind, name: node.name }, { entry: node, exit: node })
    if (kind !== 'flow' || scope === undefined) continue
    const flow = openFlow(scope, flows.length, ids)
    ids.set(scope, flow.id)
    flows.push(flow)
    children.push([])
    add(scope.parent, flow, { entry: scope.start, exit: scope.end })
  }
  for (const [id, list] of children.entries()) flows[id]?.links.push(...linksBetween(list))
  return { root: flows[0] ?? { kind: 'task', name }, flows, ids }
}

function openFlow(scope: Scope, id: number, ids: ReadonlyMap<Scope, number>): OpenFlow {
  return {
    kind: 'flow',
    id,
    name: scope.flow.name,
    pattern: scope.flow.pattern,
    depth: scope.depth,
    parent: scope.parent && ids.get(scope.parent),
    retry: scope.retry?.name,
    children: [],
    links: [],
  }
}

function* linksBetween(children: readonly Child[]): Generator<PlannedLink> {
  const positions = new Map(children.map(({ entry }, position) => [entry, position]))
  for (const [from, { exit }] of children.entries()) {
    for (const successor of exit.successors) {
      const to = positions.get(successor)
      if (to === undefined) continue
      const rule = successor.rules?.get(exit)
      yield { from, to, decider: rule && deciderOf(rule) }
    }
  }
}

function deciderOf({ decider, depth }: DeciderRule): PlannedDecider {
  // A function written in place is named after the option that it is given to.
  const name = decider.name === '' || decider.name === 'decider' ? undefined : decider.name
  return { name, depth }
}

/** The links with deciders, of all flows. */
export function decidedLinks(flows: readonly PlannedFlow[]): readonly DecidedLink[] {
  return flows.flatMap(({ id, links, children }) =>
    links.flatMap(({ from, to, decider }) => {
      const [source, target] = [children[from], children[to]]
      if (decider === undefined || source === undefined || target === undefined) return []
      return [{ flow: id, from: source.name, to: target.name, ...decider }]
    }),
  )
}

/** What each retry is in charge of. */
export function retriesOf(
  { atoms }: Compilation,
  ids: ReadonlyMap<Scope, number>,
): readonly PlannedRetry[] {
  const asked = new Map<GraphNode, string[]>()
  const scopes = new Map<GraphNode, string[]>()
  for (const node of atoms) {
    if (node.kind === 'retry') {
      asked.set(node, [])
      scopes.set(node, [])
    }
    const first = controllerOf(node)
    if (first !== undefined) asked.get(first)?.push(node.name)
    for (let retry = first; retry !== undefined; retry = controllerOf(retry)) {
      scopes.get(retry)?.push(node.name)
    }
  }
  return [...scopes].map(([node, scope]) => ({
    name: node.name,
    flow: ids.get(node.scope as Scope) as number,
    scope,
    asked: asked.get(node) ?? [],
    outer: controllerOf(node)?.name,
  }))
}
