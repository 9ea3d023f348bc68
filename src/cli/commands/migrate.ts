/**
 * `taskflow migrate`: brings the schema of a database up to date, or prints how.
 *
 * @module
 */
import type { Command } from 'commander'
import { readBackendUrl } from '../../persistence/open.ts'
import { migrationScript } from '../../persistence/sql/schema.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, usageError } from '../exits.ts'
import type { Register } from '../work.ts'

/** Adds the command. */
export function addMigrate(program: Command, register: Register): void {
  const command = program
    .command('migrate')
    .description('make the tables that are missing; every first use of a backend does the same')
    .option('--print-sql', 'print the statements for an empty database, and connect to nothing')
    .addHelpText(
      'after',
      `
Example:
  taskflow migrate --print-sql --backend postgres: > taskflow.sql`,
    )
  register(command, (context, _args, flags) =>
    flags['printSql'] === true ? printSql(context) : migrate(context),
  )
}

async function printSql(context: Context): Promise<ExitCode> {
  const url = await context.backendUrl()
  if (url === undefined)
    throw usageError('--print-sql needs the URL of a backend: --backend postgres:')
  const { kind } = readBackendUrl(url)
  if (kind !== 'sqlite' && kind !== 'postgres' && kind !== 'mysql') {
    throw usageError(`a ${kind}: backend has no schema`)
  }
  const sql = migrationScript(kind, context.terminal.now())
  if (context.isJson) context.answer({ dialect: kind, sql })
  else context.terminal.out.writeWhole(`${sql}\n`)
  return EXIT.ok
}

async function migrate(context: Context): Promise<ExitCode> {
  const { backend } = await context.closedBackend({ mustExist: false })
  const before = await backend.examine?.()
  await backend.open()
  const after = await backend.examine?.()
  const made = after?.applied.filter((id) => !before?.applied.includes(id)) ?? []
  const applied = after?.applied ?? []
  if (context.isJson) context.answer({ made, applied })
  else if (after === undefined) context.say('this backend has no schema; there is nothing to do')
  else if (made.length === 0) context.say(`up to date: schema steps ${applied.join(', ')}`)
  else context.say(`made schema steps ${made.join(', ')}; up to date`)
  return EXIT.ok
}
