/**
 * Makes a drawing of a plan: what stands where, with which texts, in pixels.
 *
 * Between the plan and SVG. Flows are laid out from the inside outwards; then everything gets its
 * place, from the outside inwards.
 *
 * @module
 */

import { pixelsOf, shorten } from './characters.ts'
import { inColumn } from './column.ts'
import {
  type Area,
  type AtomBox,
  BAR_HEIGHT,
  BOX_PADDING,
  DECIDER_SIGN,
  type Drawing,
  type DrawnWire,
  type FlowBox,
  HEXAGON_TIP,
  LABEL,
  LINES,
  TITLE_FONT,
  TITLE_HEIGHT,
} from './drawing.ts'
import { type DataOptions, dataEdges } from './edges.ts'
import { boxLines, deciderLabel, flowTitle, symbolLines } from './labels.ts'
import { type Dagre, type Layout, layOut, type Point, type Size } from './layout.ts'
import type { Marks } from './marks.ts'
import type { PlanData, PlannedAtom, PlannedDecider, PlannedFlow } from './model.ts'

const FLOW_PADDING = 20
const MAX_TEXT = 300
const MIN_WIDTH = 72
const RETRY_ARROW = 30
const BAR_GAP = 20

/** The inside of a flow, laid out; its origin is the upper left corner of the flow's box. */
interface Inside extends Size {
  readonly layout: Layout
  readonly links: readonly Link[]
  /** Where what is laid out begins. */
  readonly origin: Point
  readonly retry: Point | undefined
  readonly arrow: DrawnWire | undefined
  readonly bar: Area | undefined
}

interface Link {
  readonly from: number
  readonly to: number
  readonly isOrder: boolean
  readonly decider: PlannedDecider | undefined
  readonly symbols: Set<string>
}

/** Makes a drawing. */
export function arrange(
  plan: PlanData,
  dagre: Dagre,
  marks: Marks | undefined,
  options: DataOptions,
): Drawing {
  const boxes = new Map(plan.atoms.map((atom) => [atom.name, boxOf(atom, marks)]))
  if (plan.root.kind === 'task') {
    const box = boxes.get(plan.root.name) as AtomBox
    return { ...sizeOf(box), flows: [], atoms: [box], wires: [], bars: [] }
  }
  const given = new Given(plan, options)
  const titles = plan.flows.map((flow) =>
    shorten(flowTitle(flow, marks), TITLE_FONT, MAX_TEXT * 1.5),
  )
  const insides: Inside[] = []
  // Flows in a flow have higher ids, so that their sizes are known by then.
  for (const flow of [...plan.flows].reverse()) {
    insides[flow.id] = lookInside(flow, dagre, boxes, insides, given, titles[flow.id] as string)
  }
  return place(plan.flows, boxes, insides, titles)
}

function boxOf(atom: PlannedAtom, marks: Marks | undefined): AtomBox {
  const lines = boxLines(atom, marks).map(({ kind, text }) => ({
    kind,
    text: shorten(text, LINES[kind].font, MAX_TEXT),
  }))
  const widest = Math.max(...lines.map(({ kind, text }) => pixelsOf(text, LINES[kind].font)))
  const tips = atom.kind === 'retry' ? 2 * HEXAGON_TIP : 0
  return {
    atom,
    lines,
    x: 0,
    y: 0,
    width: Math.ceil(Math.max(MIN_WIDTH, widest + 2 * BOX_PADDING.x) + tips),
    height: lines.reduce((sum, { kind }) => sum + LINES[kind].height, 2 * BOX_PADDING.y),
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height }
}

function labelOf(decider: PlannedDecider | undefined, symbols: ReadonlySet<string>) {
  const texts = [...(decider === undefined ? [] : [deciderLabel(decider)]), ...symbolLines(symbols)]
  if (texts.length === 0) return undefined
  const lines = texts.map((text) => shorten(text, LABEL.font, MAX_TEXT / 2))
  const widths = lines.map((text, i) => {
    const sign = i === 0 && decider !== undefined ? DECIDER_SIGN : 0
    return pixelsOf(text, LABEL.font) + sign
  })
  return {
    lines,
    hasDecider: decider !== undefined,
    width: Math.ceil(Math.max(...widths) + 2 * LABEL.padding),
    height: lines.length * LABEL.height + LABEL.padding,
  }
}

/** Puts a label around a point. */
function around<T extends Size>(label: T, { x, y }: Point): T & Point {
  return { ...label, x: x - label.width / 2, y: y - label.height / 2 }
}

function lookInside(
  flow: PlannedFlow,
  dagre: Dagre,
  boxes: ReadonlyMap<string, AtomBox>,
  insides: readonly Inside[],
  given: Given,
  title: string,
): Inside {
  const sizes = flow.children.map((child) =>
    sizeOf((child.kind === 'task' ? boxes.get(child.name) : insides[child.id]) as Size),
  )
  const links = linksOf(flow, given)
  const wires = links.map(({ from, to, decider, symbols }) => ({
    from,
    to,
    label: labelOf(decider, symbols),
  }))
  const layout = flow.pattern === 'linear' ? inColumn(sizes, wires) : layOut(dagre, sizes, wires)
  const retry = flow.retry === undefined ? undefined : boxes.get(flow.retry)
  const inner = Math.max(layout.width, retry?.width ?? 0, MIN_WIDTH)
  const width = Math.max(
    inner + 2 * FLOW_PADDING,
    Math.ceil(pixelsOf(title, TITLE_FONT)) + 2 * BOX_PADDING.x,
  )
  const middle = width / 2
  let y = TITLE_HEIGHT + 6
  let arrow: DrawnWire | undefined
  let bar: Area | undefined
  const retryPlace = retry && { x: middle - retry.width / 2, y }
  if (retry !== undefined) {
    y += retry.height
    if (flow.children.length > 0) {
      const label = labelOf(undefined, given.byRetry(flow.id))
      const length = RETRY_ARROW + (label?.height ?? 0)
      const points = [
        { x: middle, y },
        { x: middle, y: y + length },
      ]
      arrow = {
        points,
        isOrder: true,
        // Nearer to the retry, so that the head of the arrow stays in sight.
        label: label && around(label, { x: middle, y: y + 8 + label.height / 2 }),
        depth: flow.depth,
      }
      y += length
      const barWidth = Math.max(layout.width, MIN_WIDTH)
      bar = { x: middle - barWidth / 2, y, width: barWidth, height: BAR_HEIGHT }
      y += BAR_HEIGHT + BAR_GAP
    }
  }
  return {
    layout,
    links,
    origin: { x: middle - layout.width / 2, y },
    retry: retryPlace,
    arrow,
    bar,
    width,
    height: y + layout.height + FLOW_PADDING,
  }
}

