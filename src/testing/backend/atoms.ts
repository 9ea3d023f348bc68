/**
 * The clauses of the backend contract about atoms and their payloads.
 *
 * @module
 */
import { expect } from 'vitest'
import type { AtomPayload } from '../../persistence/backend.ts'
import { type AtomState, type Intention, RETRY_MOVES } from '../../states/atom.ts'
import {
  atomRecord,
  checkpointOf,
  type DeclareClause,
  EMPTY_PAYLOAD,
  saveNewFlow,
} from './clause.ts'

const FULL: AtomPayload = {
  results: '{"id": 7,  "ü": [1, 2.50]}',
  failure: '{"exception_str": "boom"}',
  revertResults: '"undone"',
  revertFailure: '{"exception_str": "bang"}',
}

/** Declares them. */
export function atomClauses(clause: DeclareClause): void {
  clause('gives an atom back as it was saved', async ({ backend }) => {
    const task = atomRecord({
      name: 'réserver "quota"',
      state: 'SUCCESS',
      version: '1.0',
      meta: '{"progress":  1.0}',
      payload: FULL,
    })
    const retry = atomRecord({ name: 'again', kind: 'retry', intention: 'RETRY' })
    const { flow } = await saveNewFlow(backend, [task, retry])
    expect((await backend.loadFlow(flow.uuid)).atoms).toStrictEqual([task, retry])
  })

  clause('keeps every state and every intention of an atom', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    const states = Object.keys(RETRY_MOVES) as AtomState[]
    const intentions: readonly Intention[] = ['EXECUTE', 'IGNORE', 'REVERT', 'RETRY']
    const atoms = states.flatMap((state) =>
      intentions.map((intention) => atomRecord({ kind: 'retry', state, intention })),
    )
    await backend.save(checkpointOf(flow.uuid, { atoms }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual(atoms)
  })

  clause('tells a null result from no result', async ({ backend }) => {
    const payload = { ...EMPTY_PAYLOAD, results: 'null', revertResults: 'null' }
    const atoms = [atomRecord({ payload }), atomRecord()]
    const { flow } = await saveNewFlow(backend, atoms)
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual(atoms)
  })

  clause('keeps a payload of a million characters', async ({ backend }) => {
    const payload = { ...FULL, results: JSON.stringify('ü'.repeat(1_000_000)) }
    const atom = atomRecord({ payload })
    const { flow } = await saveNewFlow(backend, [atom])
    const { atoms } = await backend.loadFlow(flow.uuid)
    expect(atoms[0]?.payload.results === payload.results).toBe(true)
  })

  clause('keeps no payload for a new atom that comes without', async ({ backend }) => {
    const atom = atomRecord({ payload: undefined })
    const { flow } = await saveNewFlow(backend, [atom])
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([{ ...atom, payload: EMPTY_PAYLOAD }])
  })

  clause('leaves the stored payload as it is when none is given', async ({ backend }) => {
    const atom = atomRecord({ payload: FULL })
    const { flow } = await saveNewFlow(backend, [atom])
    const moved = { ...atom, state: 'REVERTING', intention: 'REVERT', meta: '{"a":1}' } as const
    await backend.save(checkpointOf(flow.uuid, { atoms: [{ ...moved, payload: undefined }] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([moved])
  })

  clause('replaces every field of a stored atom', async ({ backend }) => {
    const atom = atomRecord({ payload: FULL, version: '1.0' })
    const { flow } = await saveNewFlow(backend, [atom])
    const changed = atomRecord({
      uuid: atom.uuid,
      name: 'renamed',
      kind: 'retry',
      state: 'REVERTED',
      intention: 'REVERT',
      meta: '{"a":1}',
    })
    await backend.save(checkpointOf(flow.uuid, { atoms: [changed] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toStrictEqual([changed])
  })

  clause('gives atoms back in the order of their first save', async ({ backend }) => {
    const atoms = Array.from({ length: 10 }, (_, i) => atomRecord({ name: `task ${i}` }))
    const { flow } = await saveNewFlow(backend, atoms.slice(0, 7))
    await backend.save(checkpointOf(flow.uuid, { atoms: atoms.toReversed().slice(5, 8) }))
    await backend.save(checkpointOf(flow.uuid, { atoms: atoms.slice(7) }))
    await backend.save(checkpointOf(flow.uuid, { atoms: atoms.slice(0, 1) }))
    const loaded = await backend.loadFlow(flow.uuid)
    expect(loaded.atoms.map(({ name }) => name)).toEqual(atoms.map(({ name }) => name))
  })

  clause('keeps that order where atoms with and without payload mix', async ({ backend }) => {
    const atoms = Array.from({ length: 200 }, (_, i) =>
      atomRecord({ name: `task ${i}`, payload: i % 3 === 0 || i > 80 ? undefined : FULL }),
    )
    const { flow } = await saveNewFlow(backend, atoms)
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual(
      atoms.map((atom) => ({ ...atom, payload: atom.payload ?? EMPTY_PAYLOAD })),
    )
  })

  clause('keeps three thousand atoms of one checkpoint', async ({ backend }) => {
    const atoms = Array.from({ length: 3_000 }, (_, i) => atomRecord({ name: `task ${i}` }))
    const { flow } = await saveNewFlow(backend, atoms)
    const changed = atoms.map((atom) => ({ ...atom, state: 'SUCCESS', payload: FULL }) as const)
    await backend.save(checkpointOf(flow.uuid, { atoms: changed }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual(changed)
  })

  clause('keeps the atoms of two flows apart', async ({ backend }) => {
    const [one, other] = [atomRecord(), atomRecord()]
    const { flow } = await saveNewFlow(backend, [one])
    const { flow: otherFlow } = await saveNewFlow(backend, [other])
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([one])
    expect((await backend.loadFlow(otherFlow.uuid)).atoms).toEqual([other])
  })

  clause('rejects atoms whose flow is not there', async ({ backend }) => {
    await saveNewFlow(backend)
    const lost = checkpointOf('nowhere', { atoms: [atomRecord()] })
    await expect(backend.save(lost)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nowhere'),
    })
  })

  clause('rejects an atom that is stored with another flow', async ({ backend }) => {
    const atom = atomRecord({ payload: FULL })
    const { flow } = await saveNewFlow(backend, [atom])
    const { flow: otherFlow } = await saveNewFlow(backend)
    const taken = { ...atom, state: 'SUCCESS', payload: undefined } as const
    await expect(
      backend.save(checkpointOf(otherFlow.uuid, { atoms: [taken] })),
    ).rejects.toMatchObject({ code: 'STORAGE' })
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([atom])
  })
}
