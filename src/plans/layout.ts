/**
 * Places the boxes and lines of a plan, flow by flow from the inside outwards.
 *
 * Each flow is laid out by itself, its inner flows being boxes whose size is known: so nothing
 * reaches out of its flow, whatever is in it. Knows sizes and places, no plan and no SVG.
 *
 * @module
 */

/** The part of `@dagrejs/dagre` that we lean on. */
export interface Dagre {
  readonly Graph: new (options: { multigraph: boolean }) => DagreGraph
  layout(graph: DagreGraph): unknown
}

/** A graph of dagre's; layout writes places into the labels. */
export interface DagreGraph {
  setGraph(label: object): unknown
  setNode(name: string, label: object): unknown
  setEdge(from: string, to: string, label: object, name: string): unknown
  node(name: string): Point
  edge(from: string, to: string, name: string): Point & { readonly points: readonly Point[] }
}

/** A place in pixels. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** A size in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** A line between two of the boxes that are laid out together, by their positions in the list. */
export interface Wire {
  readonly from: number
  readonly to: number
  /** What stands on it. */
  readonly label: Size | undefined
}

/** A line with its places: the points it bends at, and the centre of its label. */
export interface PlacedWire {
  readonly points: readonly Point[]
  readonly label: Point | undefined
}

/** Where everything is; the origin is the upper left corner of the whole. */
export interface Layout extends Size {
  /** The upper left corners of the boxes. */
  readonly boxes: readonly Point[]
  readonly wires: readonly PlacedWire[]
}

const GAP = 28
const LEVEL_GAP = 44
const WIRE_GAP = 18
/** How far from each other lines leave and reach a box. */
const PORT_GAP = 12
/** Boxes that nothing is tied to are put into rows: so much wider than high. */
const ROW_SHAPE = 2.2
const MIN_ROW = 900

/** Lays boxes out: those that are tied by lines in levels, the others in rows below. */
export function layOut(dagre: Dagre, sizes: readonly Size[], wires: readonly Wire[]): Layout {
  const tied = new Set(wires.flatMap(({ from, to }) => [from, to]))
  const loose = [...sizes.keys()].filter((i) => !tied.has(i))
  const boxes: Point[] = []
  const levels = tied.size === 0 ? EMPTY : inLevels(dagre, sizes, wires, [...tied], boxes)
  const top = levels.height === 0 ? 0 : levels.height + GAP
  const rows = inRows(sizes, loose, top, boxes)
  const width = Math.max(levels.width, rows.width)
  // The narrower of the two stands in the middle.
  shift(boxes, [...tied], (width - levels.width) / 2)
  shift(boxes, loose, (width - rows.width) / 2)
  const dx = (width - levels.width) / 2
  return {
    width,
    height: loose.length === 0 ? levels.height : top + rows.height,
    boxes,
    wires: levels.wires.map(({ points, label }) => ({
      points: points.map(({ x, y }) => ({ x: x + dx, y })),
      label: label && { x: label.x + dx, y: label.y },
    })),
  }
}

const EMPTY = { width: 0, height: 0, wires: [] as readonly PlacedWire[] }

function shift(boxes: Point[], which: readonly number[], dx: number): void {
  for (const i of which) {
    const { x, y } = boxes[i] as Point
    boxes[i] = { x: x + dx, y }
  }
}

function inRows(
  sizes: readonly Size[],
  which: readonly number[],
  top: number,
  boxes: Point[],
): Size {
  let area = 0
  for (const i of which) {
    const { width, height } = sizes[i] as Size
    area += (width + GAP) * (height + GAP)
  }
  const limit = Math.max(MIN_ROW, Math.sqrt(area * ROW_SHAPE))
  const rows: { readonly boxes: number[]; width: number; height: number }[] = []
  for (const i of which) {
    const { width, height } = sizes[i] as Size
    let row = rows.at(-1)
    if (row === undefined || row.width + GAP + width > limit) {
      row = { boxes: [], width: -GAP, height: 0 }
      rows.push(row)
    }
    row.boxes.push(i)
    row.width += GAP + width
    row.height = Math.max(row.height, height)
  }
  const width = Math.max(0, ...rows.map((row) => row.width))
  let y = top
  for (const row of rows) {
    let x = (width - row.width) / 2
    for (const i of row.boxes) {
      boxes[i] = { x, y }
      x += (sizes[i] as Size).width + GAP
    }
    y += row.height + GAP
  }
  return { width, height: Math.max(0, y - GAP - top) }
}

/** The space from top to bottom that a level of boxes or of labels takes. */
interface Band {
  top: number
  bottom: number
}

