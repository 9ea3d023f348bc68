/**
 * Puts together what the phases of one run work with. Each phase names the parts that it needs.
 *
 * @module
 */
import { type Clock, type FullClock, fullClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { Notifier } from '../base/notifier.ts'
import type { Executor } from '../executors/executor.ts'
import { type AtomDetail, failureToReport } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { Agenda } from './agenda.ts'
import type { Compilation } from './compiler.ts'
import { Contexts } from './context.ts'
import { Failing } from './failing.ts'
import { Interceptors } from './interceptors.ts'
import type { Journal } from './journal.ts'
import type { Lookup } from './lookup.ts'
import { Moves } from './moves.ts'
import type { FullBehaviour } from './options.ts'
import { Pacer } from './pacer.ts'
import { Progress, type ProgressEvents } from './progress.ts'
import { Reversal } from './reversal.ts'
import { Selector } from './selector.ts'
import { Standing } from './standing.ts'
import { StopSignals } from './stop-signals.ts'

/** How the phases behave. */
export type RuntimeOptions = Pick<
  FullBehaviour,
  'neverResolve' | 'deferReverts' | 'commit' | 'progressDelayMs' | 'graceMs'
>

/** What a runtime is made of. */
export interface RuntimeParts {
  readonly compilation: Compilation
  /** The records of the atoms, by position of their nodes. */
  readonly details: readonly (AtomDetail | undefined)[]
  readonly flowDetail: FlowDetail
  readonly journal: Journal<unknown>
  readonly lookup: Lookup
  readonly executor: Executor
  readonly logger: Logger
  /** Tells the time; left out, that of the machine. */
  readonly clock?: Clock | undefined
  readonly options: RuntimeOptions
  /** Stand around the calls; left out, nobody. */
  readonly interceptors?: Interceptors
  /** Who hears of progress; left out, nobody. */
  readonly progressNotifier?: Notifier<ProgressEvents>
}

/** The parts of one run. A phase takes those that it names, `Pick<Runtime, 'moves' | 'selector'>`. */
export interface Runtime
  extends Pick<
    RuntimeParts,
    'compilation' | 'flowDetail' | 'journal' | 'lookup' | 'executor' | 'logger' | 'options'
  > {
  /** Tells the time, and when something is due. */
  readonly clock: FullClock
  readonly interceptors: Interceptors
  /** When the rest of the process is to have its turn. */
  readonly pacer: Pacer
  /** The records of the atoms, and their changes. */
  readonly moves: Moves
  /** Which atoms are ready. */
  readonly selector: Selector
  /** Which of them start next. */
  readonly agenda: Agenda
  /** What goes back, and what stays. */
  readonly reversal: Reversal
  /** Failures of execute that no later success has replaced, by atom. */
  readonly failing: Failing
  /** Whether more may start. */
  readonly standing: Standing
  /** Tell atoms to stop. */
  readonly signals: StopSignals
  readonly progress: Progress
  /** What calls get beside their inputs. */
  readonly contexts: Contexts
}

/** Makes the parts of a run that there are none of yet. */
export function makeRuntime(parts: RuntimeParts): Runtime {
  const { compilation, details, flowDetail, journal, lookup, executor, logger, options } = parts
  const { interceptors = new Interceptors(), progressNotifier: notifier = new Notifier() } = parts
  const clock = fullClock(parts.clock)
  const { commit, progressDelayMs: delayMs } = options
  const failing = new Failing()
  const signals = new StopSignals()
  const progress = new Progress({ notifier, journal, clock, delayMs })
  const reversal = new Reversal({ compilation, details, flowDetail, journal })
  const moves = new Moves({ details, journal, reversal, progress, failing, commit })
  const selector = new Selector(compilation, details)
  return {
    ...{ compilation, flowDetail, journal, lookup, executor, logger, options },
    ...{ clock, interceptors, failing, signals, progress, reversal, moves, selector },
    pacer: new Pacer(parts.clock),
    agenda: new Agenda({ executor, moves, selector }),
    standing: new Standing(flowDetail),
    contexts: new Contexts({ logger, journal, moves, progress, signals }),
  }
}

/** Forgets what a run left behind, before the next one. */
export function restart(
  run: Pick<
    Runtime,
    'reversal' | 'agenda' | 'standing' | 'failing' | 'signals' | 'selector' | 'flowDetail'
  >,
): void {
  run.reversal.restart()
  run.agenda.restart()
  run.standing.restart()
  run.signals.restart()
  run.failing.clear()
  run.selector.triesBrokenAgain = run.reversal.undo?.triesBrokenAgain === true
  for (const detail of run.flowDetail) {
    const failure = failureToReport(detail)
    if (failure !== undefined) run.failing.set(detail.name, failure)
  }
}
