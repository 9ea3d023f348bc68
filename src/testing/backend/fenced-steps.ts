/**
 * The clauses of the backend contract about what a holder writes: checkpoints of one step.
 *
 * @module
 */
import { expect } from 'vitest'
import type { AtomPayload, AtomRecord } from '../../persistence/backend.ts'
import {
  atomRecord,
  checkpointOf,
  type DeclareClause,
  EMPTY_PAYLOAD,
  saveNewFlow,
} from './clause.ts'
import { claim, fence } from './fencing.ts'

/** Declares them. */
export function fencedStepClauses(clause: DeclareClause): void {
  clause('writes a step of its holder, with what each of its atoms brings', async ({ backend }) => {
    const payload = (n: number): AtomPayload => ({ ...EMPTY_PAYLOAD, results: String(n) })
    const first = atomRecord({ payload: payload(1) })
    const second = atomRecord({ name: 'create-entry', payload: payload(2) })
    const { flow } = await saveNewFlow(backend, [first, second])
    await claim(backend, flow.uuid)
    const hold = fence({ action: 'hold' })
    const ran: AtomRecord = {
      ...first,
      name: 'reserved',
      kind: 'retry',
      state: 'SUCCESS',
      intention: 'REVERT',
      version: '[2, 0]',
      meta: '{"a":"b"}',
      payload: {
        results: '{"it\'s":"\\\\ \\"quoted\\""}',
        failure: '{"f":1}',
        revertResults: '[null]',
        revertFailure: '{"g":2}',
      },
    }
    const steps: readonly (readonly AtomRecord[])[] = [
      [{ ...first, state: 'RUNNING', payload: undefined }],
      [ran, { ...second, state: 'RUNNING', payload: undefined }],
      [
        { ...ran, state: 'REVERTED', payload: undefined },
        { ...second, payload: payload(3) },
      ],
      [{ ...second, state: 'FAILURE', payload: payload(4) }],
      [
        { ...ran, payload: payload(5) },
        { ...second, payload: payload(6) },
      ],
      [ran, second].map((atom) => ({ ...atom, state: 'REVERTING', payload: undefined })),
    ]
    const kept = new Map([first, second].map((atom) => [atom.uuid, atom]))
    for (const atoms of steps) {
      await backend.save(checkpointOf(flow.uuid, { atoms, fence: hold }))
      for (const atom of atoms) {
        const { payload } = atom.payload === undefined ? (kept.get(atom.uuid) ?? atom) : atom
        kept.set(atom.uuid, { ...atom, payload })
      }
      expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([...kept.values()])
    }
  })

  clause('writes an atom that is new beside one that is not', async ({ backend }) => {
    const stored = atomRecord()
    const { flow } = await saveNewFlow(backend, [stored])
    await claim(backend, flow.uuid)
    const atoms = [{ ...stored, state: 'SUCCESS' as const }, atomRecord({ name: 'added' })]
    await backend.save(checkpointOf(flow.uuid, { atoms, fence: fence({ action: 'hold' }) }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual(atoms)
  })

  clause('takes no atom of another flow detail, nor the one beside it', async ({ backend }) => {
    const own = atomRecord()
    const others = atomRecord()
    const { flow } = await saveNewFlow(backend, [own])
    const { flow: other } = await saveNewFlow(backend, [others])
    await claim(backend, flow.uuid)
    const atoms = [own, others].map((atom) => ({ ...atom, state: 'SUCCESS' as const }))
    const step = checkpointOf(flow.uuid, { atoms, fence: fence({ action: 'hold' }) })
    await expect(backend.save(step)).rejects.toMatchObject({ code: 'STORAGE' })
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([own])
    expect((await backend.loadFlow(other.uuid)).atoms).toEqual([others])
  })
}
