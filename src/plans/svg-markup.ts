/**
 * Writes a drawing down as SVG.
 *
 * Every sign has a form or a word beside its colour. Styles are in the picture itself and need
 * nothing from outside, so that it can stand in any page.
 *
 * @module
 */
import type { AtomState } from '../states/atom.ts'
import { inOneLine, pixelsOf } from './characters.ts'
import {
  type AtomBox,
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
import type { Point } from './layout.ts'
import type { Marks } from './marks.ts'
import type { PlanData } from './model.ts'
import { DARK, LIGHT, type StateColours } from './palette.ts'

/** Which colours a picture has. */
export type Theme = 'auto' | 'light' | 'dark'

interface PaintOptions {
  readonly theme: Theme
  readonly legend: boolean
}

const MARGIN = 12
const LEGEND_FONT = 10.5
const LEGEND_HEIGHT = 20

/** Writes a drawing down. */
export function paint(
  plan: PlanData,
  drawing: Drawing,
  marks: Marks | undefined,
  { theme, legend }: PaintOptions,
): string {
  const telling = plan.criticalPath.atoms.length < plan.atoms.length
  const items = legend ? legendOf(drawing, telling) : []
  const width = Math.ceil(Math.max(drawing.width, widestOf(items)) + 2 * MARGIN)
  const left = (width - drawing.width) / 2
  const [legendLines, legendRows] = paintLegend(items, drawing.height + 2 * MARGIN, width)
  const height = Math.ceil(drawing.height + 2 * MARGIN + legendRows * LEGEND_HEIGHT)
  const title = marks === undefined ? plan.name : `${plan.name}, ${marks.state}`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="tf tf-${theme}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${xml(title)}</title>`,
    `<style>${styleOf(theme)}</style>`,
    `<defs>${head('order', theme)}${head('data', theme)}</defs>`,
    `<rect class="tf-page" width="${width}" height="${height}"/>`,
    `<g transform="translate(${round(left)} ${MARGIN})">`,
    ...drawing.flows.map(paintFlow),
    ...drawing.bars.map(
      ({ x, y, width: w, height: h }) =>
        `<rect class="tf-bar" x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}"/>`,
    ),
    ...drawing.wires.map((wire) => paintWire(wire, theme)),
    ...drawing.wires.map(paintLabel),
    ...drawing.atoms.map((box) => paintAtom(box, marks, telling)),
    '</g>',
    ...legendLines,
    '</svg>',
  ]
    .filter((line) => line !== '')
    .join('\n')}\n`
}

function paintFlow({ flow, title, x, y, width, height }: FlowBox): string {
  const box = `<rect class="tf-flow tf-depth-${flow.depth % 2}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="8"/>`
  const text = `<text class="tf-title" x="${round(x + BOX_PADDING.x)}" y="${round(y + TITLE_HEIGHT / 2 + 4)}">${xml(title)}</text>`
  return `<g>${tip(flow.name)}${box}${text}</g>`
}

function paintAtom(box: AtomBox, marks: Marks | undefined, telling: boolean): string {
  const { atom, lines, x, y, width, height } = box
  const mark = marks?.of(atom.name)
  const classes = ['tf-box']
  if (mark !== undefined) classes.push(`tf-${mark.state}`)
  if (mark?.hasFailed) classes.push('tf-failed')
  if (telling && atom.isCritical) classes.push('tf-critical')
  if (lines.some(({ kind }) => kind === 'missing')) classes.push('tf-lacking')
  const shape =
    atom.kind === 'retry'
      ? `<polygon class="${classes.join(' ')}" points="${hexagon(box)}"/>`
      : `<rect class="${classes.join(' ')}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="5"/>`
  let bottom = y + BOX_PADDING.y
  const texts = lines.map(({ kind, text }) => {
    bottom += LINES[kind].height

    return `<text class="tf-${kind}" x="${round(x + width / 2)}" y="${round(bottom - 4)}">${xml(text)}</text>`
  })
  const failure = mark?.failure === undefined ? '' : `\n${mark.failure}`
  return `<g>${tip(`${inOneLine(atom.name)}${failure}`)}${shape}${texts.join('')}</g>`
}

function hexagon({ x, y, width, height }: AtomBox): string {
  const [right, bottom, middle] = [x + width, y + height, y + height / 2]
  const corners: readonly Point[] = [
    { x, y: middle },
    { x: x + HEXAGON_TIP, y },
    { x: right - HEXAGON_TIP, y },
    { x: right, y: middle },
    { x: right - HEXAGON_TIP, y: bottom },
    { x: x + HEXAGON_TIP, y: bottom },
  ]
  return corners.map((corner) => `${round(corner.x)},${round(corner.y)}`).join(' ')
}

