/**
 * `taskflow show`: everything that is remembered of a run.
 *
 * @module
 */
import type { Command } from 'commander'
import { oneLine } from '../../base/printable.ts'
import type { SecretKeys } from '../../base/secrets.ts'
import type { GraphNode } from '../../engine/compiler.ts'
import { compile } from '../../engine/compiler.ts'
import { flowFromDetail } from '../../engine/load.ts'
import { ownerInWords } from '../../inspection/summary.ts'
import { ageInWords, failureInWords } from '../../inspection/words.ts'
import { MASK } from '../../listeners/display.ts'
import type { AtomDetail } from '../../persistence/atom-detail.ts'
import type { FlowDetail } from '../../persistence/flow-detail.ts'
import { readFactory } from '../../persistence/flow-meta.ts'
import { loadFlowDetail } from '../../persistence/reader.ts'
import { INJECTOR_NAME } from '../../persistence/records.ts'
import { readCount } from '../amounts.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exits.ts'
import { findRun } from '../find-run.ts'
import { findTarget } from '../target.ts'
import { plainFailure, plainJson, SecretResults, show as shown } from '../values.ts'
import { collect, type Register } from '../work.ts'
import { plainRun } from './ls.ts'

interface ShowFlags {
  readonly flow?: string
  readonly mask?: readonly string[]
  readonly width?: string
}

/** Adds the command. */
export function addShow(program: Command, register: Register): void {
  const command = program
    .command('show')
    .description('show what is remembered of a run: states, attempts, values, failures')
    .argument('<uuid>', 'the run; the beginning of its uuid is enough')
    .option('--flow <flow>', 'the flow that was run, to show its tree')
    .option('--mask <key>', 'a key whose values are not shown; may be given again', collect)
    .option('--width <n>', 'how many characters of a value are shown', '200')
    .addHelpText(
      'after',
      `
Example:
  taskflow show 3f2a --mask name --backend sqlite:runs.db`,
    )
  register(command, (context, [uuid], flags) =>
    show(context, uuid as string, flags as unknown as ShowFlags),
  )
}

/** How values are shown. */
interface Manner {
  readonly maskedKeys: SecretKeys
  readonly results: SecretResults
  readonly width: number
  readonly isVerbose: boolean
}

async function show(context: Context, written: string, flags: ShowFlags): Promise<ExitCode> {
  const width = readCount(flags.width ?? '200', '--width')
  const maskedKeys = await context.maskedKeys(flags.mask)
  const backend = await context.backend()
  const detail = await loadFlowDetail(backend, await findRun(backend, written))
  const nodes = await nodesOf(detail, context, flags.flow)
  const provisions = new Map((nodes ?? []).map(({ name, atom }) => [name, atom?.provisions ?? []]))
  const results = new SecretResults(maskedKeys, provisions)
  const manner = { maskedKeys, results, width, isVerbose: context.options.verbose === true }
  if (context.isJson) context.answer(plainDetail(detail, manner))
  else context.say(...head(detail, context, manner), ...body(detail, nodes, context, manner))
  return EXIT.ok
}

/** The nodes of the flow, where it can be made; else the atoms stand in a row. */
async function nodesOf(
  detail: FlowDetail,
  context: Context,
  spec: string | undefined,
): Promise<readonly GraphNode[] | undefined> {
  const config = await context.config()
  if (spec !== undefined) {
    const target = await findTarget(spec, { cwd: context.terminal.cwd, config })
    return compile(target.flow()).nodes
  }
  try {
    return compile(flowFromDetail(detail, config.flows)).nodes
  } catch {
    return undefined
  }
}

function head(detail: FlowDetail, context: Context, manner: Manner): readonly string[] {
  const { paint, terminal } = context
  const { uuid, name, state, createdAt, updatedAt, bookUuid, meta, owner } = detail
  const now = terminal.now()
  const at = (moment: Date | undefined): string =>
    moment === undefined
      ? '-'
      : `${moment.toISOString()} (${ageInWords(now.getTime() - moment.getTime())} ago)`
  const lines = [
    `${paint.in('bold', oneLine(name))} ${paint.state(state)}`,
    `  uuid     ${oneLine(uuid)}`,
    `  book     ${oneLine(bookUuid ?? '-')}`,
    `  made     ${at(createdAt)}`,
    `  saved    ${at(updatedAt ?? createdAt)}`,
  ]
  if (owner !== undefined) {
    const until = detail.leaseUntil?.toISOString() ?? 'it gives it back'
    lines.push(`  owner    ${ownerInWords(detail, now)}, until ${until}`)
  }
  const factory = readFactory(detail.engineMeta)
  if (factory !== undefined) {
    const args = factory.args.map((one) => shown(one, manner.maskedKeys, manner.width))
    lines.push(`  factory  ${oneLine(`${factory.name}(${args.join(', ')})`)}`)
  }
  const aside = detail.engineMeta.takeUps?.aside
  if (aside !== undefined) lines.push(`  aside    ${oneLine(aside.reason)}`)
  if (Object.keys(meta).length > 0) {
    lines.push(`  meta     ${oneLine(shown(meta, manner.maskedKeys, manner.width))}`)
  }
  for (const [symbol, value] of Object.entries(storeOf(detail))) {
    lines.push(`  store    ${oneLine(symbol)} = ${valueText(symbol, value, manner)}`)
  }
  return [...lines, '']
}

