import { describe, expect, test } from 'vitest'
import { Paint, widthOf } from '../../src/cli/paint.ts'
import { type Row, RunModel } from '../../src/cli/progress/model.ts'
import { treeLines } from '../../src/cli/progress/tree.ts'
import {
  type Engine,
  Failure,
  linear,
  load,
  SYSTEM_CLOCK,
  task,
  unordered,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { fc } from '../properties.ts'

const paint = new Paint({ hasColours: false, isUnicode: true })

/** A model of `width` flows with `height` tasks each. */
function modelOf(width: number, height: number): RunModel {
  const flow = unordered('all')
  for (let i = 0; i < width; i += 1) {
    const inner = linear(`flow-${i}`)
    for (let j = 0; j < height; j += 1) inner.add(task(`task-${i}-${j}`, { execute() {} }))
    flow.add(inner)
  }
  return new RunModel(load(flow) as unknown as Engine, SYSTEM_CLOCK)
}

describe('a tree', () => {
  test('is never wider nor higher than there is room, and shows what moves first', () => {
    const states = fc.constantFrom<Row['state']>('PENDING', 'RUNNING', 'SUCCESS', 'FAILURE')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(states, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 20, max: 100 }),
        fc.integer({ min: 5, max: 30 }),
        (width, height, cycle, columns, rows) => {
          using model = modelOf(width, height)
          const atoms = model.rows.filter(({ kind }) => kind === 'task')
          for (const [i, row] of atoms.entries()) {
            row.state = cycle[i % cycle.length]
            row.progress = 0.5
            row.attempt = i % 3
            if (row.state === 'FAILURE') row.failure = Failure.from(new Error('x'.repeat(i * 5)))
          }
          const lines = treeLines(model, paint, { columns, rows })
          expect(lines.length).toBeLessThanOrEqual(rows)
          expect(lines.filter((line) => widthOf(line) > columns)).toEqual([])
          if (model.rows.length <= rows) expect(lines).toHaveLength(model.rows.length)
          const moving = atoms.filter(({ state }) => state === 'RUNNING').length
          const shown = lines.filter((line) => /▶ /.test(line)).length
          // Each that moves may need its flow and a gap beside it.
          if (moving > 0 && rows >= 5) expect(shown).toBeGreaterThan(0)
          if (moving * 4 + 2 <= rows) expect(shown).toBe(moving)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('says what is left out', () => {
    using model = modelOf(1, 20)
    const atoms = model.rows.filter(({ kind }) => kind === 'task')
    for (const [i, row] of atoms.entries()) row.state = i < 12 ? 'SUCCESS' : 'PENDING'
    const moving = atoms[12]
    if (moving !== undefined) moving.state = 'RUNNING'
    const lines = treeLines(model, paint, { columns: 60, rows: 8 })
    expect(lines).toEqual([
      expect.stringMatching(/^all {2}PENDING {2}0\/20 {2}\d+ms$/),
      '  flow-0  0/20',
      expect.stringMatching(/^ {2}… \d+ SUCCESS$/),
      expect.stringContaining('✓ task-0-11'),
      expect.stringContaining('▶ task-0-12  RUNNING'),
      expect.stringContaining('○ task-0-13'),
      expect.stringContaining('○ task-0-14'),
      expect.stringMatching(/^ {2}… \d+ PENDING$/),
    ])
  })

  test('measures each atom, also where they run one at a time', async () => {
    const clock = new FakeClock()
    const pass = (name: string, ms: number) =>
      task(name, {
        async execute() {
          await null
          clock.advance(ms)
        },
      })
    const sync = task('c', { execute: () => clock.advance(70) })
    const thrown = task('d', {
      execute() {
        clock.advance(40)
        throw new Error('no')
      },
    })
    const flow = unordered('u').add(pass('a', 100), pass('b', 30), sync, thrown)
    const engine = load(flow) as unknown as Engine
    const took: (readonly [string, string | undefined, number | undefined])[] = []
    using _model = new RunModel(engine, clock, (move) => {
      if (move.kind !== 'atom' || move.row.tookMs === undefined) return
      const { name, state, tookMs } = move.row
      if (state === 'SUCCESS' || state === 'FAILURE') took.push([name, state, tookMs])
    })
    await engine.run().catch(() => {})
    expect(took).toEqual([
      ['a', 'SUCCESS', 100],
      ['b', 'SUCCESS', 30],
      ['c', 'SUCCESS', 70],
      ['d', 'FAILURE', 40],
    ])
  })

  test('counts, measures and turns as a run goes on', async () => {
    const clock = new FakeClock()
    const lines: string[][] = []
    const flow = linear('f').add(
      task('a', {
        requires: [],
        execute(_: Record<never, never>, { progress }) {
          progress(0.5)
          lines.push([...treeLines(model, paint, { columns: 60, rows: 10, frame: 1 })])
        },
      }),
      task('b', {
        execute() {
          throw new Error('no')
        },
      }),
    )
    const engine = load(flow) as unknown as Engine
    using model = new RunModel(engine, clock)
    await engine.run().catch(() => {})
    expect(lines[0]?.slice(0, 2)).toEqual([
      'f  RUNNING  0/2  0ms',
      '  ⠙ a  RUNNING  0ms  ██████░░░░░░ 50 %',
    ])
    const end = treeLines(model, paint, { columns: 60, rows: 10 })
    expect(end).toEqual([
      'f  REVERTED  0/2  0ms',
      '  ↩ a  REVERTED  0ms',
      '  ↩ b  REVERTED  0ms  Error: no',
    ])
  })
})
