/**
 * Several processes were killed, each somewhere else; one call finishes what they left.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineFlow, linear, loadFromFactory, resumeAll, task } from '../src/index.ts'
import { sqlite } from '../src/persistence/sql/sqlite.ts'

/** Where this process dies; the one that finishes the runs has none. */
const [, program = '', file, deadly] = process.argv

/** Work of one step. What happens here is killed as by the machine: nothing is tidied up. */
function work(step: string): string {
  if (step === deadly) process.kill(process.pid, 'SIGKILL')
  return step
}

const order = defineFlow('order', (customer: string) =>
  linear('order').add(
    task('reserve', { execute: () => work('reserve'), revert: () => work('give back') }),
    task('charge', { execute: () => work('charge'), revert: () => work('refund') }),
    task('ship', {
      execute() {
        if (customer === 'Grace') throw new Error('no such address')
        return work('ship')
      },
    }),
  ),
)

async function begin(file: string, customer: string): Promise<void> {
  await using backend = sqlite(file)
  await loadFromFactory(order, [customer], { backend, store: { customer } }).run()
}

async function finish(file: string): Promise<void> {
  await using backend = sqlite(file)
  const reports = new Map<string, { customer: string; done: string[] }>()
  const resumed = await resumeAll({
    backend,
    flows: [order],
    onEngine({ storage, atomNotifier }) {
      const report = { customer: String(storage.fetch('customer')), done: [] as string[] }
      reports.set(storage.flowUuid, report)
      atomNotifier.register('*', (state, details) => {
        if ('taskName' in details) report.done.push(`${details.taskName} ${state}`)
      })
    },
  })
  // Runs are taken in the order of their uuids, which are random.
  const lines = resumed.map(({ uuid, outcome, state }) => {
    const { customer, done } = reports.get(uuid) ?? { customer: '?', done: [] }
    return `${customer}'s order is ${outcome}, ${state}: ${done.join(', ')}`
  })
  console.log(lines.sort().join('\n'))
  console.log('left after that:', (await resumeAll({ backend, flows: [order] })).length)
}

if (file !== undefined) {
  await begin(file, process.argv[4] ?? '')
} else {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'resume-many-'))
  const file = join(folder.path, 'orders.db')
  const deaths = [
    { customer: 'Ada', step: 'reserve' },
    { customer: 'Alan', step: 'ship' },
    { customer: 'Grace', step: 'refund' },
  ]
  for (const { customer, step } of deaths) {
    const child = spawn(process.execPath, [program, file, step, customer], { stdio: 'inherit' })
    const [, signal] = await once(child, 'exit')
    console.log(`the process with ${customer}'s order died at ${step}: ${signal}`)
  }
  await finish(file)
}
