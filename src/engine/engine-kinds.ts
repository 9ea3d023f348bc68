/**
 * The kinds of engines: which executor calls the atoms, and who stops it.
 *
 * For {@link load}, and for whoever puts something between an engine and its executor.
 *
 * @module
 */
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOGGER } from '../base/logger.ts'
import { concurrentForOne } from '../executors/concurrent.ts'
import type { Executor } from '../executors/executor.ts'
import { INLINE } from '../executors/inline.ts'
import { demandExecutor } from './behaviour.ts'
import type { EngineOptions, EngineParts } from './options.ts'

/** The executor of an engine. */
type Executing = Pick<EngineParts, 'executor' | 'executorBy'>

/**
 * The executor that these options ask for.
 *
 * @throws TypeError or RangeError for options that do not go together, or a factory that makes no
 * executor.
 */
export function executorFor(options: EngineOptions): Executing {
  const { engine = 'serial', maxWorkers, executor } = options
  if (engine === 'parallel') {
    if (executor === undefined) return madeByEngine(concurrentForOne(maxWorkers))
    if (maxWorkers === undefined) return { executor, executorBy: 'caller' }
    throw new TypeError('an executor has a capacity of its own: leave maxWorkers out')
  }
  if (maxWorkers !== undefined || executor !== undefined) {
    const what = engine === 'serial' ? 'a serial engine' : 'an engine that makes its own executor'
    throw new TypeError(`${what} has no maxWorkers and no executor: add engine: 'parallel'`)
  }
  if (engine === 'serial') return madeByEngine(INLINE)
  const { clock = SYSTEM_CLOCK, logger = SILENT_LOGGER } = options
  const made: unknown = engine({ clock, logger })
  demandExecutor('what engine() makes', made)
  return madeByEngine(made)
}

/** The options with something between the engine and its executor, which is stopped by whom it was. */
export function withExecutor<Options extends EngineOptions>(
  options: Options,
  around: (executor: Executor) => Executor,
): Omit<Options, 'engine' | 'executor' | 'maxWorkers'> &
  Pick<EngineOptions, 'engine' | 'executor'> {
  const { engine: _engine, executor: _executor, maxWorkers: _maxWorkers, ...others } = options
  const { executor, executorBy } = executorFor(options)
  const instead = around(executor)
  return executorBy === 'engine'
    ? { ...others, engine: () => instead }
    : { ...others, engine: 'parallel', executor: instead }
}

/** A run has ended: stops an executor that nobody else has. */
export async function dismiss({ executor, executorBy }: Executing): Promise<void> {
  if (executorBy === 'engine') await executor.stop?.()
}

function madeByEngine(executor: Executor): Executing {
  return { executor, executorBy: 'engine' }
}