/** The links of a flow, and where else data goes from one child to another. */
function linksOf(flow: PlannedFlow, given: Given): readonly Link[] {
  const links = new Map<string, Link>()
  for (const { from, to, decider } of flow.links) {
    links.set(`${from} ${to}`, { from, to, decider, isOrder: true, symbols: new Set() })
  }
  for (const { from, to, symbols } of given.between(flow.id)) {
    const key = `${from} ${to}`
    const link = links.get(key) ?? {
      from,
      to,
      decider: undefined,
      isOrder: false,
      symbols: new Set(),
    }
    for (const symbol of symbols) link.symbols.add(symbol)
    links.set(key, link)
  }
  return [...links.values()]
}

/** Who gives what to whom, lifted to the children of the innermost flow that holds both. */
class Given {
  readonly #between: {
    readonly from: number
    readonly to: number
    readonly symbols: Iterable<string>
  }[][]
  readonly #byRetry: Set<string>[]

  constructor(plan: PlanData, options: DataOptions) {
    this.#between = plan.flows.map(() => [])
    this.#byRetry = plan.flows.map(() => new Set())
    const homes = new Map(plan.atoms.map(({ name, flow }) => [name, flow]))
    const places = new Map<string | number, number>()
    for (const { children } of plan.flows) {
      for (const [place, child] of children.entries()) {
        places.set(child.kind === 'task' ? child.name : child.id, place)
      }
    }
    for (const { from, to, symbols } of dataEdges(plan, options)) {
      let [source, target]: (string | number)[] = [from, to]
      let [a, b] = [homes.get(from), homes.get(to)]
      while (a !== b && a !== undefined && b !== undefined) {
        const [left, right] = [plan.flows[a], plan.flows[b]] as [PlannedFlow, PlannedFlow]
        if (left.depth >= right.depth) {
          source = a
          a = left.parent
        }
        if (right.depth >= left.depth) {
          target = b
          b = right.parent
        }
      }
      if (a === undefined) continue
      const [x, y] = [places.get(source as string), places.get(target as string)]
      if (x === undefined) for (const symbol of symbols) this.#byRetry[a]?.add(symbol)
      else if (y !== undefined) this.#between[a]?.push({ from: x, to: y, symbols })
    }
  }

  /** What goes from one child of a flow to another. */
  between(flow: number) {
    return this.#between[flow] ?? []
  }

  /** What the retry of a flow gives to those that it is in charge of. */
  byRetry(flow: number): ReadonlySet<string> {
    return this.#byRetry[flow] ?? new Set()
  }
}

function place(
  flows: readonly PlannedFlow[],
  boxes: ReadonlyMap<string, AtomBox>,
  insides: readonly Inside[],
  titles: readonly string[],
): Drawing {
  const corners: Point[] = [{ x: 0, y: 0 }]
  const drawing = {
    flows: [] as FlowBox[],
    atoms: [] as AtomBox[],
    wires: [] as DrawnWire[],
    bars: [] as Area[],
  }
  for (const flow of flows) {
    const inside = insides[flow.id] as Inside
    const corner = corners[flow.id] as Point
    const by =
      (d: Point) =>
      <T extends Point>(what: T): T => ({ ...what, x: what.x + d.x, y: what.y + d.y })
    const outer = by(corner)
    const inner = by({ x: corner.x + inside.origin.x, y: corner.y + inside.origin.y })
    drawing.flows.push({ flow, title: titles[flow.id] as string, ...corner, ...sizeOf(inside) })
    if (flow.retry !== undefined && inside.retry !== undefined) {
      drawing.atoms.push({ ...(boxes.get(flow.retry) as AtomBox), ...outer(inside.retry) })
    }
    for (const [i, child] of flow.children.entries()) {
      const at = inner(inside.layout.boxes[i] as Point)
      if (child.kind === 'flow') corners[child.id] = at
      else drawing.atoms.push({ ...(boxes.get(child.name) as AtomBox), ...at })
    }
    for (const [i, { isOrder, decider, symbols }] of inside.links.entries()) {
      const { points, label } = inside.layout.wires[i] as Layout['wires'][number]
      const text = labelOf(decider, symbols)
      drawing.wires.push({
        points: points.map(inner),
        isOrder,
        label: text && label && around(text, inner(label)),
        depth: flow.depth,
      })
    }
    const { arrow, bar } = inside
    if (arrow !== undefined) {
      const { points, label } = arrow
      drawing.wires.push({ ...arrow, points: points.map(outer), label: label && outer(label) })
    }
    if (bar !== undefined) drawing.bars.push(outer(bar))
  }
  return { ...sizeOf(insides[0] as Inside), ...drawing }
}
