/**
 * The clauses of the backend contract about what a checkpoint is: everything or nothing.
 *
 * @module
 */
import { expect } from 'vitest'
import type { AtomRecord } from '../../persistence/backend.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  type DeclareClause,
  EMPTY_PAYLOAD,
  flowRecord,
  saveNewFlow,
} from './clause.ts'

/** Declares them. */
export function atomicityClauses(clause: DeclareClause): void {
  clause('writes book, flow and atoms of one checkpoint', async ({ backend }) => {
    const atoms = [atomRecord(), atomRecord()]
    const { book, flow } = await saveNewFlow(backend, atoms)
    expect(await backend.loadBook(book.uuid)).toEqual(book)
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms })
  })

  clause('changes nothing for an empty checkpoint', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    await backend.save(checkpointOf(flow.uuid))
    await backend.save(checkpointOf('nowhere'))
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  clause('writes no book when the flow of its checkpoint is refused', async ({ backend }) => {
    const book = bookRecord()
    const flow = flowRecord('nowhere')
    await expect(backend.save(checkpointOf(flow.uuid, { book, flow }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await backend.listBooks()).toEqual([])
  })

  clause('writes no book when the atoms of its checkpoint are refused', async ({ backend }) => {
    const book = bookRecord()
    const lost = checkpointOf('nowhere', { book, atoms: [atomRecord()] })
    await expect(backend.save(lost)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nowhere'),
    })
    expect(await backend.listBooks()).toEqual([])
  })

  clause('writes nothing when one atom of many is refused', async ({ backend }) => {
    const atoms = Array.from({ length: 100 }, (_, i) => atomRecord({ name: `task ${i}` }))
    const { book, flow } = await saveNewFlow(backend, atoms)
    const foreign = atomRecord()
    await saveNewFlow(backend, [foreign])
    const changed = atoms.map((atom): AtomRecord => ({ ...atom, state: 'SUCCESS' }))
    for (const place of [0, 1, 50, 98]) {
      const refused = checkpointOf(flow.uuid, {
        book: { ...book, name: 'changed' },
        flow: { ...flow, state: 'RUNNING' },
        atoms: [...changed.toSpliced(place, 1, foreign), atomRecord()],
      })
      await expect(backend.save(refused)).rejects.toMatchObject({ code: 'STORAGE' })
    }
    expect(await backend.loadBook(book.uuid)).toEqual(book)
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms })
  })

  clause('goes on after a refused checkpoint', async ({ backend }) => {
    await backend.save(checkpointOf('nowhere', { atoms: [atomRecord()] })).catch(() => {})
    const { flow } = await saveNewFlow(backend)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  clause('keeps all of many saves under way at once', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    const atoms = Array.from({ length: 50 }, (_, i) => atomRecord({ name: `task ${i}` }))
    await Promise.all([
      ...atoms.map((atom) =>
        backend.save(checkpointOf(flow.uuid, { atoms: [atom, atomRecord()] })),
      ),
      ...atoms.map(() => saveNewFlow(backend, [atomRecord()])),
    ])
    const loaded = await backend.loadFlow(flow.uuid)
    expect(loaded.atoms).toHaveLength(100)
    expect(loaded.atoms).toEqual(expect.arrayContaining(atoms))
    expect(await backend.listFlows()).toHaveLength(51)
  })

  clause('refuses one of many saves at once, and only that one', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    const saves = Array.from({ length: 20 }, (_, i) =>
      backend.save(
        checkpointOf(i === 7 ? 'nowhere' : flow.uuid, { atoms: [atomRecord(), atomRecord()] }),
      ),
    )
    const outcomes = await Promise.allSettled(saves)
    expect(outcomes.map(({ status }) => status === 'rejected').indexOf(true)).toBe(7)
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(38)
  })

  clause('does not change what was read before', async ({ backend }) => {
    const atom = atomRecord()
    const { flow } = await saveNewFlow(backend, [atom])
    const before = await backend.loadFlow(flow.uuid)
    await backend.save(
      checkpointOf(flow.uuid, {
        flow: { ...flow, state: 'RUNNING' },
        atoms: [{ ...atom, state: 'RUNNING' }, atomRecord()],
      }),
    )
    expect(before).toMatchObject({ flow, atoms: [{ ...atom, payload: EMPTY_PAYLOAD }] })
  })
}
