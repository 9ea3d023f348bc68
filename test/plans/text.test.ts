/**
 * Plans as text.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { linear, plan, task } from '../../src/index.ts'
import { columnsOf } from '../../src/plans/characters.ts'
import { fc } from '../properties.ts'
import { cook, recipes } from './random-pictures.ts'
import { failedRun, STORE, sampleFlow } from './sample.ts'

describe('text', () => {
  test('shows tree, levels and wiring, then what is worth knowing', () => {
    expect(plan(sampleFlow(), { store: STORE }).toText()).toMatchInlineSnapshot(`
      "       sample (linear)
          1  ├─ sample_retry (retry) *
             ├─ disk (graph)
          2  │  ├─ check (no revert) *
             │  │    ← store: name = disk
             │  │    → free
          3  │  ├─ grow *
             │  │    after check ◇ decider, ATOM
             │  │    ← check: free
             │  │    ← default: by
          4  │  └─ report *
             │       after grow
             ├─ retried (unordered)
          5  │  ├─ hosts (retry) *
             │  │    → host
          6  │  ├─ copy *
             │  │    ← hosts: host
          6  │  └─ other
             │       → unused
             └─ nothing (linear), empty

      Levels         6, at most 2 atoms at once
      Critical path  6 of 7 atoms: sample_retry → check → grow → report → hosts → copy
                     atoms on it are marked with *
      Never used     spare (store), unused (other)
      No revert      check
      Retries        sample_retry is in charge of check, grow, report, hosts, copy,
                     other
                     hosts is in charge of copy, other; then asks sample_retry
      Deciders       check → grow: decider, ATOM
      "
    `)
  })

  test('shows what a run has made of it', async () => {
    const text = plan(sampleFlow(), { store: STORE }).toText({ flowDetail: await failedRun() })
    expect(text).toMatchInlineSnapshot(`
      "       sample (linear) REVERTED
          1  ├─ ↩ sample_retry (retry) * REVERTED
             ├─ disk (graph)
          2  │  ├─ ↩ check (no revert) * REVERTED · 0 ms
             │  │    ← store: name = disk
             │  │    → free
          3  │  ├─ ⊘ grow * IGNORE
             │  │    after check ◇ decider, ATOM
             │  │    ← check: free
             │  │    ← default: by
          4  │  └─ ↩ report * REVERTED · 0 ms
             │       after grow
             ├─ retried (unordered)
          5  │  ├─ ↩ hosts (retry) * REVERTED · attempt 2
             │  │    → host
          6  │  ├─ ↩ copy * REVERTED · had failed · attempt 2 · 0 ms
             │  │    no space <left>
             │  │    ← hosts: host
          6  │  └─ ○ other PENDING
             │       → unused
             └─ nothing (linear), empty

      Levels         6, at most 2 atoms at once
      Critical path  6 of 7 atoms: sample_retry → check → grow → report → hosts → copy
                     atoms on it are marked with *
      Never used     spare (store), unused (other)
      No revert      check
      Retries        sample_retry is in charge of check, grow, report, hosts, copy,
                     other
                     hosts is in charge of copy, other; then asks sample_retry
      Deciders       check → grow: decider, ATOM
      "
    `)
  })

  test('shows a single task, what is missing, and an empty flow', () => {
    const alone = task('alone', { execute: ({ size }: { size: number }) => size })
    expect(plan(alone).toText()).toMatchInlineSnapshot(`
      "    1  alone (no revert)
               ✗ missing: size

      Levels         1, at most 1 atom at once
      Critical path  1 of 1 atom: alone
      Missing        size for execute of alone
      No revert      alone
      "
    `)
    expect(plan(linear('empty')).toText()).toMatchInlineSnapshot(`
      "       empty (linear), empty

      Levels         0, at most 0 atoms at once
      Critical path  0 of 0 atoms
      "
    `)
  })

  test('gives the critical path in time when durations are known', () => {
    const durations = { check: 1500, grow: 20, report: 200_000 }
    expect(plan(sampleFlow(), { store: STORE, durations }).toText()).toMatch(
      /3 min 22 s of 3 min 22 s/,
    )
  })

  test.each([39, 80.5, Number.NaN])('refuses a width of %d', (width) => {
    expect(() => plan(linear('f')).toText({ width })).toThrow(RangeError)
  })

  test('no line is wider than asked, and none ends in a space', () => {
    fc.assert(
      fc.property(recipes(60), fc.integer({ min: 40, max: 120 }), (recipe, width) => {
        for (const line of plan(cook(recipe)).toText({ width }).split('\n')) {
          expect(columnsOf(line)).toBeLessThanOrEqual(width)
          expect(line).toBe(line.trimEnd())
        }
      }),
      { numRuns: 20 },
    )
  })

  test('names cannot break out of their line', () => {
    const name = 'a\n\u001b[31mb\u202ec'
    const text = plan(linear(name).add(task(`task ${name}`, { execute: () => 1 }))).toText()
    expect(text).toContain('task a \\u{1b}[31mb\\u{202e}c')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(text).not.toMatch(/[\u001b\u202e]/)
  })

  test('an atom that the record does not know is PENDING, and a record is asked for', async () => {
    const flow = linear('f').add(task('new', { execute: () => 1 }))
    expect(plan(flow).toText({ flowDetail: await failedRun() })).toMatch(
      /○ new \(no revert\) PENDING/,
    )
    expect(() => plan(flow).toText({ flowDetail: {} as never })).toThrow(TypeError)
  })
})
