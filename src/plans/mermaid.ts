/**
 * A plan as a Mermaid flowchart: a subgraph for each flow.
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

/** How a plan is drawn in Mermaid. */
export interface MermaidOptions extends PlanRunOptions, DataOptions {}

/** Writes a plan as a flowchart. */
export function toMermaid(plan: PlanData, options: MermaidOptions): string {
  const marks = marksOf(options)
  const ids = new Map<EdgeEnd, string>()
  for (const [position, { name }] of plan.atoms.entries()) ids.set(name, `atom${position}`)
  for (const { id } of plan.flows) ids.set(id, `flow${id}`)
  const atoms = new Map(plan.atoms.map((atom) => [atom.name, atom]))
  const lines = ['flowchart TB']
  const put = (depth: number, line: string): void => {
    lines.push(`${' '.repeat(2 * Math.min(depth, 20) + 2)}${line}`)
  }
  for (const step of outline(plan)) {
    if (step.kind === 'atom') {
      put(step.depth, nodeOf(ids, atoms.get(step.name) as PlannedAtom, marks))
      continue
    }
    const { id, depth } = step.flow
    if (step.kind === 'empty') put(depth + 1, `empty${id}(["nothing"])`)
    else if (step.kind === 'close') put(depth, 'end')
    else {
      put(depth, `subgraph flow${id}["${entities(flowTitle(step.flow, marks))}"]`)
      put(depth + 1, 'direction TB')
    }
  }
  for (const edge of pictureEdges(plan, options)) put(0, edgeOf(ids, edge))
  for (const line of classesOf(plan, ids, marks)) put(0, line)
  return `${lines.join('\n')}\n`
}

function nodeOf(
  ids: ReadonlyMap<EdgeEnd, string>,
  atom: PlannedAtom,
  marks: Marks | undefined,
): string {
  const text = boxLines(atom, marks)
    .map((line) => entities(line.text))
    .join('<br/>')
  const [open, close] = atom.kind === 'retry' ? ['{{', '}}'] : ['[', ']']
  return `${ids.get(atom.name)}${open}"${text}"${close}`
}

function edgeOf(ids: ReadonlyMap<EdgeEnd, string>, edge: PictureEdge): string {
  const { from, to, isOrder, decider, symbols } = edge
  const texts = [
    ...(decider === undefined ? [] : [`◇ ${deciderLabel(decider)}`]),
    ...symbolLines(symbols),
  ]
  const label = texts.length === 0 ? '' : `|"${texts.map(entities).join('<br/>')}"|`
  return `${ids.get(from)} ${isOrder ? '-->' : '-.->'}${label} ${ids.get(to)}`
}

function classesOf(
  { atoms, criticalPath, missing }: PlanData,
  ids: ReadonlyMap<EdgeEnd, string>,
  marks: Marks | undefined,
): readonly string[] {
  const groups = new Map<string, { readonly style: string; readonly members: string[] }>()
  const put = (name: string, style: string, member: string | undefined): void => {
    const group = groups.get(name) ?? { style, members: [] }
    if (member !== undefined) group.members.push(member)
    groups.set(name, group)
  }
  const lacking = new Set(missing.map(({ atom }) => atom))
  for (const { name, isCritical } of atoms) {
    const id = ids.get(name)
    if (marks !== undefined) {
      const { state, hasFailed } = marks.of(name)
      const { fill, line } = LIGHT[state]
      put(state, `fill:${fill},stroke:${line},color:#1f2328`, id)
      if (hasFailed) put('failed', `stroke:${LIGHT.FAILURE.line}`, id)
    }
    if (isCritical && criticalPath.atoms.length < atoms.length)
      put('critical', 'stroke-width:3px', id)
    if (lacking.has(name)) put('missing', `stroke:${LIGHT.FAILURE.line},stroke-dasharray:4 3`, id)
  }
  return [...groups].flatMap(([name, { style, members }]) => [
    `classDef ${name} ${style}`,
    `class ${members.join(',')} ${name}`,
  ])
}

/**
 * Mermaid reads entities without an ampersand: `#quot;`, `#35;`. Besides what would end a label, it
 * finds directives (`%%{`), formulas (`$$`) and Markdown in one.
 */
function entities(text: string): string {
  return inOneLine(text)
    .replaceAll(/["#$%&*<>\\`~]/g, entity)
    .replace(/^(?:[-+](?=\s)|\d(?=\d*[.)]\s))/, entity)
}

function entity(character: string): string {
  return `#${character.codePointAt(0)};`
}
