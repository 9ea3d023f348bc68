/**
 * A retry runs its flow again, each time with another value, after undoing the attempt before.
 *
 * @module
 */
import { forEach, linear, run, task } from '../src/index.ts'

const FREE_GIB: Readonly<Record<string, number>> = { 'pool-a': 5, 'pool-b': 0, 'pool-c': 500 }

const createEntry = task('create-entry', {
  execute: ({ size }: { size: number }) => console.log(`entry of ${size} GiB`),
  revert: () => console.log('entry removed'),
})

const allocate = task('allocate', {
  provides: 'path',
  execute({ pool, size }: { pool: string; size: number }) {
    const free = FREE_GIB[pool] ?? 0
    if (free < size) throw new Error(`${pool} has only ${free} GiB`)
    return `/${pool}/volume-1`
  },
  revert({ pool, flowFailures }: { pool: string; flowFailures: object }) {
    const reasons = Object.values(flowFailures).map(({ message }) => message)
    console.log(`nothing on ${pool}: ${reasons.join()}`)
  },
})

// The retry provides `pool` to its own flow only; the entry outside is made once.
const pools = ['pool-a', 'pool-b', 'pool-c']
const place = linear('place', { retry: forEach(pools, { provides: 'pool' }) }).add(allocate)
const flow = linear('create-volume').add(createEntry, place)

const { path } = await run(flow, { store: { size: 100 } })
console.log('volume at', path)

// When no value is left, the retry gives up: the flow is undone, and the last error is told.
const tooLarge = linear('create-volume', {
  retry: forEach(pools, { provides: 'pool' }),
}).add(createEntry, allocate)
await run(tooLarge, { store: { size: 600 } }).catch(({ message }) => console.log(message))
