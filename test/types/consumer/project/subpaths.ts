/**
 * Every subpath of the package, as a user imports it.
 *
 * @module
 */
import { type Backend, linear, plan, task, threadTask } from 'taskflow-ts'
import { directory } from 'taskflow-ts/directory'
import { mysql } from 'taskflow-ts/mysql'
import { postgres } from 'taskflow-ts/postgres'
import { sqlite } from 'taskflow-ts/sqlite'
import { toSvg } from 'taskflow-ts/svg'
import { observed, TelemetryListener } from 'taskflow-ts/telemetry'
import { explore, runFlow } from 'taskflow-ts/testing'
import { backendContract } from 'taskflow-ts/testing/contract'
import { threads } from 'taskflow-ts/threads'

export const backends: readonly Backend[] = [
  sqlite(':memory:'),
  postgres('postgres://localhost/flows'),
  mysql('mysql://localhost/flows'),
  directory('flows'),
  observed(directory('flows')),
]

export const executor = threads({ maxWorkers: 1 })
export const made: typeof threadTask = threadTask
export const listener: typeof TelemetryListener = TelemetryListener

const flow = () => linear('f').add(task('t', { provides: 'x', execute: () => 3 }))
export const picture = toSvg(plan(flow()))
export const tried = [runFlow(flow()), explore(flow, { world: () => ({}), invariant() {} })]

export function contract(): void {
  backendContract({ name: 'sqlite', open: async () => sqlite(':memory:') })
}

// @ts-expect-error a file, an URL or a database
sqlite(3)
// @ts-expect-error a number of threads
threads({ maxWorkers: 'two' })
