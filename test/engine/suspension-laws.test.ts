import { describe, expect, test } from 'vitest'
import type { Engine, EngineOptions } from '../../src/index.ts'
import { fc } from '../properties.ts'
import { auditOf, gistOf } from './audit.ts'
import { makePlanned } from './planned-flow.ts'
import { type FlowPlan, flowPlans } from './random-flows.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'

const EVERYTHING = { failures: true, retries: true, deciders: true, ignoredRetries: true }

const engines: fc.Arbitrary<EngineOptions> = fc.record({
  engine: fc.constantFrom('serial' as const, 'parallel' as const),
  commit: fc.constantFrom('tick' as const, 'move' as const),
  deferReverts: fc.boolean(),
})

function prepare(plan: FlowPlan, options: EngineOptions) {
  const planned = makePlanned(plan, workshop())
  const backend = recording()
  const engine = loadLoosely(planned.flow, { ...options, backend, store: planned.store })
  return { engine, backend, faults: auditOf(engine, planned) }
}

/** Suspends the engine when its listeners are told of something for the n-th time. */
function suspendAt(engine: Engine, n: number): () => void {
  let left = n
  const hear = (): void => {
    left -= 1
    if (left === 0) engine.suspend().catch(() => {})
  }
  engine.notifier.register('*', hear)
  engine.atomNotifier.register('*', hear)
  return () => {
    engine.notifier.deregister('*', hear)
    engine.atomNotifier.deregister('*', hear)
  }
}

/** Runs on, and tells how many moves of atoms that took. */
async function movesOf(engine: Engine): Promise<number> {
  let count = 0
  const hear = (): void => {
    count += 1
  }
  engine.atomNotifier.register('*', hear)
  await errorOf(engine.run())
  engine.atomNotifier.deregister('*', hear)
  return count
}

/** What must be so when a run has come back that was asked to suspend. */
function expectAtRest(engine: Engine): void {
  const state = engine.storage.getFlowState()
  expect(['SUSPENDED', 'SUCCESS', 'REVERTED']).toContain(state)
  const underWay = Object.entries(statesOf(engine)).filter(([, at]) =>
    ['RUNNING', 'REVERTING', 'RETRYING'].includes(at),
  )
  expect(underWay).toEqual([])
}

async function uninterrupted(plan: FlowPlan, options: EngineOptions): Promise<Engine> {
  const { engine } = prepare(plan, options)
  await errorOf(engine.run())
  return engine
}

function expectSameEnd({ storage }: Engine, expected: Engine): void {
  expect(gistOf(storage.flowDetail)).toEqual(gistOf(expected.storage.flowDetail))
  if (storage.getFlowState() !== 'SUCCESS') return
  expect(storage.fetchAll()).toEqual(expected.storage.fetchAll())
}

describe('a flow that is suspended at any notification', () => {
  const moments = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 })

  test('has nothing under way, and ends the same when it is run again', () =>
    fc.assert(
      fc.asyncProperty(flowPlans(EVERYTHING), engines, moments, async (plan, options, all) => {
        const { engine, faults } = prepare(plan, options)
        for (const moment of all) {
          const forget = suspendAt(engine, moment)
          await errorOf(engine.run())
          forget()
          expectAtRest(engine)
          if (engine.storage.getFlowState() !== 'SUSPENDED') break
        }
        if (engine.storage.getFlowState() === 'SUSPENDED') await errorOf(engine.run())
        expect(faults).toEqual([])
        expectSameEnd(engine, await uninterrupted(plan, options))
      }),
      { numRuns: 500 },
    ))

  test('is SUSPENDED only when there is work left', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(EVERYTHING),
        engines,
        fc.integer({ min: 1, max: 60 }),
        async (plan, options, moment) => {
          const { engine } = prepare(plan, options)
          const forget = suspendAt(engine, moment)
          await errorOf(engine.run())
          forget()
          if (engine.storage.getFlowState() !== 'SUSPENDED') return
          expect(await movesOf(engine)).toBeGreaterThan(0)
        },
      ),
      { numRuns: 500 },
    ))

  test('starts nothing more on a serial engine, but a retry that was told to be RETRYING', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(EVERYTHING),
        fc.constantFrom('tick' as const, 'move' as const),
        fc.integer({ min: 1, max: 40 }),
        async (plan, commit, moment) => {
          const { engine } = prepare(plan, { commit })
          const late: string[] = []
          const begun = new Set<string>()
          let isSuspending = false
          engine.notifier.register('SUSPENDING', () => {
            isSuspending = true
          })
          engine.atomNotifier.register('*', (state, details) => {
            const name = 'taskName' in details ? details.taskName : details.retryName
            if (state === 'RETRYING' && !isSuspending) begun.add(name)
            const starts = ['RUNNING', 'REVERTING', 'RETRYING'].includes(state)
            if (isSuspending && starts && !begun.has(name)) late.push(name)
          })
          suspendAt(engine, moment)
          await errorOf(engine.run())
          expect(late).toEqual([])
        },
      ),
      { numRuns: 500 },
    ))
})

describe('whoever leaves runIter', () => {
  async function expectSameEndAfter(
    plan: FlowPlan,
    options: EngineOptions,
    walk: (engine: Engine) => Promise<void>,
  ): Promise<void> {
    const { engine, faults } = prepare(plan, options)
    await errorOf(walk(engine))
    expectAtRest(engine)
    if (engine.storage.getFlowState() === 'SUSPENDED') await errorOf(engine.run())
    expect(faults).toEqual([])
    expectSameEnd(engine, await uninterrupted(plan, options))
  }

  test('at any step, finds a flow that ends the same when it is run again', () =>
    fc.assert(
      fc.asyncProperty(flowPlans(EVERYTHING), engines, fc.nat({ max: 20 }), (plan, options, n) =>
        expectSameEndAfter(plan, options, async (engine) => {
          let step = 0
          for await (const _phase of engine.runIter()) {
            if (step === n) break
            step += 1
          }
        }),
      ),
      { numRuns: 300 },
    ))

  test('when it says SUSPENDED, finds a flow that ends the same when it is run again', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(EVERYTHING),
        engines,
        fc.integer({ min: 1, max: 30 }),
        (plan, options, moment) =>
          expectSameEndAfter(plan, options, async (engine) => {
            const forget = suspendAt(engine, moment)
            for await (const phase of engine.runIter()) if (phase === 'SUSPENDED') break
            forget()
          }),
      ),
      { numRuns: 300 },
    ))
})
