/**
 * Turns a flow (or a single task) into the graph that the engine walks.
 *
 * Each flow becomes a start node and an end node around its atoms (TaskFlow's `compiler.py`). Time
 * and memory grow with nodes and links, and nothing recurses, so that no flow is too deep.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import type { Retry } from '../atoms/retry.ts'
import { Task } from '../atoms/task.ts'
import { appended } from '../base/short-lists.ts'
import { DuplicateError } from '../errors.ts'
import type { DeciderRule } from '../flows/decider.ts'
import { Flow, type FlowItem } from '../flows/flow.ts'

/** What a node of the execution graph stands for. */
export type NodeKind = 'task' | 'retry' | 'flow' | 'flow_end'

/** A node of the execution graph. */
export interface GraphNode {
  /**
   * Position: depth first, a flow before its retry, the retry before the children, these in the
   * order of the flow's iteration, its end last. Predecessors always have a lower one.
   */
  readonly index: number
  /** What it stands for. */
  readonly kind: NodeKind
  /** Name of the atom or flow. */
  readonly name: string
  /** The task or retry; undefined for the start and end of flows. */
  readonly atom: Task | Retry | undefined
  /** The flow that it is in, or of which it is the start, the retry or the end. */
  readonly scope: Scope | undefined
  /** What must be finished before. */
  readonly predecessors: readonly GraphNode[]
  /** What waits for it. */
  readonly successors: readonly GraphNode[]
  /** Deciders on the edges that lead here, by where the edge comes from. */
  readonly rules: ReadonlyMap<GraphNode, DeciderRule> | undefined
}

/** A flow in the tree of flows. */
export interface Scope {
  /** The flow. */
  readonly flow: Flow<never, object>
  /** The flow around it. */
  readonly parent: Scope | undefined
  /** How many flows are around it. */
  readonly depth: number
  /** Its start. */
  readonly start: GraphNode
  /** Its end; everything inside has a position between the two. */
  readonly end: GraphNode
  /** Its own retry. */
  readonly retry: GraphNode | undefined
  /** The innermost retry in charge of its atoms: its own, or that of a flow around it. */
  readonly controller: GraphNode | undefined
  /** Neither it nor a flow in it has an atom. */
  readonly isEmpty: boolean
}

/** What the engine walks: the execution graph, with the tree of flows. */
export interface Compilation {
  /** Name of the flow, or of the single task. */
  readonly name: string
  /** All nodes, by position. */
  readonly nodes: readonly GraphNode[]
  /** The nodes of atoms, by position. */
  readonly atoms: readonly GraphNode[]
  /** The outermost flow; undefined for a single task. */
  readonly root: Scope | undefined
  /** The nodes of atoms, by name. */
  readonly byName: ReadonlyMap<string, GraphNode>
  /** Starts of empty flows that a link with a decider leads to: they have no atom that asks it. */
  readonly gates: readonly GraphNode[]
}

