/**
 * `taskflow revert`: undoes what a run did.
 *
 * @module
 */
import type { Command } from 'commander'
import { isLeft } from '../../persistence/owner.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import { type Context, quoted } from '../context.ts'
import { type EngineFlags, engineOptions, withEngineFlags } from '../engines.ts'
import { EXIT, type ExitCode, ExitError } from '../exits.ts'
import { findRun } from '../find-run.ts'
import { runWatched } from '../running.ts'
import { findTarget } from '../target.ts'
import { collect, type Register } from '../work.ts'
import { engineFor } from './resume.ts'
import { resumeCommand } from './run.ts'

interface RevertFlags extends EngineFlags {
  readonly flow?: string
  readonly takeOver?: boolean
  readonly downTo?: readonly string[]
}

/** Adds the command. */
export function addRevert(program: Command, register: Register): void {
  const command = program
    .command('revert')
    .description('undo what a run did, be it finished, suspended, left or broken')
    .argument('<uuid>', 'the run; the beginning of its uuid is enough')
    .option(
      '--down-to <task>',
      'a task that stays, with all before it; may be given again',
      collect,
    )
    .option('--flow <flow>', 'the flow of the run, where the config does not have it')
    .option('--take-over', 'undo though another process holds the run; it is fenced out')
  withEngineFlags(command).addHelpText(
    'after',
    `
Ends with exit code 0 when the run is REVERTED; with --down-to, the run ends FAILURE and the exit code is 0, too.

Example:
  taskflow revert 3f2a --flow ./flows.ts#createVolume --backend sqlite:runs.db`,
  )
  register(command, (context, [uuid], flags) =>
    revert(context, uuid as string, flags as RevertFlags),
  )
}

async function revert(context: Context, written: string, flags: RevertFlags): Promise<ExitCode> {
  const config = await context.config()
  const { cwd } = context.terminal
  const target =
    flags.flow === undefined ? undefined : await findTarget(flags.flow, { cwd, config })
  const options = engineOptions(flags, context)
  const backend = await context.backend()
  const detail = await loadFlowDetail(backend, await findRun(backend, written))
  const { uuid, owner } = detail
  if (detail.state === 'REVERTED') {
    throw new ExitError(EXIT.refused, `run ${uuid} is REVERTED: there is nothing to undo`)
  }
  if (flags.takeOver !== true && !isLeft(detail, context.terminal.now())) {
    throw new ExitError(
      EXIT.refused,
      `run ${uuid} is held by ${owner ?? 'another process'}: leave it to that process, or write --take-over to fence it out`,
    )
  }
  const engine = engineFor(detail, target, context, { ...options, backend }, config.flows)
  const { downTo } = flags
  const stays = (downTo ?? []).map((task) => ` --down-to ${quoted(task)}`).join('')
  const command = resumeCommand(context, uuid, target).replace('taskflow resume', 'taskflow revert')
  return runWatched(engine, context, {
    resume: `${command}${stays}`,
    action: (one, signal) => one.revert({ signal, downTo }),
    good: downTo === undefined ? ['REVERTED'] : ['REVERTED', 'FAILURE'],
  })
}
