/**
 * Creates one volume.
 *
 * @module
 */
import { type Engine, loadFromFactory } from '../../src/index.ts'
import type { Command } from './command-line.ts'
import { openDataFolder } from './data-folder.ts'
import { defineCreateVolume } from './flow.ts'
import { readRequest } from './request.ts'
import {
  complain,
  describeFailures,
  describeQuota,
  describeVolume,
  runAndWatch,
  say,
} from './terminal.ts'

/**
 * Runs the flow on a request and shows what came of it.
 *
 * @returns the exit code
 */
export async function create(
  { requestFile, fail, ...options }: Extract<Command, { kind: 'create' }>,
  signal: AbortSignal,
): Promise<number> {
  const { name, size, volumeType } = readRequest(requestFile)
  await using data = openDataFolder(options.dataFolder, 'shared')
  const { paths, services, backend } = data
  const { quota } = services
  if (options.quotaMib !== undefined) quota.limit('mib', options.quotaMib)
  const before = quota.usage()

  const createVolume = defineCreateVolume(services, { ...options, effectsFile: paths.effects })
  const engine = loadFromFactory(createVolume, [{ fail }], {
    backend,
    store: { rawName: name, rawSize: size, rawVolumeType: volumeType },
  })
  const { storage } = engine
  say(`Request   ${requestFile}`)
  const state = await runAndWatch(engine, signal)

  say('')
  if (state === 'SUCCESS') say(...describeVolume(storage.fetch('volume')))
  say(
    ...describeQuota(before, quota.usage()),
    `Logbook   ${paths.logbook} (flow ${storage.flowUuid}, ${state})`,
  )
  return conclude(engine)
}

/** Says how a flow ended that did not succeed; gives the exit code. */
function conclude<R extends object>({ storage }: Engine<R>): number {
  const why = describeFailures({ ...storage.getFailures(), ...storage.getRevertFailures() })
  switch (storage.getFlowState()) {
    case 'SUCCESS':
      return 0
    case 'SUSPENDED':
      complain('Suspended: npm start -- --resume finishes it')
      return 130
    case 'REVERTED':
      complain(`No volume was created, and nothing of it is left: ${why}`)
      return 1
    default:
      complain(`No volume was created, and it could not be undone; a person must look: ${why}`)
      return 1
  }
}
