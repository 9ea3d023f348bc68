/**
 * A plan as an SVG picture; published as `taskflow-ts/svg`.
 *
 * The boxes are placed by the library dagre, which is loaded when the first picture is drawn.
 *
 * @module
 */
import { BOOLEAN, oneOf } from '../base/checks.ts'
import { arrange } from './arrange.ts'
import type { Drawing } from './drawing.ts'
import type { DataOptions } from './edges.ts'
import type { Dagre } from './layout.ts'
import { marksOf, type PlanRunOptions } from './marks.ts'
import type { PlanData } from './model.ts'
import { paint, type Theme } from './svg-markup.ts'

export type { Theme } from './svg-markup.ts'

/** How a plan is drawn. */
export interface SvgOptions extends PlanRunOptions, DataOptions {
  /**
   * The colours: those of a light page, those of a dark page, or whichever the reader's system asks
   * for.
   *
   * @defaultValue `'auto'`
   */
  readonly theme?: Theme | undefined
  /**
   * Explains the signs below the picture.
   *
   * @defaultValue `true`
   */
  readonly legend?: boolean | undefined
}

const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

/**
 * Draws a plan, with the states of a run if there is one. Needs the package `@dagrejs/dagre`.
 *
 * The same plan gives the same text, as long as the version of dagre stays the same.
 *
 * @throws RangeError for an unknown theme; an Error that says what to install when dagre is not
 * there.
 *
 * @example
 * await writeFile('create-volume.svg', await toSvg(plan(createVolume, { store: ['rawSize'] })))
 */
export async function toSvg(plan: PlanData, options: SvgOptions = {}): Promise<string> {
  const { theme = 'auto', legend = true } = options
  oneOf(...THEMES)('theme', theme)
  BOOLEAN('legend', legend)
  const marks = marksOf(options)
  const drawing: Drawing = arrange(plan, await loadDagre(), marks, options)
  return paint(plan, drawing, marks, { theme, legend })
}

async function loadDagre(): Promise<Dagre> {
  // The library's own types do not resolve under Node's rules.
  const library: unknown = await import('@dagrejs/dagre').catch((cause: unknown) => {
    throw new Error('pictures need the package @dagrejs/dagre: npm install @dagrejs/dagre', {
      cause,
    })
  })
  return library as Dagre
}
