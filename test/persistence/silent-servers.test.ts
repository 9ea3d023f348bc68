/**
 * A connection that swallows packets does not break; whoever waits for an answer must give up.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultQueryTimeoutMs } from '../../src/database/limits.ts'
import { linear, load, task } from '../../src/index.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'
import { ServerProxy } from './proxy.ts'
import { SERVER_DRIVERS, type ServerDriver } from './server-drivers.ts'

const QUICK = { queryTimeoutMs: 300, retry: { attempts: 2, maxDelayMs: 10 } }

describe('how long an answer may take, when nobody says it,', () => {
  test.each([
    [[undefined, 2_000], 10_000],
    [[1_000, 2_000], 3_000],
    [[30_000, 60_000], 61_000],
    [[Number.MAX_SAFE_INTEGER, 0], 2 ** 31 - 1],
  ] as const)('of the bounds %j, is %d ms', ([totalMs, lockTimeoutMs], expected) => {
    expect(defaultQueryTimeoutMs(totalMs, lockTimeoutMs)).toBe(expected)
  })
})

describe.each(SERVER_DRIVERS)('$name, options', ({ name, open }) => {
  test.each([0, -1, 1.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])(
    'refuses %d as queryTimeoutMs',
    (queryTimeoutMs) => {
      expect(() => open(`${name}://localhost/x`, { queryTimeoutMs })).toThrow(
        `queryTimeoutMs must be a whole number of at least 1 and at most 2147483647, got ${queryTimeoutMs}`,
      )
    },
  )
})

for (const driver of SERVER_DRIVERS) {
  const database = await driver.database()
  afterAll(() => database?.[Symbol.asyncDispose]())
  describe.skipIf(database === undefined)(`${driver.name} that falls silent`, () => {
    if (database !== undefined) withServer(driver, database.url)
  })
}

function withServer({ name, open, handIn }: ServerDriver, url: string): void {
  test('lets no save and no question wait forever, and is used again when it speaks', async () => {
    await using proxy = await ServerProxy.open(url)
    await using backend = open(proxy.url, QUICK)
    await goesOnAfterSilence(backend, proxy)
  })

  test.each([true, false])(
    'lets nobody wait forever for a pool that was handed in (plain: %j)',
    async (isPlain) => {
      await using proxy = await ServerProxy.open(url)
      await using handedIn = handIn(proxy.url, isPlain, QUICK)
      await goesOnAfterSilence(handedIn.backend, proxy)
      await handedIn.backend.close()
    },
  )

  test('cannot be opened, and says so', async () => {
    await using proxy = await ServerProxy.open(url)
    proxy.isSilent = true
    await using backend = open(proxy.url, QUICK)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/no connection within 300 ms.*raise queryTimeoutMs/),
    })
  })

  test('does not make a removal happen twice', async () => {
    await using proxy = await ServerProxy.open(url)
    await using backend = open(proxy.url, QUICK)
    const { book } = await saveNewFlow(backend)
    proxy.isSilent = true
    await expect(backend.removeBook(book.uuid)).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(
        /no answer within 300 ms.*tried 1 times; it is unknown whether it was written/,
      ),
    })
  })

  test('lets nobody wait forever for a connection that others use', async () => {
    await using proxy = await ServerProxy.open(url)
    await using backend = open(proxy.url, { ...QUICK, maxConnections: 1 })
    const { flow } = await saveNewFlow(backend)
    proxy.isSilent = true
    const asked = Array.from({ length: 5 }, () => backend.loadFlow(flow.uuid))
    const ends = await Promise.allSettled(asked)
    expect(ends.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    proxy.isSilent = false
    expect((await backend.loadFlow(flow.uuid)).flow.uuid).toBe(flow.uuid)
  })

  test('does not keep a run, which can be resumed when it speaks again', async () => {
    await using proxy = await ServerProxy.open(url)
    await using backend = open(proxy.url, QUICK)
    const done: string[] = []
    const step = (name: string) =>
      task(name, {
        execute() {
          done.push(name)
          if (name === 'b') proxy.isSilent = done.length === 2
        },
      })
    const engine = load(linear('silent').add(step('a'), step('b'), step('c')), { backend })
    await expect(engine.run()).rejects.toMatchObject({
      message: expect.stringMatching(/within 300 ms/),
    })
    proxy.isSilent = false
    await engine.run()
    expect(done).toEqual(['a', 'b', 'c'])
    expect((await backend.loadFlow(engine.storage.flowUuid)).flow.state).toBe('SUCCESS')
  })

  test.each(['asked', 'left alone'])(
    'keeps no process from its end, though connections are open (%s)',
    async (how) => {
      await using proxy = await ServerProxy.open(url)
      const script = join(import.meta.dirname, 'silent-leaver.ts')
      const leaver = fork(script, [name, proxy.url, how], { execPath: process.execPath })
      await once(leaver, 'message')
      proxy.isSilent = true
      leaver.send('leave')
      expect(await once(leaver, 'exit')).toEqual([0, null])
    },
  )

  async function goesOnAfterSilence(backend: Backend, proxy: ServerProxy): Promise<void> {
    const { flow } = await saveNewFlow(backend)
    const save = (count: number): Promise<void> =>
      backend.save(
        checkpointOf(flow.uuid, { atoms: Array.from({ length: count }, () => atomRecord()) }),
      )
    proxy.isSilent = true
    await expect(save(1)).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(/tried 2 times; it is unknown whether it was written/),
    })
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow(/within 300 ms/)
    await expect(backend.listFlows()).rejects.toThrow(/within 300 ms/)
    proxy.isSilent = false
    await save(2)
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(2)
  }
}
