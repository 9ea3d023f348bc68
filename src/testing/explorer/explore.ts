/**
 * Tries what can go wrong with a flow: every crash and every failure, one after the other and
 * together, the shortest schedules first.
 *
 * For tests of users, who say what must hold at the end.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import {
  BOOLEAN,
  type Checks,
  count,
  FUNCTION,
  isObject,
  LIMIT,
  listOf,
  readOptions,
  TEXT,
  VALUES,
} from '../../base/checks.ts'
import { ENGINE_CHECKS } from '../../engine/behaviour.ts'
import type { AnyStore } from '../../engine/options.ts'
import { ScheduleFailedError } from '../../errors.ts'
import type { FlowItem } from '../../flows/flow.ts'
import type { ResultsOf, StoreOption } from '../../flows/wiring.ts'
import { memory } from '../../persistence/memory.ts'
import type { EndState } from './ending.ts'
import type { ExploreOptions, ExplorerSettings, FlowMaker } from './plan.ts'
import { type Rehearsed, rehearse } from './rehearsal.ts'
import { readSchedule, type Schedule } from './schedule.ts'

/** What an exploration went through without finding anything. */
export interface Exploration {
  /** How many schedules were run. */
  readonly scheduleCount: number
  /** How many processes have died in them. */
  readonly crashCount: number
  /** How many failures were simulated in them. */
  readonly failureCount: number
  /** How many schedules ended in each state. */
  readonly ends: Readonly<Record<EndState, number>>
  /**
   * How many schedules did not come to all that was to go wrong in them: the flow does not make
   * the same calls each time, and was not explored as far as it could be.
   */
  readonly unreachedCount: number
  /** How many schedules were known and not run, because of `maxSchedules`; 0 when all were run. */
  readonly skippedCount: number
  /** All of it in one line. */
  readonly summary: string
}

const DEFAULTS = { crashes: 1, maxSchedules: 20_000, maxCalls: 1_000, timeoutMs: 10_000 }

const { backend: _backend, executor: _executor, ...ENGINE } = ENGINE_CHECKS
const CHECKS: Checks<ExploreOptions<unknown> & AnyStore> = {
  ...ENGINE,
  store: VALUES,
  world: FUNCTION,
  invariant: FUNCTION,
  always: FUNCTION,
  failures: (name, value) => (isObject(value) ? listOf(TEXT) : BOOLEAN)(name, value),
  revertFailures: BOOLEAN,
  crashes: count(0),
  maxSchedules: count(1),
  maxCalls: count(1),
  timeoutMs: LIMIT,
  backend: FUNCTION,
  schedule: listOf(TEXT),
}

/** How many schedules are run between two pauses, in which timers and signals get their turn. */
const SCHEDULES_PER_PAUSE = 64

/**
 * Runs a flow through every schedule of crashes and failures up to the bounds, and makes sure of the
 * invariants at the end of each; and of four laws: the flow ends, a start is stored before the code
 * of the atom is called, what is stored as done is not done again, and the end fits the records.
 *
 * A process may die before and after each write and each call of an atom. An atom may fail before
 * and after its effect; one in the charge of a retry once, or at every attempt. What is found first
 * is among the shortest.
 *
 * @param flow makes the flow, for each simulated process anew
 * @throws {@link ScheduleFailedError} for the first schedule at which something does not hold;
 * TypeError or RangeError for an invalid option; what `flow` and `world` throw.
 *
 * @example
 * await explore((world: World) => createVolume(world), {
 *   world: () => new World(),
 *   store: { size: 10 },
 *   invariant({ state, world }) {
 *     if (state === 'SUCCESS') assert.equal(world.volumes.size, 1)
 *     if (state === 'REVERTED') assert.equal(world.volumes.size, 0)
 *   },
 * })
 */
