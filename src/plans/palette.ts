/**
 * The colours of the states, for light and for dark pages.
 *
 * @module
 */
import type { AtomState } from '../states/atom.ts'

/** What a box is filled with, and what it is lined with. */
export interface StateColours {
  readonly fill: string
  readonly line: string
}

/** The colours of boxes on a light page; text on them is dark. */
export const LIGHT: Readonly<Record<AtomState, StateColours>> = {
  PENDING: { fill: '#ffffff', line: '#6e7781' },
  RUNNING: { fill: '#ddf4ff', line: '#0969da' },
  SUCCESS: { fill: '#dafbe1', line: '#1a7f37' },
  FAILURE: { fill: '#ffd9d6', line: '#cf222e' },
  REVERTING: { fill: '#fff1c2', line: '#9a6700' },
  REVERTED: { fill: '#fff8e0', line: '#9a6700' },
  REVERT_FAILURE: { fill: '#ffb8b3', line: '#a40e26' },
  IGNORE: { fill: '#eaeef2', line: '#8c959f' },
  RETRYING: { fill: '#fbefff', line: '#8250df' },
}

/** The colours of boxes on a dark page; text on them is light. */
export const DARK: Readonly<Record<AtomState, StateColours>> = {
  PENDING: { fill: '#0d1117', line: '#8b949e' },
  RUNNING: { fill: '#0c2d6b', line: '#58a6ff' },
  SUCCESS: { fill: '#033a16', line: '#3fb950' },
  FAILURE: { fill: '#67060c', line: '#ff7b72' },
  REVERTING: { fill: '#4b2900', line: '#d29922' },
  REVERTED: { fill: '#341a00', line: '#d29922' },
  REVERT_FAILURE: { fill: '#8e1519', line: '#ffa198' },
  IGNORE: { fill: '#21262d', line: '#6e7681' },
  RETRYING: { fill: '#271052', line: '#bc8cff' },
}
