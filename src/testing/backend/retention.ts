/**
 * The clauses of the backend contract about counting, finding by age and holder, and removing.
 *
 * @module
 */
import { expect } from 'vitest'
import { SYSTEM_CLOCK, sleep } from '../../base/clock.ts'
import type { Backend, FlowRecord } from '../../persistence/backend.ts'
import type { FlowState } from '../../states/flow.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  type DeclareClause,
  flowRecord,
  saveBooks,
  saveNewFlow,
} from './clause.ts'

const LONG_AGO = new Date('2001-01-01T00:00:00.000Z')
const FAR_AHEAD = new Date('2201-01-01T00:00:00.000Z')
const ENDED: readonly FlowState[] = ['SUCCESS', 'REVERTED']

/** A book that is old enough, with flows in these states. */
async function saveBookOf(
  backend: Backend,
  states: readonly FlowState[],
): Promise<{ readonly uuid: string; readonly flows: readonly FlowRecord[] }> {
  const book = bookRecord({ createdAt: new Date('2020-01-01T00:00:00.000Z') })
  await saveBooks(backend, [book])
  const flows = states.map((state) => flowRecord(book.uuid, { state }))
  for (const flow of flows) {
    await backend.save(checkpointOf(flow.uuid, { flow, atoms: [atomRecord()] }))
  }
  return { uuid: book.uuid, flows }
}

/** A moment behind everything saved so far, and before everything saved from now on. */
async function cutOff(): Promise<Date> {
  await sleep(SYSTEM_CLOCK, 5)
  const moment = new Date()
  await sleep(SYSTEM_CLOCK, 5)
  return moment
}

const sorted = (records: readonly { readonly uuid: string }[]): readonly string[] =>
  records.map(({ uuid }) => uuid).sort()

