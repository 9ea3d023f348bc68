/**
 * A plan in Graphviz's language: a cluster for each flow.
 *
 * @module
 */
import { inOneLine } from './characters.ts'
import { type DataOptions, type EdgeEnd, type PictureEdge, pictureEdges } from './edges.ts'
import { boxLines, deciderLabel, flowTitle, symbolLines } from './labels.ts'
import { type Marks, marksOf, type PlanRunOptions } from './marks.ts'
import type { PlanData, PlannedAtom } from './model.ts'
import { outline } from './outline.ts'
import { LIGHT } from './palette.ts'

/** How a plan is drawn by Graphviz. */
export interface DotOptions extends PlanRunOptions, DataOptions {}

type Attributes = Readonly<Record<string, string | undefined>>

/** Writes a plan as a directed graph. */
export function toDot(plan: PlanData, options: DotOptions): string {
  const marks = marksOf(options)
  const atoms = new Map(plan.atoms.map((atom) => [atom.name, atom]))
  const telling = plan.criticalPath.atoms.length < plan.atoms.length
  const ends = new Ends(plan)
  const lines = [
    `digraph ${quote(plan.name)} {`,
    '  compound=true',
    '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica"]',
    '  edge [fontname="Helvetica", fontsize=10]',
    '  graph [fontname="Helvetica", color="#8c959f"]',
  ]
  const put = (depth: number, line: string): void => {
    lines.push(`${' '.repeat(2 * Math.min(depth, 20) + 2)}${line}`)
  }
  for (const step of outline(plan)) {
    if (step.kind === 'atom') {
      const atom = atoms.get(step.name) as PlannedAtom
      put(step.depth, `${ends.nodeOf(atom.name)}${list(attributesOf(atom, marks, telling))}`)
      continue
    }
    const { id, depth } = step.flow
    if (step.kind === 'empty')
      put(depth + 1, `empty${id}${list({ label: 'nothing', shape: 'plaintext' })}`)
    else if (step.kind === 'close') put(depth, '}')
    else {
      put(depth, `subgraph cluster_${id} {`)
      put(depth + 1, `label=${quote(flowTitle(step.flow, marks))}`)
    }
  }
  for (const edge of pictureEdges(plan, options)) put(0, edgeOf(ends, edge))
  return `${lines.join('\n')}\n}\n`
}

/** Where lines begin and end: Graphviz wants nodes, and cuts a line off at the border of a cluster. */
class Ends {
  readonly #nodes = new Map<string, string>()
  /** A first and a last node of each flow. */
  readonly #first: string[] = []
  readonly #last: string[] = []

  constructor({ atoms, flows }: PlanData) {
    for (const [position, { name }] of atoms.entries()) this.#nodes.set(name, `atom${position}`)
    // Flows in a flow have higher ids.
    for (const { id, children, retry } of [...flows].reverse()) {
      const ends = children.map((child) =>
        child.kind === 'task'
          ? { first: this.nodeOf(child.name), last: this.nodeOf(child.name) }
          : { first: this.#first[child.id], last: this.#last[child.id] },
      )
      const own = retry === undefined ? undefined : this.nodeOf(retry)
      this.#first[id] = own ?? ends[0]?.first ?? `empty${id}`
      this.#last[id] = ends.at(-1)?.last ?? own ?? `empty${id}`
    }
  }

  nodeOf(atom: string): string {
    return this.#nodes.get(atom) as string
  }

  tail(end: EdgeEnd): string {
    return typeof end === 'string' ? this.nodeOf(end) : (this.#last[end] as string)
  }

  head(end: EdgeEnd): string {
    return typeof end === 'string' ? this.nodeOf(end) : (this.#first[end] as string)
  }
}

function attributesOf(atom: PlannedAtom, marks: Marks | undefined, telling: boolean): Attributes {
  const mark = marks?.of(atom.name)
  const paint = mark && LIGHT[mark.state]
  const isLacking = atom.inputs.some(({ source }) => source.kind === 'missing')
  const isRetry = atom.kind === 'retry'
  return {
    label: boxLines(atom, marks)
      .map(({ text }) => text)
      .join('\n'),
    shape: isRetry ? 'hexagon' : undefined,
    style: isRetry ? 'filled' : undefined,
    fillcolor: paint?.fill,
    color: isLacking || mark?.hasFailed ? LIGHT.FAILURE.line : paint?.line,
    penwidth: atom.isCritical && telling ? '2.5' : undefined,
  }
}

function edgeOf(ends: Ends, { from, to, isOrder, decider, symbols }: PictureEdge): string {
  const texts = [
    ...(decider === undefined ? [] : [`◇ ${deciderLabel(decider)}`]),
    ...symbolLines(symbols),
  ]
  const attributes = {
    label: texts.length === 0 ? undefined : texts.join('\n'),
    style: isOrder ? undefined : 'dashed',
    ltail: typeof from === 'number' ? `cluster_${from}` : undefined,
    lhead: typeof to === 'number' ? `cluster_${to}` : undefined,
  }
  return `${ends.tail(from)} -> ${ends.head(to)}${list(attributes)}`
}

function list(attributes: Attributes): string {
  const pairs = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quote(value)}`],
  )
  return pairs.length === 0 ? '' : ` [${pairs.join(', ')}]`
}

/**
 * A line break becomes `\n`; a backslash is an escape in labels, and is doubled. Graphviz reads the
 * entities of HTML, too.
 */
function quote(text: string): string {
  const lines = text.split('\n').map((line) =>
    inOneLine(line)
      .replaceAll(/&(?=#?\w+;)/g, '&amp;')
      .replaceAll(/["\\]/g, '\\$&'),
  )
  return `"${lines.join('\\n')}"`
}
