import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Backend, isFailure, linear, load, loadFlowDetail, task } from '../../src/index.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { mysqlDatabase, postgresDatabase } from './servers.ts'

const COUNT = 1_000

/** Every tenth fails in its last task, and is reverted. */
function flowOf(number: number, undone: string[]) {
  const first = task('first', {
    provides: 'first',
    execute: async () => number,
    async revert({ result }: { result: unknown }) {
      if (!isFailure(result)) undone.push(`${number} first ${result}`)
    },
  })
  const second = task('second', {
    provides: 'second',
    execute: async ({ first }: { first: number }) => 2 * first,
    async revert({ result }: { result: unknown }) {
      undone.push(`${number} second ${result}`)
    },
  })
  const third = task('third', {
    async execute({ second }: { second: number }) {
      if (number % 10 === 0) throw new Error('on purpose')
      return second + 1
    },
  })
  return linear(`flow ${number}`).add(first, second, third)
}

async function runThousand(backend: Backend): Promise<void> {
  await backend.open()
  const undone: string[] = []
  const engines = Array.from({ length: COUNT }, (_, i) => load(flowOf(i, undone), { backend }))
  const runs = await Promise.allSettled(engines.map((engine) => engine.run()))
  for (const [i, run] of runs.entries()) {
    const fails = i % 10 === 0
    expect(run.status).toBe(fails ? 'rejected' : 'fulfilled')
    if (run.status === 'rejected') expect(run.reason).toMatchObject({ message: 'on purpose' })
  }
  expect(undone).toHaveLength((2 * COUNT) / 10)
  expect(new Set(undone).size).toBe(undone.length)
  expect(await backend.countFlows({ states: ['SUCCESS'] })).toBe(0.9 * COUNT)
  expect(await backend.countFlows({ states: ['REVERTED'] })).toBe(0.1 * COUNT)
  for (const [i, { storage }] of engines.entries()) {
    if (i % 97 !== 0) continue
    const detail = await loadFlowDetail(backend, storage.flowUuid)
    expect(detail.owner).toBeUndefined()
    const states = [...detail].map(({ state }) => state)
    expect(states).toEqual(Array(3).fill(i % 10 === 0 ? 'REVERTED' : 'SUCCESS'))
  }
}

test('a thousand flows at once all end right on SQLite', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'taskflow-'))
  await using backend = sqlite(join(folder.path, 'flows.db'))
  await runThousand(backend)
})

for (const [name, make, open] of [
  ['PostgreSQL', postgresDatabase, postgres],
  ['MySQL', mysqlDatabase, mysql],
] as const) {
  const database = await make()
  afterAll(() => database?.[Symbol.asyncDispose]())
  test.skipIf(database === undefined)(
    `a thousand flows at once all end right on ${name}`,
    async () => {
      await using backend = open(database?.url ?? '')
      await runThousand(backend)
    },
  )
}
