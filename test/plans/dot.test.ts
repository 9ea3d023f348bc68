/**
 * Plans in Graphviz's language, read by the real `dot` where it is installed.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { linear, plan, task } from '../../src/index.ts'
import { fc } from '../properties.ts'
import { cook, recipes } from './random-pictures.ts'
import { failedRun, STORE, sampleFlow } from './sample.ts'

const hasDot = spawnSync('dot', ['-V']).status === 0
const why = hasDot ? '' : ' [skipped: Graphviz is not installed, apt-get install graphviz]'

/** What `dot` reads, as plain lines: it fails on what it does not understand. */
function readByDot(dot: string): string {
  const { stdout, stderr, status } = spawnSync('dot', ['-Tplain'], { input: dot, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

describe('dot', () => {
  test('shows flows, order, data, deciders and retries', () => {
    expect(plan(sampleFlow(), { store: STORE }).toDot()).toMatchInlineSnapshot(`
      "digraph "sample" {
        compound=true
        node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica"]
        edge [fontname="Helvetica", fontsize=10]
        graph [fontname="Helvetica", color="#8c959f"]
        subgraph cluster_0 {
          label="sample · linear"
          atom0 [label="sample_retry", shape="hexagon", style="filled", penwidth="2.5"]
          subgraph cluster_1 {
            label="disk · graph"
            atom1 [label="check\\nfrom store: disk\\nno revert", penwidth="2.5"]
            atom2 [label="grow", penwidth="2.5"]
            atom3 [label="report", penwidth="2.5"]
          }
          subgraph cluster_2 {
            label="retried · unordered"
            atom4 [label="hosts", shape="hexagon", style="filled", penwidth="2.5"]
            atom5 [label="copy", penwidth="2.5"]
            atom6 [label="other"]
          }
          subgraph cluster_3 {
            label="nothing · linear"
            empty3 [label="nothing", shape="plaintext"]
          }
        }
        atom0 -> atom1 [lhead="cluster_1"]
        atom3 -> atom4 [ltail="cluster_1", lhead="cluster_2"]
        atom6 -> empty3 [ltail="cluster_2", lhead="cluster_3"]
        atom1 -> atom2 [label="◇ decider, ATOM\\nfree"]
        atom2 -> atom3
        atom4 -> atom5 [label="host"]
        atom4 -> atom6
      }
      "
    `)
  })

  test('shows what a run has made of it, in words and colours', async () => {
    const text = plan(sampleFlow(), { store: STORE }).toDot({ flowDetail: await failedRun() })
    expect(text).toMatch(/label="copy\\n↩ REVERTED · had failed · attempt 2[^"]*".*fillcolor="#/)
  })

  test('shows entities in names as they are written, and ends no text early', () => {
    const name = '&lt;b&gt; &#8238; &x y" ] evil [label="\\'
    const text = plan(task(name, { execute: () => 1 })).toDot()
    expect(text).toContain(
      'label="&amp;lt;b&amp;gt; &amp;#8238; &x y\\" ] evil [label=\\"\\\\\\nno revert"',
    )
  })

  test.skipIf(!hasDot)(`Graphviz reads all of it, whatever the names are${why}`, () => {
    fc.assert(
      fc.property(recipes(40), (recipe) => {
        const planned = plan(cook(recipe))
        const nodes = readByDot(planned.toDot()).match(/^node atom/gm) ?? []
        expect(nodes).toHaveLength(planned.atoms.length)
      }),
      { numRuns: 8 },
    )
    const name = 'a "b" \\ \\N <c> & {d|e}\n\u0007 end\\'
    readByDot(plan(linear(name).add(task(name, { execute: () => 1 }), linear('none'))).toDot())
    readByDot(plan(task(name, { execute: () => 1 })).toDot())
  })

  test.skipIf(!hasDot)(`Graphviz draws the sample${why}`, async () => {
    const dot = plan(sampleFlow(), { store: STORE }).toDot({ flowDetail: await failedRun() })
    const svg = execFileSync('dot', ['-Tsvg'], { input: dot, encoding: 'utf8' })
    expect(svg).toContain('>copy</text>')
    expect(svg.match(/class="cluster"/g)).toHaveLength(4)
  })
})
