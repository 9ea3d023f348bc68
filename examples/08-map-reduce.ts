/**
 * Map and reduce: one task for each part, all at once, and one that puts the parts together.
 *
 * @module
 */
import { linear, load, reduceTask, task, unordered } from '../src/index.ts'

const LOGS: readonly string[] = [
  '200 /cart\n200 /cart\n404 /favicon.ico',
  '200 /order\n500 /order\n200 /order',
  '404 /robots.txt\n200 /cart\n200 /order',
]

type Counts = Readonly<Record<string, number>>

function countStatuses(log: string): Counts {
  const lines = Map.groupBy(log.split('\n'), (line) => line.slice(0, 3))
  return Object.fromEntries([...lines].map(([status, { length }]) => [status, length]))
}

function merge(a: Counts, b: Counts): Counts {
  const statuses = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(statuses.map((status) => [status, (a[status] ?? 0) + (b[status] ?? 0)]))
}

// The parts are known only now, so the flow is put together in a loop; names tie it together.
const mappers = LOGS.map((log, number) =>
  task(`count log ${number}`, { provides: `counts-${number}`, execute: () => countStatuses(log) }),
)
const counts = mappers.flatMap(({ provides }) => [...provides])

const flow = linear('statuses').add(
  unordered('map').add(...mappers),
  reduceTask('reduce', merge, { requires: counts, provides: 'statuses' }),
)

const engine = load(flow, { engine: 'parallel' })
await engine.run()
console.log(engine.storage.fetch('statuses'))
