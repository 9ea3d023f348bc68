import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Competitor, measure, measurementOf } from '../../bench/measure.ts'
import { insertTable, jsonOf, type Result, tableOf } from '../../bench/report.ts'
import { SUITES, type Suite } from '../../bench/suites.ts'
import { layeredResult, wideResult } from '../../bench/work.ts'

const CIRCUMSTANCES = {
  date: '2026-01-02',
  node: 'v24.0.0',
  processor: '2 × CPU',
  load: 0.1,
  server: undefined,
  rounds: 3,
}

const SUITE: Suite = {
  name: 'some',
  title: 'Some',
  kind: 'linear',
  unit: 'µs per task',
  sizes: [10, 1_000],
  quickSizes: [10],
  entrants: [],
}

function resultOf(suite: Suite, sizes: readonly number[]): Result {
  const cells = (factor: number) =>
    new Map(
      sizes.map((size) => [
        size,
        measurementOf(
          'x',
          [1, 3, 2].map((us) => us * factor),
        ),
      ]),
    )
  return {
    suite,
    sizes,
    rows: [
      { label: 'floor', cells: cells(1) },
      { label: 'ours', cells: cells(100) },
      { label: 'broken', cells: new Map([[10, { error: 'wrong' }]]) },
    ],
    absent: ['a server does not answer'],
    circumstances: CIRCUMSTANCES,
  }
}

const FACTS = '2026-01-02, Node v24.0.0, 2 × CPU, load 0.1, up to 3 rounds.'

test('a table has a column for each size, with ratios to the first line', () => {
  expect(tableOf(resultOf(SUITE, [10, 1_000]))).toBe(
    [
      '| µs per task | 10 | 1,000 |',
      '|---|---:|---:|',
      '| floor | 2.00 (1.00-3.00) ×1.00 | 2.00 (1.00-3.00) ×1.00 |',
      '| ours | 200 (100-300) ×100 | 200 (100-300) ×100 |',
      '| broken | failed |  |',
      '',
      FACTS,
      'Left out: a server does not answer.',
    ].join('\n'),
  )
})

test('a table of rates tells how many fit into a second', () => {
  const suite: Suite = { ...SUITE, unit: 'steps per second', isRate: true }
  expect(tableOf(resultOf(suite, [10]))).toContain('| ours | 5,000 | (3,333-10,000) | ×0.01 |')
})

test('all figures are in the file', () => {
  const { results, circumstances } = JSON.parse(jsonOf(resultOf(SUITE, [10])))
  expect(circumstances.load).toBe(0.1)
  expect(results[0].sizes['10']).toEqual({ median: 2, spread: [1, 3], values: [1, 3, 2] })
  expect(results[2].sizes['10']).toEqual({ error: 'wrong' })
})

test('a table goes to its place, and nowhere else', () => {
  const page = 'before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter'
  const next = 'before\n<!-- bench:a -->\nnew\n<!-- /bench:a -->\nafter'
  expect(insertTable(page, 'a', 'new')).toBe(next)
  expect(() => insertTable(page, 'b', 'new')).toThrow('has no place for b')
})

test('competitors run in turn, after one run that does not count', async () => {
  const order: string[] = []
  const competitor = (name: string): Competitor => ({
    name,
    async run() {
      order.push(name)
      return order.length
    },
  })
  const [a, b] = await measure([competitor('a'), competitor('b')], {
    rounds: 2,
    warmUpMs: 0,
    maxMs: 1_000,
  })
  expect(order.join('')).toBe('ababab')
  expect([a?.values, b?.values]).toEqual([
    [3, 5],
    [4, 6],
  ])
  expect(a?.median).toBe(4)
})

test('what is quick warms up for as long as it is told', async () => {
  let runs = 0
  const quick: Competitor = {
    name: 'quick',
    async run() {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 5))
      return runs
    },
  }
  const [measured] = await measure([quick], { rounds: 1, warmUpMs: 100, maxMs: 1_000 })
  expect(runs).toBeGreaterThan(2)
  expect(measured?.values).toEqual([runs])
})

test('one whose first run takes all of its time is not run again', async () => {
  let runs = 0
  const slow: Competitor = {
    name: 'slow',
    async run() {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      return 7
    },
  }
  const [measured] = await measure([slow], { rounds: 5, warmUpMs: 0, maxMs: 1 })
  expect([runs, measured?.values]).toEqual([1, [7]])
})

test('each suite has a name and a place of its own on the page', () => {
  const page = readFileSync('docs/performance.md', 'utf8')
  const names = SUITES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(insertTable(page, name, 'x')).toContain(`<!-- bench:${name} -->`)
})

test('the results of the work are what they are said to be', () => {
  expect(wideResult(4)).toBe(0 + 1 + 2 + 3)
  // Five tasks give 0 to 4; each of the next five gives a + 2b + 3c + 1 of three of them.
  expect(layeredResult(10)).toBe(9 + 15 + 21 + 12 + 8)
})
