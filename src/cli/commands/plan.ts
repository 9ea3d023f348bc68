/**
 * `taskflow plan`: what an engine would do with a flow, before it runs.
 *
 * @module
 */
import type { Command } from 'commander'
import { didYouMean } from '../../base/suggestions.ts'
import type { FlowDetail } from '../../persistence/flow-detail.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import { type Plan, plan } from '../../plans/plan.ts'
import { toSvg } from '../../plans/svg.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, usageError } from '../exits.ts'
import { findRun } from '../find-run.ts'
import { findTarget } from '../target.ts'
import { readArray } from '../values.ts'
import { collect, type Register } from '../work.ts'

interface PlanFlags {
  readonly format?: string
  readonly store?: readonly string[]
  readonly args?: string
  readonly run?: string
}

const FORMATS = ['text', 'mermaid', 'dot', 'svg', 'json']
const MIN_WIDTH = 40

/** Adds the command. */
export function addPlan(program: Command, register: Register): void {
  const command = program
    .command('plan')
    .description('say what an engine would do with a flow; nothing is run')
    .argument('<flow>', 'module#export, or a name of the config')
    .option('--format <format>', `${FORMATS.join(', ')}; svg needs the package @dagrejs/dagre`)
    .argument('[names...]', 'more names of values that will be in the store')
    .option('--store <name>', 'the name of a value that will be in the store', collect)
    .option('--args <json>', 'a JSON array that the function which makes the flow is called with')
    .option('--run <uuid>', 'shows the states of this run in it')
    .addHelpText(
      'after',
      `
Example:
  taskflow plan ./flows.ts#createVolume --store size --format mermaid`,
    )
  register(command, (context, [spec, names], flags) =>
    planFlow(context, spec as string, names as readonly string[], flags as PlanFlags),
  )
}

async function planFlow(
  context: Context,
  spec: string,
  names: readonly string[],
  flags: PlanFlags,
): Promise<ExitCode> {
  const format = context.isJson ? 'json' : (flags.format ?? 'text')
  if (!FORMATS.includes(format)) {
    throw usageError(
      `--format is '${format}': write ${FORMATS.join(', ')}${didYouMean(format, FORMATS)}`,
    )
  }
  const config = await context.config()
  const args = flags.args === undefined ? [] : readArray(flags.args, '--args')
  const target = await findTarget(spec, { cwd: context.terminal.cwd, config, args })
  // Pairs as run takes them will do, too.
  const store = [...(flags.store ?? []), ...names].map((one) => one.split('=')[0] ?? one)
  const planned = plan(target.flow(), { store })
  const run = flags.run === undefined ? undefined : await loadRun(context, flags.run)
  if (format === 'json') context.answer(planned)
  else context.sayText(await render(planned, format, { run, context }))
  return EXIT.ok
}

async function loadRun(context: Context, written: string): Promise<FlowDetail> {
  const backend = await context.backend()
  return loadFlowDetail(backend, await findRun(backend, written))
}

async function render(
  planned: Plan,
  format: string,
  { run: flowDetail, context }: { readonly run: FlowDetail | undefined; readonly context: Context },
): Promise<string> {
  const { isTTY, columns } = context.terminal.out
  switch (format) {
    case 'mermaid':
      return planned.toMermaid({ flowDetail }).trimEnd()
    case 'dot':
      return planned.toDot({ flowDetail }).trimEnd()
    case 'svg':
      return (await svgOf(planned, flowDetail)).trimEnd()
    default:
      return planned
        .toText({ flowDetail, width: Math.max(MIN_WIDTH, isTTY ? columns : 80) })
        .trimEnd()
  }
}

async function svgOf(planned: Plan, flowDetail: FlowDetail | undefined): Promise<string> {
  try {
    return await toSvg(planned, { flowDetail })
  } catch (cause) {
    throw usageError((cause as Error).message, { cause })
  }
}
