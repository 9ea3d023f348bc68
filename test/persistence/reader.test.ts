import { expect, test } from 'vitest'
import {
  LogBook,
  linear,
  listLogBooks,
  listUnfinished,
  load,
  loadLogBook,
  memory,
  task,
} from '../../src/index.ts'

const flow = () => linear('f').add(task('a', { execute() {} }))

test('lists books over several pages, or one page of them', async () => {
  const backend = memory()
  const uuids = Array.from({ length: 103 }, (_, i) => `book-${String(i).padStart(3, '0')}`)
  for (const uuid of uuids) {
    await load(flow(), { backend, book: new LogBook('b', uuid) }).run()
  }
  const all: string[] = []
  for await (const { uuid } of listLogBooks(backend)) all.push(uuid)
  expect(all).toEqual(uuids)
  const page: string[] = []
  for await (const { uuid } of listLogBooks(backend, { after: 'book-001', limit: 2 }))
    page.push(uuid)
  expect(page).toEqual(['book-002', 'book-003'])
})

test('reads a book with its flow details', async () => {
  const backend = memory()
  const book = new LogBook('nightly')
  await load(flow(), { backend, book }).run()
  await load(flow(), { backend, book }).run()
  const read = await loadLogBook(backend, book.uuid)
  expect([...read].map(({ state, bookUuid }) => [state, bookUuid])).toEqual([
    ['SUCCESS', book.uuid],
    ['SUCCESS', book.uuid],
  ])
  const [first] = read
  expect(read.size).toBe(2)
  expect(read.find(first?.uuid ?? '')).toBe(first)
  if (first) read.add(first)
  expect(read.size).toBe(2)
})

test('lists what is unfinished, and passes over what cannot be read', async () => {
  const backend = memory()
  const engines = [0, 1, 2].map(() => load(flow(), { backend }))
  for (const engine of engines) {
    engine.compile()
    await engine.prepare()
  }
  await engines[0]?.run()
  const broken = engines[1]?.storage.flowDetail
  const stored = await backend.loadFlow(broken?.uuid ?? '')
  await backend.save({
    flowUuid: stored.flow.uuid,
    book: undefined,
    flow: { ...stored.flow, meta: '{' },
    atoms: [],
  })
  const corrupt: string[] = []
  const found: string[] = []
  for await (const { uuid } of listUnfinished(backend, {
    onCorrupt: (_, id) => corrupt.push(id),
  })) {
    found.push(uuid)
  }
  expect(found).toEqual([engines[2]?.storage.flowUuid])
  expect(corrupt).toEqual([broken?.uuid])
  const listAll = async (): Promise<void> => {
    for await (const { uuid } of listUnfinished(backend)) found.push(uuid)
  }
  await expect(listAll()).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
})