function paintWire({ points, isOrder }: DrawnWire, theme: Theme): string {
  const kind = isOrder ? 'order' : 'data'
  return `<path class="tf-${kind}" d="${curve(points)}" marker-end="url(#tf-${kind}-${theme})"/>`
}

/** Straight where it goes down, curved where it also goes sideways. */
function curve([first, ...others]: readonly Point[]): string {
  if (first === undefined) return ''
  let path = `M${round(first.x)} ${round(first.y)}`
  let before = first
  for (const { x, y } of others) {
    if (y === before.y && x === before.x) continue
    const middle = round((before.y + y) / 2)
    path +=
      x === before.x
        ? `V${round(y)}`
        : `C${round(before.x)} ${middle} ${round(x)} ${middle} ${round(x)} ${round(y)}`
    before = { x, y }
  }
  return path
}

function paintLabel({ label, depth, isOrder }: DrawnWire): string {
  if (label === undefined) return ''
  const { x, y, width, height, lines, hasDecider } = label
  const back = `<rect class="tf-back tf-depth-${depth % 2}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`
  const texts = lines.map((text, i) => {
    const isDecider = hasDecider && i === 0
    const middle = x + width / 2 + (isDecider ? DECIDER_SIGN / 2 : 0)
    const base = y + LABEL.padding / 2 + (i + 1) * LABEL.height - 3.5
    const sign = isDecider
      ? diamond(middle - pixelsOf(text, LABEL.font) / 2 - DECIDER_SIGN / 2 - 1, base - 3.5)
      : ''
    const kind = isDecider ? 'decision' : isOrder ? 'symbol' : 'symbol tf-only'
    return `${sign}<text class="tf-label tf-${kind}" x="${round(middle)}" y="${round(base)}">${xml(text)}</text>`
  })
  return `<g>${back}${texts.join('')}</g>`
}

function diamond(x: number, y: number): string {
  return `<path class="tf-sign" d="M${round(x - 5)} ${round(y)}l5 -5l5 5l-5 5z"/>`
}

/** A sign and what it means. */
interface LegendItem {
  readonly text: string
  readonly sign: (x: number, y: number) => string
}

const SIGN_WIDTH = 26
const ITEM_GAP = 18

function legendOf({ atoms, wires }: Drawing, telling: boolean): readonly LegendItem[] {
  const line = (kind: string) => (x: number, y: number) =>
    `<path class="tf-${kind}" d="M${round(x)} ${round(y)}h20"/>`
  const items: (LegendItem | undefined)[] = [
    wires.some(({ isOrder }) => isOrder) ? { text: 'order', sign: line('order') } : undefined,
    wires.some(({ isOrder }) => !isOrder) ? { text: 'data', sign: line('data') } : undefined,
    wires.some(({ label }) => label?.hasDecider)
      ? { text: 'decider, depth', sign: (x, y) => diamond(x + 10, y) }
      : undefined,
    atoms.some(({ atom }) => atom.kind === 'retry')
      ? {
          text: 'retry',
          sign: (x, y) =>
            `<path class="tf-box" d="M${round(x)} ${round(y)}l5 -6h10l5 6l-5 6h-10z"/>`,
        }
      : undefined,
    telling
      ? {
          text: 'critical path',
          sign: (x, y) =>
            `<rect class="tf-box tf-critical" x="${round(x)}" y="${round(y - 6)}" width="20" height="12" rx="3"/>`,
        }
      : undefined,
  ]
  return items.filter((item) => item !== undefined)
}

function itemWidth({ text }: LegendItem): number {
  return SIGN_WIDTH + pixelsOf(text, LEGEND_FONT)
}

function widestOf(items: readonly LegendItem[]): number {
  return Math.max(0, ...items.map(itemWidth))
}

/** The texts of the legend, and how many rows they take. */
function paintLegend(
  items: readonly LegendItem[],
  top: number,
  width: number,
): readonly [readonly string[], number] {
  let [x, row] = [MARGIN, 0]
  const lines = items.map((item) => {
    if (x > MARGIN && x + itemWidth(item) > width - MARGIN) {
      x = MARGIN
      row += 1
    }
    const y = top + row * LEGEND_HEIGHT + 4
    const text = `<text class="tf-label tf-legend" x="${round(x + SIGN_WIDTH)}" y="${round(y + 4)}">${xml(item.text)}</text>`
    const drawn = `<g>${item.sign(x, y)}${text}</g>`
    x += itemWidth(item) + ITEM_GAP
    return drawn
  })
  return [lines, items.length === 0 ? 0 : row + 1]
}

