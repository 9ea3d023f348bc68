/**
 * Shows on the terminal where a flow is, and what came of it.
 *
 * @module
 */
import { styleText } from 'node:util'
import { type Engine, type Failure, type FlowState, isFailure, Task } from '../../src/index.ts'
import type { Usage } from './quota.ts'
import type { Volume } from './volumes.ts'

/** Good news green, bad news red, what is under way plain. */
const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow' | undefined>> = {
  SUCCESS: 'green',
  FAILURE: 'red',
  REVERT_FAILURE: 'red',
  REVERTING: 'yellow',
  REVERTED: 'yellow',
}

/** Progress is shown in steps of this. */
const STEP_PERCENT = 25

/** Writes lines. */
export function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

/** Writes a line about something that went wrong. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs a flow and shows every state that it and its tasks enter, and how far long tasks have come.
 *
 * @returns how it ended
 * @throws what kept it from getting to an end, such as a backend that cannot be written
 */
export async function runAndWatch<R extends object>(
  engine: Engine<R>,
  signal: AbortSignal,
): Promise<FlowState> {
  using _watching = watch(engine)
  try {
    await engine.run({ signal })
  } catch (error) {
    const state = engine.storage.getFlowState()
    if (state !== 'REVERTED' && state !== 'FAILURE') throw error
  }
  return engine.storage.getFlowState()
}

function watch<R extends object>(engine: Engine<R>): Disposable {
  const watching = new DisposableStack()
  watching.use(
    engine.notifier.register('*', (state, { flowName }) => {
      say(`${flowName} ${coloured(state)}`)
    }),
  )
  watching.use(
    engine.atomNotifier.register('*', (state, details) => {
      if (!('taskName' in details)) return
      const why = isFailure(details.result) ? `: ${details.result.message}` : ''
      say(`  ${details.taskName.padEnd(16)} ${coloured(state)}${why}`)
    }),
  )
  for (const task of engine.flow as Iterable<unknown>) {
    if (task instanceof Task) watching.use(watchProgress(task))
  }
  return watching
}

function watchProgress(task: Task): Disposable {
  let shownPercent = 0
  return task.notifier.register('update_progress', (_event, { progress }) => {
    const percent = Math.floor((progress * 100) / STEP_PERCENT) * STEP_PERCENT
    if (percent > shownPercent && percent < 100) say(`  ${task.name.padEnd(16)} ${percent} %`)
    shownPercent = percent
  })
}

/** A volume in words. */
export function describeVolume(volume: Volume & { readonly path: string }): readonly string[] {
  return [
    'Volume',
    `  id      ${volume.id}`,
    `  name    ${volume.name}`,
    `  size    ${volume.sizeMib} MiB`,
    `  type    ${volume.volumeType}`,
    `  status  ${volume.status}`,
    `  path    ${volume.path}`,
  ]
}

/** The quota before and after, side by side. */
export function describeQuota(
  before: readonly Usage[],
  after: readonly Usage[],
): readonly string[] {
  const lines = before.map((usage, i) => {
    const now = after[i] ?? usage
    return `  ${usage.resource.padEnd(7)} ${inWords(usage).padEnd(32)} ${inWords(now)}`
  })
  return [`Quota     ${'before'.padEnd(32)} after`, ...lines]
}

/** Why a flow failed, in one line: the tasks that failed, and what they said. */
export function describeFailures(failures: Readonly<Record<string, Failure>>): string {
  return Object.entries(failures)
    .map(([task, { message }]) => `${task}: ${message}`)
    .join('; ')
}

function inWords({ limit, inUse, reserved }: Usage): string {
  const promised = reserved > 0 ? `, ${reserved} reserved` : ''
  return `${inUse} of ${limit} in use${promised}`
}

function coloured(state: string): string {
  const colour = COLOURS[state]
  return colour === undefined ? state : styleText(colour, state, { stream: process.stdout })
}
