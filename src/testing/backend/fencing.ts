/**
 * The clauses of the backend contract about who may write a flow detail.
 *
 * @module
 */
import { expect } from 'vitest'
import type { Backend, Fence } from '../../persistence/backend.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  type DeclareClause,
  flowRecord,
  saveNewFlow,
} from './clause.ts'

const STALE = { code: 'STALE_WRITE' }
const UNTIL = new Date('2026-03-01T10:21:00.000Z')

/** A fence; without more, the first claim of `a`. */
export function fence(parts: Partial<Fence> = {}): Fence {
  return { owner: 'a', epoch: 1, action: 'claim', leaseUntil: UNTIL, ...parts }
}

/** Claims a flow detail. */
export async function claim(
  backend: Backend,
  flowUuid: string,
  parts: Partial<Fence> = {},
): Promise<void> {
  await backend.save(checkpointOf(flowUuid, { fence: fence(parts) }))
}

async function holderOf(backend: Backend, uuid: string): Promise<unknown> {
  const { owner, epoch, leaseUntil } = (await backend.loadFlow(uuid)).flow
  return [owner, epoch, leaseUntil]
}

/** Declares them. */
export function fencingClauses(clause: DeclareClause): void {
  clause('holds nothing that was not claimed', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    expect(await holderOf(backend, flow.uuid)).toEqual([undefined, 0, undefined])
  })

  clause('claims a flow detail with the checkpoint that creates it', async ({ backend }) => {
    const book = bookRecord()
    const flow = flowRecord(book.uuid)
    const atom = atomRecord()
    await backend.save(checkpointOf(flow.uuid, { book, flow, atoms: [atom], fence: fence() }))
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([atom])
  })

  clause('claims a stored flow detail without another change', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
    await claim(backend, flow.uuid, { owner: 'b', epoch: 2, leaseUntil: undefined })
    expect(await holderOf(backend, flow.uuid)).toEqual(['b', 2, undefined])
    expect((await backend.loadFlow(flow.uuid)).flow).toMatchObject(flow)
  })

  clause('writes the same claim twice, as after a lost answer', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    const changed = { ...flow, state: 'RUNNING' as const }
    for (let i = 0; i < 2; i += 1) {
      await backend.save(checkpointOf(flow.uuid, { flow: changed, fence: fence() }))
    }
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
  })

  clause('refuses a claim that somebody else was faster with', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    for (const parts of [{ owner: 'b' }, { owner: 'b', epoch: 3 }, { epoch: 3 }]) {
      await expect(claim(backend, flow.uuid, parts)).rejects.toMatchObject(STALE)
    }
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
  })

  clause('lets exactly one of many claims at once succeed', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    const owners = Array.from({ length: 12 }, (_, i) => `owner-${i}`)
    const outcomes = await Promise.allSettled(
      owners.map((owner) => claim(backend, flow.uuid, { owner })),
    )
    const won = owners.filter((_, i) => outcomes[i]?.status === 'fulfilled')
    expect(won).toHaveLength(1)
    expect(await holderOf(backend, flow.uuid)).toEqual([won[0], 1, UNTIL])
  })

  clause('lets one of two make the same new flow detail', async ({ backend }) => {
    const book = bookRecord()
    const flow = flowRecord(book.uuid)
    const outcomes = await Promise.allSettled(
      ['a', 'b'].map((owner) =>
        backend.save(
          checkpointOf(flow.uuid, {
            book,
            flow,
            atoms: [atomRecord({ name: owner })],
            fence: fence({ owner }),
          }),
        ),
      ),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const stored = await backend.loadFlow(flow.uuid)
    expect(stored.atoms.map(({ name }) => name)).toEqual([stored.flow.owner])
  })

  clause('writes for the holder, and renews the lease', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    const atom = atomRecord()
    const running = { ...flow, state: 'RUNNING' as const }
    await backend.save(
      checkpointOf(flow.uuid, { flow: running, atoms: [atom], fence: fence({ action: 'hold' }) }),
    )
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
    const later = new Date('2026-03-01T10:22:00.123Z')
    const renewal = fence({ action: 'renew', leaseUntil: later })
    await backend.save(
      checkpointOf(flow.uuid, { atoms: [{ ...atom, state: 'RUNNING' }], fence: renewal }),
    )
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, later])
    await backend.save(checkpointOf(flow.uuid, { fence: fence({ action: 'renew' }) }))
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
    const stored = await backend.loadFlow(flow.uuid)
    expect(stored).toMatchObject({ flow: running, atoms: [{ ...atom, state: 'RUNNING' }] })
  })

  clause('gives a flow detail back, and counts on at the next claim', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    const ended = { ...flow, state: 'SUCCESS' as const }
    const release = fence({ action: 'release' })
    for (let i = 0; i < 2; i += 1) {
      await backend.save(checkpointOf(flow.uuid, { flow: ended, fence: release }))
      expect(await holderOf(backend, flow.uuid)).toEqual([undefined, 1, undefined])
    }
    await backend.save(checkpointOf(flow.uuid, { flow: ended, fence: fence({ action: 'hold' }) }))
    await expect(claim(backend, flow.uuid, { owner: 'b' })).rejects.toMatchObject(STALE)
    await claim(backend, flow.uuid, { owner: 'b', epoch: 2 })
    await backend.save(checkpointOf(flow.uuid, { fence: fence({ action: 'release', epoch: 2 }) }))
    expect(await holderOf(backend, flow.uuid)).toEqual([undefined, 2, undefined])
  })

  for (const action of ['hold', 'renew', 'release'] as const) {
    clause(`refuses ${action} by a holder that was replaced, whole`, async ({ backend }) => {
      const atom = atomRecord()
      const { book, flow } = await saveNewFlow(backend, [atom])
      await claim(backend, flow.uuid)
      await claim(backend, flow.uuid, { owner: 'b', epoch: 2 })
      const stale = checkpointOf(flow.uuid, {
        book: { ...book, name: 'changed' },
        flow: { ...flow, state: 'SUCCESS' },
        atoms: [{ ...atom, state: 'SUCCESS' }, atomRecord()],
        fence: fence({ action }),
      })
      const { book: _book, ...withoutBook } = stale
      const { flow: _flow, ...atomsAlone } = { ...withoutBook, book: undefined }
      for (const checkpoint of [
        stale,
        { ...withoutBook, book: undefined },
        { ...atomsAlone, flow: undefined },
        checkpointOf(flow.uuid, { fence: fence({ action }) }),
      ]) {
        await expect(backend.save(checkpoint)).rejects.toMatchObject({
          ...STALE,
          message: expect.stringContaining('b'),
        })
      }
      expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [atom] })
      expect(await backend.loadBook(book.uuid)).toEqual(book)
      expect(await holderOf(backend, flow.uuid)).toEqual(['b', 2, UNTIL])
    })
  }

  clause('refuses one holder of many at once, and only that one', async ({ backend }) => {
    const flows = await Promise.all(Array.from({ length: 10 }, () => saveNewFlow(backend)))
    await Promise.all(flows.map(({ flow }) => claim(backend, flow.uuid)))
    await claim(backend, flows[4]?.flow.uuid ?? '', { owner: 'b', epoch: 2 })
    const outcomes = await Promise.allSettled(
      flows.map(({ flow }, i) =>
        backend.save(
          checkpointOf(flow.uuid, {
            ...(i % 2 === 0 && { flow: { ...flow, state: 'RUNNING' as const } }),
            atoms: [atomRecord(), atomRecord({ payload: undefined })],
            fence: fence({ action: i % 3 === 0 ? 'renew' : 'hold' }),
          }),
        ),
      ),
    )
    expect(outcomes.map(({ status }) => status).lastIndexOf('rejected')).toBe(4)
    expect(outcomes.map(({ status }) => status).indexOf('rejected')).toBe(4)
    for (const [i, { flow }] of flows.entries()) {
      const stored = await backend.loadFlow(flow.uuid)
      expect(stored.atoms).toHaveLength(i === 4 ? 0 : 2)
      expect(stored.flow.state).toBe(i % 2 === 0 && i !== 4 ? 'RUNNING' : 'PENDING')
    }
  })

  clause('refuses a fence of a flow detail that is not there', async ({ backend }) => {
    const { book, flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    await backend.removeBook(book.uuid)
    for (const action of ['claim', 'hold', 'renew', 'release'] as const) {
      const gone = checkpointOf(flow.uuid, { atoms: [atomRecord()], fence: fence({ action }) })
      await expect(backend.save(gone)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(backend.save({ ...gone, atoms: [] })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    }
  })

  clause('does not ask who writes without a fence', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await claim(backend, flow.uuid)
    const changed = { ...flow, name: 'renamed' }
    await backend.save(checkpointOf(flow.uuid, { flow: changed, atoms: [atomRecord()] }))
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow: changed })
    expect(await holderOf(backend, flow.uuid)).toEqual(['a', 1, UNTIL])
  })

  clause(
    'shows to who has claimed it all that the holder before has written, and nothing after',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      const atom = atomRecord({ state: 'RUNNING' })
      const { flow } = await saveNewFlow(backend, [atom])
      await claim(backend, flow.uuid)
      const hold = fence({ action: 'hold' })
      let acknowledged = -1
      const writing = (async () => {
        for (let n = 0; n < 200; n += 1) {
          const step = { ...atom, meta: `{"n":${n}}`, payload: undefined }
          await backend.save(checkpointOf(flow.uuid, { atoms: [step], fence: hold }))
          acknowledged = n
        }
      })()
      const end = writing.catch((error: unknown) => error)
      while (acknowledged < 3) await new Promise((resolve) => setImmediate(resolve))
      await claim(other, flow.uuid, { owner: 'b', epoch: 2 })
      const before = acknowledged
      const read = await other.loadFlow(flow.uuid)
      if (acknowledged < 199) expect(await end).toMatchObject(STALE)
      expect(await other.loadFlow(flow.uuid)).toEqual(read)
      const { n } = JSON.parse(read.atoms[0]?.meta ?? '') as { readonly n: number }
      expect(n).toBeGreaterThanOrEqual(before)
    },
    'processes',
  )

  clause(
    'lets exactly one of two sides claim',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      for (let round = 0; round < 10; round += 1) {
        const { flow } = await saveNewFlow(backend)
        const outcomes = await Promise.allSettled([
          claim(backend, flow.uuid, { owner: 'here' }),
          claim(other, flow.uuid, { owner: 'there' }),
        ])
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
        const winner = outcomes[0]?.status === 'fulfilled' ? 'here' : 'there'
        expect(await holderOf(other, flow.uuid)).toEqual([winner, 1, UNTIL])
      }
    },
    'processes',
  )

  clause(
    'lets nothing of a replaced holder through, whichever side it writes from',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      const atom = atomRecord({ state: 'RUNNING' })
      const { flow } = await saveNewFlow(backend, [atom])
      await claim(backend, flow.uuid)
      const late = Promise.allSettled(
        Array.from({ length: 20 }, () =>
          backend.save(
            checkpointOf(flow.uuid, {
              atoms: [{ ...atom, state: 'FAILURE' }],
              fence: fence({ action: 'hold' }),
            }),
          ),
        ),
      )
      await claim(other, flow.uuid, { owner: 'b', epoch: 2 })
      const done = { ...atom, state: 'SUCCESS' as const }
      const mine = fence({ owner: 'b', epoch: 2, action: 'hold' })
      await other.save(checkpointOf(flow.uuid, { atoms: [done], fence: mine }))
      const last = checkpointOf(flow.uuid, { atoms: [atom], fence: fence({ action: 'hold' }) })
      await expect(backend.save(last)).rejects.toMatchObject(STALE)
      for (const outcome of await late) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(STALE)
      }
      expect((await other.loadFlow(flow.uuid)).atoms).toEqual([done])
    },
    'processes',
  )
}
