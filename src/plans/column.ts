/**
 * Places what stands one below the other: a straight column, with lines that leave boxes out in
 * lanes beside it.
 *
 * For linear flows. A lane bends only between boxes, and its label stands beside a box: so no line
 * crosses a box or a label of another.
 *
 * @module
 */
import type { Layout, PlacedWire, Point, Size, Wire } from './layout.ts'

/** Between boxes: one half for lines that leave, then labels, one half for lines that arrive. */
const GAP = 56
const LANE_GAP = 22
const PORT_GAP = 12
/** What a lane without labels takes. */
const LANE_WIDTH = 4

/** A lane beside the column. */
interface Lane {
  readonly side: -1 | 1
  readonly wires: number[]
  width: number
  /** Where the line is. */
  x: number
}

/** Lays boxes out in a column, in their order. Lines lead downwards. */
export function inColumn(sizes: readonly Size[], wires: readonly Wire[]): Layout {
  const lanes = lanesFor(wires)
  const rows = rowsFor(sizes, wires)
  const widest = Math.max(0, ...sizes.map(({ width }) => width))
  const reach = { [-1]: widest / 2, 1: widest / 2 }
  for (const lane of lanes) {
    reach[lane.side] += LANE_GAP
    lane.x = lane.side * (reach[lane.side] + lane.width / 2)
    reach[lane.side] += lane.width
  }
  const left = reach[-1]
  const boxes = sizes.map(({ width, height }, i) => {
    const { top, bottom } = rows[i] as Row
    return { x: left - width / 2, y: (top + bottom) / 2 - height / 2 }
  })
  const laneOf = new Map(lanes.flatMap((lane) => lane.wires.map((wire) => [wire, lane] as const)))
  const ports = portsFor(wires, laneOf, sizes)
  const placed = wires.map(({ from, to, label }, i): PlacedWire => {
    const [above, below] = [rows[from] as Row, rows[to] as Row]
    const bottom = (boxes[from] as Point).y + (sizes[from] as Size).height
    const start = { x: left + (ports.get(`${i} out`) ?? 0), y: bottom }
    const end = { x: left + (ports.get(`${i} in`) ?? 0), y: (boxes[to] as Point).y }
    const lane = laneOf.get(i)
    const beside = rows[Math.floor((from + to) / 2)] as Row
    const x = lane === undefined ? start.x : left + lane.x
    const y = lane === undefined ? (above.bottom + below.top) / 2 : (beside.top + beside.bottom) / 2
    const bends =
      lane === undefined
        ? []
        : [
            { x, y: above.bottom + GAP / 2 },
            { x, y: below.top - GAP / 2 },
          ]
    return {
      points: [start, { x: start.x, y: above.bottom }, ...bends, { x: end.x, y: below.top }, end],
      label: label && { x, y },
    }
  })
  return { width: left + reach[1], height: rows.at(-1)?.bottom ?? 0, boxes, wires: placed }
}

/** Lines that leave boxes out, the shorter nearer to the column, on the side with more room. */
function lanesFor(wires: readonly Wire[]): readonly Lane[] {
  const lanes: Lane[] = []
  const taken = { [-1]: 0, 1: 0 }
  const skipping = [...wires.keys()].filter((i) => {
    const { from, to } = wires[i] as Wire
    return to > from + 1
  })
  const span = (i: number): number => (wires[i] as Wire).to - (wires[i] as Wire).from
  for (const i of skipping.sort((a, b) => span(a) - span(b) || a - b)) {
    const { from, to, label } = wires[i] as Wire
    const isFree = (lane: Lane): boolean =>
      lane.wires.every((other) => {
        const one = wires[other] as Wire
        return one.to <= from || to <= one.from
      })
    let lane = lanes.find(isFree)
    if (lane === undefined) {
      lane = { side: taken[-1] <= taken[1] ? -1 : 1, wires: [], width: LANE_WIDTH, x: 0 }
      lanes.push(lane)
    }
    lane.wires.push(i)
    const width = Math.max(lane.width, label?.width ?? 0)
    taken[lane.side] += width - (lane.wires.length === 1 ? 0 : lane.width)
    lane.width = width
  }
  return lanes
}

/** The space from top to bottom that a box takes, or the labels beside it. */
interface Row {
  readonly top: number
  readonly bottom: number
}

function rowsFor(sizes: readonly Size[], wires: readonly Wire[]): readonly Row[] {
  const heights = sizes.map(({ height }) => height)
  const gaps = sizes.map(() => GAP)
  for (const { from, to, label } of wires) {
    if (label === undefined) continue
    const row = Math.floor((from + to) / 2)
    if (to > from + 1) heights[row] = Math.max(heights[row] ?? 0, label.height)
    else gaps[from] = Math.max(gaps[from] ?? 0, GAP + label.height)
  }
  let y = 0
  return heights.map((height, i) => {
    const row = { top: y, bottom: y + height }
    y = row.bottom + (gaps[i] ?? 0)
    return row
  })
}

/** Where lines leave and reach boxes, from the middle: the lanes in their order around the column. */
function portsFor(
  wires: readonly Wire[],
  laneOf: ReadonlyMap<number, Lane>,
  sizes: readonly Size[],
): ReadonlyMap<string, number> {
  const ports = new Map<string, number>()
  for (const [end, name] of [
    ['from', 'out'],
    ['to', 'in'],
  ] as const) {
    const lists = sizes.map((): { wire: number; x: number }[] => [])
    for (const [wire, one] of wires.entries()) {
      const x = laneOf.get(wire)?.x
      if (x !== undefined) lists[one[end]]?.push({ wire, x })
    }
    for (const [box, list] of lists.entries()) {
      for (const side of [-1, 1]) {
        const here = list.filter(({ x }) => Math.sign(x) === side)
        here.sort((a, b) => Math.abs(a.x) - Math.abs(b.x))
        const room = (sizes[box] as Size).width / 2 - 10
        const step = Math.min(PORT_GAP, room / Math.max(1, here.length))
        for (const [i, { wire }] of here.entries())
          ports.set(`${wire} ${name}`, side * (i + 1) * step)
      }
    }
  }
  return ports
}
