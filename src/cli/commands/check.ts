/**
 * `taskflow check`: whether the unfinished runs of a backend can go on with the code as it is now.
 *
 * @module
 */
import type { Command } from 'commander'
import { Failure } from '../../base/failure.ts'
import { oneLine } from '../../base/printable.ts'
import {
  type CompareAllOptions,
  compare,
  compareAll,
  type RunVerdict,
} from '../../engine/compare.ts'
import { NotFoundError } from '../../errors.ts'
import { failureInWords } from '../../inspection/words.ts'
import { listUnfinished } from '../../persistence/reader.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, usageError } from '../exits.ts'
import { findTarget, type Target } from '../target.ts'
import { plainFailure } from '../values.ts'
import type { Register } from '../work.ts'

interface CheckFlags {
  readonly name?: string
}

/** Adds the command. */
export function addCheck(program: Command, register: Register): void {
  const command = program
    .command('check')
    .description('say whether live runs can go on with the code as it is now; runs nothing')
    .argument('[flow]', 'module#export, or a name of the config; left out, all of the config')
    .option('--name <name>', 'only runs of the flow of this name')
    .addHelpText(
      'after',
      `
Ends with exit code 0 when all of them can, and with 5 when one cannot: for CI, before a deployment.

Example:
  taskflow check ./flows.ts#createVolume --backend postgres://me@localhost/volumes`,
    )
  register(command, (context, [spec], flags) =>
    check(context, spec as string | undefined, flags as CheckFlags),
  )
}

async function check(
  context: Context,
  spec: string | undefined,
  { name }: CheckFlags,
): Promise<ExitCode> {
  const config = await context.config()
  const { cwd } = context.terminal
  const target = spec === undefined ? undefined : await findTarget(spec, { cwd, config })
  if (target === undefined && config.flows.length === 0) {
    throw usageError(
      'name a flow, as in ./flows.ts#createVolume, or put flows into taskflow.config.ts',
    )
  }
  const backend = await context.backend()
  const filter = name === undefined ? {} : { name }
  const verdicts: RunVerdict[] = []
  for await (const verdict of verdictsOn(target, { backend, flows: config.flows, ...filter })) {
    verdicts.push(verdict)
  }
  say(verdicts, context)
  return verdicts.every(({ canResume }) => canResume) ? EXIT.ok : EXIT.refused
}

/** Runs of other flows than the one that is named are the matter of their own check. */
async function* verdictsOn(
  target: Target | undefined,
  options: CompareAllOptions,
): AsyncGenerator<RunVerdict> {
  if (target === undefined) {
    yield* compareAll(options)
    return
  }
  const { definition } = target
  if (definition !== undefined) {
    for await (const verdict of compareAll({ ...options, flows: [definition] })) {
      if (!(verdict.error instanceof NotFoundError)) yield verdict
    }
    return
  }
  const flow = target.flow()
  const unread: RunVerdict[] = []
  const onCorrupt = (error: Error, flowUuid: string): void => {
    const nothing = { flowName: undefined, state: undefined, canResume: false, differences: [] }
    unread.push({ flowUuid, ...nothing, error })
  }
  const filter = { name: flow.name, ...options, onCorrupt }
  for await (const detail of listUnfinished(options.backend, filter)) {
    const { uuid: flowUuid, name: flowName, state } = detail
    yield { flowUuid, flowName, state, ...compare(detail, flow), error: undefined }
  }
  yield* unread
}

function say(verdicts: readonly RunVerdict[], context: Context): void {
  const bad = verdicts.filter(({ canResume }) => !canResume)
  if (context.isJson) {
    const runs = verdicts.map(({ flowUuid, flowName, state, canResume, differences, error }) => ({
      uuid: flowUuid,
      name: flowName ?? null,
      state: state ?? null,
      canResume,
      differences,
      ...(error !== undefined && { failure: plainFailure(Failure.from(error)) }),
    }))
    context.answer({ canResume: bad.length === 0, runs })
    return
  }
  const { paint } = context
  for (const { flowUuid, flowName = '', state = '', canResume, differences, error } of verdicts) {
    const told = differences.filter(({ blocking }) => blocking || context.options.verbose === true)
    if (canResume && told.length === 0) continue
    const sign = paint.sign(canResume ? 'SUCCESS' : 'FAILURE')
    context.say(`${sign} ${flowUuid}  ${paint.state(state)}  ${oneLine(flowName)}`)
    for (const { difference, message } of told)
      context.say(`    ${difference}: ${oneLine(message)}`)
    if (error !== undefined)
      context.say(`    ${context.masked(failureInWords(Failure.from(error)))}`)
  }
  const good = verdicts.length - bad.length
  context.say(
    `${good} of ${verdicts.length} unfinished ${verdicts.length === 1 ? 'run' : 'runs'} can go on`,
  )
}