function head(kind: string, theme: Theme): string {
  return `<marker id="tf-${kind}-${theme}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tf-head-${kind}" d="M0 0.5L8 4L0 7.5z"/></marker>`
}

/** What differs between a light and a dark page. */
interface Colours {
  readonly states: Readonly<Record<AtomState, StateColours>>
  readonly page: string
  readonly inner: string
  readonly text: string
  readonly muted: string
  readonly border: string
  readonly order: string
  readonly data: string
  readonly decision: string
}

const ON_LIGHT: Colours = {
  states: LIGHT,
  page: '#ffffff',
  inner: '#f3f5f8',
  text: '#1f2328',
  muted: '#57606a',
  border: '#afb8c1',
  order: '#424a53',
  data: '#0969da',
  decision: '#8250df',
}

const ON_DARK: Colours = {
  states: DARK,
  page: '#0d1117',
  inner: '#1c2129',
  text: '#e6edf3',
  muted: '#9ea7b3',
  border: '#484f58',
  order: '#c9d1d9',
  data: '#58a6ff',
  decision: '#bc8cff',
}

function styleOf(theme: Theme): string {
  const at = `.tf-${theme} `
  const shapes = [
    `.tf text{font-family:Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;text-anchor:middle}`,
    `.tf .tf-name{font-size:${LINES.name.font}px}`,
    `.tf .tf-state,.tf .tf-note,.tf .tf-missing{font-size:${LINES.note.font}px}`,
    `.tf .tf-title{font-size:${TITLE_FONT}px;text-anchor:start}`,
    `.tf .tf-label{font-size:${LABEL.font}px}.tf .tf-legend{text-anchor:start}`,
    '.tf .tf-order,.tf .tf-data{fill:none;stroke-width:1.3}.tf .tf-data{stroke-dasharray:4 3}',
    '.tf .tf-box{stroke-width:1.3}.tf .tf-lacking{stroke-dasharray:5 3}',
    '.tf .tf-flow{stroke-width:1}.tf .tf-failed{stroke-width:2.4}.tf .tf-critical{stroke-width:3}',
    '.tf .tf-IGNORE{stroke-dasharray:2 3}',
  ].join('')
  if (theme === 'dark') return shapes + coloursOf(ON_DARK, at)
  if (theme === 'light') return shapes + coloursOf(ON_LIGHT, at)
  return `${shapes}${coloursOf(ON_LIGHT, at)}@media(prefers-color-scheme:dark){${coloursOf(ON_DARK, at)}}`
}

function coloursOf(colours: Colours, at: string): string {
  const { states, page, inner, text, muted, border, order, data, decision } = colours
  const rules: Record<string, string> = {
    '.tf-page': `fill:${page}`,
    '.tf-depth-0': `fill:${page}`,
    '.tf-depth-1': `fill:${inner}`,
    '.tf-flow': `stroke:${border}`,
    '.tf-box': `fill:${states.PENDING.fill};stroke:${states.PENDING.line}`,
    '.tf-name': `fill:${text}`,
    '.tf-title': `fill:${text}`,
    '.tf-label': `fill:${text}`,
    '.tf-note': `fill:${muted}`,
    '.tf-state': `fill:${text}`,
    '.tf-missing': `fill:${states.FAILURE.line}`,
    '.tf-only': `fill:${data}`,
    '.tf-decision': `fill:${decision}`,
    '.tf-sign': `fill:none;stroke:${decision};stroke-width:1.3`,
    '.tf-order': `stroke:${order}`,
    '.tf-data': `stroke:${data}`,
    '.tf-head-order': `fill:${order}`,
    '.tf-head-data': `fill:${data}`,
    '.tf-bar': `fill:${order}`,
  }
  for (const [state, { fill, line }] of Object.entries(states)) {
    rules[`.tf-box.tf-${state}`] = `fill:${fill};stroke:${line}`
  }
  rules['.tf-box.tf-failed'] = `stroke:${states.FAILURE.line}`
  rules['.tf-box.tf-lacking'] = `stroke:${states.FAILURE.line}`
  return Object.entries(rules)
    .map(([selector, rule]) => `${at}${selector}{${rule}}`)
    .join('')
}

/** What is shown when the pointer rests on something: the whole name, which may be cut in the box. */
function tip(text: string): string {
  return `<title>${xml(text)}</title>`
}

function xml(text: string): string {
  const lines = text.split('\n').map(inOneLine)
  return lines.join('\n').replaceAll(/[&<>"']/g, (one) => `&#${one.codePointAt(0)};`)
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}
