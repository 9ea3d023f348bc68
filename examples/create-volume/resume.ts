/**
 * Finishes what was begun when a process died.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { type Engine, type FlowDetail, listUnfinished, loadFromDetail } from '../../src/index.ts'
import type { Command } from './command-line.ts'
import { type DataFolder, dataPaths, openDataFolder } from './data-folder.ts'
import { defineCreateVolume } from './flow.ts'
import {
  complain,
  describeFailures,
  describeQuota,
  describeVolume,
  runAndWatch,
  say,
} from './terminal.ts'
import type { Volume } from './volumes.ts'

/**
 * Goes on with every unfinished flow, in the direction in which it was going.
 *
 * @returns the exit code: 0 when all came to an end, created or undone; 1 when one did not
 */
export async function resume(
  options: Extract<Command, { kind: 'resume' }>,
  signal: AbortSignal,
): Promise<number> {
  const { logbook } = dataPaths(options.dataFolder)
  if (!existsSync(logbook)) {
    say(`Nothing to resume: there is no logbook ${logbook} yet`)
    return 0
  }
  await using data = openDataFolder(options.dataFolder, 'alone')
  const { paths, services, backend } = data
  const { quota } = services
  if (options.quotaMib !== undefined) quota.limit('mib', options.quotaMib)
  const before = quota.usage()
  const createVolume = defineCreateVolume(services, { ...options, effectsFile: paths.effects })

  let unfinishedCount = 0
  let openCount = 0
  for await (const detail of listUnfinished(backend)) {
    if (signal.aborted) break
    unfinishedCount += 1
    say(`Resuming  ${detail.name} ${detail.uuid}, ${whereabouts(detail)}`)
    const engine = loadFromDetail(detail, { backend, flows: [createVolume] })
    const state = await runAndWatch(engine, signal)
    if (state === 'SUSPENDED') openCount += 1
    say(...conclude(engine), '')
  }
  if (unfinishedCount === 0) say('Nothing to resume: no flow is unfinished')
  else say(...describeQuota(before, quota.usage()))
  say(`Logbook   ${paths.logbook}`)
  openCount += await reportBroken(data)
  return openCount === 0 ? 0 : 1
}

/** What became of a flow. */
function conclude({ storage }: Engine): readonly string[] {
  const state = storage.getFlowState()
  if (state === 'SUCCESS') {
    return describeVolume(storage.fetch('volume') as Volume & { readonly path: string })
  }
  return [`${state.padEnd(9)} ${describeFailures(storage.getFailures())}`]
}

/** Tells of the flows whose undoing broke: running them again would break them again. */
async function reportBroken({ backend }: DataFolder): Promise<number> {
  const broken = await backend.listFlows({ states: ['FAILURE'] })
  for (const { name, uuid } of broken) {
    complain(`${name} ${uuid} is broken: one of its reverts failed, and a person must look`)
  }
  return broken.length
}

/** What a flow was doing when its process died. */
function whereabouts(detail: FlowDetail): string {
  const busy = [...detail].filter(({ state }) => state === 'RUNNING' || state === 'REVERTING')
  if (busy.length === 0) return `found ${detail.state}`
  return `found ${busy.map(({ name, state }) => `${name} ${state}`).join(', ')}`
}
