/**
 * The comparison itself: a case that is not as expected must not pass.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Case } from './case.ts'
import { caseFiles, readCases } from './cases.ts'
import { compare } from './compare.ts'
import { ourExpectation, ourIds, ourReason } from './ours.ts'
import type { Expectation, Outcome } from './outcome.ts'

const CASES: ReadonlyMap<string, Case> = new Map(
  caseFiles()
    .flatMap((file) => readCases(file))
    .map((item) => [item.id, item]),
)

/** What is expected, as if it had been observed. */
function asObserved({ someResults, ...expected }: Expectation): Outcome {
  return { ...(someResults && { results: someResults }), ...expected } as unknown as Outcome
}

const RETRIED: Outcome = asObserved((CASES.get('retry-03') as Case).expect)

/** A copy in which one value is another. */
function changed(outcome: Outcome, path: string, value: unknown): Outcome {
  const copy = structuredClone(outcome) as unknown as Record<string, unknown>
  const keys = path.split('.')
  const last = keys.pop() as string
  let at = copy
  for (const key of keys) at = at[key] as Record<string, unknown>
  at[last] = value
  return copy as unknown as Outcome
}

describe('comparing', () => {
  test('finds no difference between an expectation and itself', () => {
    for (const { expect: expected } of CASES.values()) {
      const { runAfter: _run, revertAfter: _revert, ...rest } = expected // they need an order
      expect(compare(rest, asObserved(expected))).toEqual([])
    }
  })

  test.each([
    ['flowState', 'flowState', 'SUCCESS'],
    ['flowTransitions', 'flowTransitions.1.1', 'FAILURE'],
    ['results', 'results', { x: 1 }],
    ['steps', 'steps', []],
    ['steps', 'steps.0.ended', 'returned'],
    ['steps', 'steps.0.error', undefined],
    ['steps', 'steps.0.error.failures', []],
    ['steps', 'steps.0.error.failures.0.message', 'another'],
    ['atoms', 'atoms.b', {}],
    ['atoms.state', 'atoms.a.state', 'SUCCESS'],
    ['atoms.result', 'atoms.a.result', 0],
    ['atoms.failure', 'atoms.a.failure', null],
    ['atoms.executes', 'atoms.a.executes', true],
    ['atoms.history', 'atoms.r.history', [[1, {}]]],
    ['atoms.calls', 'atoms.r.calls.1.decision', 'REVERT'],
    ['atoms.flowFailures', 'atoms.a.flowFailures.0', []],
    ['atoms.transitions', 'atoms.a.transitions.3.1', 'REVERT_FAILURE'],
    ['order', 'order.1', 'a RUNNING'],
    ['callOrder', 'callOrder.0', 'a.execute'],
  ])('sees a change of %s at %s', (field, path, value) => {
    const differences = compare(RETRIED, changed(RETRIED, path, value))
    expect(differences.map((one) => one.field)).toEqual([field])
    expect(differences[0]?.text).not.toBe('')
  })

  test('lets moves of one sweep stand in any order', () => {
    const order = ['a PENDING', 'b PENDING', 'flow PENDING', 'a IGNORE']
    const expected: Expectation = { steps: [], order }
    const swapped = ['b PENDING', 'a PENDING', 'flow PENDING', 'a IGNORE']
    expect(compare(expected, { flowState: null, steps: [], order: swapped })).toEqual([])
    const apart = ['a PENDING', 'flow PENDING', 'b PENDING', 'a IGNORE']
    expect(compare(expected, { flowState: null, steps: [], order: apart })).toHaveLength(1)
  })

  test('matches failures in any order, each once', () => {
    const [boom, oops] = [{ kind: 'BoomError' }, { kind: 'BoomError', message: 'a' }]
    const step = { op: 'run', ended: 'raised', flowState: 'REVERTED' } as const
    const expected: Expectation = { steps: [{ error: { failures: [boom, oops] } }] }
    const observed = (...failures: { kind: string; message?: string }[]): Outcome => ({
      flowState: null,
      steps: [{ ...step, error: { failures } }],
    })
    expect(compare(expected, observed(oops, { kind: 'BoomError', message: 'b' }))).toEqual([])
    expect(compare(expected, observed(boom, boom))).toHaveLength(1)
    expect(compare(expected, observed(oops))).toHaveLength(1)
  })

  test.each([
    ['runAfter', ['b RUNNING', 'a RUNNING', 'a SUCCESS'], 1],
    ['runAfter', ['a RUNNING', 'a SUCCESS', 'b RUNNING'], 0],
    ['runAfter', ['a IGNORE', 'b RUNNING'], 0],
    ['revertAfter', ['a RUNNING', 'a SUCCESS', 'b REVERTING'], 1],
    ['revertAfter', ['a REVERTED', 'b REVERTING'], 0],
  ])('%s holds in %j: %i differences', (field, order, count) => {
    const expected: Expectation = { steps: [], [field]: [['a', 'b']] }
    expect(compare(expected, { flowState: null, steps: [], order })).toHaveLength(count)
  })

  test('reports pairs that cannot be checked', () => {
    const expected: Expectation = { steps: [], runAfter: [['a', 'b']] }
    expect(compare(expected, { flowState: null, steps: [] })).toHaveLength(1)
  })
})

describe('ours.jsonl', () => {
  const listed = readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8')

  test.each(ourIds())(
    '%s: rests on a difference that is listed, and we promise something else',
    (id) => {
      const item = CASES.get(id) as Case
      const [difference = ''] = ourReason(id).split(':')
      expect(listed).toContain(`(\`${difference.replace(/^serial-batch-.*/, 'serial-batch-*')}\`)`)
      if (item.accidental === true) expect(item.accidentalReasons).toContain(difference)
      const ours = ourExpectation(item) as Expectation
      expect(compare(ours, asObserved(item.expect))).not.toEqual([])
    },
  )
})
