/**
 * Says of an observed outcome whether it is what we promise.
 *
 * That is what was recorded; for a case that leans on accidental behaviour, what ours.jsonl says
 * instead, where we differ on purpose.
 *
 * @module
 */
import type { Case } from './case.ts'
import { compare, type Difference } from './compare.ts'
import type { Configuration } from './configuration.ts'
import { ourExpectation } from './ours.ts'
import type { Expectation, ObservedAtom, Outcome, Step } from './outcome.ts'
import { runCase } from './runner.ts'

/** What came of a case: an outcome, or the runner's own failure. */
export type Observed = Outcome | { readonly runnerFailed: string }

/** What is thought of an outcome. */
export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly differences: readonly Difference[] }
  /** An accidental case that ours.jsonl does not know: nothing is promised. */
  | { readonly kind: 'deliberate'; readonly reasons: readonly string[] }

const PASSED: Verdict = { kind: 'passed' }

/** Runs a case; does not throw. */
export async function observe(item: Case, configuration: Configuration): Promise<Observed> {
  try {
    return await runCase(item, configuration)
  } catch (error) {
    return { runnerFailed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Judges an outcome that was observed under a configuration. */
export function judge(
  item: Case,
  observed: Observed,
  { commitWithCrashes }: Pick<Configuration, 'commitWithCrashes'>,
): Verdict {
  if ('runnerFailed' in observed) {
    return { kind: 'failed', differences: [{ field: 'runner', text: observed.runnerFailed }] }
  }
  const check = (expected: Expectation): readonly Difference[] =>
    compare(commitWithCrashes === 'tick' ? withoutMoves(expected, item) : expected, observed)
  const ours = ourExpectation(item)
  const differences = check(ours ?? item.expect)
  if (differences.length === 0) return PASSED
  if (item.accidental !== true || ours !== undefined) return { kind: 'failed', differences }
  return { kind: 'deliberate', reasons: item.accidentalReasons ?? [] }
}

/**
 * What must hold after a crash however much is one transaction: everything but the moves
 * themselves, since what was stored with the last one that was reported is never reported, and
 * the states between operations.
 */
function withoutMoves(expected: Expectation, { script }: Case): Expectation {
  const hasCrashes = script.some(
    (operation) => 'crashWhen' in operation || 'crashAfterYields' in operation,
  )
  if (!hasCrashes) return expected
  const { order: _o, flowTransitions: _f, runAfter: _r, revertAfter: _v, ...rest } = expected
  const steps = expected.steps.map(({ flowState: _state, ...step }): Partial<Step> => step)
  const atoms = Object.entries(expected.atoms ?? {}).map(([name, atom]) => [
    name,
    withoutTransitions(atom),
  ])
  const broken = isLeftBroken(expected) ? { flowState: 'FAILURE' } : {}
  return { ...rest, ...broken, steps, ...(expected.atoms && { atoms: Object.fromEntries(atoms) }) }
}

/**
 * A flow with an atom that failed and is not reverted ends FAILURE in ticks, also when the process
 * died in between; in moves it ends REVERTED, as recorded.
 */
function isLeftBroken({ flowState, atoms = {} }: Expectation): boolean {
  const isBroken = ({ state }: Partial<ObservedAtom>): boolean =>
    state === 'REVERT_FAILURE' || state === 'FAILURE'
  return flowState === 'REVERTED' && Object.values(atoms).some(isBroken)
}

/** An atom that is ignored has its intention in the same transaction. */
function withoutTransitions(atom: Partial<ObservedAtom>): Partial<ObservedAtom> {
  const { transitions: _transitions, ...rest } = atom
  if (atom.state !== 'IGNORE') return rest
  const { intention: _intention, ...others } = rest
  return others
}
