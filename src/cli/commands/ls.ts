/**
 * `taskflow ls`: the runs of a backend, page by page.
 *
 * @module
 */

import type { Command } from 'commander'
import { oneLine } from '../../base/printable.ts'
import { didYouMean } from '../../base/suggestions.ts'
import type { CorruptRecordError } from '../../errors.ts'
import { isPutAside, ownerInWords } from '../../inspection/summary.ts'
import { ageInWords } from '../../inspection/words.ts'
import type { FlowFilter, StoredFlowRecord } from '../../persistence/backend.ts'
import { readAgeMs, readCount } from '../amounts.ts'
import { type Context, quoted } from '../context.ts'
import { EXIT, type ExitCode } from '../exits.ts'
import { cutTo, padTo, widthOf } from '../paint.ts'
import { readStates } from '../states.ts'
import type { Register } from '../work.ts'

interface LsFlags {
  readonly state?: readonly string[]
  readonly name?: string
  readonly olderThan?: string
  readonly after?: string
  readonly limit: string
}

/** Adds the command. */
export function addLs(program: Command, register: Register): void {
  const command = program
    .command('ls')
    .description('list the runs of a backend: state, name, age, owner')
    .option('--state <state...>', 'only runs in these states')
    .option('--name <name>', 'only runs of the flow of this name')
    .option('--older-than <age>', 'only runs whose state was saved last before that, as in 7d')
    .option('--after <uuid>', 'go on behind this run')
    .option('--limit <n>', 'how many runs at most', '50')
    .addHelpText(
      'after',
      `
Example:
  taskflow ls --state SUSPENDED FAILURE --older-than 1h --backend sqlite:runs.db`,
    )
  register(command, (context, _args, flags) => list(context, flags as unknown as LsFlags))
}

async function list(context: Context, flags: LsFlags): Promise<ExitCode> {
  const limit = readCount(flags.limit, '--limit')
  const now = context.terminal.now()
  const unreadable: CorruptRecordError[] = []
  const filter: FlowFilter = {
    limit: limit + 1,
    onCorrupt: (error) => void unreadable.push(error),
    ...(flags.state !== undefined && { states: readStates(flags.state) }),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.after !== undefined && { after: flags.after }),
    ...(flags.olderThan !== undefined && {
      updatedBefore: new Date(now.getTime() - readAgeMs(flags.olderThan, '--older-than')),
    }),
  }
  const backend = await context.backend()
  const found = await backend.listFlows(filter)
  const runs = found.slice(0, limit)
  const next = found.length > limit ? runs.at(-1)?.uuid : undefined
  for (const error of unreadable) context.remark(`not listed: ${oneLine(error.message)}`)
  if (context.isJson) {
    context.answer({ runs: runs.map(plainRun), next: next ?? null })
    return EXIT.ok
  }
  if (runs.length === 0) {
    context.remark(`no runs${await nameHint(context, flags)}`)
    return EXIT.ok
  }
  context.say(...table(runs, context, now))
  if (next !== undefined)
    context.remark(`more: taskflow ls${again(flags)} --after ${quoted(next)}${context.again}`)
  return EXIT.ok
}

/** A run as plain data. */
export function plainRun(run: StoredFlowRecord): object {
  const { uuid, name, state, bookUuid, createdAt, updatedAt, owner, leaseUntil, epoch } = run
  return {
    uuid,
    name,
    state,
    book: bookUuid,
    createdAt: createdAt ?? null,
    updatedAt: updatedAt ?? createdAt ?? null,
    owner: owner ?? null,
    leaseUntil: leaseUntil ?? null,
    epoch,
    ...(isPutAside(run) && { putAside: true }),
  }
}

async function nameHint(context: Context, { name }: LsFlags): Promise<string> {
  if (name === undefined) return ''
  const backend = await context.backend()
  const page = await backend.listFlows({ limit: 100, onCorrupt: () => {} })
  const names = page.map((one) => one.name)
  return ` of '${name}'${names.includes(name) ? '' : didYouMean(name, names)}`
}

function again({ state, name, olderThan, limit }: LsFlags): string {
  return [
    ...(state === undefined ? [] : [` --state ${state.join(' ')}`]),
    ...(name === undefined ? [] : [` --name ${quoted(name)}`]),
    ...(olderThan === undefined ? [] : [` --older-than ${olderThan}`]),
    ...(limit === '50' ? [] : [` --limit ${limit}`]),
  ].join('')
}

const SHORT = 8

function table(runs: readonly StoredFlowRecord[], context: Context, now: Date): readonly string[] {
  const { paint, terminal } = context
  const isSeen = terminal.out.isTTY
  const short = isSeen ? shortest(runs) : Number.POSITIVE_INFINITY
  const rows = runs.map((run) => {
    const saved = run.updatedAt ?? run.createdAt
    return [
      oneLine(run.uuid.slice(0, short)),
      run.state,
      saved === undefined ? '-' : ageInWords(now.getTime() - saved.getTime()),
      isPutAside(run) ? 'put aside' : oneLine(ownerInWords(run, now)),
      oneLine(run.name),
    ]
  })
  const all = [['UUID', 'STATE', 'AGE', 'OWNER', 'NAME'], ...rows]
  const widths = [0, 1, 2, 3].map((i) => Math.max(...all.map((row) => widthOf(row[i] ?? ''))))
  return all.map((row, line) => {
    const cells = row.map((cell, i) => padTo(cell, widths[i] ?? 0))
    const before = widths.reduce((sum, width) => sum + width + 2, 0)
    const name = isSeen
      ? cutTo(row[4] ?? '', Math.max(8, terminal.out.columns - before), paint.ellipsis)
      : row[4]
    if (line === 0) return paint.in('dim', [...cells.slice(0, 4), name].join('  '))
    const state = `${paint.state(row[1] ?? '')}${' '.repeat((widths[1] ?? 0) - (row[1] ?? '').length)}`
    return [cells[0], state, cells[2], cells[3], name].join('  ')
  })
}

/** How much of the uuids is needed to tell the runs of a page apart, and is enough elsewhere. */
function shortest(runs: readonly StoredFlowRecord[]): number {
  for (let length = SHORT; length < 36; length += 1) {
    if (new Set(runs.map(({ uuid }) => uuid.slice(0, length))).size === runs.length) return length
  }
  return Number.POSITIVE_INFINITY
}
