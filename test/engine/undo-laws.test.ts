import { describe, expect, test } from 'vitest'
import {
  type Backend,
  compare,
  defineFlow,
  type Engine,
  type EngineOptions,
  type FlowDetail,
  type FlowRegistry,
  loadFlowDetail,
  loadFromFactory,
  memory,
  resumeAll,
} from '../../src/index.ts'
import { fc } from '../properties.ts'
import { type Crash, runUntilCrash } from './crash.ts'
import { makePlanned, type Planned } from './planned-flow.ts'
import { type FlowPlan, flowPlans } from './random-flows.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

const UNFAILING = { retries: true, deciders: true, irreversible: true, ignoredRetries: true }
const EVERYTHING = { ...UNFAILING, failures: true }
const WITHOUT_DECIDERS = { failures: true, retries: true, irreversible: true }

const engines: fc.Arbitrary<EngineOptions> = fc.record({
  engine: fc.constantFrom('serial' as const, 'parallel' as const),
  commit: fc.constantFrom('tick' as const, 'move' as const),
  deferReverts: fc.boolean(),
})
const ticks = engines.map((options): EngineOptions => ({ ...options, commit: 'tick' }))

/** In which way a run is gone on with whose undo was cut short. */
const continuations = fc.constantFrom('run', 'resumeAll', 'the same' as const)
type Continuation = 'run' | 'resumeAll' | 'the same'

/** Where every record can be found again that a plan has made. */
function definitionOf(plan: FlowPlan) {
  return defineFlow('planned', () => makePlanned(plan, workshop()).flow as never)
}

function loadPlan(plan: FlowPlan, options: EngineOptions & { readonly backend: Backend }): Engine {
  const { store } = makePlanned(plan, workshop())
  const loose = loadFromFactory as unknown as (...args: readonly unknown[]) => Engine
  return loose(definitionOf(plan), [], { ...options, store })
}

/** What was done and cannot be undone, with the names given, and all that comes before them. */
function stayingOf(
  { before, irreversible }: Planned,
  detail: FlowDetail,
  names: readonly string[],
): ReadonlySet<string> {
  const staying = new Set(names)
  for (const { name, state } of detail) {
    if (irreversible.has(name) && state === 'SUCCESS') staying.add(name)
  }
  for (const name of staying) for (const earlier of before.get(name) ?? []) staying.add(earlier)
  return staying
}

function statesOf(detail: FlowDetail): Readonly<Record<string, string>> {
  return Object.fromEntries([...detail].map(({ name, state }) => [name, state]))
}

/** Goes on with a run whose process has died. */
async function goOn(
  plan: FlowPlan,
  options: EngineOptions & { readonly backend: Backend },
  uuid: string,
  way: Continuation,
  downTo: readonly string[],
): Promise<unknown> {
  const { backend } = options
  const detail = await loadFlowDetail(backend, uuid)
  if (way === 'resumeAll') {
    await letGo(backend, detail)
    const flows = [definitionOf(plan)] as unknown as FlowRegistry
    const [resumed] = await resumeAll({ backend, flows })
    expect(resumed?.outcome).toBe('finished')
    return resumed?.error
  }
  const { flow } = makePlanned(plan, workshop())
  const engine = loadLoosely(flow, { ...options, flowDetail: detail })
  return errorOf(way === 'run' ? engine.run() : engine.revert({ downTo }))
}

/** What a process holds that dies within this one. */
async function letGo(backend: Backend, { uuid, epoch }: FlowDetail): Promise<void> {
  for (const action of ['claim', 'release'] as const) {
    const fence = { owner: 'nobody', epoch: epoch + 1, action, leaseUntil: undefined }
    await backend.save({ flowUuid: uuid, book: undefined, flow: undefined, atoms: [], fence })
  }
}

