/**
 * `taskflow resume`: goes on with a run, or with all that were left.
 *
 * @module
 */
import type { Command } from 'commander'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { Failure } from '../../base/failure.ts'
import { oneLine } from '../../base/printable.ts'
import type { Engine } from '../../engine/engine.ts'
import { type EngineOptions, loadFromDetail } from '../../engine/load.ts'
import { type Resumed, resumeAll } from '../../engine/resuming.ts'
import { failureInWords } from '../../inspection/words.ts'
import type { Backend } from '../../persistence/backend.ts'
import type { FlowDetail } from '../../persistence/flow-detail.ts'
import { readFactory } from '../../persistence/flow-meta.ts'
import { isLeft } from '../../persistence/owner.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import { readCount } from '../amounts.ts'
import type { Context } from '../context.ts'
import { type EngineFlags, engineOptions, withEngineFlags } from '../engines.ts'
import { EXIT, type ExitCode, ExitError, usageError } from '../exits.ts'
import { findRun } from '../find-run.ts'
import { viewOf } from '../progress/views.ts'
import { runWatched } from '../running.ts'
import { readStates } from '../states.ts'
import { findTarget, type Target } from '../target.ts'
import { plainFailure } from '../values.ts'
import type { Register } from '../work.ts'
import { resumeCommand } from './run.ts'

interface ResumeFlags extends EngineFlags {
  readonly all?: boolean
  readonly flow?: string
  readonly takeOver?: boolean
  readonly name?: string
  readonly state?: readonly string[]
  readonly concurrency?: string
}

/** Adds the command. */
export function addResume(program: Command, register: Register): void {
  const command = program
    .command('resume')
    .description('go on with a run that was suspended or left, or with all of them')
    .argument('[uuid]', 'the run; the beginning of its uuid is enough')
    .option('--all', 'every unfinished run that nobody works on; its flow must be in the config')
    .option('--flow <flow>', 'the flow of the run, where the config does not have it')
    .option('--take-over', 'go on though another process holds the run; it is fenced out')
    .option('--name <name>', 'with --all: only runs of the flow of this name')
    .option('--state <state...>', 'with --all: only runs in these states')
    .option('--concurrency <n>', 'with --all: how many runs go on at once')
  withEngineFlags(command).addHelpText(
    'after',
    `
Examples:
  taskflow resume 3f2a --flow ./flows.ts#createVolume --backend sqlite:runs.db
  taskflow resume --all --backend postgres://me@localhost/volumes`,
  )
  register(command, (context, [uuid], flags) =>
    resume(context, uuid as string | undefined, flags as ResumeFlags),
  )
}

async function resume(
  context: Context,
  written: string | undefined,
  flags: ResumeFlags,
): Promise<ExitCode> {
  if ((written === undefined) === (flags.all !== true)) {
    throw usageError('name one run, or write --all')
  }
  const { name, state, concurrency, takeOver } = flags
  const ofAll = { '--name': name, '--state': state, '--concurrency': concurrency }
  const others = flags.all === true ? { '--take-over': takeOver } : ofAll
  for (const [flag, value] of Object.entries(others)) {
    if (value === undefined) continue
    throw usageError(`${flag} ${flags.all === true ? 'is for one run: leave out' : 'needs'} --all`)
  }
  const config = await context.config()
  const { cwd } = context.terminal
  const target =
    flags.flow === undefined ? undefined : await findTarget(flags.flow, { cwd, config })
  const options = engineOptions(flags, context)
  const backend = await context.backend()
  if (written === undefined) return all(context, backend, { flags, options, target })
  const detail = await loadFlowDetail(backend, await findRun(backend, written))
  checkResumable(detail, context, flags.takeOver === true)
  // Whoever names a run looks after it.
  const byHand = { ...options, backend, maxTakeUps: Number.POSITIVE_INFINITY }
  const engine = engineFor(detail, target, context, byHand, config.flows)
  return runWatched(engine, context, { resume: resumeCommand(context, detail.uuid, target) })
}

