/**
 * What came before an atom, as a tree of bounded size: for people who look for the cause of a
 * failure.
 *
 * Nearest first: what does not fit is what is farthest away. Ends of flows are stepped over.
 *
 * @module
 */
import type { GraphNode } from '../engine/compiler.ts'

/** An atom or the start of a flow that came before another. */
export interface Predecessor {
  /** What came before. */
  readonly node: GraphNode
  /** It stands in the tree at another place too, where what came before it is shown. */
  readonly isRepeated: boolean
  /** What came before it in turn. */
  readonly before: readonly Predecessor[]
}

/** What came before an atom. */
export interface Predecessors {
  /** What came directly before, in order of definition. */
  readonly nearest: readonly Predecessor[]
  /** How many there are, each counted once. */
  readonly count: number
  /** There are more, which were left out. */
  readonly isCut: boolean
}

interface Growing extends Predecessor {
  readonly before: Growing[]
}

/**
 * Finds what came before a node.
 *
 * @param maxCount how many lines the tree may have
 */
export function predecessorsOf(node: GraphNode, maxCount: number): Predecessors {
  const nearest: Growing[] = []
  const seen = new Set<GraphNode>()
  const open: { readonly node: GraphNode; readonly before: Growing[] }[] = [
    { node, before: nearest },
  ]
  let lineCount = 0
  for (const { node: at, before } of open) {
    for (const found of directlyBefore(at)) {
      if (lineCount === maxCount) return { nearest, count: seen.size, isCut: true }
      lineCount += 1
      const isRepeated = seen.has(found)
      const grown: Growing = { node: found, isRepeated, before: [] }
      before.push(grown)
      if (isRepeated) continue
      seen.add(found)
      open.push(grown)
    }
  }
  return { nearest, count: seen.size, isCut: false }
}

function* directlyBefore(node: GraphNode): Generator<GraphNode> {
  const stack = [node.predecessors.values()]
  for (;;) {
    const { done, value } = stack.at(-1)?.next() ?? { done: true }
    if (done !== true && value.kind !== 'flow_end') yield value
    else if (done !== true) stack.push(value.predecessors.values())
    else if (stack.length <= 1) return
    else stack.pop()
  }
}

/**
 * Draws the tree, one line each.
 *
 * @param describe the text of a line
 */
export function drawPredecessors(
  nearest: readonly Predecessor[],
  describe: (predecessor: Predecessor) => string,
): readonly string[] {
  const lines: string[] = []
  const draw = (one: Predecessor, first: string, next: string): void => {
    lines.push(`${first}${describe(one)}`)
    one.before.forEach((child, i) => {
      const isLast = i === one.before.length - 1
      draw(child, `${next}|__`, `${next}${isLast ? '   ' : '|  '}`)
    })
  }
  for (const one of nearest) draw(one, '  ', '  ')
  return lines
}
