/**
 * `taskflow run`: begins a run of a flow and follows it.
 *
 * @module
 */
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { quoted } from '../context.ts'
import { type EngineFlags, engineOptions, withEngineFlags } from '../engines.ts'
import type { ExitCode } from '../exits.ts'
import { runWatched } from '../running.ts'
import { findTarget, type Target } from '../target.ts'
import { readArray, readObject, readPairs } from '../values.ts'
import { collect, type Register } from '../work.ts'

interface RunFlags extends EngineFlags {
  readonly store?: readonly string[]
  readonly input?: string
  readonly args?: string
}

/** Adds the command. */
export function addRun(program: Command, register: Register): void {
  const command = program
    .command('run')
    .description('run a flow, and show how it goes on')
    .argument('<flow>', 'module#export, as in ./flows.ts#createVolume, or a name of the config')
    .argument('[values...]', 'more name=value pairs for the store')
    .option('--store <name=value>', 'a value for the store: JSON if it parses, else text', collect)
    .option('--input <file>', 'a JSON object with values for the store; - for standard input')
    .option('--args <json>', 'a JSON array that the function which makes the flow is called with')
  withEngineFlags(command).addHelpText(
    'after',
    `
Ctrl-C suspends the flow: what is under way is finished, and it can be resumed. A second Ctrl-C
cancels it: what is under way is told to stop, and all is reverted. A third one stops at once.

Example:
  taskflow run ./flows.ts#createVolume --store size=10 name=data --backend sqlite:runs.db`,
  )
  register(command, (context, [spec, values], flags) =>
    run(context, spec as string, values as readonly string[], flags as RunFlags),
  )
}

async function run(
  context: Context,
  spec: string,
  values: readonly string[],
  flags: RunFlags,
): Promise<ExitCode> {
  const { terminal } = context
  const config = await context.config()
  const args = flags.args === undefined ? [] : readArray(flags.args, '--args')
  const target = await findTarget(spec, { cwd: terminal.cwd, config, args })
  const store = {
    ...(flags.input === undefined ? {} : readObject(flags.input, terminal)),
    ...readPairs([...(flags.store ?? []), ...values]),
  }
  const options = engineOptions(flags, context)
  const backend = await context.backendOrNone({ mustExist: false })
  const isKept = backend?.supports.durable === true
  const engine = target.load({ ...options, backend, store })
  const resume = isKept ? resumeCommand(context, engine.storage.flowUuid, target) : undefined
  return runWatched(engine, context, { resume })
}

/** The command that goes on with a run. */
export function resumeCommand(context: Context, uuid: string, target?: Target): string {
  const isNamed = target === undefined || target.isInConfig
  const flow = isNamed ? '' : ` --flow ${quoted(target.spec)}`
  return `taskflow resume ${quoted(uuid)}${flow}${context.again}`
}
