/**
 * One record that cannot be read keeps no other run from being listed, resumed or removed.
 *
 * @module
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Backend,
  compareAll,
  defineFlow,
  type Engine,
  linear,
  listLogBooks,
  listUnfinished,
  listUnfinishedRecords,
  loadFromFactory,
  removeFinished,
  resumeAll,
  task,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unreadable-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const RUNS = 4

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

let stopping: Engine | undefined
const flow = defineFlow('f', () =>
  linear('f').add(
    task('a', { execute: () => void stopping?.suspend() }),
    task('b', { execute: () => 1 }),
  ),
)

/** Runs some flows, up to a suspension or to their ends, and gives their uuids. */
async function runs(backend: Backend, isToEnd: boolean): Promise<readonly string[]> {
  const uuids: string[] = []
  for (let i = 0; i < RUNS; i += 1) {
    const engine = loadFromFactory(flow, [], { backend })
    stopping = isToEnd ? undefined : engine
    await engine.run()
    uuids.push(engine.storage.flowUuid)
  }
  stopping = undefined
  await backend.close()
  return uuids
}

interface Case {
  readonly what: string
  readonly open: () => Backend
  readonly damage: (uuid: string) => void
}

function sql(table: 'flowdetails' | 'atomdetails', set: string): Case {
  const file = (): string => join(folder, 'runs.db')
  return {
    what: `SQLite, ${table}: ${set}`,
    open: () => sqlite(file()),
    damage(uuid) {
      const database = new DatabaseSync(file())
      database.exec('PRAGMA foreign_keys = off')
      const key = table === 'flowdetails' ? 'uuid' : 'parent_uuid'
      database.prepare(`UPDATE ${table} SET ${set} WHERE ${key} = ?`).run(uuid)
      database.close()
    },
  }
}

function files(what: string, change: (metadata: string) => void): Case {
  const place = (): string => join(folder, 'runs')
  return {
    what: `a folder, ${what}`,
    open: () => directory(place()),
    damage: (uuid) => change(join(place(), 'flow_details', uuid, 'metadata')),
  }
}

const CASES: readonly Case[] = [
  sql('flowdetails', "taskflow_ts_epoch = 'abc'"),
  sql('flowdetails', 'taskflow_ts_epoch = -1'),
  sql('flowdetails', 'taskflow_ts_epoch = 9223372036854775807'),
  sql('flowdetails', 'created_at = 9223372036854775807'),
  sql('flowdetails', "created_at = 'yesterday'"),
  sql('flowdetails', "updated_at = x'00ff'"),
  sql('flowdetails', "taskflow_ts_lease_until = '0'"),
  sql('flowdetails', 'name = NULL'),
  sql('flowdetails', "name = x'00ff'"),
  sql('flowdetails', "meta = '{'"),
  sql('flowdetails', "meta = '[]'"),
  sql('atomdetails', "state = 'ASLEEP'"),
  sql('atomdetails', "atom_type = 'X'"),
  sql('atomdetails', "name = 'a'"),
  sql('atomdetails', "meta = 'no JSON'"),
  sql('atomdetails', 'results = \'{"$taskflow":["Date"]}\''),
  files('an empty file', (metadata) => writeFileSync(metadata, '')),
  files('a file cut short', (metadata) => writeFileSync(metadata, '{"name": "f", "sta')),
  files('bytes that are no text', (metadata) => writeFileSync(metadata, Buffer.from([0, 255, 1]))),
  files('a state that is none', (metadata) => writeFileSync(metadata, '{"state": "ASLEEP"}')),
  files('a folder in place of a file', (metadata) => {
    rmSync(metadata)
    mkdirSync(metadata)
  }),
]

describe.each(CASES)('$what', ({ open, damage }) => {
  test('keeps no other run from being resumed', async () => {
    const uuids = await runs(open(), false)
    damage(uuids[1] as string)
    await using backend = open()
    const resumed = await resumeAll({ backend, flows: [flow] })
    const finished = resumed.filter(({ outcome }) => outcome === 'finished')
    expect(finished.map(({ uuid }) => uuid)).toEqual(uuids.filter((_, i) => i !== 1).sort())
    expect(resumed.filter(({ outcome }) => outcome !== 'finished')).toMatchObject([
      { uuid: uuids[1], outcome: 'corrupt', error: { code: 'CORRUPT_RECORD' } },
    ])
  })

  test('keeps no other run from being listed and compared, and is told of', async () => {
    const uuids = await runs(open(), false)
    damage(uuids[1] as string)
    await using backend = open()
    const others = uuids.filter((_, i) => i !== 1).sort()
    const told: string[] = []
    const onCorrupt = (_: Error, uuid: string): void => void told.push(uuid)
    const found = await all(listUnfinished(backend, { onCorrupt }))
    expect(found.map(({ uuid }) => uuid)).toEqual(others)
    expect(told).toEqual([uuids[1]])
    const listed: string[] = []
    await expect(async () => {
      for await (const { uuid } of listUnfinished(backend)) listed.push(uuid)
    }).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
    expect(listed).toEqual(others)
    const records = await all(listUnfinishedRecords(backend, { onCorrupt }))
    expect(records.length).toBeGreaterThanOrEqual(RUNS - 1)
    const verdicts = await all(compareAll({ backend, flows: [flow] }))
    expect(verdicts.filter(({ canResume }) => canResume)).toHaveLength(RUNS - 1)
    expect(verdicts.find(({ canResume }) => !canResume)).toMatchObject({
      flowUuid: uuids[1],
      error: { code: 'CORRUPT_RECORD' },
    })
  })

  test('keeps no other run from being removed', async () => {
    const uuids = await runs(open(), true)
    damage(uuids[1] as string)
    await using backend = open()
    await removeFinished(backend, { olderThanMs: 0, onCorrupt: () => {} })
    for (const uuid of uuids.filter((_, i) => i !== 1)) {
      await expect(backend.loadFlow(uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

test('a file that must not be read keeps no other run from being listed', async () => {
  const open = (): Backend => directory(join(folder, 'runs'))
  const uuids = await runs(open(), false)
  const metadata = join(folder, 'runs', 'flow_details', uuids[1] as string, 'metadata')
  chmodSync(metadata, 0)
  await using backend = open()
  const found = await all(listUnfinished(backend, { onCorrupt: () => {} }))
  const readable = process.getuid?.() === 0 ? RUNS : RUNS - 1 // root may read everything
  expect(found).toHaveLength(readable)
  chmodSync(metadata, 0o600)
})

test('a book that cannot be read is kept and named, and the others are listed and removed', async () => {
  const file = join(folder, 'runs.db')
  await runs(sqlite(file), true)
  const database = new DatabaseSync(file)
  const [first] = database.prepare('SELECT uuid FROM logbooks ORDER BY uuid').all()
  database.exec(
    "UPDATE logbooks SET updated_at = 'never' WHERE uuid = (SELECT MIN(uuid) FROM logbooks)",
  )
  database.close()
  await using backend = sqlite(file)
  const books: string[] = []
  await expect(async () => {
    for await (const { uuid } of listLogBooks(backend)) books.push(uuid)
  }).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
  expect(books).toHaveLength(RUNS - 1)
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  try {
    await removeFinished(backend, { olderThanMs: -0 })
  } finally {
    warned.mockRestore()
  }
  const left = await backend.listBooks({
    onCorrupt: (_, uuid) => expect(uuid).toBe(first?.['uuid']),
  })
  expect(left).toEqual([])
})
