/**
 * Nothing in a picture lies over anything else, and every text fits where it stands.
 *
 * @module
 */
import * as dagre from '@dagrejs/dagre'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/index.ts'
import { arrange } from '../../src/plans/arrange.ts'
import { pixelsOf } from '../../src/plans/characters.ts'
import {
  type Area,
  BOX_PADDING,
  DECIDER_SIGN,
  type Drawing,
  HEXAGON_TIP,
  LABEL,
  LINES,
  TITLE_FONT,
} from '../../src/plans/drawing.ts'
import type { Dagre, Point } from '../../src/plans/layout.ts'
import { fc } from '../properties.ts'
import { cook, type Recipe, recipes } from './random-pictures.ts'

const SLACK = 0.01

function draw(recipe: Recipe, data?: boolean): Drawing {
  return arrange(plan(cook(recipe)), dagre as unknown as Dagre, undefined, { data })
}

function overlap(a: Area, b: Area): boolean {
  return (
    a.x + a.width > b.x + SLACK &&
    b.x + b.width > a.x + SLACK &&
    a.y + a.height > b.y + SLACK &&
    b.y + b.height > a.y + SLACK
  )
}

function holds(outer: Area, inner: Area): boolean {
  return (
    inner.x >= outer.x - SLACK &&
    inner.y >= outer.y - SLACK &&
    inner.x + inner.width <= outer.x + outer.width + SLACK &&
    inner.y + inner.height <= outer.y + outer.height + SLACK
  )
}

/** Pairs of areas that lie over each other, as texts. */
function collisions(areas: readonly Area[], others: readonly Area[] = areas): readonly string[] {
  const found: string[] = []
  for (const [i, a] of areas.entries()) {
    for (const [j, b] of others.entries()) {
      if ((areas !== others || i < j) && overlap(a, b)) {
        found.push(`${JSON.stringify(a)} over ${JSON.stringify(b)}`)
      }
    }
  }
  return found
}

/** Points along a line as it is drawn: straight down, or a curve with upright ends. */
function walk(points: readonly Point[]): readonly Point[] {
  const walked: Point[] = []
  for (const [i, to] of points.entries()) {
    const from = points[i - 1]
    if (from === undefined) continue
    for (let step = 0; step <= 8; step += 1) {
      const t = step / 8
      const bow = 3 * t * t * (1 - t) + t * t * t
      const fall = 1.5 * t * (1 - t) + t * t * t
      walked.push({
        x: from.x + (to.x - from.x) * bow,
        y: from.y + (to.y - from.y) * (to.x === from.x ? t : fall),
      })
    }
  }
  return walked
}

const isInside = ({ x, y }: Point, area: Area): boolean =>
  overlap(
    { x: x - 1, y: y - 1, width: 2, height: 2 },
    {
      x: area.x + 2,
      y: area.y + 2,
      width: area.width - 4,
      height: area.height - 4,
    },
  )

const RUNS = { numRuns: 25 }

describe('random pictures', () => {
  test('atoms do not lie over each other', () => {
    fc.assert(
      fc.property(recipes(200), fc.boolean(), (recipe, data) => {
        expect(collisions(draw(recipe, data).atoms)).toEqual([])
      }),
      RUNS,
    )
  })

  test('flows hold what is in them, stand apart, and keep off other atoms', () => {
    fc.assert(
      fc.property(recipes(200), (recipe) => {
        const { flows, atoms, width, height } = draw(recipe)
        const boxes = new Map(flows.map((one) => [one.flow.id, one]))
        for (const one of flows) {
          const parent = one.flow.parent === undefined ? undefined : boxes.get(one.flow.parent)
          expect(holds(parent ?? { x: 0, y: 0, width, height }, one)).toBe(true)
          const siblings = flows.filter(({ flow }) => flow.parent === one.flow.parent)
          expect(collisions(siblings)).toEqual([])
          const beside = atoms.filter(({ atom }) => atom.flow === one.flow.parent)
          expect(collisions([one], beside)).toEqual([])
        }
        for (const box of atoms) {
          expect(holds(boxes.get(box.atom.flow ?? -1) as Area, box)).toBe(true)
        }
      }),
      RUNS,
    )
  })

  test('labels keep off atoms, bars and each other', () => {
    fc.assert(
      fc.property(recipes(80), (recipe) => {
        const { atoms, wires, bars } = draw(recipe, true)
        const labels = wires.flatMap(({ label }) => (label === undefined ? [] : [label]))
        expect(collisions(labels)).toEqual([])
        expect(collisions(labels, atoms)).toEqual([])
        expect(collisions(bars, [...labels, ...atoms])).toEqual([])
      }),
      RUNS,
    )
  })

  test('lines keep off atoms, and off the flows that they do not lead to', () => {
    fc.assert(
      fc.property(recipes(80), fc.boolean(), (recipe, data) => {
        const { atoms, wires, flows } = draw(recipe, data)
        for (const wire of wires) {
          const inner = flows.filter(({ flow }) => flow.depth > wire.depth)
          const points = walk(wire.points)
          const hit = [...atoms, ...inner].filter((box) => points.some((at) => isInside(at, box)))
          expect(hit).toEqual([])
        }
      }),
      RUNS,
    )
  })

  test('texts fit', () => {
    fc.assert(
      fc.property(recipes(120), (recipe) => {
        const { atoms, wires, flows } = draw(recipe, true)
        for (const { atom, lines, width, height } of atoms) {
          const tips = atom.kind === 'retry' ? 2 * HEXAGON_TIP : 0
          const room = width - tips - 2 * BOX_PADDING.x
          for (const { kind, text } of lines) {
            expect(pixelsOf(text, LINES[kind].font)).toBeLessThanOrEqual(room + SLACK)
          }
          const high = lines.reduce((sum, { kind }) => sum + LINES[kind].height, 0)
          expect(high).toBeLessThanOrEqual(height - 2 * BOX_PADDING.y)
        }
        for (const { title, width } of flows) {
          expect(pixelsOf(title, TITLE_FONT)).toBeLessThanOrEqual(width - 2 * BOX_PADDING.x)
        }
        for (const { label } of wires) {
          for (const [i, text] of (label?.lines ?? []).entries()) {
            const sign = i === 0 && label?.hasDecider ? DECIDER_SIGN : 0
            expect(pixelsOf(text, LABEL.font) + sign).toBeLessThanOrEqual(label?.width ?? 0)
          }
        }
      }),
      RUNS,
    )
  })

  test('every atom and every flow is drawn once', () => {
    fc.assert(
      fc.property(recipes(60), (recipe) => {
        const flow = cook(recipe)
        const { atoms, flows } = draw(recipe)
        const drawn = atoms.map(({ atom }) => atom.name).sort()
        expect(drawn).toEqual(
          plan(flow)
            .atoms.map(({ name }) => name)
            .sort(),
        )
        expect(flows.map((one) => one.flow.id)).toEqual(plan(flow).flows.map(({ id }) => id))
      }),
      RUNS,
    )
  })
})
