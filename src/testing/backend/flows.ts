/**
 * The clauses of the backend contract about flow details.
 *
 * @module
 */
import { expect } from 'vitest'
import { FLOW_MOVES, type FlowState } from '../../states/flow.ts'
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
export function flowClauses(clause: DeclareClause): void {
  clause('gives a flow detail back as it was saved', async ({ backend }) => {
    const book = bookRecord()
    const flow = flowRecord(book.uuid, {
      name: 'créer "volume"',
      meta: '{"factory": {"name": "create-volume", "args": [1]},  "store": {"ü": null}}',
    })
    await backend.save(checkpointOf(flow.uuid, { book, flow }))
    const { flow: stored, atoms } = await backend.loadFlow(flow.uuid)
    expect(stored).toMatchObject(flow)
    expect(atoms).toEqual([])
  })

  clause('keeps every state of a flow', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    for (const state of Object.keys(FLOW_MOVES) as FlowState[]) {
      await backend.save(checkpointOf(flow.uuid, { flow: { ...flow, state } }))
      expect((await backend.loadFlow(flow.uuid)).flow.state).toBe(state)
    }
  })

  clause('replaces a stored flow detail and leaves its atoms alone', async ({ backend }) => {
    const atom = atomRecord({ payload: { ...EMPTY_PAYLOAD, results: '1' } })
    const { book, flow } = await saveNewFlow(backend, [atom])
    const changed = { ...flow, name: 'other', state: 'RUNNING', meta: '{"a":1}' } as const
    await backend.save(checkpointOf(flow.uuid, { flow: changed }))
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow: changed, atoms: [atom] })
    expect(await backend.loadBook(book.uuid)).toEqual(book)
  })

  clause('moves a flow detail to another book', async ({ backend }) => {
    const { book, flow } = await saveNewFlow(backend)
    const other = bookRecord()
    const moved = { ...flow, bookUuid: other.uuid }
    await backend.save(checkpointOf(flow.uuid, { book: other, flow: moved }))
    await backend.removeBook(book.uuid)
    expect((await backend.loadFlow(flow.uuid)).flow).toMatchObject(moved)
  })

  clause('adds a flow detail to a stored book', async ({ backend }) => {
    const { book, flow } = await saveNewFlow(backend)
    const second = flowRecord(book.uuid)
    await backend.save(checkpointOf(second.uuid, { flow: second }))
    expect(await backend.listFlows({ bookUuid: book.uuid })).toMatchObject(
      [flow, second].sort((a, b) => (a.uuid < b.uuid ? -1 : 1)),
    )
  })

  clause('rejects loading a flow detail that is not there', async ({ backend }) => {
    await saveNewFlow(backend)
    await expect(backend.loadFlow('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  clause('rejects a flow detail whose book is not there', async ({ backend }) => {
    const flow = flowRecord('nowhere')
    await expect(backend.save(checkpointOf(flow.uuid, { flow }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nowhere'),
    })
    await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  clause('rejects a flow detail whose book was removed', async ({ backend }) => {
    const { book, flow } = await saveNewFlow(backend)
    await backend.removeBook(book.uuid)
    await expect(backend.save(checkpointOf(flow.uuid, { flow }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
}
