import { describe, expect, test } from 'vitest'
import { concurrent, type Engine, type EngineOptions } from '../../src/index.ts'
import { fc } from '../properties.ts'
import { auditOf, gistOf, statesIn } from './audit.ts'
import { endOf } from './ending.ts'
import { makePlanned, type Planned, type Watcher } from './planned-flow.ts'
import { type FlowPlan, flowPlans } from './random-flows.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'

const EVERYTHING = { failures: true, retries: true, deciders: true }
const WITH_DATA = { failures: true, retries: true }

/** How an engine may be told to behave. */
const engines: fc.Arbitrary<EngineOptions> = fc
  .record({
    engine: fc.constantFrom('serial' as const, 'parallel' as const),
    maxWorkers: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    commit: fc.constantFrom('tick' as const, 'move' as const),
    deferReverts: fc.boolean(),
  })
  .map(({ maxWorkers, ...options }) =>
    options.engine === 'serial' ? options : { ...options, maxWorkers },
  )

interface Run {
  readonly engine: Engine
  readonly planned: Planned
  /** Moves that were told and must not be made. */
  readonly faults: readonly string[]
  /** What the run rejected with. */
  readonly error: unknown
}

async function runPlanned(
  plan: FlowPlan,
  options: EngineOptions = {},
  watcher?: Watcher,
): Promise<Run> {
  const planned = makePlanned(plan, workshop(), watcher)
  const engine = loadLoosely(planned.flow, { ...options, store: planned.store })
  const faults = auditOf(engine, planned)
  const error = await errorOf(engine.run())
  return { engine, planned, faults, error }
}

/** Checks a law on many flows. */
async function holds<T extends readonly unknown[]>(
  arbitraries: { readonly [I in keyof T]: fc.Arbitrary<T[I]> },
  law: (...args: T) => Promise<void>,
  numRuns = 300,
): Promise<void> {
  const all = arbitraries as unknown as readonly fc.Arbitrary<unknown>[]
  const property = fc.asyncProperty(fc.tuple(...all), (args) => law(...(args as unknown as T)))
  await fc.assert(property, { numRuns })
}

function gist({ storage }: Engine): unknown {
  return gistOf(storage.flowDetail)
}

describe('in every flow,', () => {
  test.each([
    { what: 'with deciders', ingredients: EVERYTHING },
    { what: 'with data', ingredients: WITH_DATA },
  ])('atoms start behind what precedes them, and go back the other way: $what', ({ ingredients }) =>
    holds([flowPlans(ingredients), engines], async (plan, options) => {
      const { faults, engine } = await runPlanned(plan, options)
      expect(faults).toEqual([])
      expect(['SUCCESS', 'REVERTED']).toContain(engine.storage.getFlowState())
    }),
  )

  test('SUCCESS means that every atom is SUCCESS or IGNORE', () =>
    holds([flowPlans(EVERYTHING), engines], async (plan, options) => {
      const { engine, error } = await runPlanned(plan, options)
      const states = Object.values(statesOf(engine))
      const isDone = states.every((state) => state === 'SUCCESS' || state === 'IGNORE')
      expect(engine.storage.getFlowState()).toBe(isDone ? 'SUCCESS' : 'REVERTED')
      expect(error === undefined).toBe(isDone)
    }))

  test('when the code of an atom starts, its move and all outcomes before it are stored', () =>
    holds([flowPlans(EVERYTHING), engines], async (plan, options) => {
      const backend = recording()
      let planned: Planned | undefined
      const faults: string[] = []
      const begins = (atom: string): void => {
        const states = statesIn(backend.checkpoints)
        const state = states.get(atom)
        if (state === 'REVERTING') return
        if (state !== 'RUNNING') faults.push(`${atom} starts, stored as ${state}`)
        for (const name of planned?.before.get(atom) ?? []) {
          const before = states.get(name)
          if (before === 'SUCCESS' || before === 'IGNORE') continue
          faults.push(`${atom} starts, ${name} before it is stored as ${before}`)
        }
      }
      planned = makePlanned(plan, workshop(), { begins, ends: () => {} })
      const { flow, store } = planned
      await errorOf(loadLoosely(flow, { ...options, backend, store }).run())
      expect(faults).toEqual([])
    }))

  test('what is ignored and not run afterwards stays ignored, and is never reverted', () =>
    holds([flowPlans(EVERYTHING), engines], async (plan, options) => {
      const planned = makePlanned(plan, workshop())
      const engine = loadLoosely(planned.flow, { ...options, store: planned.store })
      const ignored = new Set<string>()
      const faults: string[] = []
      engine.atomNotifier.register('*', (state, details) => {
        const name = 'taskName' in details ? details.taskName : details.retryName
        if (state === 'IGNORE') ignored.add(name)
        else if (state === 'PENDING') ignored.delete(name)
        else if (ignored.has(name)) faults.push(`${name} ${state}`)
      })
      await errorOf(engine.run())
      expect(faults).toEqual([])
      const states = statesOf(engine)
      expect([...ignored].filter((name) => states[name] !== 'IGNORE')).toEqual([])
    }))
})

