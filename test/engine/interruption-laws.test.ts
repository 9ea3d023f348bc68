import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type EngineOptions,
  type FlowDetail,
  loadFlowDetail,
  memory,
} from '../../src/index.ts'
import { fc } from '../properties.ts'
import { auditOf, gistOf } from './audit.ts'
import { runUntilCrash } from './crash.ts'
import { endOf } from './ending.ts'
import { makePlanned } from './planned-flow.ts'
import { type FlowPlan, flowPlans, type Ingredients } from './random-flows.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

const EVERYTHING: Ingredients = {
  failures: true,
  retries: true,
  deciders: true,
  ignoredRetries: true,
}
const IN_A_ROW: Ingredients = { failures: true, retries: true, patterns: ['linear'] }
const RUN_COUNT = 50
/** A process that dies again and again must get somewhere between its deaths. */
const MOST_DEATHS = 5

/**
 * Where each move is a transaction, a crash may fall between the moves of one decision, as in
 * TaskFlow: with deciders, the law holds in ticks alone.
 */
const engines: fc.Arbitrary<EngineOptions> = fc.record({
  engine: fc.constantFrom('serial' as const, 'parallel' as const),
  commit: fc.constant('tick' as const),
  deferReverts: fc.boolean(),
})

const enginesWithoutDeciders: fc.Arbitrary<EngineOptions> = fc.record({
  engine: fc.constantFrom('serial' as const, 'parallel' as const),
  commit: fc.constantFrom('tick' as const, 'move' as const),
  deferReverts: fc.boolean(),
})

interface Uninterrupted {
  readonly end: FlowDetail
  readonly results: unknown
  readonly writeCount: number
}

async function uninterrupted(plan: FlowPlan, options: EngineOptions): Promise<Uninterrupted> {
  const backend = recording()
  const { flow, store } = makePlanned(plan, workshop())
  const engine = loadLoosely(flow, { ...options, backend, store })
  await errorOf(engine.run())
  const end = await loadFlowDetail(backend, engine.storage.flowUuid)
  return { end, results: engine.storage.fetchAll(), writeCount: backend.checkpoints.length }
}

interface Resumed {
  readonly end: FlowDetail
  readonly results: unknown
  readonly faults: readonly string[]
}

/** Goes on with what is stored, in an engine and a flow of its own. */
async function resume(
  plan: FlowPlan,
  options: EngineOptions & { readonly backend: Backend },
  uuid: string | undefined,
): Promise<Resumed> {
  const planned = makePlanned(plan, workshop())
  const stored =
    uuid === undefined
      ? { store: planned.store }
      : { flowDetail: await loadFlowDetail(options.backend, uuid) }
  const engine = loadLoosely(planned.flow, { ...options, ...stored })
  const faults = auditOf(engine, planned)
  // A flow whose end was stored before its process died is not to be run again.
  const state = engine.storage.getFlowState()
  engine.compile()
  if (state === 'SUCCESS') await engine.prepare()
  else if (state !== 'REVERTED') await errorOf(engine.run())
  const end = await loadFlowDetail(options.backend, engine.storage.flowUuid)
  return { end, results: engine.storage.fetchAll(), faults }
}

/** Runs a flow in processes that die at the given writes, and then in one that does not. */
async function runThroughDeaths(
  plan: FlowPlan,
  options: EngineOptions,
  deaths: readonly { readonly at: number; readonly when: 'before' | 'after' }[],
): Promise<Resumed> {
  const backend = memory()
  let uuid: string | undefined
  for (const death of deaths) {
    const { flow, store } = makePlanned(plan, workshop())
    const flowDetail = uuid === undefined ? undefined : await loadFlowDetail(backend, uuid)
    if (flowDetail !== undefined && ['SUCCESS', 'REVERTED'].includes(flowDetail.state)) break
    const record = flowDetail === undefined ? { store } : { flowDetail }
    const remains = await runUntilCrash(flow, death, { ...options, backend, ...record })
    if (remains?.detail !== undefined) uuid = remains.uuid
    else if (remains === undefined) return resume(plan, { ...options, backend }, uuid)
  }
  return resume(plan, { ...options, backend }, uuid)
}

describe('a process that dies at any write leaves a record from which the flow', () => {
  test('ends in the same states with the same values', () =>
    fc.assert(
      fc.asyncProperty(flowPlans(EVERYTHING), engines, async (plan, options) => {
        const { end, results, writeCount } = await uninterrupted(plan, options)
        for (let at = 1; at <= writeCount; at += 1) {
          const when = at % 2 === 0 ? 'before' : 'after'
          const told = await runThroughDeaths(plan, options, [{ at, when }])
          const death = `${when} write ${at}`
          expect(told.faults, death).toEqual([])
          expect(gistOf(told.end), death).toEqual(gistOf(end))
          if (end.state === 'SUCCESS') expect(told.results, death).toEqual(results)
        }
      }),
      { numRuns: RUN_COUNT },
    ))

  test('ends the same, though one process after another dies', () => {
    const death = fc.record({
      at: fc.integer({ min: 2, max: 20 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    })
    const deaths = fc.array(death, { minLength: 2, maxLength: MOST_DEATHS })
    const law = fc.asyncProperty(
      flowPlans(EVERYTHING),
      engines,
      deaths,
      async (plan, options, all) => {
        const { end, results } = await uninterrupted(plan, options)
        const told = await runThroughDeaths(plan, options, all)
        expect(told.faults).toEqual([])
        expect(gistOf(told.end)).toEqual(gistOf(end))
        if (end.state === 'SUCCESS') expect(told.results).toEqual(results)
      },
    )
    return fc.assert(law, { numRuns: 4 * RUN_COUNT })
  })

  test('ends the same in every detail, when its atoms stand in a row', () =>
    fc.assert(
      fc.asyncProperty(flowPlans(IN_A_ROW), enginesWithoutDeciders, async (plan, options) => {
        const { end, writeCount } = await uninterrupted(plan, options)
        for (let at = 1; at <= writeCount; at += 1) {
          const when = at % 2 === 0 ? 'after' : 'before'
          const told = await runThroughDeaths(plan, options, [{ at, when }])
          expect(endOf(told.end), `${when} write ${at}`).toEqual(endOf(end))
        }
      }),
      { numRuns: RUN_COUNT },
    ))
})
