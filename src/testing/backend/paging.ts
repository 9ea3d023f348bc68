/**
 * The clauses of the backend contract about listing books and flow details.
 *
 * @module
 */
import { expect } from 'vitest'
import type { Backend, BookRecord, FlowRecord } from '../../persistence/backend.ts'
import {
  bookRecord,
  checkpointOf,
  type DeclareClause,
  flowRecord,
  saveBooks,
  saveNewFlow,
} from './clause.ts'

/** Declares them. */
export function pagingClauses(clause: DeclareClause): void {
  clause('lists nothing where nothing is stored', async ({ backend }) => {
    expect(await backend.listBooks()).toEqual([])
    expect(await backend.listFlows()).toMatchObject([])
    expect(await backend.listFlows({ bookUuid: 'nowhere', states: ['RUNNING'] })).toMatchObject([])
  })

  clause('lists books in order of their uuids', async ({ backend }) => {
    const books = Array.from({ length: 5 }, () => bookRecord())
    await saveBooks(backend, books)
    expect(await backend.listBooks()).toEqual(byUuid(books))
  })

  clause('lists a hundred books unless told otherwise', async ({ backend }) => {
    const books = Array.from({ length: 130 }, () => bookRecord())
    await saveBooks(backend, books)
    expect(await backend.listBooks()).toEqual(byUuid(books).slice(0, 100))
    expect(await backend.listBooks({ limit: 1_000 })).toEqual(byUuid(books))
  })

  clause('goes through all books page by page', async ({ backend }) => {
    const books = Array.from({ length: 7 }, () => bookRecord())
    await saveBooks(backend, books)
    const pages: BookRecord[][] = []
    for (let after: string | undefined; ; ) {
      const page = await backend.listBooks({ limit: 3, ...(after !== undefined && { after }) })
      if (page.length === 0) break
      pages.push([...page])
      after = page.at(-1)?.uuid
    }
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 1])
    expect(pages.flat()).toEqual(byUuid(books))
  })

  clause('goes on behind a book that was removed', async ({ backend }) => {
    const books = byUuid(Array.from({ length: 4 }, () => bookRecord()))
    await saveBooks(backend, books)
    const [, second] = await backend.listBooks({ limit: 2 })
    if (second === undefined) throw new Error('there is no second book')
    await backend.removeBook(second.uuid)
    expect(await backend.listBooks({ after: second.uuid })).toEqual(books.slice(2))
  })

  clause('lists flow details in order of their uuids, in pages', async ({ backend }) => {
    const { flows } = await saveFlows(backend)
    expect(await backend.listFlows()).toMatchObject(flows)
    expect(await backend.listFlows({ limit: 2 })).toMatchObject(flows.slice(0, 2))
    const after = flows[1]?.uuid ?? ''
    expect(await backend.listFlows({ after, limit: 3 })).toMatchObject(flows.slice(2, 5))
  })

  clause('lists the flow details of one book', async ({ backend }) => {
    const { books, flows } = await saveFlows(backend)
    for (const { uuid: bookUuid } of books) {
      const expected = flows.filter((flow) => flow.bookUuid === bookUuid)
      expect(await backend.listFlows({ bookUuid })).toMatchObject(expected)
    }
    expect(await backend.listFlows({ bookUuid: 'nowhere' })).toMatchObject([])
  })

  clause('lists the flow details in some states', async ({ backend }) => {
    const { flows } = await saveFlows(backend)
    const running = flows.filter(({ state }) => state === 'RUNNING')
    const both = flows.filter(({ state }) => state === 'RUNNING' || state === 'SUCCESS')
    expect(await backend.listFlows({ states: ['RUNNING'] })).toMatchObject(running)
    expect(await backend.listFlows({ states: ['SUCCESS', 'RUNNING', 'SUCCESS'] })).toMatchObject(
      both,
    )
    expect(await backend.listFlows({ states: ['SUSPENDED'] })).toMatchObject([])
    expect(await backend.listFlows({ states: [] })).toMatchObject([])
  })

  clause('lists the flow details of one name', async ({ backend }) => {
    const { flows } = await saveFlows(backend)
    const expected = flows.filter(({ name }) => name === 'delete-volume')
    expect(await backend.listFlows({ name: 'delete-volume' })).toMatchObject(expected)
    expect(await backend.listFlows({ name: 'DELETE-volume' })).toMatchObject([])
  })

  clause('lists what every part of a filter fits', async ({ backend }) => {
    const { books, flows } = await saveFlows(backend)
    const filter = { bookUuid: books[0]?.uuid ?? '', name: 'create-volume' }
    const expected = flows.filter(
      ({ bookUuid, name, state }) =>
        bookUuid === filter.bookUuid && name === filter.name && state === 'RUNNING',
    )
    expect(expected.length).toBeGreaterThan(1)
    expect(await backend.listFlows({ ...filter, states: ['RUNNING'] })).toMatchObject(expected)
    const after = expected[0]?.uuid ?? ''
    expect(
      await backend.listFlows({ ...filter, states: ['RUNNING'], after, limit: 1 }),
    ).toMatchObject(expected.slice(1, 2))
  })

  clause('refuses a limit that is not a whole number above 0', async ({ backend }) => {
    for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(backend.listBooks({ limit })).rejects.toBeInstanceOf(RangeError)
      await expect(backend.listFlows({ limit, states: [] })).rejects.toBeInstanceOf(RangeError)
    }
  })
}

/** Two books with nine flow details each, of two names, in three states. */
async function saveFlows(
  backend: Backend,
): Promise<{ readonly books: readonly BookRecord[]; readonly flows: readonly FlowRecord[] }> {
  const flows: FlowRecord[] = []
  const books: BookRecord[] = []
  for (let i = 0; i < 2; i += 1) {
    const { book, flow } = await saveNewFlow(backend)
    books.push(book)
    flows.push(flow)
    for (const state of ['RUNNING', 'SUCCESS', 'RUNNING', 'FAILURE'] as const) {
      for (const name of ['create-volume', 'delete-volume']) {
        const next = flowRecord(book.uuid, { name, state })
        await backend.save(checkpointOf(next.uuid, { flow: next }))
        flows.push(next)
      }
    }
  }
  return { books, flows: byUuid(flows) }
}

function byUuid<R extends { readonly uuid: string }>(records: readonly R[]): readonly R[] {
  return records.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))
}
