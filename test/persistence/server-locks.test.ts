import { setTimeout } from 'node:timers/promises'
import mysqlLibrary from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linear, load, task } from '../../src/index.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'
import { SERVER_DRIVERS, type ServerDriver } from './server-drivers.ts'

/** A session of another program. */
interface Other {
  run(sql: string): Promise<unknown>
  end(): Promise<void>
}

const OTHERS: Readonly<Record<ServerDriver['name'], (url: string) => Promise<Other>>> = {
  postgres: async (connectionString) => {
    const client = new pg.Client({ connectionString })
    await client.connect()
    return { run: (sql) => client.query(sql), end: () => client.end() }
  },
  mysql: async (uri) => {
    const connection = await mysqlLibrary.createConnection({ uri })
    return { run: (sql) => connection.query(sql), end: () => connection.end() }
  },
}

/** How each holds a whole table, and lets it go. */
const TABLE_LOCKS = {
  postgres: ['BEGIN', 'LOCK TABLE atomdetails IN ACCESS EXCLUSIVE MODE', 'COMMIT'],
  mysql: ['DO 0', 'LOCK TABLES atomdetails WRITE', 'UNLOCK TABLES'],
} as const

/** One attempt waits for a second, the shortest that MySQL knows, and there are two. */
const SHORT = { lockTimeoutMs: 1_000, retry: { attempts: 2, maxDelayMs: 20 } }

for (const driver of SERVER_DRIVERS) {
  const database = await driver.database()
  afterAll(() => database?.[Symbol.asyncDispose]())
  describe.skipIf(database === undefined)(`${driver.name}, locks of other sessions`, () => {
    if (database !== undefined) withServer(driver, database.url)
  })
}

function withServer({ name, open }: ServerDriver, url: string): void {
  let other: Other
  beforeAll(async () => {
    await using backend = open(url)
    await backend.open()
    other = await OTHERS[name](url)
  })
  afterAll(() => other.end())

  async function lockFlow(uuid: string): Promise<void> {
    await other.run('BEGIN')
    await other.run(`SELECT * FROM flowdetails WHERE uuid = '${uuid}' FOR UPDATE`)
  }

  test('a save waits for a row that is locked, longer than one attempt does', async () => {
    await using backend = open(url, { ...SHORT, retry: { attempts: 5, maxDelayMs: 20 } })
    const { flow } = await saveNewFlow(backend)
    await lockFlow(flow.uuid)
    const save = backend.save(checkpointOf(flow.uuid, { flow: { ...flow, state: 'RUNNING' } }))
    await setTimeout(1_500)
    await other.run('ROLLBACK')
    await save
    expect((await backend.loadFlow(flow.uuid)).flow.state).toBe('RUNNING')
  })

  test('a run whose row stays locked says so, and goes on later; others go on meanwhile', async () => {
    await using backend = open(url, SHORT)
    const done: string[] = []
    const flowOf = (flow: string) => {
      const step = (step: string) =>
        task(step, {
          async execute() {
            done.push(`${flow} ${step}`)
            if (flow === 'locked' && step === 'a') await lockFlow(locked.storage.flowUuid)
          },
        })
      return linear(flow).add(step('a'), step('b'))
    }
    const locked = load(flowOf('locked'), { backend })
    const others = Array.from({ length: 20 }, (_, i) => load(flowOf(`free ${i}`), { backend }))
    const run = locked.run()
    const whenOthersEnded = Promise.all(others.map((one) => one.run())).then(() =>
      performance.now(),
    )
    const whenGivenUp = run.then(
      () => 0,
      (error: unknown) => {
        expect(error).toMatchObject({
          code: 'STORAGE',
          message: expect.stringMatching(
            /another session holds a lock.*raise lockTimeoutMs.*tried 2 times; nothing was written/,
          ),
        })
        return performance.now()
      },
    )
    expect(await whenOthersEnded).toBeLessThan(await whenGivenUp)
    await other.run('ROLLBACK')
    await locked.run()
    expect(done.filter((one) => one.startsWith('locked'))).toEqual(['locked a', 'locked b'])
    expect(done).toHaveLength(42)
  })

  test.runIf(name === 'postgres')(
    'a statement is ended by the server before it is given up, so that it is known to be unwritten',
    async () => {
      const bounds = { lockTimeoutMs: 0, queryTimeoutMs: 1_000, retry: { attempts: 1 } }
      await using backend = open(url, bounds)
      const { flow } = await saveNewFlow(backend)
      await lockFlow(flow.uuid)
      await expect(
        backend.save(checkpointOf(flow.uuid, { flow: { ...flow, state: 'RUNNING' } })),
      ).rejects.toThrow(
        /the server has ended a statement.*raise queryTimeoutMs.*nothing was written/,
      )
      await other.run('ROLLBACK')
      await backend.save(checkpointOf(flow.uuid, { flow: { ...flow, state: 'RUNNING' } }))
    },
  )

  test('a table that stays locked is told, and written when it is free', async () => {
    await using backend = open(url, SHORT)
    const { flow } = await saveNewFlow(backend)
    const [begin, lock, end] = TABLE_LOCKS[name]
    await other.run(begin)
    await other.run(lock)
    const save = (): Promise<void> =>
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] }))
    await expect(save()).rejects.toThrow(/another session holds a lock.*tried 2 times/)
    const later = save()
    await setTimeout(500)
    await other.run(end)
    await later
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(2)
  })
}
