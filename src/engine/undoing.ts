/**
 * Undoing a run that no atom asked for by failing: on demand, because it was cancelled, or because
 * its time is over; and the points of no return, which no undo passes.
 *
 * @module
 */
import { IrreversibleError, NotFoundError } from '../errors.ts'
import type { Undo } from '../persistence/flow-meta.ts'
import { checkRevertOptions } from './behaviour.ts'
import type { GraphNode } from './compiler.ts'
import { intentionOfUndo, pointsPassed } from './kept.ts'
import type { RevertOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** What undoing needs of a run. */
export type UndoingParts = Pick<Runtime, 'compilation' | 'moves' | 'reversal' | 'selector'>

/**
 * A revert on demand.
 *
 * @throws TypeError or RangeError for an invalid option.
 */
export function undoOnDemand(options: RevertOptions): Undo {
  checkRevertOptions(options)
  const { downTo = [] } = options
  const names = typeof downTo === 'string' ? [downTo] : downTo
  return { why: 'revert', message: '', downTo: names, triesBrokenAgain: true }
}

/**
 * @throws {@link NotFoundError} when a task that is to stay is not there; {@link IrreversibleError}
 * when points of no return do not stay.
 */
export function refusePassing(run: Pick<Runtime, 'compilation' | 'moves'>, { downTo }: Undo): void {
  const { compilation } = run
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
  const passed = pointsPassed(compilation, (node) => run.moves.detailOf(node)).filter(
    (node) => !kept.has(node),
  )
  if (passed.length === 0) return
  throw new IrreversibleError(
    compilation.name,
    passed.map(({ name }) => name),
  )
}

/** The nodes, and everything before them. */
function withAllBefore(nodes: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const all = new Set(nodes)
  for (const node of all) for (const before of node.predecessors) all.add(before)
  return all
}

/** Means everything to be reverted but what stays, and gives what is ready for it. */
export function undoAll(run: UndoingParts): readonly GraphNode[] {
  run.reversal.turned.forget()
  return undoMore(run)
}

/** The same when it has been meant before: only what stayed until now may have changed. */
export function undoMore(run: UndoingParts): readonly GraphNode[] {
  const { compilation, reversal, selector } = run
  const { kept, turned } = reversal
  const region = turned.turnAll(compilation)
  for (const node of [...region, ...kept.takeReleased()]) {
    if (node.atom === undefined) continue
    const { state } = run.moves.detailOf(node)
    run.moves.intend(node, intentionOfUndo(state, kept.has(node) ? 'stays' : 'goes'))
  }
  return selector.turnBack(region)
}
