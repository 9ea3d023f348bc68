/**
 * `taskflow gc`: removes what ended long ago.
 *
 * @module
 */
import type { Command } from 'commander'
import { oneLine } from '../../base/printable.ts'
import { removeFinished } from '../../persistence/retention.ts'
import { isFlowFinished } from '../../states/flow.ts'
import { readAgeMs, readCount } from '../amounts.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, usageError } from '../exits.ts'
import { readStates } from '../states.ts'
import type { Register } from '../work.ts'

interface GcFlags {
  readonly olderThan: string
  readonly state?: readonly string[]
  readonly batch?: string
  readonly dryRun?: boolean
}

/** Adds the command. */
export function addGc(program: Command, register: Register): void {
  const command = program
    .command('gc')
    .description('remove the books of runs that ended long ago')
    .requiredOption('--older-than <age>', 'how long nothing was saved, as in 7d')
    .option('--state <state...>', 'SUCCESS, REVERTED or FAILURE; the first two when left out')
    .option('--batch <n>', 'how many books one transaction removes', '100')
    .option('--dry-run', 'count them, and remove nothing')
    .addHelpText(
      'after',
      `
Example:
  taskflow gc --older-than 7d --state SUCCESS --dry-run --backend sqlite:runs.db`,
    )
  register(command, (context, _args, flags) => collect(context, flags as unknown as GcFlags))
}

async function collect(context: Context, flags: GcFlags): Promise<ExitCode> {
  const olderThanMs = readAgeMs(flags.olderThan, '--older-than')
  const states = flags.state && readStates(flags.state)
  const open = states?.find((state) => !isFlowFinished(state))
  if (open !== undefined) {
    throw usageError(
      `--state ${open}: such a run has not ended; write SUCCESS, REVERTED or FAILURE`,
    )
  }
  const batch = readCount(flags.batch ?? '100', '--batch')
  const isDry = flags.dryRun === true
  const backend = await context.backend()
  const stop = new AbortController()
  using _interrupts = context.terminal.onInterrupt(() => stop.abort())
  const clock = { now: () => context.terminal.now(), elapsedMs: () => performance.now() }
  const count = await removeFinished(backend, {
    olderThanMs,
    states,
    batch,
    dryRun: isDry,
    signal: stop.signal,
    onCorrupt: (error) => context.remark(`kept: ${oneLine(error.message)}`),
    clock,
  })
  if (context.isJson) context.answer({ books: count, dryRun: isDry })
  else
    context.say(
      `${count} ${count === 1 ? 'book' : 'books'} ${isDry ? 'would be removed' : 'removed'}`,
    )
  return stop.signal.aborted ? EXIT.interrupted : EXIT.ok
}
