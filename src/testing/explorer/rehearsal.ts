/**
 * Runs a flow through one schedule to its end: one simulated process after the other.
 *
 * What dies leaves behind what the backend holds and what was done to the world, and nothing else.
 *
 * @module
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { fullClock, SYSTEM_CLOCK } from '../../base/clock.ts'
import { inShort } from '../../base/thrown.ts'
import { compile, controllerOf } from '../../engine/compiler.ts'
import type { Engine } from '../../engine/engine.ts'
import { withExecutor } from '../../engine/engine-kinds.ts'
import { type AnyStore, type LoadOptions, load } from '../../engine/load.ts'
import type { AtomCall, Executor } from '../../executors/executor.ts'
import type { FlowItem } from '../../flows/flow.ts'
import { RetryDetail, TaskDetail } from '../../persistence/atom-detail.ts'
import type { Backend, Checkpoint } from '../../persistence/backend.ts'
import { FlowDetail } from '../../persistence/flow-detail.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import { type FlowState, isFlowFinished } from '../../states/flow.ts'
import { type CallInterceptor, intercepted } from '../interception.ts'
import { Director } from './director.ts'
import { describeEnd, type EndState, findMisfits } from './ending.ts'
import { Life, never } from './life.ts'
import { mortalBackend } from './mortal-backend.ts'
import type { ExplorerSettings, Simulation } from './plan.ts'
import type { CallName, Schedule } from './schedule.ts'
import { type SharedTime, SimulatedClock } from './simulated-time.ts'

/** The code of an atom that is under way. */
interface Body {
  readonly director: Director
  readonly life: Life
  readonly call: CallName
}

/** How an engine's run came back. */
type Ran = { readonly error: unknown } | undefined

const HERE = new AsyncLocalStorage<Body>()

/** A flow that broke is run once more; one that nobody suspends need not be run more often. */
const MOST_RERUNS = 3

const SIMULATION: Simulation = {
  async crashPoint(label) {
    const body = HERE.getStore()
    if (body === undefined) {
      throw new Error(`crashPoint('${label}') was called outside the code of an atom`)
    }
    const { director, life, call } = body
    if (!life.isDead) director.meetMark(life, call, label)
    if (!life.isDead) return
    life.end(body)
    return never()
  },
}

/** What came of a schedule; what happened on the way is with its director. */
export interface Rehearsed {
  readonly director: Director
  /** How the flow ended; undefined after a breach. */
  readonly state: EndState | undefined
}

/** Runs a flow through one schedule. */
export async function rehearse<World>(
  plan: ExplorerSettings<World>,
  schedule: Schedule,
): Promise<Rehearsed> {
  const director = new Director(schedule, plan)
  const world = await plan.world()
  const backend = await plan.backend()
  const timer = SYSTEM_CLOCK.setTimer(plan.timeoutMs, () => {
    director.break('the flow ends', new Error(`it has not ended within ${plan.timeoutMs} ms`))
  })
  try {
    const state = await new Rehearsal(plan, director, world, backend).run(schedule)
    return { director, state }
  } finally {
    timer.cancel()
    await backend.close()
    await disposeOf(world)
  }
}

class Rehearsal<World> {
  readonly #plan: ExplorerSettings<World>
  readonly #director: Director
  readonly #world: World
  /** What survives the processes. */
  readonly #backend: Backend
  readonly #time: SharedTime
  /** That of the present process. */
  #executor: Executor | undefined
  #uuid = ''
  #hasBroken = false

  constructor(plan: ExplorerSettings<World>, director: Director, world: World, backend: Backend) {
    this.#plan = plan
    this.#director = director
    this.#world = world
    this.#backend = backend
    this.#time = { clock: fullClock(plan.engine.clock), skippedMs: 0 }
  }

  async run(schedule: Schedule): Promise<EndState | undefined> {
    const director = this.#director
    for (let count = 1; director.breach === undefined; count += 1) {
      const state = await this.#live(count)
      if (state !== undefined) await this.#judge(state, schedule)
      if (state !== undefined) return director.breach === undefined ? state : undefined
      if (count > director.crashCount + MOST_RERUNS) {
        director.break('the flow ends', new Error(`it has not ended after ${count} runs`))
      }
    }
    return undefined
  }