/** Stands for a flow as long as it is not compiled. */
export const UNCOMPILED: Compilation = {
  name: '',
  nodes: [],
  atoms: [],
  root: undefined,
  byName: new Map(),
  gates: [],
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface OpenNode extends Mutable<GraphNode> {
  predecessors: OpenNode[]
  successors: OpenNode[]
  rules: Map<GraphNode, DeciderRule> | undefined
}

interface Ends {
  readonly entry: OpenNode
  readonly exit: OpenNode
}

/** A flow whose children are being compiled. */
interface Frame {
  readonly flow: Flow<never, object>
  readonly scope: Mutable<Scope>
  readonly start: OpenNode
  readonly retry: OpenNode | undefined
  readonly remaining: Iterator<FlowItem>
  readonly children: Map<FlowItem, Ends>
}

/**
 * Compiles a flow or a single task.
 *
 * @throws TypeError when it is neither; {@link DuplicateError} when one object is met twice or two
 * atoms have the same name.
 */
export function compile(item: FlowItem): Compilation {
  const nodes: OpenNode[] = []
  const seen = new Set<unknown>()
  let root: Scope | undefined
  if (item instanceof Task) {
    addNode(nodes, 'task', item.name, item as Task, undefined)
  } else if (item instanceof Flow) {
    root = compileFlow(item, nodes, seen)
  } else {
    throw new TypeError(`only a flow or a task can be compiled, not ${String(item)}`)
  }
  const atoms = nodes.filter((node) => node.atom !== undefined)
  const byName = indexByName(item.name, atoms)
  return { name: item.name, nodes, atoms, root, byName, gates: nodes.filter(isGate) }
}

function compileFlow(flow: Flow<never, object>, nodes: OpenNode[], seen: Set<unknown>): Scope {
  const stack: Frame[] = [open(flow, undefined, nodes, seen)]
  for (;;) {
    const frame = stack.at(-1) as Frame
    const { done, value: child } = frame.remaining.next()
    if (done === true) {
      const ends = close(frame, nodes)
      stack.pop()
      const outer = stack.at(-1)
      if (outer === undefined) return frame.scope
      outer.children.set(frame.flow, ends)
    } else if (child instanceof Flow) {
      stack.push(open(child, frame.scope, nodes, seen))
    } else {
      meetOnce(seen, child)
      const node = addNode(nodes, 'task', child.name, child as Task, frame.scope)
      frame.children.set(child, { entry: node, exit: node })
    }
  }
}

function open(
  flow: Flow<never, object>,
  parent: Scope | undefined,
  nodes: OpenNode[],
  seen: Set<unknown>,
): Frame {
  meetOnce(seen, flow)
  const start = addNode(nodes, 'flow', flow.name, undefined, undefined)
  const scope: Mutable<Scope> = {
    flow,
    parent,
    depth: parent === undefined ? 0 : parent.depth + 1,
    start,
    end: start, // until the flow is closed
    retry: undefined,
    controller: parent?.controller,
    isEmpty: false, // until the flow is closed
  }
  start.scope = scope
  let retry: OpenNode | undefined
  if (flow.retry !== undefined) {
    meetOnce(seen, flow.retry)
    retry = addNode(nodes, 'retry', flow.retry.name, flow.retry as Retry, scope)
    connect(start, retry)
    scope.retry = retry
    scope.controller = retry
  }
  return { flow, scope, start, retry, remaining: flow[Symbol.iterator](), children: new Map() }
}

function close({ flow, scope, start, retry, children }: Frame, nodes: OpenNode[]): Ends {
  let last: FlowItem | undefined
  let source: Ends | undefined
  for (const { from, to, rule } of flow.links()) {
    if (from !== last) source = children.get(from) // the links of one child come together
    last = from
    const target = children.get(to)
    if (source !== undefined && target !== undefined) connect(source.exit, target.entry, rule)
  }
  const head = retry ?? start
  for (const { entry } of children.values()) {
    if (entry.predecessors.length === 0) connect(head, entry)
  }
  const end = addNode(nodes, 'flow_end', flow.name, undefined, scope)
  for (const { exit } of children.values()) {
    if (exit.successors.length === 0) connect(exit, end)
  }
  if (children.size === 0) connect(head, end)
  scope.end = end
  scope.isEmpty = retry === undefined && areEmpty(children.values())
  return { entry: start, exit: end }
}

function areEmpty(children: Iterable<Ends>): boolean {
  for (const { entry } of children)
    if (entry.scope?.start !== entry || !entry.scope.isEmpty) return false
  return true
}

function isGate({ kind, rules, scope }: GraphNode): boolean {
  return kind === 'flow' && rules !== undefined && scope?.isEmpty === true
}

function addNode(
  nodes: OpenNode[],
  kind: NodeKind,
  name: string,
  atom: Task | Retry | undefined,
  scope: Scope | undefined,
): OpenNode {
  const index = nodes.length
  const node: OpenNode = {
    index,
    kind,
    name,
    atom,
    scope,
    predecessors: [],
    successors: [],
    rules: undefined,
  }
  nodes.push(node)
  return node
}

function connect(from: OpenNode, to: OpenNode, rule?: DeciderRule): void {
  from.successors = appended(from.successors, to)
  to.predecessors = appended(to.predecessors, from)
  if (rule !== undefined) {
    to.rules ??= new Map()
    to.rules.set(from, rule)
  }
}

function meetOnce(seen: Set<unknown>, item: FlowItem | Atom<never, object>): void {
  const count = seen.size
  if (seen.add(item).size === count) {
    throw new DuplicateError(
      `'${item.name}' is met twice in one flow: the same object can be used only once, make a second one with another name`,
      [item.name],
    )
  }
}

function indexByName(flow: string, atoms: readonly GraphNode[]): ReadonlyMap<string, GraphNode> {
  const byName = new Map<string, GraphNode>()
  const duplicates = new Set<string>()
  for (const node of atoms) {
    const count = byName.size
    if (byName.set(node.name, node).size === count) duplicates.add(node.name)
  }
  if (duplicates.size > 0) {
    const names = [...duplicates].sort()
    throw new DuplicateError(
      `flow '${flow}' has several atoms named ${names.map((name) => `'${name}'`).join(', ')}: records are found by name, give each its own`,
      names,
    )
  }
  return byName
}

/** The retry that is asked about a failure of the node: for a retry, that of a flow around. */
export function controllerOf(node: GraphNode): GraphNode | undefined {
  return node.kind === 'retry' ? node.scope?.parent?.controller : node.scope?.controller
}

/** Everything that comes after a node, directly or not, nearest first. */
export function descendantsOf(node: GraphNode): readonly GraphNode[] {
  const seen = new Set<GraphNode>(node.successors)
  for (const next of seen) for (const successor of next.successors) seen.add(successor)
  return [...seen]
}