function inLevels(
  dagre: Dagre,
  sizes: readonly Size[],
  wires: readonly Wire[],
  tied: readonly number[],
  boxes: Point[],
): Size & { readonly wires: readonly PlacedWire[] } {
  const graph = new dagre.Graph({ multigraph: true })
  graph.setGraph({ nodesep: GAP, edgesep: WIRE_GAP, ranksep: LEVEL_GAP, rankdir: 'TB' })
  for (const i of [...tied].sort((a, b) => a - b)) graph.setNode(String(i), { ...sizes[i] })
  for (const [i, { from, to, label = { width: 0, height: 0 } }] of wires.entries()) {
    const weight = to === from + 1 ? 4 : 1
    graph.setEdge(String(from), String(to), { ...label, labelpos: 'c', weight }, String(i))
  }
  dagre.layout(graph)

  const bands = new Bands()
  for (const i of tied) {
    const { x, y } = graph.node(String(i))
    const { width, height } = sizes[i] as Size
    boxes[i] = { x: x - width / 2, y: y - height / 2 }
    bands.add(y, height)
  }
  const drafts = wires.map(({ from, to, label }, i) => {
    const { points, x, y } = graph.edge(String(from), String(to), String(i))
    if (label !== undefined) bands.add(y, label.height)
    return { from, to, points, label: label && { x, y } }
  })
  // Where a line has nothing to pass by, it need not bend.
  const routes = drafts.map(({ points, ...draft }) => ({
    ...draft,
    between: points.slice(1, -1).filter(({ y }) => bands.at(y) !== undefined),
  }))
  const ports = new Ports(sizes, boxes)
  for (const [i, { from, to, between }] of routes.entries()) {
    ports.ask(from, 'below', i, between[0]?.x ?? graph.node(String(to)).x)
    ports.ask(to, 'above', i, between.at(-1)?.x ?? graph.node(String(from)).x)
  }
  const levelOf = (box: number): Band => bands.at(graph.node(String(box)).y) as Band
  const placed = routes.map(({ from, to, between, label }, i) => {
    const start = ports.place(from, 'below', i)
    const end = ports.place(to, 'above', i)
    const points: Point[] = [start, { x: start.x, y: levelOf(from).bottom }]
    for (const { x, y } of between) {
      const { top, bottom } = bands.at(y) as Band
      points.push({ x, y: top }, { x, y: bottom })
    }
    points.push({ x: end.x, y: levelOf(to).top }, end)
    return { points, label }
  })
  return frame(sizes, tied, boxes, placed, wires)
}

/** Moves everything so that it begins at the origin, and measures it. */
function frame(
  sizes: readonly Size[],
  tied: readonly number[],
  boxes: Point[],
  placed: readonly PlacedWire[],
  wires: readonly Wire[],
): Size & { readonly wires: readonly PlacedWire[] } {
  const edges = {
    left: Number.POSITIVE_INFINITY,
    right: 0,
    top: Number.POSITIVE_INFINITY,
    bottom: 0,
  }
  const reach = ({ x, y }: Point, { width, height }: Size): void => {
    edges.left = Math.min(edges.left, x)
    edges.top = Math.min(edges.top, y)
    edges.right = Math.max(edges.right, x + width)
    edges.bottom = Math.max(edges.bottom, y + height)
  }
  for (const i of tied) reach(boxes[i] as Point, sizes[i] as Size)
  for (const [i, { points, label }] of placed.entries()) {
    for (const point of points) reach(point, { width: 0, height: 0 })
    const size = wires[i]?.label
    if (label && size) reach({ x: label.x - size.width / 2, y: label.y - size.height / 2 }, size)
  }
  const move = ({ x, y }: Point): Point => ({ x: x - edges.left, y: y - edges.top })
  for (const i of tied) boxes[i] = move(boxes[i] as Point)
  return {
    width: edges.right - edges.left,
    height: edges.bottom - edges.top,
    wires: placed.map(({ points, label }) => ({
      points: points.map(move),
      label: label && move(label),
    })),
  }
}

/** The levels of a layout, by the height of their centres. */
class Bands {
  readonly #bands = new Map<number, Band>()

  add(centre: number, height: number): void {
    const key = Math.round(centre)
    const band = this.#bands.get(key)
    const [top, bottom] = [centre - height / 2, centre + height / 2]
    if (band === undefined) this.#bands.set(key, { top, bottom })
    else {
      band.top = Math.min(band.top, top)
      band.bottom = Math.max(band.bottom, bottom)
    }
  }

  /** Undefined where no box and no label is. */
  at(centre: number): Band | undefined {
    return this.#bands.get(Math.round(centre))
  }
}

/** Spreads the lines at a box along its edge, in the order of where they lead. */
class Ports {
  readonly #sizes: readonly Size[]
  readonly #boxes: readonly Point[]
  readonly #asked = new Map<string, { readonly wire: number; readonly x: number }[]>()

  constructor(sizes: readonly Size[], boxes: readonly Point[]) {
    this.#sizes = sizes
    this.#boxes = boxes
  }

  ask(box: number, side: 'above' | 'below', wire: number, x: number): void {
    const key = `${box} ${side}`
    const list = this.#asked.get(key)
    if (list === undefined) this.#asked.set(key, [{ wire, x }])
    else list.push({ wire, x })
  }

  place(box: number, side: 'above' | 'below', wire: number): Point {
    const asked = this.#asked.get(`${box} ${side}`) ?? []
    const { x, y } = this.#boxes[box] as Point
    const { width, height } = this.#sizes[box] as Size
    asked.sort((a, b) => a.x - b.x || a.wire - b.wire)
    const step = Math.min(PORT_GAP, (width - 24) / Math.max(1, asked.length - 1))
    const at = asked.findIndex((one) => one.wire === wire) - (asked.length - 1) / 2
    return { x: x + width / 2 + at * step, y: side === 'above' ? y : y + height }
  }
}
