/**
 * A process that finishes what dead ones left, and goes on with flows of its own, many at once,
 * until it is killed; or only finishes what is left, when it is told to drain.
 *
 * Arguments: name of the driver, file or URL, folder of the notes, name of the process, how many
 * flows at once, and how many flows there must be in the end, when it is to drain. With
 * TASKFLOW_CHAOS_LEASE_MS runs are left alone for so long only, and it says how many it has lost.
 *
 * @module
 */

import { UNFINISHED } from '../../src/persistence/reader.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { Crew } from './crew.ts'
import { EffectLog } from './effects.ts'

const [, , driver, place = '', folder = '', name = '', width = '', drain] = process.argv
await using backend = driver === 'postgres' ? postgres(place) : sqlite(place)
const log = new EffectLog(folder, name)
const lease = process.env['TASKFLOW_CHAOS_LEASE_MS']
const leaseMs = lease === undefined ? undefined : Number(lease)
const crew = new Crew({ name, backend, log, slowMs: 6, leaseMs })
process.on('SIGTERM', () => crew.stop())

process.stdout.write('ready\n')
if (drain === undefined) {
  await Promise.all([crew.resume(), crew.work(Number(width))])
} else {
  const states = UNFINISHED
  do await crew.resume()
  while (leaseMs !== undefined && (await backend.countFlows({ states })) > 0)
  const missing = Number(drain) - (await backend.countFlows())
  while (crew.count < missing) await crew.runOne()
}
log.close()
process.stdout.write(`lost ${crew.takenCount}\n`)
