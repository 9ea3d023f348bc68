/**
 * What the crash explorer is asked for.
 *
 * @module
 */
import type { Failure } from '../../base/failure.ts'
import type { EngineOptions } from '../../engine/load.ts'
import type { FlowItem } from '../../flows/flow.ts'
import type { Backend } from '../../persistence/backend.ts'
import type { FlowDetail } from '../../persistence/flow-detail.ts'
import type { EndState } from './ending.ts'

/** What the flow under exploration may ask of the simulation. */
export interface Simulation {
  /**
   * Marks a place inside execute or revert at which the process may die too, for effects of several
   * parts. Resolves when it does not, and never otherwise: so it must be awaited.
   *
   * @throws Error when it is called outside the code of an atom.
   */
  readonly crashPoint: (label: string) => Promise<void>
}

/** Makes the flow; called for each simulated process anew. */
export type FlowMaker<World, F extends FlowItem = FlowItem> = (
  world: World,
  simulation: Simulation,
) => F

/** How one schedule ended. */
export interface End<World, Results extends object> {
  /** Where the flow is. FAILURE: something broke in it that is no failure of execute, as a revert. */
  readonly state: EndState
  /** What the flow worked on. */
  readonly world: World
  /** Everything that has a value in the records, by symbol. */
  readonly results: Partial<Results>
  /** Why execute failed, by atom. */
  readonly failures: Readonly<Record<string, Failure>>
  /** How many processes died on the way. */
  readonly crashes: number
  /** What went wrong, in order. */
  readonly schedule: readonly string[]
  /** The record as it is stored. */
  readonly flowDetail: FlowDetail
}

/** A moment in the middle of a schedule. */
export interface Moment<World> {
  /** What the flow works on. */
  readonly world: World
  /** What happened last: a call of an atom that ended, or a crash. */
  readonly after: string
}

/** How {@link explore} goes about it. */
export interface ExploreOptions<World, Results extends object = Record<string, unknown>>
  extends Omit<EngineOptions, 'backend' | 'executor'> {
  /** Makes what the flow works on, for each schedule anew. Disposed of afterwards if it can be. */
  readonly world: () => World | Promise<World>
  /** Called at the end of each schedule; what it throws is the report. */
  readonly invariant?: ((end: End<World, Results>) => unknown) | undefined
  /** Called after each call of an atom, and after each crash; what it throws is the report. */
  readonly always?: ((moment: Moment<World>) => unknown) | undefined
  /**
   * Which atoms are made to fail, by name; `true` for all, `false` for none.
   *
   * @defaultValue `true`
   */
  readonly failures?: boolean | readonly string[] | undefined
  /**
   * Whether a revert is made to fail as well, once in a schedule, before and after its effect. The
   * flow breaks by that and is run once more; it ends FAILURE, with work left for a person, so that
   * an invariant can say little of it. Takes several times as many schedules.
   *
   * @defaultValue `false`
   */
  readonly revertFailures?: boolean | undefined
  /**
   * How many processes die in one schedule at most.
   *
   * @defaultValue `1`
   */
  readonly crashes?: number | undefined
  /**
   * How many schedules are run at most. When there are more, a process warning says so.
   *
   * @defaultValue `20_000`
   */
  readonly maxSchedules?: number | undefined
  /**
   * How many calls of atoms may be made in one schedule before it counts as endless.
   *
   * @defaultValue `1_000`
   */
  readonly maxCalls?: number | undefined
  /**
   * How long one schedule may take before it counts as endless, in milliseconds.
   *
   * @defaultValue `10_000`
   */
  readonly timeoutMs?: number | undefined
  /**
   * Makes the backend behind the simulated processes, for each schedule anew.
   *
   * @defaultValue in memory
   */
  readonly backend?: (() => Backend | Promise<Backend>) | undefined
  /**
   * Runs this schedule alone, as it stands in `schedule` of a {@link ScheduleFailedError}.
   *
   * @defaultValue all schedules
   */
  readonly schedule?: readonly string[] | undefined
}

/** The options with everything filled in. */
export interface ExplorerSettings<World> {
  readonly makeFlow: FlowMaker<World>
  readonly store: Readonly<Record<string, unknown>> | undefined
  readonly world: ExploreOptions<World>['world']
  readonly invariant: ExploreOptions<World>['invariant']
  readonly always: ExploreOptions<World>['always']
  readonly backend: NonNullable<ExploreOptions<World>['backend']>
  /** Names of the atoms that may be made to fail; undefined for all. */
  readonly failing: ReadonlySet<string> | undefined
  readonly revertFailures: boolean
  readonly crashes: number
  readonly maxCalls: number
  readonly timeoutMs: number
  readonly engine: EngineOptions
}
