/**
 * Undoing a run that no atom asked for by failing: on demand, because it was cancelled, or because
 * its time is over; and the points of no return, which no undo passes.
 *
 * @module
 */
import { IrreversibleError, NotFoundError } from '../errors.ts'
import type { Compilation, GraphNode } from './compiler.ts'
import type { RevertOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import type { Undo } from './undo-record.ts'

/** A revert on demand. */
export function undoOnDemand({ downTo = [] }: RevertOptions): Undo {
  return { why: 'revert', message: '', downTo: typeof downTo === 'string' ? [downTo] : downTo }
}

/**
 * @throws {@link NotFoundError} when a task that is to stay is not there; {@link IrreversibleError}
 * when points of no return do not stay.
 */
export function refusePassing(runtime: Runtime, { downTo }: Undo): void {
  const { compilation } = runtime
  const named = downTo.map((name) => {
    const node = compilation.byName.get(name)
    if (node?.atom === undefined) {
      throw new NotFoundError(
        `flow '${compilation.name}' cannot be reverted down to '${name}': it has no such atom`,
      )
    }
    return node
  })
  const kept = withAllBefore(named)
  const passed = pointsPassed(runtime).filter((node) => !kept.has(node))
  if (passed.length === 0) return
  throw new IrreversibleError(
    compilation.name,
    passed.map(({ name }) => name),
  )
}

/** Tasks that cannot be undone and have run, or may be running. */
export function pointsPassed(runtime: Runtime): readonly GraphNode[] {
  return irreversibleOf(runtime.compilation).filter((node) => {
    const { state } = runtime.detailOf(node)
    return state === 'SUCCESS' || state === 'RUNNING'
  })
}

/** What stays whatever is reverted: points of no return, tasks named, and everything before them. */
export function keptBy(runtime: Runtime): ReadonlySet<GraphNode> {
  const { compilation, undo } = runtime
  const points = pointsPassed(runtime)
  if (points.length === 0 && (undo === undefined || undo.downTo.length === 0)) return NOTHING
  const named = undo?.downTo.flatMap((name) => compilation.byName.get(name) ?? []) ?? []
  return withAllBefore([...points, ...named])
}

/** The nodes, and everything before them. */
export function withAllBefore(nodes: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const all = new Set(nodes)
  for (const node of all) for (const before of node.predecessors) all.add(before)
  return all
}

/** Means everything to be reverted but what stays, and gives what is ready for it. */
export function undoAll(runtime: Runtime): readonly GraphNode[] {
  const kept = keptBy(runtime)
  for (const node of runtime.compilation.atoms) if (!kept.has(node)) runtime.intend(node, 'REVERT')
  return runtime.selector.turnBack(runtime.compilation.nodes)
}

const NOTHING: ReadonlySet<GraphNode> = new Set()

/** By compilation, since it is asked at each failure; most flows have none. */
const irreversible = new WeakMap<Compilation, readonly GraphNode[]>()

function irreversibleOf(compilation: Compilation): readonly GraphNode[] {
  let nodes = irreversible.get(compilation)
  if (nodes === undefined) {
    nodes = compilation.atoms.filter(({ atom }) => atom?.kind === 'task' && atom.irreversible)
    irreversible.set(compilation, nodes)
  }
  return nodes
}