/** A finished run, with the names of what is to stay when it is reverted; undefined if it failed. */
async function finished(plan: FlowPlan, options: EngineOptions, picks: readonly number[]) {
  const backend = recording()
  const engine = loadPlan(plan, { ...options, backend })
  const planned = makePlanned(plan, workshop())
  await errorOf(engine.run())
  const detail = await loadFlowDetail(backend, engine.storage.flowUuid)
  const names = engine.storage.atomNames
  if (detail.state !== 'SUCCESS' || names.length === 0) return undefined
  const picked = picks.map((pick) => names[pick % names.length] as string)
  const points = names.filter(
    (name) => planned.irreversible.has(name) && detail.find(name)?.state === 'SUCCESS',
  )
  return { backend, planned, uuid: detail.uuid, downTo: [...new Set([...points, ...picked])] }
}

const picks = fc.array(fc.nat({ max: 30 }), { maxLength: 2 })

describe('a revert down to some tasks', () => {
  test('ends the same when it was cut short by the death of its process at any write', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(UNFAILING),
        engines,
        picks,
        continuations,
        async (plan, options, some, way) => {
          const whole = await finished(plan, options, some)
          if (whole === undefined) return
          const { backend, uuid, downTo, planned } = whole
          const begun = await loadFlowDetail(backend, uuid)
          const staying = stayingOf(planned, begun, downTo)
          const before = backend.checkpoints.length
          const { flow } = makePlanned(plan, workshop())
          const engine = loadLoosely(flow, {
            ...options,
            backend,
            flowDetail: await loadFlowDetail(backend, uuid),
          })
          expect(await errorOf(engine.revert({ downTo }))).toBeUndefined()
          const end = await loadFlowDetail(backend, uuid)
          for (const [name, state] of Object.entries(statesOf(end))) {
            if (planned.before.has(name))
              expect(state === 'REVERTED').toBe(!staying.has(name) && wasDone(begun, name))
          }
          const writeCount = backend.checkpoints.length - before
          for (let at = 1; at <= writeCount; at += 1) {
            const when = at % 2 === 0 ? 'before' : 'after'
            const told = await revertThroughDeath(plan, options, some, { at, when }, way)
            expect(statesOf(told), `${when} write ${at}`).toEqual(statesOf(end))
            expect(told.state, `${when} write ${at}`).toBe(end.state)
          }
        },
      ),
      { numRuns: 60 },
    ))

  test('ends the same when it was suspended at any notification, and again', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(UNFAILING),
        engines,
        picks,
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
        async (plan, options, some, moments) => {
          const [whole, cut] = [
            await finished(plan, options, some),
            await finished(plan, options, some),
          ]
          if (whole === undefined || cut === undefined) return
          const { downTo } = whole
          const end = await revertFrom(plan, options, whole, downTo, [])
          const told = await revertFrom(plan, options, cut, downTo, moments)
          expect(statesOf(told)).toEqual(statesOf(end))
          expect(told.state).toBe(end.state)
        },
      ),
      { numRuns: 150 },
    ))
})

function wasDone(detail: FlowDetail, name: string): boolean {
  return detail.find(name)?.state === 'SUCCESS'
}

async function revertThroughDeath(
  plan: FlowPlan,
  options: EngineOptions,
  some: readonly number[],
  crash: Crash,
  way: Continuation,
): Promise<FlowDetail> {
  const whole = await finished(plan, options, some)
  if (whole === undefined) throw new Error('it was finished before')
  const { backend, uuid, downTo } = whole
  const flowDetail = await loadFlowDetail(backend, uuid)
  const { flow } = makePlanned(plan, workshop())
  const work = (engine: Engine): Promise<void> => engine.revert({ downTo })
  const remains = await runUntilCrash(flow, crash, { ...options, backend, flowDetail }, work)
  const left = remains?.detail ?? (await loadFlowDetail(backend, uuid))
  // The wish was lost with the process, or its end was stored before.
  const isOver = ['SUCCESS', 'FAILURE', 'REVERTED'].includes(left.state)
  expect(await goOn(plan, { ...options, backend }, uuid, isOver ? 'the same' : way, downTo)).toBe(
    undefined,
  )
  return loadFlowDetail(backend, uuid)
}

