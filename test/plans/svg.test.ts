/**
 * Plans as SVG: the text of the picture. What stands where is tested in geometry.test.ts.
 *
 * @module
 */

import { afterEach, describe, expect, test, vi } from 'vitest'
import { linear, plan, task } from '../../src/index.ts'
import { toSvg } from '../../src/plans/svg.ts'
import { fc, isName } from '../properties.ts'
import { cook, recipes } from './random-pictures.ts'
import { failedRun, STORE, sampleFlow } from './sample.ts'

afterEach(() => {
  vi.doUnmock('@dagrejs/dagre')
  vi.resetModules()
})

/** The texts of a picture; fails when it is not well-formed XML of the kind that is written here. */
function textsOf(svg: string): readonly string[] {
  const open: string[] = []
  const texts: string[] = []
  const part = /<(\/?)(\w+)((?: [\w-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*)(\/?)>|(?:[^<&]|&#\d+;)+/y
  while (part.lastIndex < svg.length) {
    const at = part.lastIndex
    const found = part.exec(svg)
    if (found === null) throw new Error(`no XML: ${svg.slice(at, at + 80)}`)
    const [all, closing, name, , isEmpty] = found
    if (name === undefined) {
      const text = all.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      if (open.at(-1) === 'text') texts.push(text)
    } else if (closing === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`${last} is closed as ${name}`)
    } else if (isEmpty === '') open.push(name)
  }
  expect(open).toEqual([])
  return texts
}

describe('svg', () => {
  test('is well-formed, whatever the names are', async () => {
    await fc.assert(
      fc.asyncProperty(
        recipes(40),
        fc.string({ minLength: 1, unit: 'binary' }).filter(isName),
        async (recipe, name) => {
          textsOf(await toSvg(plan(cook(recipe))))
          const flow = linear(name).add(task(name, { execute: () => 1 }))
          expect(await toSvg(plan(flow))).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('shows flows, atoms, wiring, deciders and retries in words', async () => {
    const texts = textsOf(await toSvg(plan(sampleFlow(), { store: STORE })))
    expect(texts).toMatchInlineSnapshot(`
      [
        "sample · linear",
        "disk · graph",
        "retried · unordered",
        "nothing · linear",
        "decider, ATOM",
        "free",
        "host",
        "sample_retry",
        "check",
        "from store: disk",
        "no revert",
        "grow",
        "report",
        "hosts",
        "copy",
        "other",
        "order",
        "decider, depth",
        "retry",
        "critical path",
      ]
    `)
  })

  test('shows states, attempts, durations and failures in words and signs', async () => {
    const svg = await toSvg(plan(sampleFlow(), { store: STORE }), { flowDetail: await failedRun() })
    expect(textsOf(svg)).toMatchInlineSnapshot(`
      [
        "sample · linear · REVERTED · 1 min 37 s",
        "disk · graph",
        "retried · unordered",
        "nothing · linear",
        "decider, ATOM",
        "free",
        "host",
        "sample_retry",
        "↩ REVERTED",
        "check",
        "↩ REVERTED · 0 ms",
        "from store: disk",
        "no revert",
        "grow",
        "⊘ IGNORE",
        "report",
        "↩ REVERTED · 0 ms",
        "hosts",
        "↩ REVERTED · attempt 2",
        "copy",
        "↩ REVERTED · had failed · attempt 2 · 0 ms",
        "other",
        "○ PENDING",
        "order",
        "decider, depth",
        "retry",
        "critical path",
      ]
    `)
    expect(svg).toContain('no space &#60;left&#62;')
    expect(svg).toMatch(/<rect class="tf-box tf-REVERTED tf-failed/)
  })

  test('marks what is missing', async () => {
    const svg = await toSvg(plan(task('alone', { execute: ({ size }: { size: number }) => size })))
    expect(textsOf(svg)).toEqual(['alone', '✗ missing: size', 'no revert'])
    expect(svg).toContain('tf-lacking')
  })

  test('has the colours of the asked theme, and of the reader by default', async () => {
    const flow = linear('f').add(task('a', { execute: () => 1 }))
    const [auto, light, dark] = await Promise.all(
      (['auto', 'light', 'dark'] as const).map((theme) => toSvg(plan(flow), { theme })),
    )
    expect(auto).toContain('@media(prefers-color-scheme:dark){.tf-auto .tf-page{fill:#0d1117}')
    expect(light).toContain('.tf-light .tf-page{fill:#ffffff}')
    expect(dark).toContain('.tf-dark .tf-page{fill:#0d1117}')
    expect(light).not.toContain('@media')
    expect(dark).not.toContain('@media')
    await expect(toSvg(plan(flow), { theme: 'blue' as never })).rejects.toThrow(RangeError)
  })

  test('goes without a legend when asked', async () => {
    const planned = plan(sampleFlow(), { store: STORE })
    expect(textsOf(await toSvg(planned, { legend: false }))).not.toContain('critical path')
  })

  test('the same plan gives the same picture', async () => {
    const [one, other] = [plan(sampleFlow()), plan(sampleFlow())]
    expect(await toSvg(one)).toBe(await toSvg(other))
  })

  test('says what to install when dagre is not there', async () => {
    vi.resetModules()
    vi.doMock('@dagrejs/dagre', () => {
      throw new Error('not found')
    })
    const fresh = await import('../../src/plans/svg.ts')
    await expect(fresh.toSvg(plan(linear('f')))).rejects.toThrow(
      'pictures need the package @dagrejs/dagre: npm install @dagrejs/dagre',
    )
  })
})
