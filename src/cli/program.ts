/**
 * The commands, put together; and what becomes of an error that one of them ends with.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { Failure } from '../base/failure.ts'
import { isError } from '../base/realms.ts'
import { SecretMask } from '../base/secrets.ts'
import { inWords } from '../base/thrown.ts'
import { addCheck } from './commands/check.ts'
import { addDoctor } from './commands/doctor.ts'
import { addGc } from './commands/gc.ts'
import { addLs } from './commands/ls.ts'
import { addMigrate } from './commands/migrate.ts'
import { addPlan } from './commands/plan.ts'
import { addResume } from './commands/resume.ts'
import { addRevert } from './commands/revert.ts'
import { addRm } from './commands/rm.ts'
import { addRun } from './commands/run.ts'
import { addShow } from './commands/show.ts'
import { addExport, addImport } from './commands/transfer.ts'
import { addWhy } from './commands/why.ts'
import { type CommonOptions, Context } from './context.ts'
import { type GuardedTerminal, guarded, printableJson } from './door.ts'
import { EXIT, type ExitCode, exitOf } from './exits.ts'
import { Paint } from './paint.ts'
import type { Terminal } from './terminal.ts'
import type { Register } from './work.ts'

const COMMANDS = [
  addRun,
  addPlan,
  addLs,
  addShow,
  addWhy,
  addResume,
  addRevert,
  addRm,
  addGc,
  addExport,
  addImport,
  addMigrate,
  addCheck,
  addDoctor,
]

/**
 * Runs the command line.
 *
 * @param args what was written behind the name of the program
 * @returns the exit code; nothing is thrown
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Terminal,
): Promise<ExitCode> {
  const secrets = new SecretMask()
  // Wherever they stand, and though the option be misspelt.
  for (const text of [...args, surroundings.env['TASKFLOW_BACKEND'] ?? '']) secrets.learn(text)
  const terminal = guarded(surroundings, { args, secrets })
  let exit: ExitCode = EXIT.ok
  const register: Register = (command, work) => {
    command.action(async () => {
      const flags = command.optsWithGlobals()
      await using context = new Context(terminal, flags as CommonOptions, secrets)
      exit = await work(context, command.processedArgs, flags)
    })
  }
  const program = makeProgram(terminal, register)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exit
  } catch (error) {
    // Help and version are errors of commander's, too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return complain(error, terminal, { args, secrets })
  }
}

function makeProgram(terminal: GuardedTerminal, register: Register): Command {
  const program = new Command('taskflow')
  program
    .description('Run flows, see what became of them, and go on with them.')
    .version(versionOf(), '-V, --version', 'print the version')
    .option(
      '--backend <url>',
      'sqlite:FILE, dir:FOLDER, postgres://…, mysql://…; or set TASKFLOW_BACKEND',
    )
    .option('--config <file>', 'the config, in place of the nearest taskflow.config.ts')
    .option('--json', 'answer for programs')
    .option('--verbose', 'say more about what goes wrong')
    .option('--no-color', 'leave colours out; or set NO_COLOR')
    .helpOption('-h, --help', 'say what there is')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      getOutHelpWidth: () => terminal.out.columns,
      getErrHelpWidth: () => terminal.err.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'taskflow: ')),
    })
    .showHelpAfterError('(taskflow --help says what there is)')
    .addHelpText('after', '\nExit codes and examples: docs/cli.md of the package.')
    .exitOverride()
  for (const add of COMMANDS) add(program, register)
  for (const command of program.commands) {
    command.copyInheritedSettings(program)
    command.showHelpAfterError(`(taskflow ${command.name()} --help says more)`)
  }
  return program
}

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

function complain(
  error: unknown,
  terminal: GuardedTerminal,
  { args, secrets }: { readonly args: readonly string[]; readonly secrets: SecretMask },
): ExitCode {
  const exit = exitOf(error)
  const isVerbose = args.includes('--verbose')
  const message = secrets.apply(inWords(error))
  if (args.includes('--json')) {
    const { code } = (error ?? {}) as { readonly code?: unknown }
    const facts = { message, exit, ...(typeof code === 'string' && { code }) }
    terminal.err.writeWholeJson(`${printableJson({ error: facts })}\n`)
    return exit
  }
  const paint = Paint.for(terminal.err, terminal)
  terminal.err.write(`${paint.in('red', 'taskflow:')} ${message}\n`)
  if (isVerbose) terminal.err.write(`${stackOf(error)}\n`)
  else if (exit === EXIT.internal) terminal.err.write('(--verbose says where)\n')
  return exit
}

/** The stack of an error and of its causes, which may be a circle. */
function stackOf(error: unknown): string {
  if (!isError(error)) return ''
  const failure = Failure.from(error)
  const stacks = [failure, ...failure.causes].map(
    ({ typeNames, message, traceback }) => `${typeNames[0]}: ${message}\n${traceback}`,
  )
  return stacks.join('\nbecause of ')
}
