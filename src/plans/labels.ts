/**
 * What all pictures of a plan say: the lines in its boxes, the labels of its lines.
 *
 * For the renderings: Mermaid, DOT and SVG.
 *
 * @module
 */
import { inOneLine } from './characters.ts'
import type { Marks } from './marks.ts'
import type { PlannedAtom, PlannedDecider, PlannedFlow } from './model.ts'

const MAX_SYMBOLS = 4

/** The lines of a label: the first symbols, and how many more there are. */
export function symbolLines(symbols: Iterable<string>): readonly string[] {
  const all = [...symbols].map(inOneLine)
  if (all.length <= MAX_SYMBOLS) return all
  return [...all.slice(0, MAX_SYMBOLS - 1), `and ${all.length - MAX_SYMBOLS + 1} more`]
}

/** What a decider is called on its link. */
export function deciderLabel({ name, depth }: PlannedDecider): string {
  return `${inOneLine(name ?? 'decider')}, ${depth}`
}

/** What a line in a box says. */
export type LineKind = 'name' | 'note' | 'missing' | 'state'

/** A line in a box. */
export interface BoxLine {
  readonly kind: LineKind
  readonly text: string
}

/** What stands in the box of an atom. */
export function boxLines(atom: PlannedAtom, marks: Marks | undefined): readonly BoxLine[] {
  const lines: BoxLine[] = [{ kind: 'name', text: inOneLine(atom.name) }]
  if (marks !== undefined) {
    const { glyph, words } = marks.of(atom.name)
    lines.push({ kind: 'state', text: `${glyph} ${words}` })
  }
  const symbols = (kind: string): string =>
    [...new Set(atom.inputs.filter(({ source }) => source.kind === kind).map((one) => one.symbol))]
      .map(inOneLine)
      .join(', ')
  const [stored, missing] = [symbols('store'), symbols('missing')]
  if (missing !== '') lines.push({ kind: 'missing', text: `✗ missing: ${missing}` })
  if (stored !== '') lines.push({ kind: 'note', text: `from store: ${stored}` })
  if (atom.kind === 'task' && !atom.hasRevert) lines.push({ kind: 'note', text: 'no revert' })
  return lines
}

/** What stands above a flow. */
export function flowTitle(flow: PlannedFlow, marks: Marks | undefined): string {
  const words = [inOneLine(flow.name), inOneLine(flow.pattern)]
  if (flow.depth === 0 && marks !== undefined) {
    words.push(marks.state)
    if (marks.duration !== undefined) words.push(marks.duration)
  }
  return words.join(' · ')
}
