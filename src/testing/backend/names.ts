/**
 * The clauses of the backend contract about names and identifiers: the same ones everywhere.
 *
 * @module
 */
import { expect } from 'vitest'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  type DeclareClause,
  flowRecord,
  saveNewFlow,
} from './clause.ts'

const REFUSED: readonly string[] = ['half \ud800', 'nul \0', 'blank ', 'x'.repeat(256)]

const KEPT: readonly string[] = [
  "'; DROP TABLE logbooks; --",
  'back\\slash \\\' "quoted" `ticks`',
  'größe 誠 😀 \u{10ffff}',
  "¿\\' %_?$1:name",
  ' blank before',
  'x'.repeat(255),
  '😀'.repeat(255),
]

/** Declares them. */
export function nameClauses(clause: DeclareClause): void {
  clause('keeps names and values as they are, whatever stands in them', async ({ backend }) => {
    for (const name of KEPT) {
      const text = JSON.stringify({ [name]: name })
      const book = bookRecord({ name, meta: text })
      const flow = flowRecord(book.uuid, { name, meta: text })
      const payload = { results: text, failure: text, revertResults: text, revertFailure: text }
      const atom = atomRecord({ name, version: `v${name.slice(0, 32)}`, meta: text, payload })
      await backend.save(checkpointOf(flow.uuid, { book, flow, atoms: [atom] }))
      expect(await backend.loadBook(book.uuid)).toEqual(book)
      expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [atom] })
      expect(await backend.listFlows({ name })).toMatchObject([flow])
    }
  })

  clause('refuses names that some backend could not keep', async ({ backend }) => {
    for (const name of REFUSED) {
      const { flow, book } = await saveNewFlow(backend)
      const claim = { owner: name, epoch: 1, action: 'claim', leaseUntil: undefined } as const
      const refused = [
        checkpointOf(flow.uuid, { fence: claim }),
        checkpointOf(flow.uuid, { atoms: [atomRecord({ version: name })] }),
        checkpointOf(flow.uuid, { atoms: [atomRecord({ name })] }),
        checkpointOf(flow.uuid, { atoms: [atomRecord({ uuid: name })] }),
        checkpointOf(flow.uuid, { flow: { ...flow, name } }),
        checkpointOf(name, { flow: { ...flow, uuid: name } }),
        checkpointOf('', { book: { ...book, name } }),
        checkpointOf('', { book: { ...book, uuid: name } }),
      ]
      for (const one of refused) await expect(backend.save(one)).rejects.toThrow(TypeError)
      expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [] })
      expect(await backend.loadBook(book.uuid)).toEqual(book)
    }
  })

  clause('compares identifiers letter by letter', async ({ backend }) => {
    const books = ['Run-A', 'run-a', 'rün-a'].map((uuid) => bookRecord({ uuid }))
    const flows = books.map(({ uuid }) => flowRecord(uuid, { uuid, name: uuid }))
    for (const [i, flow] of flows.entries()) {
      const atoms = [atomRecord({ uuid: flow.uuid })]
      await backend.save(checkpointOf(flow.uuid, { book: books[i], flow, atoms }))
    }
    for (const flow of flows) {
      expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow })
    }
    for (const uuid of ['RUN-A', 'run-a ', 'run-a\0']) {
      await expect(backend.loadFlow(uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(backend.loadBook(uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(backend.removeFlow(uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(backend.removeBook(uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    await backend.removeFlow('Run-A')
    expect((await backend.listFlows()).map(({ uuid }) => uuid).sort()).toEqual(['run-a', 'rün-a'])
  })

  clause('compares names letter by letter', async ({ backend }) => {
    for (const name of ['Order', 'order', 'ordér']) {
      const book = bookRecord()
      const flow = flowRecord(book.uuid, { name })
      await backend.save(checkpointOf(flow.uuid, { book, flow }))
    }
    for (const name of ['Order', 'order', 'ordér']) {
      expect(await backend.listFlows({ name })).toMatchObject([{ name }])
    }
    expect(await backend.countFlows({ name: 'ORDER' })).toBe(0)
  })

  clause('writes no book when the fence of its checkpoint finds no flow', async ({ backend }) => {
    const book = bookRecord()
    const fence = { owner: 'me', epoch: 1, action: 'claim', leaseUntil: undefined } as const
    const refused = checkpointOf('nowhere', { book, fence })
    await expect(backend.save(refused)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { flow } = await saveNewFlow(backend)
    const stale = { ...fence, epoch: 7, action: 'hold' } as const
    await expect(backend.save(checkpointOf(flow.uuid, { book, fence: stale }))).rejects.toThrow()
    await expect(backend.loadBook(book.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
}
