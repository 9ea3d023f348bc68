/**
 * The options that say how an engine runs, for the commands that run one.
 *
 * @module
 */
import type { Command } from 'commander'
import type { Logger } from '../base/logger.ts'
import { oneLine } from '../base/printable.ts'
import type { EngineOptions } from '../engine/load.ts'
import { readCount } from './amounts.ts'
import type { Context } from './context.ts'
import { usageError } from './exits.ts'

/** What was asked for. */
export interface EngineFlags {
  readonly engine?: string
  readonly workers?: string
}

/** Adds the options to a command. */
export function withEngineFlags(command: Command): Command {
  return command
    .option('--engine <kind>', 'serial: one atom at a time; parallel: whatever is ready')
    .option('--workers <n>', 'how many atoms a parallel engine runs at once')
}

/** What they mean for an engine. */
export function engineOptions({ engine, workers }: EngineFlags, context: Context): EngineOptions {
  const kind = engine ?? (workers === undefined ? 'serial' : 'parallel')
  if (kind !== 'serial' && kind !== 'parallel') {
    throw usageError(`--engine is '${kind}': write serial or parallel`)
  }
  if (kind === 'serial' && workers !== undefined) {
    throw usageError('a serial engine has no --workers: write --engine parallel')
  }
  return {
    engine: kind,
    logger: loggerOf(context),
    ...(workers !== undefined && { maxWorkers: readCount(workers, '--workers') }),
  }
}

/** Lines of atoms go where remarks go: warnings and errors always, the others with --verbose. */
function loggerOf(context: Context): Logger {
  const say =
    (level: string) =>
    (...what: readonly unknown[]): void =>
      context.remark(`${level}: ${oneLine(what.map(String).join(' '))}`)
  const isVerbose = context.options.verbose === true
  const quiet = (): void => {}
  return {
    debug: isVerbose ? say('debug') : quiet,
    info: isVerbose ? say('info') : quiet,
    warn: say('warn'),
    error: say('error'),
  }
}
