/**
 * Goes through the tree of flows as nested text is written: open, children, close.
 *
 * For the renderings that nest: Mermaid and DOT. Does not recurse, so that no flow is too deep.
 *
 * @module
 */
import type { PlanData, PlannedFlow } from './model.ts'

/** A step through the tree; a retry is an atom like the children, and comes before them. */
export type OutlineStep =
  | { readonly kind: 'open'; readonly flow: PlannedFlow }
  | { readonly kind: 'atom'; readonly name: string; readonly depth: number }
  | { readonly kind: 'empty'; readonly flow: PlannedFlow }
  | { readonly kind: 'close'; readonly flow: PlannedFlow }

/** The steps through a plan. */
export function* outline({ root }: PlanData): Generator<OutlineStep> {
  if (root.kind === 'task') {
    yield { kind: 'atom', name: root.name, depth: 0 }
    return
  }
  const stack: { readonly flow: PlannedFlow; next: number }[] = []
  const open = function* (flow: PlannedFlow): Generator<OutlineStep> {
    stack.push({ flow, next: 0 })
    yield { kind: 'open', flow }
    if (flow.retry !== undefined) yield { kind: 'atom', name: flow.retry, depth: flow.depth + 1 }
    else if (flow.children.length === 0) yield { kind: 'empty', flow }
  }
  yield* open(root)
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { flow } = frame
    const child = flow.children[frame.next]
    frame.next += 1
    if (child === undefined) {
      stack.pop()
      yield { kind: 'close', flow }
    } else if (child.kind === 'flow') yield* open(child)
    else yield { kind: 'atom', name: child.name, depth: flow.depth + 1 }
  }
}