export async function explore<World, F extends FlowItem>(
  flow: FlowMaker<World, F>,
  options: ExploreOptions<World, ResultsOf<F>> & StoreOption<F>,
): Promise<Exploration> {
  FUNCTION('flow', flow)
  const read = readOptions<ExploreOptions<World> & AnyStore>('explore()', options, CHECKS)
  FUNCTION('world', read.world)
  const plan = planOf(flow, read)
  const { maxSchedules = DEFAULTS.maxSchedules, schedule } = read
  if (schedule !== undefined) return exploreOne(plan, readSchedule(schedule))
  const tally = new Tally()
  const queue: Schedule[] = [[]]
  for (const next of queue) {
    if (tally.scheduleCount === maxSchedules) break
    if (tally.scheduleCount % SCHEDULES_PER_PAUSE === 0) await setImmediate()
    const { director } = await tally.run(plan, next)
    for (const incident of director.continuations) queue.push([...next, incident])
  }
  const exploration = tally.conclude(queue.length - tally.scheduleCount)
  if (exploration.skippedCount > 0) {
    process.emitWarning(
      `${exploration.summary}; give a higher maxSchedules, or fewer crashes and failures`,
      'TaskflowExplorerWarning',
    )
  }
  return exploration
}

async function exploreOne<World>(
  plan: ExplorerSettings<World>,
  schedule: Schedule,
): Promise<Exploration> {
  const tally = new Tally()
  const { director } = await tally.run(plan, schedule)
  if (director.unreached.length > 0) {
    const steps = director.unreached.map((step) => `"${step}"`).join(', ')
    throw new RangeError(
      `the flow does not come to ${steps}; what happened:\n  ${director.trace.join('\n  ')}`,
    )
  }
  return tally.conclude(0)
}

/** Counts what was run. */
class Tally {
  scheduleCount = 0
  #crashCount = 0
  #failureCount = 0
  #unreachedCount = 0
  readonly #ends: Record<EndState, number> = { SUCCESS: 0, REVERTED: 0, FAILURE: 0 }
  #flowName = ''

  async run<World>(plan: ExplorerSettings<World>, schedule: Schedule): Promise<Rehearsed> {
    const rehearsed = await rehearse(plan, schedule)
    const { director, state } = rehearsed
    const { breach, flowName } = director
    this.scheduleCount += 1
    if (breach !== undefined || state === undefined) {
      const steps = schedule.map(({ text }) => text)
      throw new ScheduleFailedError(flowName, steps, director.trace, {
        law: breach?.law ?? '',
        cause: breach?.error,
      })
    }
    this.#flowName = flowName
    this.#ends[state] += 1
    this.#crashCount += director.crashCount
    this.#failureCount += director.failureCount
    if (director.unreached.length > 0) this.#unreachedCount += 1
    return rehearsed
  }

  conclude(skippedCount: number): Exploration {
    const { SUCCESS, REVERTED, FAILURE } = this.#ends
    const parts = [
      `flow '${this.#flowName}' held in ${this.scheduleCount} schedules`,
      `${this.#crashCount} crashes and ${this.#failureCount} failures`,
      `ends: ${SUCCESS} SUCCESS, ${REVERTED} REVERTED, ${FAILURE} FAILURE`,
    ]
    if (this.#unreachedCount > 0) parts.push(`${this.#unreachedCount} did not come to all of it`)
    if (skippedCount > 0) parts.push(`cut short: at least ${skippedCount} more were not run`)
    return {
      scheduleCount: this.scheduleCount,
      crashCount: this.#crashCount,
      failureCount: this.#failureCount,
      ends: this.#ends,
      unreachedCount: this.#unreachedCount,
      skippedCount,
      summary: parts.join('; '),
    }
  }
}

function planOf<World>(
  makeFlow: FlowMaker<World>,
  options: ExploreOptions<World> & AnyStore,
): ExplorerSettings<World> {
  const {
    world,
    invariant,
    always,
    store,
    failures = true,
    revertFailures = false,
    crashes = DEFAULTS.crashes,
    maxCalls = DEFAULTS.maxCalls,
    timeoutMs = DEFAULTS.timeoutMs,
    backend = memory,
    maxSchedules: _max,
    schedule: _schedule,
    ...engine
  } = options
  const failing = Array.isArray(failures) ? failures : failures === true ? undefined : []
  return {
    makeFlow,
    world,
    invariant,
    always,
    store,
    failing: failing && new Set<string>(failing),
    revertFailures: revertFailures && failures !== false,
    crashes,
    maxCalls,
    timeoutMs,
    backend,
    engine,
  }
}
