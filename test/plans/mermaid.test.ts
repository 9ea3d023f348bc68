/**
 * Plans as Mermaid flowcharts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { linear, plan, task } from '../../src/index.ts'
import { fc, isName } from '../properties.ts'
import { cook, recipes } from './random-pictures.ts'
import { failedRun, STORE, sampleFlow } from './sample.ts'

/** The lines of the language that are used here; labels hold no sign that ends them. */
const LABEL = '"[^"`&<>$%*~]*(?:<br/>[^"`&<>$%*~]*)*"'
const GRAMMAR: readonly RegExp[] = [
  /^flowchart TB$/,
  new RegExp(`^subgraph flow\\d+\\[${LABEL}\\]$`),
  /^direction TB$/,
  /^end$/,
  new RegExp(`^atom\\d+(?:\\[${LABEL}\\]|\\{\\{${LABEL}\\}\\})$`),
  /^empty\d+\(\["nothing"\]\)$/,
  new RegExp(`^(?:atom|flow)\\d+ -\\.?->(?:\\|${LABEL}\\|)? (?:atom|flow)\\d+$`),
  /^classDef \w+ [\w:#,\- ]+$/,
  /^class atom\d+(?:,atom\d+)* \w+$/,
]

/** Fails when a line is none of the language, or a line leads to what is not there. */
function check(text: string): void {
  let depth = 0
  const known = new Set<string>()
  const wrong: string[] = []
  for (const line of text
    .trimEnd()
    .split('\n')
    .map((one) => one.trim())) {
    if (!GRAMMAR.some((form) => form.test(line))) wrong.push(line)
    depth += line.startsWith('subgraph ') ? 1 : line === 'end' ? -1 : 0
    if (depth < 0) wrong.push(line)
    const id = /^(?:subgraph )?((?:atom|flow)\d+)[[{]/.exec(line)?.[1]
    if (id !== undefined && known.has(id)) wrong.push(line)
    if (id !== undefined) known.add(id)
    const [, from = '', to = ''] = /^(\w+) -.* (\w+)$/.exec(line) ?? []
    if (from !== '' && !(known.has(from) && known.has(to))) wrong.push(line)
  }
  expect(wrong).toEqual([])
  expect(depth).toBe(0)
}

describe('mermaid', () => {
  test('shows flows, order, data, deciders and retries', () => {
    expect(plan(sampleFlow(), { store: STORE }).toMermaid()).toMatchInlineSnapshot(`
      "flowchart TB
        subgraph flow0["sample · linear"]
          direction TB
          atom0{{"sample_retry"}}
          subgraph flow1["disk · graph"]
            direction TB
            atom1["check<br/>from store: disk<br/>no revert"]
            atom2["grow"]
            atom3["report"]
          end
          subgraph flow2["retried · unordered"]
            direction TB
            atom4{{"hosts"}}
            atom5["copy"]
            atom6["other"]
          end
          subgraph flow3["nothing · linear"]
            direction TB
            empty3(["nothing"])
          end
        end
        atom0 --> flow1
        flow1 --> flow2
        flow2 --> flow3
        atom1 -->|"◇ decider, ATOM<br/>free"| atom2
        atom2 --> atom3
        atom4 -->|"host"| atom5
        atom4 --> atom6
        classDef critical stroke-width:3px
        class atom0,atom1,atom2,atom3,atom4,atom5 critical
      "
    `)
  })

  test('shows what a run has made of it, in words and colours', async () => {
    const text = plan(sampleFlow(), { store: STORE }).toMermaid({ flowDetail: await failedRun() })
    check(text)
    expect(text).toMatch(/"copy<br\/>↩ REVERTED · had failed · attempt 2/)
    expect(text).toMatch(/classDef REVERTED fill:#\w+,stroke:#\w+,color:#1f2328/)
  })

  test('is written in the language, whatever the names are', () => {
    fc.assert(
      fc.property(
        recipes(60),
        fc.boolean(),
        fc.string({ minLength: 1, unit: 'binary' }).filter(isName),
        (recipe, data, name) => {
          check(plan(cook(recipe)).toMermaid({ data }))
          check(plan(linear(name).add(task(name, { execute: () => 1 }))).toMermaid())
        },
      ),
      { numRuns: 25 },
    )
  })

  test.each([
    "%%{init: {'theme': 'dark'}}%%",
    '%% comment',
    'a"] --> b["c',
    'x\nend\nclick atom0 "javascript:alert(1)"',
    '`**bold**`',
    '$$\\sqrt{2}$$',
    '<script>alert(1)</script>',
    '#quot; &quot; #34;',
    '1. first',
    '- item',
    '---\ntitle: x\n---',
    '\u202eevil\u2028',
  ])('takes the name %j for text', (name) => {
    const text = plan(
      linear(name).add(
        task(name, { provides: name, execute: () => 1 }),
        task(`${name}2`, { rebind: { x: name }, execute: ({ x }: { x: number }) => x } as never),
      ),
    ).toMermaid({ data: true })
    check(text)
    expect(text).not.toMatch(/%%|\$\$|<script|"(?:1\.|-) |[\u2028\u202e]/)
  })

  test('leaves data out of pictures of more than 40 atoms, unless asked for it', () => {
    const give = task('give', { provides: 'x', execute: () => 1 })
    const take = (i: number) => task(`take ${i}`, { execute: ({ x }: { x: number }) => x })
    const flow = linear('f').add(give, ...Array.from({ length: 40 }, (_, i) => take(i)))
    expect(plan(flow).toMermaid()).not.toContain('"x"')
    expect(plan(flow).toMermaid({ data: true }).match(/"x"/g)).toHaveLength(40)
  })
})
