/**
 * What is observed of a case, and what is expected: section 8 of FORMAT.md.
 *
 * @module
 */
import type { Json, JsonObject } from './json.ts'

/** A failure; errors of the engine have no message, some have names instead. */
export interface ObservedFailure {
  readonly kind: string
  readonly message?: string
  readonly missing?: readonly string[]
  readonly names?: readonly string[]
}

/** What one operation of a script came to. */
export interface Step {
  readonly op: string
  readonly ended: 'returned' | 'raised' | 'crashed'
  readonly flowState: string | null
  readonly error?: { readonly failures: readonly ObservedFailure[] }
  readonly value?: Json
  readonly yields?: readonly string[]
}

/** A change of state. */
export type Transition = readonly [from: string, to: string]

/** A call of a method of an atom. */
export interface Call {
  readonly m: 'execute' | 'revert' | 'onFailure'
  readonly args: JsonObject
  readonly result?: Json
  readonly history?: Json
  readonly decision?: string | null
}

/** What became of an atom; `result` and `revertResult` are those of tasks, `history` of retries. */
export interface ObservedAtom {
  readonly kind: 'task' | 'retry'
  readonly state: string
  readonly intention: string
  readonly result?: Json
  readonly history?: Json
  readonly failure: ObservedFailure | null
  readonly revertResult?: Json
  readonly revertFailure: ObservedFailure | null
  readonly executes: number
  readonly reverts: number
  readonly transitions: readonly Transition[]
  readonly calls: readonly Call[]
  readonly flowFailures: readonly (readonly string[])[]
}

/** What became of a case. */
export interface Outcome {
  readonly flowState: string | null
  readonly steps: readonly Step[]
  readonly flowTransitions?: readonly Transition[]
  readonly results?: JsonObject
  readonly atoms?: Readonly<Record<string, ObservedAtom>>
  readonly order?: readonly string[]
  readonly callOrder?: readonly string[]
}

/** A pair of atoms, the first of which must come to rest before the second starts. */
export type OrderedPair = readonly [first: string, second: string]

/** What is determined of an outcome; what is absent is not compared. */
export interface Expectation extends Partial<Omit<Outcome, 'steps' | 'atoms'>> {
  readonly steps: readonly Partial<Step>[]
  readonly atoms?: Readonly<Record<string, Partial<ObservedAtom>>>
  readonly someResults?: JsonObject
  readonly runAfter?: readonly OrderedPair[]
  readonly revertAfter?: readonly OrderedPair[]
}

/**
 * Sorts what has no order: each run of neighbouring moves of atoms to PENDING, and likewise to
 * IGNORE.
 */
export function sortSweeps(order: readonly string[]): readonly string[] {
  const sorted: string[] = []
  for (let i = 0; i < order.length; ) {
    const state = sweepOf(order[i])
    let end = i + 1
    if (state !== undefined) while (end < order.length && sweepOf(order[end]) === state) end += 1
    sorted.push(...order.slice(i, end).sort(byCodePoint))
    i = end
  }
  return sorted
}

function sweepOf(event: string | undefined): string | undefined {
  const state = event?.match(/ (PENDING|IGNORE)$/)?.[1]
  return event?.startsWith('flow ') === true ? undefined : state
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
