/**
 * What a picture consists of, and how large its parts are: every place is known, nothing is drawn.
 *
 * @module
 */
import type { LineKind } from './labels.ts'
import type { Point, Size } from './layout.ts'
import type { PlannedAtom, PlannedFlow } from './model.ts'

/** A rectangle; its place is its upper left corner. */
export interface Area extends Point, Size {}

/** A text that has been made to fit. */
export interface TextLine {
  readonly kind: LineKind
  readonly text: string
}

/** The box of an atom. */
export interface AtomBox extends Area {
  readonly atom: PlannedAtom
  readonly lines: readonly TextLine[]
}

/** The box around what is in a flow. */
export interface FlowBox extends Area {
  readonly flow: PlannedFlow
  readonly title: string
}

/** What stands on a line; a decider has a sign of its own. */
export interface WireLabel extends Area {
  readonly lines: readonly string[]
  readonly hasDecider: boolean
}

/** A line between boxes. */
export interface DrawnWire {
  readonly points: readonly Point[]
  /** False when only data is given. */
  readonly isOrder: boolean
  readonly label: WireLabel | undefined
  /** How many flows are around it. */
  readonly depth: number
}

/** Everything that is drawn. */
export interface Drawing extends Size {
  readonly flows: readonly FlowBox[]
  readonly atoms: readonly AtomBox[]
  readonly wires: readonly DrawnWire[]
  /** Where a retry goes over into everything that it is in charge of: its left end, and how long. */
  readonly bars: readonly Area[]
}

/** Font size and height of the lines in boxes, by their kind; in pixels. */
export const LINES: Readonly<Record<LineKind, { readonly font: number; readonly height: number }>> =
  {
    name: { font: 13, height: 18 },
    state: { font: 11, height: 15 },
    missing: { font: 11, height: 15 },
    note: { font: 11, height: 15 },
  }
/** Font size of titles of flows. */
export const TITLE_FONT = 12
/** Font size and height of the lines of labels. */
export const LABEL = { font: 10.5, height: 14, padding: 4 } as const
/** How wide the sign of a decider is, with the space behind it. */
export const DECIDER_SIGN = 14
/** What a hexagon takes of its width at each end. */
export const HEXAGON_TIP = 14
/** How far the texts of a box are from its upper edge, and its lower. */
export const BOX_PADDING = { x: 14, y: 9 } as const
/** The height of the bar under a retry. */
export const BAR_HEIGHT = 4
export const TITLE_HEIGHT = 30
