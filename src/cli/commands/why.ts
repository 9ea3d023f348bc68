/**
 * `taskflow why`: one sentence on why a run is where it is.
 *
 * @module
 */
import type { Command } from 'commander'
import { reasonOf } from '../../inspection/why.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exits.ts'
import { findRun } from '../find-run.ts'
import type { Register } from '../work.ts'
import { resumeCommand } from './run.ts'

/** Adds the command. */
export function addWhy(program: Command, register: Register): void {
  const command = program
    .command('why')
    .description('say why a run is where it is, and what would move it')
    .argument('<uuid>', 'the run; the beginning of its uuid is enough')
    .addHelpText(
      'after',
      `
Example:
  taskflow why 3f2a --backend sqlite:runs.db`,
    )
  register(command, (context, [uuid]) => why(context, uuid as string))
}

async function why(context: Context, written: string): Promise<ExitCode> {
  const backend = await context.backend()
  const detail = await loadFlowDetail(backend, await findRun(backend, written))
  const { uuid, name, state } = detail
  const resume = resumeCommand(context, uuid)
  const commands = { resume, revert: resume.replace('resume', 'revert') }
  const reason = reasonOf(detail, context.terminal.now(), commands)
  if (context.isJson) {
    context.answer({
      uuid,
      name,
      state,
      reason: reason.kind,
      text: reason.text,
      command: reason.command ?? null,
    })
  } else context.say(reason.text)
  return EXIT.ok
}
