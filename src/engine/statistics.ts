/**
 * How long a run has spent in each phase.
 *
 * @module
 */

/** The phases that somebody who drives an engine by hand gets to see. */
export type Phase = 'RESUMING' | 'SCHEDULING' | 'WAITING' | 'ANALYZING'

/** What an engine tells about its newest run. */
export interface EngineStatistics {
  /** Time spent in each phase, in seconds. */
  readonly secondsPerState: Readonly<Record<Lowercase<Phase>, number>>
  /** Failures of atoms that were resolved by a retry or a revert. */
  readonly discardedFailures: number
  /** Atoms that are ready and wait for their start. */
  readonly awaiting: number
  /** Outcomes taken. */
  readonly completed: number
  /** Atoms under way. */
  readonly incomplete: number
  /** How long the run has taken, in seconds. */
  readonly activeFor: number
  /** Transactions written. */
  readonly checkpoints: number
}

/** The parts of an engine, as far as they count something. */
interface Counters {
  readonly runtime?: { readonly standing: { readonly resolvedCount: number } }
  readonly machine?: {
    readonly waitingCount: number
    readonly completedCount: number
    readonly runningCount: number
  }
  readonly journal: { readonly checkpointCount: number }
}

/** Adds up the time between the phases of a run. */
export class StatisticsClock {
  readonly #account: 'on' | 'off'
  readonly #spentMs: Record<Phase, number> = {
    RESUMING: 0,
    SCHEDULING: 0,
    WAITING: 0,
    ANALYZING: 0,
  }
  #phase: Phase | undefined
  #since = 0
  #startedAt = 0
  #endedAt: number | undefined

  /** @param account whether one is kept */
  constructor(account: 'on' | 'off') {
    this.#account = account
  }

  /** A run begins. */
  restart(): void {
    for (const phase of Object.keys(this.#spentMs) as Phase[]) this.#spentMs[phase] = 0
    this.#phase = undefined
    this.#startedAt = performance.now()
    this.#endedAt = undefined
  }

  /** A phase begins, and the one before it ends. */
  enter(phase: Phase | undefined): void {
    if (this.#account === 'off') return
    const now = performance.now()
    if (this.#phase !== undefined) this.#spentMs[this.#phase] += now - this.#since
    this.#phase = phase
    this.#since = now
  }

  /** The run has ended. */
  stop(): void {
    this.enter(undefined)
    this.#endedAt = performance.now()
  }

  /** The account so far, with what the parts of the engine count; undefined when none is kept. */
  read({ runtime, machine, journal }: Counters): EngineStatistics | undefined {
    if (this.#account === 'off') return undefined
    const { RESUMING, SCHEDULING, WAITING, ANALYZING } = this.#spentMs
    const end = this.#endedAt ?? (this.#startedAt === 0 ? 0 : performance.now())
    return {
      secondsPerState: {
        resuming: RESUMING / 1000,
        scheduling: SCHEDULING / 1000,
        waiting: WAITING / 1000,
        analyzing: ANALYZING / 1000,
      },
      activeFor: (end - this.#startedAt) / 1000,
      discardedFailures: runtime?.standing.resolvedCount ?? 0,
      awaiting: machine?.waitingCount ?? 0,
      completed: machine?.completedCount ?? 0,
      incomplete: machine?.runningCount ?? 0,
      checkpoints: journal.checkpointCount,
    }
  }
}