  /** Lets one process run; gives the state of the flow when that is its end. */
  async #live(count: number): Promise<EndState | undefined> {
    const director = this.#director
    const life = new Life()
    const clock = new SimulatedClock(this.#time)
    const flow = this.#plan.makeFlow(this.#world, SIMULATION)
    const backend = this.#mortal(life, clock)
    const isNew = director.storedCount === 0
    const flowDetail = isNew
      ? this.#newDetail(flow, count)
      : await loadFlowDetail(backend, this.#uuid)
    if (this.#isOver(flowDetail.state)) return flowDetail.state as EndState
    if (count > 1) {
      director.trace.push(
        isNew ? 'nothing is stored; the flow starts anew' : `resumed: ${describeEnd(flowDetail)}`,
      )
    }
    this.#hasBroken ||= flowDetail.state === 'FAILURE'
    const store = isNew ? this.#plan.store : undefined
    const engine = this.#engine(flow, { flowDetail, backend, store, clock }, life)
    const running = engine.run().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const ran = await Promise.race([running, life.death, director.broken])
    if (life.isDead || director.breach !== undefined) await this.#bury(life)
    clock.stop()
    if (life.isDead) return undefined
    return this.#ended(engine, ran as Ran)
  }

  /** Waits for the code of atoms that ends in the instant of the death; nobody hears of it. */
  async #bury(life: Life): Promise<void> {
    life.die()
    const { broken, breach } = this.#director
    const patience = breach === undefined ? broken : new Promise(setImmediate)
    await Promise.race([life.quiet(), patience])
    await this.#executor?.stop?.()
    await this.#checkAlways()
  }

  #ended({ storage }: Engine<object>, ran: Ran): EndState | undefined {
    const director = this.#director
    const state = storage.getFlowState()
    if (ran !== undefined && !isFlowFinished(state)) {
      director.break('the flow ends', ran.error)
      director.trace.push(`run() rejected and left the flow ${state}: ${inShort(ran.error)}`)
      return undefined
    }
    if ((state === 'SUCCESS' && ran !== undefined) || (state === 'FAILURE' && ran === undefined)) {
      const what = ran === undefined ? 'resolved' : `rejected with ${inShort(ran.error)}`
      director.break(
        'the end fits the records',
        new Error(`run() ${what}, and the flow is ${state}`),
      )
    }
    return this.#isOver(state) ? (state as EndState) : undefined
  }

  /** A flow that broke is run once more, as a person would who hopes for the best. */
  #isOver(state: FlowState): boolean {
    return isFlowFinished(state) && (state !== 'FAILURE' || this.#hasBroken)
  }

  async #judge(state: EndState, schedule: Schedule): Promise<void> {
    const director = this.#director
    const flowDetail = await loadFlowDetail(this.#backend, this.#uuid)
    director.trace.push(`end: ${describeEnd(flowDetail)}`)
    const misfits = findMisfits(flowDetail)
    if (flowDetail.state !== state)
      misfits.push(`the flow is ${flowDetail.state}, and not ${state}`)
    if (misfits.length > 0) {
      director.break('the end fits the records', new Error(misfits.join(', ')))
    }
    const atoms = [...flowDetail].filter(({ failure }) => failure !== undefined)
    const results = await this.#results()
    if (director.breach !== undefined) return
    const end = {
      state,
      world: this.#world,
      results,
      failures: Object.fromEntries(atoms.map(({ name, failure }) => [name, failure])) as never,
      crashes: director.crashCount,
      schedule: schedule.map(({ text }) => text),
      flowDetail,
    }
    try {
      await this.#plan.invariant?.(end)
    } catch (error) {
      director.break('the invariant', error)
    }
  }

  /** What a reader of the records finds; the flow is not run by it. */
  async #results(): Promise<Readonly<Record<string, unknown>>> {
    const flowDetail = await loadFlowDetail(this.#backend, this.#uuid)
    flowDetail.state = 'SUSPENDED' // one that was reverted would be reset, and have no results
    const flow = this.#plan.makeFlow(this.#world, SIMULATION)
    const reader = loadAnyFlow(flow, { flowDetail })
    reader.compile()
    try {
      await reader.prepare()
    } catch (error) {
      this.#director.break('the end fits the records', error)
    }
    return reader.storage.fetchAll()
  }