function body(
  detail: FlowDetail,
  nodes: readonly GraphNode[] | undefined,
  context: Context,
  manner: Manner,
): readonly string[] {
  const lines: string[] = []
  const left = new Set([...detail].filter(({ name }) => name !== INJECTOR_NAME))
  for (const { kind, name, scope } of nodes ?? []) {
    if (kind === 'flow_end') continue
    const depth = (scope?.depth ?? -1) + (kind === 'flow' ? 0 : 1)
    const record = kind === 'flow' ? undefined : detail.find(name)
    if (record !== undefined) left.delete(record)
    const indent = '  '.repeat(depth)
    if (kind === 'flow') lines.push(`${indent}${context.paint.in('bold', oneLine(name))}`)
    else if (record !== undefined) lines.push(...atomLines(record, indent, context, manner))
    else
      lines.push(
        `${indent}${context.paint.in('dim', `${context.paint.sign('PENDING')} ${oneLine(name)}  no record`)}`,
      )
  }
  for (const record of left) lines.push(...atomLines(record, '', context, manner))
  return lines
}

function atomLines(
  record: AtomDetail,
  indent: string,
  { paint }: Context,
  manner: Manner,
): readonly string[] {
  const { name, kind, state, intention, attempt, progress, version } = record
  const facts = [
    paint.state(state),
    ...(kind === 'retry' ? ['(retry)'] : []),
    ...(intention === 'EXECUTE' ? [] : [`to ${intention}`]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(progress !== undefined && progress > 0 && progress < 1
      ? [`${Math.round(progress * 100)} %`]
      : []),
    ...(version === undefined || version === '1.0' ? [] : [`version ${oneLine(version)}`]),
  ]
  const lines = [`${indent}${paint.sign(state)} ${oneLine(name)}  ${facts.join('  ')}`]
  const add = (what: string, text: string): void => {
    lines.push(`${indent}    ${paint.in('dim', what)} ${text}`)
  }
  if (record.kind === 'task') {
    const { results } = record
    if (results !== undefined && results !== null)
      add('result', resultText(record, results, manner))
  } else {
    for (const [i, [value, failures]] of record.results.entries()) {
      const because = Object.entries(failures).map(
        ([atom, failure]) => `${oneLine(atom)}: ${oneLine(failureInWords(failure))}`,
      )
      add(`attempt ${i + 1}`, [resultText(record, value, manner), ...because].join('; '))
    }
  }
  for (const [what, failure] of [
    ['failed', record.failure],
    ['revert failed', record.revertFailure],
  ] as const) {
    if (failure === undefined) continue
    add(what, paint.in('red', oneLine(failureInWords(failure))))
    if (manner.isVerbose && failure.traceback !== '') lines.push(...failure.traceback.split('\n'))
  }
  if (record.revertResults !== undefined && record.revertResults !== null) {
    const shownResult = manner.results.hides(record) ? MASK : record.revertResults
    add('revert result', resultText(record, shownResult, manner))
  }
  return lines
}

/** The values that were put in. */
function storeOf(detail: FlowDetail): object {
  const injector = detail.find(INJECTOR_NAME)
  const store = injector?.kind === 'task' ? injector.results : undefined
  return typeof store === 'object' && store !== null ? store : {}
}

function valueText(symbol: string, value: unknown, { maskedKeys, width }: Manner): string {
  return maskedKeys.has(symbol) ? MASK : oneLine(shown(value, maskedKeys, width))
}

function resultText(record: AtomDetail, result: unknown, manner: Manner): string {
  const value = manner.results.masked(record, result)
  return value === MASK ? MASK : oneLine(shown(value, manner.maskedKeys, manner.width))
}

function plainDetail(detail: FlowDetail, manner: Manner): object {
  const { maskedKeys } = manner
  const atoms = [...detail].filter(({ name }) => name !== INJECTOR_NAME)
  return {
    ...plainRun({ ...detail, bookUuid: detail.bookUuid ?? '', meta: '' } as never),
    factory: plainJson(detail.engineMeta.factory ?? null, maskedKeys),
    undo: detail.engineMeta.undo ?? null,
    deadline: detail.engineMeta.deadline?.at.toISOString() ?? null,
    putAside: detail.engineMeta.takeUps?.aside ?? null,
    meta: plainJson(detail.meta, maskedKeys),
    store: plainJson(storeOf(detail), maskedKeys),
    atoms: atoms.map((record) => plainAtom(record, manner)),
  }
}

function plainAtom(record: AtomDetail, { maskedKeys, results, isVerbose }: Manner): object {
  const { uuid, name, kind, state, intention, attempt, progress, version } = record
  const plain = (value: unknown): unknown =>
    plainJson(results.masked(record, value), maskedKeys) ?? null
  const failures = { failure: record.failure, revertFailure: record.revertFailure }
  return {
    uuid,
    name,
    kind,
    state,
    intention,
    attempt,
    progress: progress ?? null,
    version: version ?? null,
    ...(record.kind === 'task'
      ? { result: plain(record.results ?? null) }
      : {
          attempts: record.results.map(([value, failed]) => ({
            value: plain(value),
            failures: Object.fromEntries(
              Object.entries(failed).map(([atom, one]) => [atom, plainFailure(one, isVerbose)]),
            ),
          })),
        }),
    revertResult: results.hides(record) ? MASK : plain(record.revertResults ?? null),
    ...Object.fromEntries(
      Object.entries(failures).map(([key, one]) => [
        key,
        one ? plainFailure(one, isVerbose) : null,
      ]),
    ),
  }
}
