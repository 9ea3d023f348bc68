/**
 * OpenWorkflow on SQLite or PostgreSQL.
 *
 * Runs are put into the database first, and then the worker is started: so its pauses between
 * looks at the database (100 ms and more) are in no figure. What is measured ends with the last
 * step; the end of the run is written after that.
 *
 * @module
 */
import { join } from 'node:path'
import { OpenWorkflow, type RetryPolicy } from 'openworkflow'
import { BackendPostgres } from 'openworkflow/postgres'
import { BackendSqlite } from 'openworkflow/sqlite'
import {
  type Contender,
  check,
  FLOW_COUNT,
  type Order,
  sum,
  timed,
  unknownKind,
  wideResult,
} from '../work.ts'
import { longestDelay } from './delay.ts'

type Client = InstanceType<typeof OpenWorkflow>
type Steps = {
  run(
    config: { name: string; retryPolicy?: RetryPolicy },
    work: () => Promise<number>,
  ): Promise<number>
}

/** Tries again as soon as it may. */
const AT_ONCE = {
  initialInterval: '1ms',
  backoffCoefficient: 1,
  maximumInterval: '1ms',
  maximumAttempts: 1_000,
} as const

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const { contender, kind, size, folder, databaseUrl = '' } = order
  const backend =
    contender === 'openworkflow-sqlite'
      ? BackendSqlite.connect(join(folder, 'openworkflow.db'))
      : await BackendPostgres.connect(databaseUrl)
  const client: Client = new OpenWorkflow({ backend })
  const run = runOf(client, order)
  return {
    run: kind === 'delay' ? () => longestDelay(run) : run,
    [Symbol.asyncDispose]: () => backend.stop(),
  }

  function runOf(client: Client, order: Order): () => Promise<number> {
    switch (kind) {
      case 'linear':
        return runs(client, 1, size, (step) => linear(step, size), size)
      case 'wide':
        return runs(client, 1, size, (step) => wide(step, size), wideResult(size))
      case 'flows':
      case 'delay': {
        const length = size / FLOW_COUNT
        return runs(client, FLOW_COUNT, size, (step) => linear(step, length), length)
      }
      case 'resume':
        return resume(client, size)
      default:
        return unknownKind(order.contender, kind)
    }
  }
}

async function linear(step: Steps, size: number): Promise<number> {
  let value = 0
  for (let i = 0; i < size; i += 1) {
    const before = value
    value = await step.run({ name: `t${i}` }, async () => before + 1)
  }
  return value
}

async function wide(step: Steps, size: number): Promise<number> {
  const values = await Promise.all(
    Array.from({ length: size }, (_, i) => step.run({ name: `t${i}` }, async () => i)),
  )
  return step.run({ name: 'join' }, async () => sum(values))
}

/** Runs a workflow so many times at once. */
function runs(
  client: Client,
  count: number,
  size: number,
  work: (step: Steps) => Promise<number>,
  expected: number,
): () => Promise<number> {
  let ended = 0
  let allEnded: (() => void) | undefined
  const workflow = client.defineWorkflow({ name: 'work' }, async ({ step }) => {
    const value = await work(step as unknown as Steps)
    ended += 1
    if (ended === count) allEnded?.()
    return value
  })
  return async () => {
    ended = 0
    const handles = []
    for (let i = 0; i < count; i += 1) handles.push(await workflow.run())
    const worker = client.newWorker({ concurrency: count })
    const us = await timed(size, async () => {
      const done = new Promise<void>((resolve) => {
        allEnded = resolve
      })
      await worker.start()
      await done
    })
    const values = await Promise.all(handles.map((handle) => handle.result()))
    await worker.stop()
    check('the workflows', sum(values as readonly number[]), count * expected)
    return us
  }
}

/** The step in the middle fails once, which ends the first worker; then another goes on. */
function resume(client: Client, size: number): () => Promise<number> {
  const half = size / 2
  let seen = 0
  let reached: ((at: number) => void) | undefined
  const workflow = client.defineWorkflow(
    { name: 'resumed', retryPolicy: AT_ONCE },
    async ({ step }) => {
      const steps = step as unknown as Steps
      let value = 0
      for (let i = 0; i <= half; i += 1) {
        const before = value
        value = await steps.run({ name: `t${i}`, retryPolicy: AT_ONCE }, async () => {
          if (i === half) {
            seen += 1
            reached?.(performance.now())
            if (seen === 1) throw new Error('killed')
          }
          return before + 1
        })
      }
      return value
    },
  )
  const next = (): Promise<number> =>
    new Promise((resolve) => {
      reached = resolve
    })
  return async () => {
    seen = 0
    const handle = await workflow.run()
    const first = client.newWorker()
    const failed = next()
    await first.start()
    await failed
    await first.stop()
    check('attempts before', seen, 1)
    const again = next()
    const second = client.newWorker()
    const start = performance.now()
    await second.start()
    const us = ((await again) - start) * 1_000
    check('the workflow', await handle.result(), half + 1)
    await second.stop()
    return us
  }
}