  async #checkAlways(): Promise<void> {
    const { last, breach } = this.#director
    if (breach !== undefined) return
    try {
      await this.#plan.always?.({ world: this.#world, after: last })
    } catch (error) {
      this.#director.break('what must always hold', error)
    }
  }

  /** Records whose uuids are the same in every exploration, and with them all idempotency keys. */
  #newDetail(flow: FlowItem, life: number): FlowDetail {
    const { atoms, byName } = compile(flow)
    for (const name of this.#plan.failing ?? []) {
      if (byName.has(name)) continue
      throw new RangeError(
        `flow '${flow.name}' has no atom '${name}' to make fail: it has ${atoms.map((atom) => `'${atom.name}'`).join(', ')}`,
      )
    }
    this.#director.flowName = flow.name
    this.#uuid = uuidOf(life, 0)
    const detail = new FlowDetail(flow.name, this.#uuid)
    atoms.forEach(({ name, kind, atom }, i) => {
      const Detail = kind === 'task' ? TaskDetail : RetryDetail
      const one = new Detail(name, uuidOf(life, i + 1))
      one.version = atom?.version
      detail.add(one)
    })
    this.#director.retried = new Set(
      atoms.filter((node) => controllerOf(node) !== undefined).map(({ name }) => name),
    )
    return detail
  }

  #mortal(life: Life, clock: SimulatedClock): Backend {
    const director = this.#director
    const watcher = {
      beforeWrite: () => director.beforeWrite(life),
      afterWrite: (write: number, checkpoint: Checkpoint) =>
        director.afterWrite(life, write, checkpoint),
    }
    return mortalBackend(this.#backend, life, watcher, clock)
  }

  #engine(
    flow: FlowItem,
    options: LoadOptions & AnyStore & { readonly clock: SimulatedClock },
    life: Life,
  ): Engine {
    const { clock } = options
    const between: CallInterceptor = async (call, proceed) => {
      clock.begin()
      try {
        return await this.#call(life, call, proceed)
      } finally {
        clock.end()
      }
    }
    const behaviour = withExecutor(this.#plan.engine, (executor) => {
      this.#executor = executor
      return intercepted(executor, [between])
    })
    // What is written by the clock, be it progress or a lease, would be another write in each run.
    const fixed = {
      progressDelayMs: Number.POSITIVE_INFINITY,
      leaseMs: Number.POSITIVE_INFINITY,
    } as const
    return loadAnyFlow(flow, { ...behaviour, ...options, ...fixed })
  }

  async #call(life: Life, call: AtomCall, proceed: () => unknown): Promise<unknown> {
    const director = this.#director
    if (life.isDead || director.breach !== undefined) return never()
    const name = director.announce(call)
    if (director.breach !== undefined) return never()
    if (!hasCode(call)) return proceed()
    director.beforeCall(life, name)
    if (life.isDead) return never()
    const body = { director, life, call: name }
    life.begin(body)
    let outcome: { readonly value: unknown } | { readonly error: unknown }
    try {
      outcome = { value: await HERE.run(body, proceed) }
    } catch (error) {
      outcome = { error }
    }
    director.ended(name, outcome)
    life.end(body)
    if (life.isDead) return never()
    await this.#checkAlways()
    if (life.isDead || director.breach !== undefined) return never()
    director.afterCall(life, name, 'value' in outcome)
    if (life.isDead) return never()
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }
}

/** An atom without revert is reverted by nothing, and nothing of that can go wrong. */
function hasCode({ atom, direction }: AtomCall): boolean {
  if (direction === 'execute' || atom.revert !== undefined) return true
  return atom.kind === 'task' && (atom.preRevert ?? atom.postRevert) !== undefined
}

function loadAnyFlow(flow: FlowItem, options: LoadOptions & AnyStore): Engine {
  return (load as (flow: FlowItem, options: LoadOptions & AnyStore) => Engine)(flow, options)
}

/** Version 8: made by a rule of one's own. */
function uuidOf(life: number, number: number): string {
  const digits = (value: number, length: number): string => String(value).padStart(length, '0')
  return `${digits(life, 8)}-0000-8000-8000-${digits(number, 12)}`
}

async function disposeOf(world: unknown): Promise<void> {
  const disposable = world as Partial<AsyncDisposable & Disposable> | null | undefined
  if (typeof disposable?.[Symbol.asyncDispose] === 'function') {
    await disposable[Symbol.asyncDispose]?.()
  } else disposable?.[Symbol.dispose]?.()
}
