/**
 * The diagrams of docs/states.md are those of the tables. With `-u` the page is printed anew.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RETRY_MOVES, TASK_MOVES } from '../../src/states/atom.ts'
import { FLOW_MOVES } from '../../src/states/flow.ts'
import { JOB_MOVES } from '../../src/states/job.ts'

type Moves = Readonly<Record<string, readonly string[]>>

const DIAGRAMS: Readonly<Record<string, Moves>> = {
  Flow: FLOW_MOVES,
  Task: TASK_MOVES,
  Retry: RETRY_MOVES,
  Job: JOB_MOVES,
}

/** A table as a Mermaid diagram; things begin in the state that stands first. */
function diagramOf(moves: Moves): string {
  const lines = [`[*] --> ${Object.keys(moves)[0]}`]
  for (const [from, targets] of Object.entries(moves)) {
    for (const to of targets) lines.push(`${from} --> ${to}`)
    if (targets.length === 0) lines.push(`${from} --> [*]`)
  }
  return ['stateDiagram-v2', ...lines.map((line) => `  ${line}`)].join('\n')
}

test('docs/states.md shows the tables', async () => {
  let page = readFileSync('docs/states.md', 'utf8')
  for (const [title, moves] of Object.entries(DIAGRAMS)) {
    const block = new RegExp(`(?<=^## ${title}\\n\\n\`\`\`mermaid\\n)[^\`]*(?=\\n\`\`\`$)`, 'm')
    expect(page).toMatch(block)
    page = page.replace(block, diagramOf(moves))
  }
  await expect(page).toMatchFileSnapshot('../../docs/states.md')
})
