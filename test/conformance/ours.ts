/**
 * What we promise where we differ from the recorded engine on purpose.
 *
 * ours.jsonl has one line per case: its id, why (a difference listed in docs/differences.md), and
 * what is otherwise than recorded. Written by reasoning from that promise, not recorded.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from './case.ts'
import type { Json } from './json.ts'
import type { Expectation } from './outcome.ts'

/** What is otherwise in one case. */
interface Ours {
  readonly id: string
  readonly why: string
  /** New values by path, such as `atoms.a.state` or `steps.0.error`. */
  readonly change: Readonly<Record<string, Json>>
}

const ALL: ReadonlyMap<string, Ours> = new Map(
  readFileSync(join(import.meta.dirname, 'ours.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Ours)
    .map((ours) => [ours.id, ours]),
)

/** The ids of the cases in which we differ. */
export function ourIds(): readonly string[] {
  return [...ALL.keys()]
}

/** Why we differ in a case: a difference that is listed, and what it means there. */
export function ourReason(id: string): string {
  return ALL.get(id)?.why ?? ''
}

/**
 * The whole expectation of a case in which we differ; undefined when nothing is said of it.
 *
 * @throws RangeError when a path leads nowhere.
 */
export function ourExpectation(item: Case): Expectation | undefined {
  const ours = ALL.get(item.id)
  if (ours === undefined) return undefined
  const expected = structuredClone(item.expect) as unknown as Record<string, unknown>
  for (const [path, value] of Object.entries(ours.change)) replace(item.id, expected, path, value)
  return expected as unknown as Expectation
}

function replace(id: string, root: Record<string, unknown>, path: string, value: Json): void {
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let at: Record<string, unknown> = root
  for (const key of keys) {
    const next = at[key]
    if (typeof next !== 'object' || next === null) {
      throw new RangeError(`ours.jsonl changes ${path} of ${id}, which is not recorded`)
    }
    at = next as Record<string, unknown>
  }
  if (!(last in at)) {
    throw new RangeError(`ours.jsonl changes ${path} of ${id}, which is not recorded`)
  }
  at[last] = value
}
