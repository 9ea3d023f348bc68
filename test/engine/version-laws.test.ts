/**
 * For any change of a flow: the verdict says what the engine then does.
 *
 * @module
 */

import { expect, test } from 'vitest'
import {
  compare,
  type FlowItem,
  linear,
  loadFlowDetail,
  times,
  unordered,
} from '../../src/index.ts'
import { fc } from '../properties.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, type Workshop, workshop } from './steps.ts'

interface Plan {
  readonly pattern: 'linear' | 'unordered'
  readonly hasRetry: boolean
  readonly outer: readonly string[]
  readonly inner: readonly string[]
  /** Some of the atoms take what another one provides. */
  readonly takes: Readonly<Record<string, string>>
  readonly failing: string
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

const plans = fc
  .record({
    pattern: fc.constantFrom('linear' as const, 'unordered' as const),
    hasRetry: fc.boolean(),
    order: fc.shuffledSubarray(NAMES, { minLength: 3 }),
    cut: fc.nat(3),
    takes: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), { maxKeys: 3 }),
    failing: fc.constantFrom(...NAMES, 'nobody'),
  })
  .map(
    ({ order, cut, ...rest }): Plan => ({
      ...rest,
      outer: order.slice(0, cut),
      inner: order.slice(cut),
    }),
  )

/** What is to be undone now takes what is being undone already, and gone by then. */
const UNDONE_FIRST: [Plan, Plan, number] = [
  {
    pattern: 'linear',
    hasRetry: false,
    takes: {},
    failing: 'b',
    outer: [],
    inner: ['a', 'c', 'd', 'e', 'b', 'f'],
  },
  {
    pattern: 'linear',
    hasRetry: false,
    takes: { c: 'b' },
    failing: 'a',
    outer: [],
    inner: ['a', 'b', 'c', 'e', 'd'],
  },
  11,
]

/** Inputs that nobody can provide are left out, since the old version must have begun. */
function flowOf(plan: Plan, { step, bad }: Workshop, asItIs: boolean): FlowItem {
  const { pattern, hasRetry, outer, inner, takes, failing } = plan
  const atoms = (names: readonly string[], before: readonly string[]) =>
    names.map((name, i) => {
      const wanted = takes[name]
      const isThere =
        wanted !== undefined &&
        (before.includes(wanted) ||
          (pattern === 'linear' && names.indexOf(wanted) < i && names.includes(wanted)))
      const requires = wanted !== undefined && (asItIs || isThere) ? [wanted] : []
      return (name === failing ? bad : step)(name, { provides: name, requires })
    })
  const make = pattern === 'linear' ? linear : unordered
  const retry = hasRetry ? { retry: times(2, { name: 'r' }) } : {}
  return linear('f').add(...atoms(outer, []), make('g', retry).add(...atoms(inner, outer)))
}

test('what can go on does so to a proper end, and what cannot is refused', async () => {
  const verdicts = new Set<boolean>()
  await fc.assert(
    fc.asyncProperty(plans, plans, fc.nat(14), async (old, now, at) => {
      const crash = { at: at + 1, when: 'after' } as const
      const remains = await runUntilCrash(flowOf(old, workshop(), false), crash, { commit: 'move' })
      if (remains?.detail === undefined) return
      const { backend, uuid } = remains
      const flowDetail = await loadFlowDetail(backend, uuid)
      const hasBegun = [...flowDetail].some(({ state }) => state !== 'PENDING')
      if (!hasBegun) return
      const { canResume } = compare(flowDetail, flowOf(now, workshop(), true))
      verdicts.add(canResume)
      const w = workshop()
      const error = await errorOf(loadLoosely(flowOf(now, w, true), { backend, flowDetail }).run())
      if (canResume) {
        expect(['SUCCESS', 'REVERTED']).toContain(flowDetail.state)
        if (error !== undefined) expect(String(error)).toContain('is broken')
      } else {
        expect(error).toMatchObject({ code: expect.stringMatching(/FLOW_MISMATCH|MISSING_DEP/) })
        expect(w.calls).toEqual([])
      }
    }),
    { numRuns: 1500, examples: [UNDONE_FIRST] },
  )
  expect(verdicts).toEqual(new Set([true, false]))
})

test('a flow that has not changed can always go on', async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(14), async (plan, at) => {
      const crash = { at: at + 1, when: 'after' } as const
      const remains = await runUntilCrash(flowOf(plan, workshop(), false), crash, {
        commit: 'move',
      })
      if (remains?.detail === undefined) return
      const verdict = compare(remains.detail, flowOf(plan, workshop(), false))
      expect(verdict).toEqual({ canResume: true, differences: [] })
    }),
    { numRuns: 300 },
  )
})
