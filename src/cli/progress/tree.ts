/**
 * A run as the lines of a tree that fit into a terminal.
 *
 * Knows nothing of cursors: gives lines, none wider than it was told, and no more than it was told.
 *
 * @module
 */

import { oneLine } from '../../base/printable.ts'
import { durationInWords, failureInWords } from '../../inspection/words.ts'
import { type Paint, widthOf } from '../paint.ts'
import { isMoving, type Row, type RunModel } from './model.ts'

/** How much room there is. */
export interface Room {
  /** How many characters a line may have. */
  readonly columns: number
  /** How many lines there may be. */
  readonly rows: number
  /** Counts up, to turn what moves; left out, it stands still. */
  readonly frame?: number | undefined
}

const BAR_WIDTH = 12
/** Of `  100 %`. */
const PERCENT_WIDTH = 7
const MIN_NAME_WIDTH = 12

/** The tree, as far as it fits; what moves and what failed comes first. */
export function treeLines(model: RunModel, paint: Paint, room: Room): readonly string[] {
  const { rows } = model
  const shown = choose(rows, Math.max(3, room.rows))
  const lines: string[] = []
  let hidden: Row[] = []
  for (const [i, row] of rows.entries()) {
    if (!shown.has(i)) {
      hidden.push(row)
      continue
    }
    if (hidden.length > 0) lines.push(gapLine(hidden, paint, room))
    hidden = []
    lines.push(lineOf(row, model, paint, room))
  }
  if (hidden.length > 0) lines.push(gapLine(hidden, paint, room))
  return lines
}

/** Positions of the rows that are shown, so that they and the gaps between them fit. */
function choose(rows: readonly Row[], room: number): ReadonlySet<number> {
  if (rows.length <= room) return new Set(rows.keys())
  const shown = new Set<number>()
  let gaps = 1
  const add = (i: number): void => {
    if (i < 0 || i >= rows.length || shown.has(i)) return
    const before = i === 0 || shown.has(i - 1)
    const after = i === rows.length - 1 || shown.has(i + 1)
    const gapsThen = gaps + (before && after ? -1 : before || after ? 0 : 1)
    if (shown.size + 1 + gapsThen > room) return
    shown.add(i)
    gaps = gapsThen
  }
  add(0)
  const wanted = wantedRows(rows)
  for (const i of wanted) {
    add(i)
    for (let at = rows[i]?.parent; at !== undefined; at = rows[at]?.parent) add(at)
  }
  // What stands around the first of them, and at last whatever there is room for.
  const centre = wanted[0] ?? firstOpen(rows)
  for (let distance = 0; distance < room; distance += 1) {
    add(centre + distance)
    add(centre - distance)
  }
  return shown
}

function wantedRows(rows: readonly Row[]): readonly number[] {
  const failed: number[] = []
  const moving: number[] = []
  for (const [i, row] of rows.entries()) {
    if (isMoving(row)) moving.push(i)
    else if (row.state === 'FAILURE' || row.state === 'REVERT_FAILURE') failed.push(i)
  }
  return [...moving, ...failed]
}

function firstOpen(rows: readonly Row[]): number {
  const open = rows.findIndex(({ state }) => state === 'PENDING')
  return open < 0 ? rows.length - 1 : open
}

function gapLine(hidden: readonly Row[], paint: Paint, { columns }: Room): string {
  const counts = new Map<string, number>()
  for (const { state } of hidden) {
    if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  const what = parts.length === 0 ? `${hidden.length} flows` : parts.join(', ')
  return paint.in('dim', paint.cut(`  ${paint.ellipsis} ${what}`, columns))
}

function lineOf(row: Row, model: RunModel, paint: Paint, room: Room): string {
  return row.kind === 'flow' ? flowLine(row, model, paint, room) : atomLine(row, model, paint, room)
}

function flowLine(row: Row, model: RunModel, paint: Paint, { columns }: Room): string {
  const isRoot = row.parent === undefined
  const facts = [
    ...(isRoot ? [model.state] : []),
    `${row.done}/${row.atoms}`,
    ...(isRoot ? [durationInWords(model.elapsedMs)] : []),
  ].join('  ')
  const indent = '  '.repeat(row.depth)
  const name = paint.cut(oneLine(row.name), columns - indent.length - facts.length - 2)
  const shownFacts = isRoot
    ? facts.replace(model.state, paint.state(model.state))
    : paint.in('dim', facts)
  return `${indent}${paint.in('bold', name)}  ${shownFacts}`
}

function atomLine(row: Row, model: RunModel, paint: Paint, { columns, frame }: Room): string {
  const { state = 'PENDING', attempt, progress } = row
  const indent = '  '.repeat(row.depth)
  const tookMs = model.tookMs(row)
  const facts = [
    ...(state === 'PENDING' || state === 'SUCCESS' ? [] : [state]),
    ...(tookMs === undefined ? [] : [durationInWords(tookMs)]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join('  ')
  let room = columns - indent.length - 2
  const label = row.kind === 'retry' ? `${oneLine(row.name)} (retry)` : oneLine(row.name)
  const name = paint.cut(label, Math.max(Math.min(MIN_NAME_WIDTH, room), room - facts.length - 2))
  let line = `${indent}${paint.sign(state, frame)} ${name}`
  room -= widthOf(name)
  if (facts !== '' && facts.length + 2 <= room) {
    line += `  ${facts.startsWith(state) ? facts.replace(state, paint.state(state)) : paint.in('dim', facts)}`
    room -= facts.length + 2
  }
  if (isMoving(row) && progress !== undefined && room >= PERCENT_WIDTH) {
    const bar = room >= PERCENT_WIDTH + BAR_WIDTH + 1 ? `${paint.bar(progress, BAR_WIDTH)} ` : ''
    return `${line}  ${bar}${Math.round(progress * 100)} %`
  }
  if (row.failure === undefined || room < MIN_NAME_WIDTH) return line
  return `${line}  ${paint.in('red', paint.cut(oneLine(failureInWords(row.failure)), room - 2))}`
}
