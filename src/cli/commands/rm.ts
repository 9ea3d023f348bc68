/**
 * `taskflow rm`: removes the records of runs.
 *
 * @module
 */
import type { Command } from 'commander'
import type { Backend } from '../../persistence/backend.ts'
import { isLeft } from '../../persistence/owner.ts'
import { isFlowFinished } from '../../states/flow.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, ExitError } from '../exits.ts'
import { findRun } from '../find-run.ts'
import type { Register } from '../work.ts'

/** Adds the command. */
export function addRm(program: Command, register: Register): void {
  const command = program
    .command('rm')
    .description('remove the records of runs')
    .argument('<uuid...>', 'the runs; the beginning of each uuid is enough')
    .option('--force', 'also runs that have not ended, and those that somebody holds')
    .addHelpText(
      'after',
      `
Example:
  taskflow rm 3f2a 9c01 --backend sqlite:runs.db`,
    )
  register(command, (context, [uuids], flags) =>
    remove(context, uuids as readonly string[], flags['force'] === true),
  )
}

async function remove(
  context: Context,
  written: readonly string[],
  isForced: boolean,
): Promise<ExitCode> {
  const backend = await context.backend()
  const uuids: string[] = []
  // All of them are looked at first, so that a mistake removes nothing.
  for (const one of written) {
    const uuid = await findRun(backend, one)
    if (!isForced) await checkRemovable(backend, uuid, context)
    if (!uuids.includes(uuid)) uuids.push(uuid)
  }
  for (const uuid of uuids) {
    await removeRun(backend, uuid)
    if (!context.isJson) context.say(`removed ${uuid}`)
  }
  if (context.isJson) context.answer({ removed: uuids })
  return EXIT.ok
}

async function checkRemovable(
  backend: Backend,
  uuid: string,
  { terminal }: Context,
): Promise<void> {
  const { flow } = await backend.loadFlow(uuid)
  if (!isLeft(flow, terminal.now())) {
    throw new ExitError(
      EXIT.refused,
      `run ${uuid} is held by ${flow.owner}; nothing was removed; --force removes it all the same`,
    )
  }
  if (isFlowFinished(flow.state) && flow.state !== 'FAILURE') return
  throw new ExitError(
    EXIT.refused,
    `run ${uuid} is ${flow.state}, and what it did is not undone; nothing was removed; --force removes it all the same`,
  )
}

/** Removes a run, and its book when nothing else is in it. */
async function removeRun(backend: Backend, uuid: string): Promise<void> {
  const { flow } = await backend.loadFlow(uuid)
  await backend.removeFlow(uuid)
  if ((await backend.countFlows({ bookUuid: flow.bookUuid })) === 0) {
    await backend.removeBooks([flow.bookUuid], { states: [] })
  }
}