/** Reverts in one engine after the other, each suspended at the given notification, and the last not. */
async function revertFrom(
  plan: FlowPlan,
  options: EngineOptions,
  { backend, uuid }: { readonly backend: Backend; readonly uuid: string },
  downTo: readonly string[],
  moments: readonly number[],
): Promise<FlowDetail> {
  let isBegun = false
  for (const moment of [...moments, Number.POSITIVE_INFINITY]) {
    const flowDetail = await loadFlowDetail(backend, uuid)
    if (isBegun && flowDetail.state !== 'SUSPENDED') break
    const { flow } = makePlanned(plan, workshop())
    const engine = loadLoosely(flow, { ...options, backend, flowDetail })
    suspendAt(engine, moment)
    expect(await errorOf(isBegun ? engine.run() : engine.revert({ downTo }))).toBeUndefined()
    isBegun = true
  }
  return loadFlowDetail(backend, uuid)
}

function suspendAt(engine: Engine, moment: number, act = () => engine.suspend()): void {
  let left = moment
  const hear = (): void => {
    left -= 1
    if (left === 0) act().catch(() => {})
  }
  engine.notifier.register('*', hear)
  engine.atomNotifier.register('*', hear)
}

/** What must be so when a run with points of no return has come to its end. */
function expectProperEnd(planned: Planned, detail: FlowDetail, error: unknown): void {
  if (error !== undefined) expect(String(error)).toMatch(/fails in round|was cancelled/)
  expect(['SUCCESS', 'REVERTED', 'FAILURE']).toContain(detail.state)
  const staying = stayingOf(planned, detail, [])
  if (detail.state === 'FAILURE') expect(staying.size).toBeGreaterThan(0)
  for (const { name, state } of detail) {
    expect(['RUNNING', 'REVERTING', 'RETRYING', 'FAILURE', 'REVERT_FAILURE']).not.toContain(state)
    if (staying.has(name)) expect(['SUCCESS', 'IGNORE'], name).toContain(state)
  }
}

/** After a cancellation nothing is left but what stays. */
function expectUndone(planned: Planned, detail: FlowDetail): void {
  const staying = stayingOf(planned, detail, [])
  for (const { name, state } of detail) {
    if (!planned.before.has(name) || staying.has(name)) continue
    expect(['PENDING', 'REVERTED', 'IGNORE'], name).toContain(state)
  }
}

interface Interrupted {
  readonly plan: FlowPlan
  readonly options: EngineOptions
  readonly cancelAt: number | undefined
}

/** Runs, cancels if so wanted, dies at a write, and goes on; undefined when it did not die. */
async function throughDeath(
  { plan, options, cancelAt }: Interrupted,
  crash: Crash,
  way: Continuation,
): Promise<FlowDetail | undefined> {
  const backend = memory()
  const planned = makePlanned(plan, workshop())
  const remains = await runUntilCrash(
    (all) => loadPlan(plan, all),
    crash,
    { ...options, backend },
    (engine) => {
      suspendAt(engine, cancelAt ?? Number.POSITIVE_INFINITY, () => engine.cancel('enough'))
      return engine.run()
    },
  )
  if (remains === undefined) return undefined
  const { detail, uuid } = remains
  if (detail === undefined || ['SUCCESS', 'FAILURE', 'REVERTED'].includes(detail.state))
    return detail
  expect(compare(detail, makePlanned(plan, workshop()).flow)).toMatchObject({ differences: [] })
  const error = await goOn(plan, { ...options, backend }, uuid, way, [])
  const end = await loadFlowDetail(backend, uuid)
  expectProperEnd(planned, end, error)
  if (detail.engineMeta.undo !== undefined) expectUndone(planned, end)
  return end
}

describe.each([
  { what: 'in ticks', ingredients: EVERYTHING, options: ticks },
  { what: 'in ticks or moves, without deciders', ingredients: WITHOUT_DECIDERS, options: engines },
])('a run with points of no return, $what,', ({ ingredients, options: some }) => {
  test('goes on to a proper end after the death of its process at any write', () =>
    fc.assert(
      fc.asyncProperty(
        flowPlans(ingredients),
        some,
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        fc.constantFrom('run' as const, 'resumeAll' as const),
        async (plan, options, cancelAt, way) => {
          for (let at = 1; at < 100; at += 1) {
            const crash = { at, when: at % 2 === 0 ? 'before' : 'after' } as const
            if ((await throughDeath({ plan, options, cancelAt }, crash, way)) === undefined) break
          }
        },
      ),
      { numRuns: 100 },
    ))
})
