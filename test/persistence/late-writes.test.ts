/**
 * What was sent on a connection that is lost may reach the server after it was sent again on
 * another one, and after newer checkpoints: it must change nothing then.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linear, load, task } from '../../src/index.ts'
import type { Backend, Fence } from '../../src/persistence/backend.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  flowRecord,
} from '../../src/testing/backend/clause.ts'
import { ServerProxy } from './proxy.ts'
import { SERVER_DRIVERS, type ServerDriver } from './server-drivers.ts'

const AT_ONCE = { retry: { attempts: 4, maxDelayMs: 20 } }
const HOLD: Fence = { owner: 'me', epoch: 1, action: 'hold', leaseUntil: undefined }

for (const driver of SERVER_DRIVERS) {
  const database = await driver.database()
  afterAll(() => database?.[Symbol.asyncDispose]())
  describe.skipIf(database === undefined)(`${driver.name}, a write that comes late`, () => {
    if (database !== undefined) withServer(driver, database.url)
  })
}

function withServer({ open }: ServerDriver, url: string): void {
  let proxy: ServerProxy
  beforeAll(async () => {
    await using backend = open(url)
    await backend.open()
    proxy = await ServerProxy.open(url)
  })
  afterAll(() => proxy.close())

  test('of a run changes nothing, whichever write of it was repeated', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    await backend.open()
    const book = bookRecord()
    const flow = { ...flowRecord(book.uuid), state: 'RUNNING' } as const
    const { uuid } = flow
    const running = atomRecord({ state: 'RUNNING' })
    const done = { ...running, state: 'SUCCESS' } as const
    const leaseUntil = new Date('2040-01-01')
    const writes = [
      { book, flow, fence: { ...HOLD, action: 'claim', leaseUntil } },
      { atoms: [running], fence: HOLD },
      { atoms: [done, atomRecord()], fence: { ...HOLD, action: 'renew', leaseUntil } },
      { flow: { ...flow, state: 'SUCCESS' }, fence: { ...HOLD, action: 'release' } },
    ] as const
    for (const parts of writes) {
      proxy.delaysNextRequest = true
      await backend.save(checkpointOf(uuid, parts))
      expect(proxy.delaysNextRequest).toBe(false)
      const late = proxy.deliver.bind(proxy)
      await backend.save(checkpointOf(uuid, { atoms: [done], flow, fence: HOLD }))
      const before = await backend.loadFlow(uuid)
      await late()
      expect(await settled(backend, uuid)).toEqual(before)
    }
    const { flow: stored } = await backend.loadFlow(uuid)
    expect(stored).toMatchObject({ epoch: 1, owner: undefined, leaseUntil: undefined })
  })

  test('of an engine that was replaced changes nothing', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    await backend.open()
    const book = bookRecord()
    const flow = flowRecord(book.uuid)
    const claim = { ...HOLD, action: 'claim' } as const
    await backend.save(checkpointOf(flow.uuid, { book, flow, fence: claim }))
    proxy.delaysNextRequest = true
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()], fence: HOLD }))
    const next = { ...claim, owner: 'you', epoch: 2 }
    await backend.save(checkpointOf(flow.uuid, { fence: next }))
    await backend.save(checkpointOf(flow.uuid, { fence: { ...next, action: 'hold' } }))
    const before = await backend.loadFlow(flow.uuid)
    await proxy.deliver()
    expect(await settled(backend, flow.uuid)).toEqual(before)
    await expect(
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()], fence: HOLD })),
    ).rejects.toMatchObject({ code: 'STALE_WRITE' })
  })

  test('comes also after a save that was given up, and changes nothing', async () => {
    await using once = open(proxy.url, { retry: { attempts: 1 } })
    await once.open()
    const book = bookRecord()
    const flow = flowRecord(book.uuid)
    const claim = { ...HOLD, action: 'claim' } as const
    await once.save(checkpointOf(flow.uuid, { book, flow, fence: claim }))
    const atom = atomRecord({ state: 'RUNNING' })
    proxy.delaysNextRequest = true
    await expect(
      once.save(checkpointOf(flow.uuid, { atoms: [atom], fence: HOLD })),
    ).rejects.toThrow(/it is unknown whether it was written/)
    const done = { ...atom, state: 'SUCCESS' } as const
    await once.save(checkpointOf(flow.uuid, { atoms: [done], fence: HOLD }))
    await proxy.deliver()
    expect((await settled(once, flow.uuid)).atoms).toMatchObject([{ state: 'SUCCESS' }])
  })

  test('does not bring a finished flow back', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    const step = (name: string) =>
      task(name, {
        async execute() {
          if (name === 'b') proxy.delaysNextRequest = true // the outcome of b, and the start of c
        },
      })
    const flow = linear('late').add(step('a'), step('b'), step('c'))
    const engine = load(flow, { backend })
    await engine.run()
    await proxy.deliver()
    const { flow: stored, atoms } = await settled(backend, engine.storage.flowUuid)
    expect(stored.state).toBe('SUCCESS')
    expect(atoms.map(({ state }) => state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
  })

  /** A flow once nobody locks it any more: a late write is over when a new one is through. */
  async function settled(backend: Backend, uuid: string): ReturnType<Backend['loadFlow']> {
    await backend.save(checkpointOf('', { book: bookRecord() }))
    return backend.loadFlow(uuid)
  }
}
