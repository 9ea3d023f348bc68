/**
 * What is left in memory of a flow that has run and is held.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Engine, load } from '../../src/index.ts'
import { type Contender, type Order, sum, unknownKind } from '../work.ts'
import { jobOf } from './taskflow.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Makes the contender: `held-linear`, `held-layered`, `held-wide`, or `held-plain` for the floor. */
export async function open(order: Order): Promise<Contender> {
  return {
    run: () => run(order),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function run({ contender, kind, size }: Order): Promise<number> {
  collect()
  const before = process.memoryUsage().heapUsed
  const held = contender === 'held-plain' ? await plain(size) : await flow(contender, size)
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  held.verify()
  if (kind === 'held') return (heapUsed - before) / size
  return kind === 'rss' ? rss / 2 ** 20 : unknownKind(contender, kind)
}

interface Kept {
  verify(): void
}

/** Functions and what they gave. */
async function plain(size: number): Promise<Kept> {
  const steps = Array.from({ length: size }, (_, i) => async () => i)
  const results: number[] = []
  for (const step of steps) results.push(await step())
  return {
    verify: () => {
      if (sum(results) !== (size * (size - 1)) / 2) throw new Error('the sum is wrong')
      if (steps.length !== size) throw new Error('the functions are gone')
    },
  }
}

async function flow(contender: string, size: number): Promise<Kept> {
  const shape = contender.replace('held-', '') as 'linear' | 'wide' | 'layered'
  const { flow, options, verify } = jobOf(shape, size)
  const engine = load(flow, options) as Engine<Record<string, unknown>>
  await engine.run()
  return { verify: () => verify(engine) }
}
