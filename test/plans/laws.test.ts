/**
 * A plan says what the engine then does: random flows, planned and run.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { type FlowItem, graph, linear, plan, unordered } from '../../src/index.ts'
import { makePlanned } from '../engine/planned-flow.ts'
import { flowPlans } from '../engine/random-flows.ts'
import { loadLoosely, type Workshop, workshop } from '../engine/steps.ts'
import { fc } from '../properties.ts'

test('an atom has a higher level than all before it, and only as high as needed', () => {
  fc.assert(
    fc.property(flowPlans({ retries: true, deciders: true }), (recipe) => {
      const { flow, before, store } = makePlanned(recipe, workshop())
      const { atoms } = plan(flow, { store })
      const levels = new Map(atoms.map(({ name, level }) => [name, level]))
      for (const { name, level } of atoms) {
        const earlier = [...(before.get(name) ?? [])].map((one) => levels.get(one) as number)
        expect(Math.max(0, ...earlier) + 1).toBe(level)
      }
    }),
  )
})

/** A flow whose tasks provide few symbols, and take some if they can. */
interface WiredPlan {
  readonly pattern: 'linear' | 'unordered' | 'graph'
  readonly children: readonly (WiredPlan | WiredTask)[]
}

interface WiredTask {
  readonly provides: string
  readonly takes: readonly string[]
}

const SYMBOLS = ['x', 'y', 'z', 'stored']

const wiredTasks: fc.Arbitrary<WiredTask> = fc.record({
  provides: fc.constantFrom(...SYMBOLS),
  takes: fc.uniqueArray(fc.constantFrom(...SYMBOLS)),
})
const wiredFlows = (depth: number): fc.Arbitrary<WiredPlan> =>
  fc.record({
    pattern: fc.constantFrom('linear' as const, 'unordered' as const, 'graph' as const),
    children: fc.array(depth === 0 ? wiredTasks : fc.oneof(wiredTasks, wiredFlows(depth - 1)), {
      maxLength: 5,
    }),
  })

function make(workplace: Workshop, wired: WiredPlan, path: string): FlowItem {
  const children = wired.children.map((child, i) => {
    const name = `${path}.${i}`
    if ('children' in child) return make(workplace, child, name)
    const { provides, takes } = child
    return workplace.step(name, { requires: [], optional: takes, provides }) as FlowItem
  })
  if (wired.pattern === 'linear') return linear(path).add(...children)
  if (wired.pattern === 'unordered') return unordered(path).add(...children)
  const flow = graph(path)
  flow.addWith({ resolveRequires: false, resolveExisting: false }, ...children)
  for (let i = 2; i < children.length; i += 1) {
    flow.link(children[i - 2] as FlowItem, children[i] as FlowItem)
  }
  return flow
}

test('each input comes from where the plan says', async () => {
  await fc.assert(
    fc.asyncProperty(wiredFlows(2), async (wired) => {
      const workplace = workshop()
      const flow = make(workplace, wired, 'f')
      const { atoms } = plan(flow, { store: ['stored'] })
      await loadLoosely(flow, { store: { stored: 'of the store' } }).run()
      for (const { name, inputs } of atoms) {
        const expected: Record<string, unknown> = {}
        for (const { method, argument, source } of inputs) {
          if (method !== 'execute') continue
          if (source.kind === 'atom') expected[argument] = source.atom // tasks return their names
          if (source.kind === 'store') expected[argument] = 'of the store'
        }
        expect(workplace.calls.find((call) => call.name === name)?.inputs).toEqual(expected)
      }
    }),
  )
})

test('lacking inputs are those for which the engine refuses to start', async () => {
  await fc.assert(
    fc.asyncProperty(wiredFlows(1), fc.array(fc.constantFrom(...SYMBOLS)), async (wired, needs) => {
      const workplace = workshop()
      const asking = workplace.step('asking', { requires: [...new Set(needs)] })
      const flow = linear('all').add(make(workplace, wired, 'f'), asking as never)
      const { missing } = plan(flow)
      const refusal = await loadLoosely(flow)
        .run()
        .then(
          () => [],
          (error: { readonly missing: readonly object[] }) => error.missing,
        )
      expect(missing.map(({ unseen: _, ...gap }) => gap)).toEqual(refusal)
    }),
  )
})
