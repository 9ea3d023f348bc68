/**
 * Tables for the page and files for programs.
 *
 * A table stands in docs/performance.md between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.
 *
 * @module
 */
import type { Measurement } from './measure.ts'
import type { Suite } from './suites.ts'

/** What came of a contender at one size: figures, or what went wrong. */
export type Cell = Measurement | { readonly error: string }

/** What came of a contender, by size. */
export interface Row {
  readonly label: string
  readonly cells: ReadonlyMap<number, Cell>
}

/** Where and when something was measured. */
export interface Circumstances {
  readonly date: string
  readonly node: string
  readonly processor: string
  /** Of the operating system, over the last minute, when the suite started. */
  readonly load: number
  /** Of the server, when the suite needs one. */
  readonly server: string | undefined
  readonly rounds: number
}

/** What came of a suite. */
export interface Result {
  readonly suite: Suite
  readonly sizes: readonly number[]
  readonly rows: readonly Row[]
  /** Who was left out, and why. */
  readonly absent: readonly string[]
  readonly circumstances: Circumstances
}

/** The table of a suite, in Markdown. */
export function tableOf({ suite, sizes, rows, absent, circumstances }: Result): string {
  const isOne = sizes.length === 1
  const heads = isOne
    ? [suite.unit, 'spread', 'ratio']
    : sizes.map((size) => `${size.toLocaleString('en')}`)
  const lines = [
    `| ${isOne ? '' : suite.unit} | ${heads.join(' | ')} |`,
    `|---|${heads.map(() => '---:|').join('')}`,
  ]
  for (const { label, cells } of rows) {
    const texts = sizes.flatMap((size) => {
      const [median, spread, ratio] = cellTexts(cells.get(size), floorOf(rows, size), suite)
      return isOne ? [median, spread, ratio] : [[median, spread, ratio].join(' ').trim()]
    })
    lines.push(`| ${label} | ${texts.join(' | ')} |`)
  }
  const { date, node, processor, load, server, rounds } = circumstances
  const facts = [date, `Node ${node}`, processor, server, `load ${load}`, `up to ${rounds} rounds`]
  lines.push('', `${facts.filter((fact) => fact !== undefined).join(', ')}.`)
  for (const line of absent) lines.push(`Left out: ${line}.`)
  return lines.join('\n')
}

/** The first contender that was measured at this size. */
function floorOf(rows: readonly Row[], size: number): number | undefined {
  for (const { cells } of rows) {
    const cell = cells.get(size)
    if (cell !== undefined && 'median' in cell) return cell.median
  }
  return undefined
}

function cellTexts(
  cell: Cell | undefined,
  floor: number | undefined,
  { isRate }: Suite,
): readonly [string, string, string] {
  if (cell === undefined) return ['', '', '']
  if ('error' in cell) return ['failed', '', '']
  const shown = (value: number): string => digits(isRate === true ? 1e6 / value : value)
  const [low, high] = isRate === true ? [cell.spread[1], cell.spread[0]] : cell.spread
  const ratio = isRate === true ? (floor ?? Number.NaN) / cell.median : cell.median / (floor ?? 1)
  return [shown(cell.median), `(${shown(low)}-${shown(high)})`, `×${digits(ratio)}`]
}

function digits(value: number): string {
  if (value < 0) return `-${digits(-value)}`
  if (value >= 1_000) return Math.round(value).toLocaleString('en')
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(1)
}

/** Puts the table of a suite where the page has its place. @throws Error when it has none. */
export function insertTable(page: string, name: string, table: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) {
    throw new Error(`docs/performance.md has no place for ${name}: write ${start} and ${end} in it`)
  }
  return `${page.slice(0, from + start.length)}\n${table}\n${page.slice(to)}`
}

/** All figures of a suite, as JSON. */
export function jsonOf({ suite, rows, absent, circumstances }: Result): string {
  const results = rows.map(({ label, cells }) => ({
    contender: label,
    sizes: Object.fromEntries(
      [...cells].map(([size, cell]) => [
        size,
        'error' in cell
          ? { error: cell.error }
          : { median: cell.median, spread: cell.spread, values: cell.values },
      ]),
    ),
  }))
  const unit = suite.isRate === true ? 'µs per step' : suite.unit
  const { name, title, kind } = suite
  return `${JSON.stringify({ name, title, kind, unit, circumstances, absent, results }, undefined, 2)}\n`
}