test('after a failure without any retry, exactly those atoms are REVERTED that ran', () =>
  holds([flowPlans({ failures: true, deciders: true }), engines], async (plan, options) => {
    const { flow, store } = makePlanned(plan, workshop())
    const engine = loadLoosely(flow, { ...options, store })
    const ran = new Set<string>()
    engine.atomNotifier.register('RUNNING', (_, details) => {
      ran.add('taskName' in details ? details.taskName : details.retryName)
    })
    await errorOf(engine.run())
    if (engine.storage.getFlowState() === 'SUCCESS') return
    for (const [name, state] of Object.entries(statesOf(engine))) {
      if (ran.has(name)) expect(`${name} ${state}`).toBe(`${name} REVERTED`)
      else expect(['PENDING', 'IGNORE']).toContain(state)
    }
  }))

describe('one flow, run by two engines, ends alike:', () => {
  test('serial and parallel, without failures', () =>
    holds(
      [flowPlans({ retries: true, deciders: true }), engines, engines],
      async (plan, one, other) => {
        const first = await runPlanned(plan, one)
        const second = await runPlanned(plan, other)
        expect(statesOf(second.engine)).toEqual(statesOf(first.engine))
        expect(second.engine.storage.fetchAll()).toEqual(first.engine.storage.fetchAll())
        expect(first.engine.storage.getFlowState()).toBe('SUCCESS')
      },
    ))

  test('serial and parallel, with failures, but for what was never begun', () =>
    holds([flowPlans(EVERYTHING), engines, engines], async (plan, one, other) => {
      const { deferReverts } = one
      const first = await runPlanned(plan, one)
      const second = await runPlanned(plan, { ...other, deferReverts })
      expect(gist(second.engine)).toEqual(gist(first.engine))
      if (first.engine.storage.getFlowState() !== 'SUCCESS') return
      expect(second.engine.storage.fetchAll()).toEqual(first.engine.storage.fetchAll())
    }))

  test("commit: 'move' and 'tick' on a serial engine, in every detail", () =>
    holds([flowPlans(EVERYTHING), fc.boolean()], async (plan, deferReverts) => {
      const tick = await runPlanned(plan, { commit: 'tick', deferReverts })
      const move = await runPlanned(plan, { commit: 'move', deferReverts })
      expect(endOf(move.engine.storage.flowDetail)).toEqual(endOf(tick.engine.storage.flowDetail))
    }))
})

describe('a parallel engine', () => {
  const limits = fc.integer({ min: 1, max: 4 })

  /** Counts the calls that are under way. */
  function counter() {
    let now = 0
    const count = { most: 0 }
    const begins = (): void => {
      now += 1
      count.most = Math.max(count.most, now)
    }
    const ends = (): void => {
      now -= 1
    }
    return { count, watcher: { begins, ends } }
  }

  test('never has more than maxWorkers calls under way', () =>
    holds([flowPlans(EVERYTHING), limits], async (plan, maxWorkers) => {
      const { count, watcher } = counter()
      await runPlanned(plan, { engine: 'parallel', maxWorkers }, watcher)
      expect(count.most).toBeLessThanOrEqual(maxWorkers)
    }))

  test('shares the limit of an executor with others', () =>
    holds([flowPlans(WITH_DATA), flowPlans(WITH_DATA), limits], async (one, other, maxWorkers) => {
      const { count, watcher } = counter()
      const executor = concurrent({ maxWorkers })
      const runs = [one, other].map((plan) =>
        runPlanned(plan, { engine: 'parallel', executor }, watcher),
      )
      for (const { faults } of await Promise.all(runs)) expect(faults).toEqual([])
      expect(count.most).toBeLessThanOrEqual(maxWorkers)
    }))
})
