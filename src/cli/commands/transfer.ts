/**
 * `taskflow export` and `taskflow import`: a run as a JSON file, to look into it elsewhere.
 *
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { NotFoundError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, ExitError, usageError } from '../exits.ts'
import { findRun } from '../find-run.ts'
import { writePrivateFile } from '../private-file.ts'
import { checkpointOf, runFile } from '../run-file.ts'
import { nameOf, readObject } from '../values.ts'
import type { Register } from '../work.ts'

/** Adds the command. */
export function addExport(program: Command, register: Register): void {
  const command = program
    .command('export')
    .description('write a run as JSON, with all its values: secrets are not masked')
    .argument('<uuid>', 'the run; the beginning of its uuid is enough')
    .option('-o, --output <file>', 'where to; left out, standard output')
    .addHelpText(
      'after',
      `
Example:
  taskflow export 3f2a --output run.json --backend postgres://me@localhost/volumes`,
    )
  register(command, (context, [uuid], flags) =>
    exportRun(context, uuid as string, flags['output'] as string | undefined),
  )
}

async function exportRun(
  context: Context,
  written: string,
  output: string | undefined,
): Promise<ExitCode> {
  const backend = await context.backend()
  const uuid = await findRun(backend, written)
  const stored = await backend.loadFlow(uuid)
  const book = await backend.loadBook(stored.flow.bookUuid)
  const text = JSON.stringify(runFile(book, stored, context.terminal.now()), null, 2)
  if (output === undefined) {
    context.terminal.out.writeWholeJson(`${text}\n`)
    return EXIT.ok
  }
  try {
    writePrivateFile(resolve(context.terminal.cwd, output), `${text}\n`)
  } catch (cause) {
    throw usageError(`${output} cannot be written: ${(cause as Error).message}`, { cause })
  }
  if (context.isJson) context.answer({ run: uuid, file: output })
  else context.remark(`wrote run ${uuid} to ${output}`)
  return EXIT.ok
}

/** Adds the command. */
export function addImport(program: Command, register: Register): void {
  const command = program
    .command('import')
    .description('store a run that was exported; nobody holds it afterwards')
    .argument('<file>', 'what export wrote; - for standard input')
    .option('--new-uuid', 'store it as another run, beside the one that may be there')
    .addHelpText(
      'after',
      `
Example:
  taskflow import run.json --backend sqlite:debug.db`,
    )
  register(command, (context, [file], flags) =>
    importRun(context, file as string, flags['newUuid'] === true),
  )
}

async function importRun(context: Context, file: string, isNew: boolean): Promise<ExitCode> {
  const checkpoint = checkpointOf(readObject(file, context.terminal), nameOf(file), isNew)
  const backend = await context.backend({ mustExist: false })
  const { flowUuid } = checkpoint
  if (await succeeds(backend.loadFlow(flowUuid))) {
    throw new ExitError(
      EXIT.refused,
      `run ${flowUuid} is there already; nothing was changed; --new-uuid stores it as another run`,
    )
  }
  // A book that is there may hold other runs, and stays as it is.
  const isBookThere = await succeeds(backend.loadBook(checkpoint.book.uuid))
  await backend.save(isBookThere ? { ...checkpoint, book: undefined } : checkpoint)
  const { name, state } = checkpoint.flow
  if (context.isJson) context.answer({ run: flowUuid, name, state })
  else context.say(`imported ${flowUuid}  ${context.paint.state(state)}  ${name}`)
  return EXIT.ok
}

/** Whether something is found. */
async function succeeds(search: Promise<unknown>): Promise<boolean> {
  try {
    await search
    return true
  } catch (error) {
    if (error instanceof NotFoundError) return false
    throw error
  }
}
