/**
 * No false alarm: whatever flow is explored, no law is broken, and what the records say was done is
 * what was done.
 *
 * @module
 */

import { expect, test, vi } from 'vitest'
import { TaskDetail } from '../../src/index.ts'
import { explore, type FlowMaker } from '../../src/testing/index.ts'
import { makePlanned } from '../engine/planned-flow.ts'
import { flowPlans } from '../engine/random-flows.ts'
import { workshop } from '../engine/steps.ts'
import { fc } from '../properties.ts'

/** Which tasks are done and not undone, in truth. */
type World = Set<string>

const STORE = { values: [1, 2, 3] }

test.each([
  { engine: 'serial', options: { crashes: 2, revertFailures: true } },
  { engine: 'parallel', options: { crashes: 2 } },
] as const)('$engine engines keep the laws in every flow', async ({ engine, options }) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {}) // most are cut short
  const plans = flowPlans({ failures: true, retries: true, deciders: true })
  const law = fc.asyncProperty(plans, fc.boolean(), async (plan, deferReverts) => {
    const flow: FlowMaker<World> = (done) => {
      const { step, ...others } = workshop()
      return makePlanned(plan, {
        ...others,
        step: (name, { does, undoes, ...rest } = {}) =>
          step(name, {
            ...rest,
            does(call) {
              done.add(name)
              return does?.(call)
            },
            async undoes(call) {
              await undoes?.(call)
              done.delete(name)
            },
          }),
      }).flow
    }
    const found = await explore(flow, {
      ...options,
      engine,
      deferReverts,
      world: () => new Set<string>(),
      store: STORE,
      maxSchedules: 60,
      invariant({ state, world, flowDetail }) {
        if (state === 'FAILURE') return
        const atoms = [...flowDetail].filter((atom) => atom instanceof TaskDetail)
        const recorded = atoms.filter((atom) => atom.state === 'SUCCESS' && /^t/.test(atom.name))
        expect([...world].sort()).toEqual(recorded.map(({ name }) => name).sort())
      },
    })
    expect(found.unreachedCount).toBe(0)
  })
  await fc.assert(law, { numRuns: 20 })
  vi.restoreAllMocks()
})
