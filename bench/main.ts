/**
 * Measures flows against what they are made of; `npm run bench -- --quick` does less of it.
 *
 * Prints the tables of docs/performance.md. Figures drift from machine to machine; the ratios of
 * one run are what counts.
 *
 * @module
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measure, tableOf } from './measure.ts'
import { inMemory } from './memory.ts'
import { onSqlite } from './sqlite.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const rounds = values.quick ? 3 : 7

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

print(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}\n`)
for (const count of [1_000, 100_000]) {
  print(`## In memory, ${count} tasks\n`)
  const measured = await measure(inMemory(count), count > 10_000 ? Math.min(rounds, 5) : rounds * 3)
  print(`${tableOf('task', measured)}\n`)
}
print('## Durable, SQLite (WAL, synchronous=FULL), 1,000 steps\n')
print(`${tableOf('step', await measure(onSqlite(1_000), rounds))}`)
