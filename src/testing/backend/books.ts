/**
 * The clauses of the backend contract about books.
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
  saveBooks,
  saveNewFlow,
} from './clause.ts'

/** Declares them. */
export function bookClauses(clause: DeclareClause): void {
  clause('gives a book back as it was saved', async ({ backend }) => {
    const book = bookRecord({
      name: 'Bücher "1" \u{1f4d8}',
      meta: '{"b": 1,  "a": ["ü", null]}',
      updatedAt: new Date('2026-03-02T00:00:00.007Z'),
    })
    await saveBooks(backend, [book])
    expect(await backend.loadBook(book.uuid)).toEqual(book)
  })

  clause('gives a book back that was never changed', async ({ backend }) => {
    const book = bookRecord({ name: '', updatedAt: undefined })
    await saveBooks(backend, [book])
    expect(await backend.loadBook(book.uuid)).toStrictEqual(book)
  })

  clause('replaces a stored book', async ({ backend }) => {
    const { book, flow } = await saveNewFlow(backend)
    const changed = {
      ...book,
      name: 'orders of 2026',
      meta: '{"year":2026}',
      createdAt: new Date('2026-01-01T00:00:00.000Z'),
      updatedAt: new Date('2026-03-02T00:00:00.000Z'),
    }
    await saveBooks(backend, [changed])
    expect(await backend.loadBook(book.uuid)).toEqual(changed)
    expect(await backend.listBooks()).toHaveLength(1)
    expect((await backend.loadFlow(flow.uuid)).flow).toMatchObject(flow)
  })

  clause('rejects loading a book that is not there', async ({ backend }) => {
    await expect(backend.loadBook('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  clause('removes a book with its flows and their atoms', async ({ backend }) => {
    const atom = atomRecord()
    const { book, flow } = await saveNewFlow(backend, [atom])
    const second = flowRecord(book.uuid)
    await backend.save(checkpointOf(second.uuid, { flow: second }))
    await backend.removeBook(book.uuid)
    await expect(backend.loadBook(book.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(backend.loadFlow(second.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await backend.listFlows()).toMatchObject([])
    // Nothing of the atom is left: another flow may have it, and starts without a payload.
    const other = await saveNewFlow(backend, [{ ...atom, payload: undefined }])
    expect((await backend.loadFlow(other.flow.uuid)).atoms).toEqual([atom])
  })

  clause('leaves other books alone when one is removed', async ({ backend }) => {
    const kept = await saveNewFlow(backend, [atomRecord()])
    const removed = await saveNewFlow(backend, [atomRecord()])
    await backend.removeBook(removed.book.uuid)
    expect(await backend.listBooks()).toEqual([kept.book])
    expect((await backend.loadFlow(kept.flow.uuid)).atoms).toHaveLength(1)
  })

  clause('rejects removing a book that is not there', async ({ backend }) => {
    const { book } = await saveNewFlow(backend)
    await expect(backend.removeBook('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await backend.removeBook(book.uuid)
    await expect(backend.removeBook(book.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
}
