/**
 * Levels and the critical path: what can run at once, and what cannot.
 *
 * @module
 */
import type { Compilation, GraphNode } from '../engine/compiler.ts'
import type { CriticalPath } from './model.ts'

/** The level of each atom, from 1, by position of its node: the longest path in atoms. */
export function levelsOf({ nodes }: Compilation): readonly number[] {
  const levels: number[] = []
  for (const node of nodes) {
    let level = 0
    for (const { index } of node.predecessors) level = Math.max(level, levels[index] as number)
    levels.push(level + (node.atom === undefined ? 0 : 1))
  }
  return levels
}

/** The atoms by level, each level in the order of the engine. */
export function groupByLevel(
  { atoms }: Compilation,
  levels: readonly number[],
): readonly (readonly string[])[] {
  const groups: string[][] = []
  for (const { index, name } of atoms) {
    const at = (levels[index] as number) - 1
    const group = groups[at]
    if (group === undefined) groups[at] = [name]
    else group.push(name)
  }
  return groups
}

/** The longest path by durations; of several the one that is defined first. */
export function criticalPathOf(
  { nodes, atoms }: Compilation,
  durations: ReadonlyMap<string, number>,
): CriticalPath {
  const duration = ({ name }: GraphNode): number => durations.get(name) ?? 1
  const ends: number[] = []
  const before: (GraphNode | undefined)[] = []
  let last: GraphNode | undefined
  for (const node of nodes) {
    let longest: GraphNode | undefined
    for (const one of node.predecessors) {
      const end = ends[one.index] as number
      if (longest === undefined || end > (ends[longest.index] as number)) longest = one
    }
    const start = longest === undefined ? 0 : (ends[longest.index] as number)
    before.push(longest)
    ends.push(start + (node.atom === undefined ? 0 : duration(node)))
    last = node // the end of the outermost flow waits for everything
  }
  const path: string[] = []
  for (let node = last; node !== undefined; node = before[node.index]) {
    if (node.atom !== undefined) path.push(node.name)
  }
  return {
    atoms: path.reverse(),
    length: last === undefined ? 0 : (ends[last.index] as number),
    total: atoms.reduce((sum, node) => sum + duration(node), 0),
    unit: durations.size > 0 ? 'ms' : 'atoms',
  }
}
