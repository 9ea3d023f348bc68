/**
 * The lines of a picture: what waits for what, and who gives what to whom.
 *
 * For the renderings: Mermaid, DOT and SVG.
 *
 * @module
 */
import type { PlanData, PlannedDecider, PlannedFlow, PlannedTask } from './model.ts'

/** Above this many atoms, lines of data would hide what they lead to. */
const MAX_ATOMS_WITH_DATA = 40

/** Whether a picture shows which atom gives what to which. */
export interface DataOptions {
  /**
   * Draws lines for the data that atoms exchange, with the symbols.
   *
   * @defaultValue `true` for a plan of up to 40 atoms
   */
  readonly data?: boolean | undefined
}

/** An end of a line: an atom by name, or a flow by its id. */
export type EdgeEnd = string | number

/** A line of a picture. */
export interface PictureEdge {
  readonly from: EdgeEnd
  readonly to: EdgeEnd
  /** The end waits for the beginning; false when only data is given. */
  readonly isOrder: boolean
  readonly decider: PlannedDecider | undefined
  /** What is given. */
  readonly symbols: ReadonlySet<string>
}

/** That an atom takes symbols from another. */
export interface DataEdge {
  readonly from: string
  readonly to: string
  readonly symbols: ReadonlySet<string>
}

const NO_SYMBOLS: ReadonlySet<string> = new Set()

/** Who takes what from whom; nothing when the picture is not to show it. */
export function dataEdges(plan: PlanData, options: DataOptions): readonly DataEdge[] {
  const { data = plan.atoms.length <= MAX_ATOMS_WITH_DATA } = options
  if (!data) return []
  return plan.atoms.flatMap(({ name, inputs }) => {
    const bySource = new Map<string, Set<string>>()
    for (const { source, symbol } of inputs) {
      if (source.kind !== 'atom') continue
      const symbols = bySource.get(source.atom) ?? new Set()
      bySource.set(source.atom, symbols.add(symbol))
    }
    return [...bySource].map(([from, symbols]) => ({ from, to: name, symbols }))
  })
}

/** All lines: first those of order, with the data that goes the same way, then the rest of the data. */
export function pictureEdges(plan: PlanData, options: DataOptions): readonly PictureEdge[] {
  const edges = new Map<string, PictureEdge>()
  for (const edge of plan.flows.flatMap(orderOf)) edges.set(keyOf(edge), edge)
  for (const { from, to, symbols } of dataEdges(plan, options)) {
    const known = edges.get(keyOf({ from, to }))
    const plain = { from, to, isOrder: false, decider: undefined }
    edges.set(keyOf({ from, to }), { ...(known ?? plain), symbols })
  }
  return [...edges.values()]
}

function keyOf({ from, to }: Pick<PictureEdge, 'from' | 'to'>): string {
  return JSON.stringify([from, to])
}

/** What waits for what in one flow: the links, and the children that wait for the retry alone. */
function orderOf({ children, links, retry }: PlannedFlow): readonly PictureEdge[] {
  const plain = { isOrder: true, decider: undefined, symbols: NO_SYMBOLS }
  const end = (child: PlannedTask | PlannedFlow | undefined): EdgeEnd =>
    child?.kind === 'flow' ? child.id : (child?.name ?? '')
  const waiting = new Set(links.map(({ to }) => to))
  const first = children.filter((_, position) => retry !== undefined && !waiting.has(position))
  return [
    ...first.map((child) => ({ ...plain, from: retry ?? '', to: end(child) })),
    ...links.map(({ from, to, decider }) => ({
      ...plain,
      from: end(children[from]),
      to: end(children[to]),
      decider,
    })),
  ]
}
