/**
 * A program that is killed while a run is reverted, cancelled, or waits: `controlled.ts MODE FOLDER`.
 *
 * Every effect is one line of a file, `name what attempt moment`. Started anew it goes on with the
 * run that it finds; without one it begins one. Says on standard output what has been acknowledged.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type FlowDetail,
  type FlowItem,
  linear,
  load,
  loadFlowDetail,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'

const [mode = '', folder = ''] = process.argv.slice(2)

/** The tasks that were called. */
const called = new Set<string>()

function note(name: string, what: string, { attempt }: TaskContext): void {
  called.add(name)
  appendFileSync(join(folder, 'effects.txt'), `${name} ${what} ${attempt} ${Date.now()}\n`)
}

/** A task that takes a while in both directions, and stops when it is told to. */
function slow(name: string, ms: number) {
  return task(name, {
    requires: [],
    async execute(_inputs: object, context: TaskContext) {
      note(name, 'do', context)
      await setTimeout(ms, undefined, { signal: context.signal })
    },
    async revert(_inputs: object, context: TaskContext) {
      await setTimeout(8)
      note(name, 'undo', context)
    },
  })
}

const flaky = task('flaky', {
  requires: [],
  execute(_inputs: object, context: TaskContext) {
    note('flaky', 'do', context)
    if (context.attempt === 1) throw new Error('not yet')
  },
})

const FLOWS: Readonly<Record<string, () => FlowItem>> = {
  revert: () =>
    linear('controlled').add(
      slow('a', 1),
      unordered('u').add(slow('b', 1), slow('c', 1)),
      slow('d', 1),
    ),
  cancel: () => linear('controlled', { retry: times(3) }).add(slow('a', 1), slow('b', 60_000)),
  wait: () => linear('controlled', { retry: times(3, { delay: 600 }) }).add(slow('a', 1), flaky),
}

await using backend = sqlite(join(folder, 'flows.db'))
const [record] = await backend.listFlows()
const flowDetail: FlowDetail | undefined = record && (await loadFlowDetail(backend, record.uuid))
const make = FLOWS[mode]
if (make === undefined) throw new Error(`unknown mode '${mode}'`)
const engine = load(make(), {
  backend,
  engine: 'parallel',
  ...(flowDetail !== undefined && { flowDetail }),
})
process.stdout.write(`ready ${Date.now()}\n`)
const isAtRest = flowDetail === undefined || flowDetail.state === 'SUCCESS'
if (flowDetail?.state === 'REVERTED') {
  process.stdout.write('was undone before\n') // its process died before it could say so
} else if (mode === 'revert' && isAtRest) {
  await engine.run()
  engine.notifier.register('RUNNING', () => process.stdout.write('reverting\n'))
  await engine.revert()
} else {
  const run = engine.run().catch((error: Error) => process.stdout.write(`rejected ${error.name}\n`))
  if (mode === 'cancel' && flowDetail === undefined) {
    while (!called.has('b')) await setTimeout(1)
    await engine.cancel('enough')
    process.stdout.write('cancelled\n')
  }
  await run
}
process.stdout.write(`ended ${engine.storage.getFlowState()}\n`)
