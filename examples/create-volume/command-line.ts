/**
 * Understands the command line; does nothing yet.
 *
 * @module
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TASK_NAMES, type TaskName } from './flow.ts'

/** The request that is taken when none is named. */
const OWN_REQUEST = join(import.meta.dirname, 'request.json')

/** The first task has no effect, and so nothing to undo. */
const UNDONE_TASKS = TASK_NAMES.slice(1)

/** What `--help` prints. */
export const HELP = `Creates a volume: a file of the requested size, entered in a database, within a quota.

  npm start                          creates the volume of examples/create-volume/request.json
  npm start -- [options] [request]   creates the volume of a request file of your own
  npm start -- --resume [options]    finishes what was begun when a process died

  --data <folder>       where database, pool and logbook are kept (default: data)
  --quota-mib <MiB>     changes the quota, for this and all later volumes
  --fail <task>         the task fails after its effect: everything is undone, exit code 1
  --kill <task>         SIGKILL inside the task, after its effect
  --kill-revert <task>  SIGKILL inside the revert of the task, after its effect was undone
  --slow <ms>           each task waits so long before and after its effect
  --resume              finds the unfinished flows in the logbook and finishes them
  --help                prints this

  tasks: ${TASK_NAMES.join(', ')}

A request is JSON: {"name": "backups", "size": "8 MiB", "volumeType": "ssd"}
Exit codes: 0 done, 1 failed and undone (or broken), 2 wrong arguments or request, 130 interrupted.
`

/** The command line makes no sense; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}

/** What creating and resuming have in common. */
export interface WorkOptions {
  /** Where everything is kept. */
  readonly dataFolder: string
  /** The new limit of the quota, if it is to be changed. */
  readonly quotaMib: number | undefined
  /** The task that kills the process. */
  readonly kill: TaskName | undefined
  /** The task whose revert kills the process. */
  readonly killRevert: TaskName | undefined
  /** How long tasks wait before and after their effects, in milliseconds. */
  readonly slowMs: number
}

/** What the user wants. */
export type Command =
  | { readonly kind: 'help' }
  | (WorkOptions & { readonly kind: 'resume' })
  | (WorkOptions & {
      readonly kind: 'create'
      /** The file with the request. */
      readonly requestFile: string
      /** The task that fails on purpose. */
      readonly fail: TaskName | undefined
    })

/** @throws {@link UsageError} saying what to write instead. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  if (values.help === true) return { kind: 'help' }
  const options: WorkOptions = {
    dataFolder: values.data ?? 'data',
    quotaMib: readNumber('--quota-mib', values['quota-mib']),
    kill: readTask('--kill', values.kill),
    killRevert: readTask('--kill-revert', values['kill-revert'], UNDONE_TASKS),
    slowMs: readNumber('--slow', values.slow) ?? 0,
  }
  if (options.dataFolder === '') throw new UsageError('--data needs the name of a folder')
  const fail = readTask('--fail', values.fail)
  const [requestFile = OWN_REQUEST, ...others] = positionals
  if (values.resume === true) {
    if (fail !== undefined || positionals.length > 0) {
      throw new UsageError(
        '--resume takes neither a request nor --fail: a flow goes on with what it was begun with',
      )
    }
    return { kind: 'resume', ...options }
  }
  if (others.length > 0) {
    throw new UsageError(`one request at a time, not ${positionals.join(' and ')}`)
  }
  return { kind: 'create', ...options, requestFile, fail }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        fail: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        kill: { type: 'string' },
        'kill-revert': { type: 'string' },
        'quota-mib': { type: 'string' },
        resume: { type: 'boolean' },
        slow: { type: 'string' },
      },
    })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message, { cause: error })
  }
}

function readTask(
  flag: string,
  name: string | undefined,
  tasks: readonly TaskName[] = TASK_NAMES,
): TaskName | undefined {
  if (name === undefined) return undefined
  const task = tasks.find((known) => known === name)
  if (task !== undefined) return task
  throw new UsageError(`${flag} cannot be '${name}': write one of ${tasks.join(', ')}`)
}

function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new UsageError(`${flag} is '${text}': write a whole number`)
}