/** Declares them. */
export function retentionClauses(clause: DeclareClause): void {
  clause('counts books and flow details, whatever the page', async ({ backend }) => {
    expect([await backend.countBooks(), await backend.countFlows()]).toEqual([0, 0])
    for (const states of [['SUCCESS', 'RUNNING'], ['SUCCESS'], []] as const) {
      await saveBookOf(backend, states)
    }
    expect(await backend.countBooks({ limit: 1 })).toBe(3)
    expect(await backend.countFlows({ limit: 1 })).toBe(3)
    expect(await backend.countFlows({ states: ['SUCCESS'] })).toBe(2)
    expect(await backend.countFlows({ states: [] })).toBe(0)
    expect(await backend.countBooks({ states: ['SUCCESS'] })).toBe(2)
  })

  clause('removes as many books as are named', async ({ backend }) => {
    const first = await saveBookOf(backend, ['SUCCESS'])
    const last = await saveBookOf(backend, ['SUCCESS'])
    const others = Array.from({ length: 70_000 }, (_, i) => `nobody-${i}`)
    const uuids = [first.uuid, ...others, last.uuid, first.uuid]
    expect(await backend.removeBooks(uuids)).toBe(2)
    expect(await backend.countBooks()).toBe(0)
  })

  clause('notes when a flow detail was made and saved last', async ({ backend }) => {
    const before = new Date(Date.now() - 1)
    const { flow } = await saveNewFlow(backend)
    const made = (await backend.loadFlow(flow.uuid)).flow
    expect(made.createdAt?.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(made.createdAt?.getTime()).toBeLessThanOrEqual(Date.now())
    expect(made.updatedAt).toBeUndefined()
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).flow.updatedAt).toBeUndefined()
    await backend.save(checkpointOf(flow.uuid, { flow: { ...flow, state: 'RUNNING' } }))
    const changed = (await backend.loadFlow(flow.uuid)).flow
    expect(changed.createdAt).toEqual(made.createdAt)
    expect(changed.updatedAt?.getTime()).toBeGreaterThanOrEqual(made.createdAt?.getTime() ?? 0)
  })

  clause('finds flow details by the moment of their last save', async ({ backend }) => {
    const old = await saveBookOf(backend, ['SUCCESS', 'RUNNING'])
    const [touched] = (await saveBookOf(backend, ['SUCCESS'])).flows
    const moment = await cutOff()
    await saveBookOf(backend, ['SUCCESS'])
    if (touched) await backend.save(checkpointOf(touched.uuid, { flow: touched }))
    const found = await backend.listFlows({ updatedBefore: moment })
    expect(sorted(found)).toEqual(sorted(old.flows))
    expect(await backend.countFlows({ updatedBefore: moment, states: ['RUNNING'] })).toBe(1)
    expect(await backend.listFlows({ updatedBefore: LONG_AGO })).toEqual([])
  })

  clause('finds flow details by holder, and those that nobody holds', async ({ backend }) => {
    const { flows } = await saveBookOf(backend, ['RUNNING', 'RUNNING', 'RUNNING', 'SUSPENDED'])
    const until = [new Date('2026-03-01T10:00:00.000Z'), FAR_AHEAD, undefined]
    const holders = ['a', 'b', 'a']
    for (const [i, leaseUntil] of until.entries()) {
      const fence = { owner: holders[i] ?? '', epoch: 1, action: 'claim' as const, leaseUntil }
      await backend.save(checkpointOf(flows[i]?.uuid ?? '', { fence }))
    }
    const [lapsed, leased, endless, free] = flows.map(({ uuid }) => uuid)
    expect(sorted(await backend.listFlows({ owner: 'a' }))).toEqual([lapsed, endless].sort())
    expect(sorted(await backend.listFlows({ owner: 'b' }))).toEqual([leased])
    expect(await backend.listFlows({ owner: 'nobody' })).toEqual([])
    const now = new Date('2026-03-01T10:00:00.000Z')
    expect(sorted(await backend.listFlows({ freeAt: now }))).toEqual([lapsed, free].sort())
    const before = new Date('2026-03-01T09:59:59.999Z')
    expect(sorted(await backend.listFlows({ freeAt: before }))).toEqual([free])
    expect(await backend.countFlows({ freeAt: now, states: ['RUNNING'], owner: 'a' })).toBe(1)
  })

  clause('finds books all of whose flows have ended', async ({ backend }) => {
    const ended = await saveBookOf(backend, ['SUCCESS', 'REVERTED'])
    const empty = await saveBookOf(backend, [])
    await saveBookOf(backend, ['SUCCESS', 'RUNNING'])
    await saveBookOf(backend, ['FAILURE'])
    const expected = [ended.uuid, empty.uuid].sort()
    expect(sorted(await backend.listBooks({ states: ENDED }))).toEqual(expected)
    const [first, second] = expected
    expect(sorted(await backend.listBooks({ states: ENDED, limit: 1 }))).toEqual([first])
    const rest = await backend.listBooks({ states: ENDED, after: first ?? '' })
    expect(sorted(rest)).toEqual([second])
    expect(sorted(await backend.listBooks({ states: [] }))).toEqual([empty.uuid])
  })

  clause('finds books in which nothing was saved lately', async ({ backend }) => {
    const old = await saveBookOf(backend, ['SUCCESS'])
    const touched = await saveBookOf(backend, ['SUCCESS', 'SUCCESS'])
    const moment = await cutOff()
    await saveBookOf(backend, ['SUCCESS'])
    const [flow] = touched.flows
    if (flow) await backend.save(checkpointOf(flow.uuid, { flow }))
    expect(sorted(await backend.listBooks({ updatedBefore: moment }))).toEqual([old.uuid])
    const young = bookRecord({ updatedAt: FAR_AHEAD })
    await saveBooks(backend, [young])
    expect(await backend.countBooks({ updatedBefore: FAR_AHEAD })).toBe(3)
    expect(await backend.countBooks({ updatedBefore: LONG_AGO })).toBe(0)
  })

  clause('removes books as far as the filter fits, with all in them', async ({ backend }) => {
    const ended = await Promise.all(
      ['SUCCESS', 'REVERTED', 'SUCCESS'].map((state) => saveBookOf(backend, [state as FlowState])),
    )
    const live = await saveBookOf(backend, ['SUCCESS', 'RUNNING'])
    const spared = await saveBookOf(backend, ['SUCCESS'])
    const uuids = [...ended, live].map(({ uuid }) => uuid)
    const filter = { states: ENDED, updatedBefore: FAR_AHEAD }
    expect(await backend.removeBooks([...uuids, 'nowhere'], filter)).toBe(3)
    expect(sorted(await backend.listBooks())).toEqual([live.uuid, spared.uuid].sort())
    expect(await backend.countFlows()).toBe(3)
    const [gone] = ended[0]?.flows ?? []
    await expect(backend.loadFlow(gone?.uuid ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await backend.removeBooks([], filter)).toBe(0)
    expect(await backend.removeBooks([live.uuid, spared.uuid])).toBe(2)
    expect([await backend.countBooks(), await backend.countFlows()]).toEqual([0, 0])
  })

  clause('removes a flow detail with its atoms, and leaves its book', async ({ backend }) => {
    const atom = atomRecord()
    const { book, flow } = await saveNewFlow(backend, [atom])
    const other = flowRecord(book.uuid)
    await backend.save(checkpointOf(other.uuid, { flow: other, atoms: [atomRecord()] }))
    await backend.removeFlow(flow.uuid)
    await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(backend.removeFlow(flow.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await backend.loadFlow(other.uuid)).atoms).toHaveLength(1)
    expect(await backend.loadBook(book.uuid)).toEqual(book)
    // Its atoms are gone: their names on another flow detail are no conflict.
    await backend.save(checkpointOf(other.uuid, { atoms: [atom] }))
    expect((await backend.loadFlow(other.uuid)).atoms).toHaveLength(2)
  })

  clause('lets others write while it removes', async ({ backend }) => {
    const old = await Promise.all(
      Array.from({ length: 20 }, () => saveBookOf(backend, ['SUCCESS'])),
    )
    const { flow } = await saveNewFlow(backend)
    const uuids = old.map(({ uuid }) => uuid)
    const [removed] = await Promise.all([
      backend.removeBooks(uuids, { states: ENDED }),
      ...Array.from({ length: 20 }, () =>
        backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] })),
      ),
    ])
    expect(removed).toBe(20)
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(20)
  })
}