/** An engine that goes on with a run, of the flow that is named or found in the config. */
export function engineFor(
  detail: FlowDetail,
  target: Target | undefined,
  context: Context,
  options: EngineOptions,
  flows: Parameters<typeof loadFromDetail>[1]['flows'],
): Engine {
  if (target !== undefined) return target.loadAgain(detail, options)
  const name = readFactory(detail.engineMeta)?.name
  if ([...flows].some((one) => one.name === name))
    return loadFromDetail(detail, { ...options, flows })
  const why =
    typeof name === 'string'
      ? `the flow '${name}' is not in the config`
      : 'it was not begun by a definition'
  throw usageError(
    `how to make the flow of run ${detail.uuid} is not known: ${why}; name it with --flow, as in ${resumeCommand(context, detail.uuid)} --flow ./flows.ts#createVolume`,
  )
}

/** @throws ExitError when there is nothing to go on with, or somebody else does. */
function checkResumable(detail: FlowDetail, context: Context, isTakeOver: boolean): void {
  const { state, uuid, owner } = detail
  if (state === 'SUCCESS' || state === 'REVERTED') {
    throw new ExitError(EXIT.refused, `run ${uuid} has ended ${state}: there is nothing to resume`)
  }
  if (isTakeOver || isLeft(detail, context.terminal.now())) return
  throw new ExitError(
    EXIT.refused,
    `run ${uuid} is held by ${owner ?? 'another process'}: leave it to that process, or write --take-over to fence it out`,
  )
}

async function all(
  context: Context,
  backend: Backend,
  {
    flags,
    options,
    target,
  }: {
    readonly flags: ResumeFlags
    readonly options: EngineOptions
    readonly target: Target | undefined
  },
): Promise<ExitCode> {
  const { terminal } = context
  const config = await context.config()
  const definition = target?.definition
  if (target !== undefined && definition === undefined) {
    throw usageError('with --all, --flow must name what defineFlow gives')
  }
  const maskedKeys = await context.maskedKeys()
  const stop = new AbortController()
  using views = new DisposableStack()
  using _interrupts = terminal.onInterrupt(() => {
    if (stop.signal.aborted) return terminal.exit(EXIT.interrupted)
    stop.abort()
    context.remark('Suspending all runs. Press Ctrl-C again to stop at once; they can be resumed.')
  })
  const resumed = await resumeAll({
    ...options,
    backend,
    flows: [...config.flows, ...(definition === undefined ? [] : [definition])],
    name: flags.name,
    states: flags.state && readStates(flags.state),
    concurrency:
      flags.concurrency === undefined ? undefined : readCount(flags.concurrency, '--concurrency'),
    signal: stop.signal,
    onEngine: (engine) => {
      views.use(viewOf({ engine, context, clock: SYSTEM_CLOCK, maskedKeys, isPlain: true }))
    },
  })
  sayResumed(resumed, context)
  return exitOfAll(resumed)
}

function sayResumed(resumed: readonly Resumed[], context: Context): void {
  if (context.isJson) {
    const runs = resumed.map(({ error, uuid, name = null, outcome, state = null }) => ({
      uuid,
      name,
      outcome,
      state,
      ...(error !== undefined && { failure: plainFailure(Failure.from(error)) }),
    }))
    context.tell({ event: 'end', resumed: runs })
    return
  }
  if (resumed.length === 0) context.remark('no runs were left')
  for (const { uuid, name, outcome, state, error } of resumed) {
    const why = error === undefined ? '' : `  ${oneLine(failureInWords(Failure.from(error)))}`
    context.say(
      `${oneLine(uuid)}  ${outcome}  ${state === undefined ? '-' : context.paint.state(state)}  ${oneLine(name ?? '-')}${context.masked(why)}`,
    )
  }
}

function exitOfAll(resumed: readonly Resumed[]): ExitCode {
  if (resumed.some(({ outcome }) => outcome === 'broken' || outcome === 'corrupt'))
    return EXIT.backend
  if (
    resumed.some(
      ({ state, outcome }) =>
        outcome === 'finished' && (state === 'FAILURE' || state === 'REVERTED'),
    )
  )
    return EXIT.failed
  if (resumed.some(({ outcome }) => outcome === 'unknown' || outcome === 'put aside')) {
    return EXIT.refused
  }
  return resumed.some(({ state }) => state === 'SUSPENDED') ? EXIT.suspended : EXIT.ok
}
