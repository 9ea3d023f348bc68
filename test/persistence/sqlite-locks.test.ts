import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linear, load, task } from '../../src/index.ts'
import type { Backend } from '../../src/persistence/backend.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  file = join(folder, 'flows.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Counts how often a timer of 1 ms fires while something is under way. */
async function whileCounting<R>(work: Promise<R>): Promise<readonly [result: R, ticks: number]> {
  let ticks = 0
  const timer = setInterval(() => {
    ticks += 1
  }, 1)
  try {
    return [await work, ticks]
  } finally {
    clearInterval(timer)
  }
}

/** A connection of another program, which holds the right to write. */
function lock(): DatabaseSync {
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  return other
}

test('the process goes on while a save waits for a lock, and the save succeeds after it', async () => {
  await using backend = sqlite(file)
  const { flow } = await saveNewFlow(backend)
  using other = lock()
  const save = backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
  const [reads] = await whileCounting(backend.loadFlow(flow.uuid))
  expect(reads.atoms).toEqual([]) // readers are not kept waiting
  const [, ticks] = await whileCounting(setTimeout(500))
  // Blocked for 5 s at a time, there would be none at all; leave room for a slow machine.
  expect(ticks).toBeGreaterThan(10)
  other.exec('COMMIT')
  await save
  expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
})

test('the process goes on while a database is opened that is locked', async () => {
  using other = new DatabaseSync(file)
  other.exec('BEGIN EXCLUSIVE')
  await using backend = sqlite(file)
  const opening = backend.open()
  const [, ticks] = await whileCounting(setTimeout(300))
  expect(ticks).toBeGreaterThan(5)
  other.exec('ROLLBACK')
  await opening
  await saveNewFlow(backend)
})

test('a lock that is held for longer than busyTimeoutMs is told once, to all that wait', async () => {
  await using backend = sqlite(file, { busyTimeoutMs: 300 })
  const flows = await Promise.all(Array.from({ length: 20 }, () => saveNewFlow(backend)))
  using other = lock()
  const startedAtMs = performance.now()
  const saves = await Promise.allSettled(
    flows.map(({ flow }) => backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))),
  )
  const tookMs = performance.now() - startedAtMs
  for (const save of saves) {
    expect(save).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'STORAGE',
        message: expect.stringMatching(
          /another program holds it locked; end that program, or raise busyTimeoutMs; tried \d+ times; nothing was written/,
        ),
        cause: { errcode: 5 },
      },
    })
  }
  expect(tookMs).toBeGreaterThan(250)
  expect(tookMs).toBeLessThan(20 * 250) // and not one after the other
  other.exec('ROLLBACK')
  await saveEach(backend, flows)
})

async function saveEach(
  backend: Backend,
  flows: readonly { readonly flow: { readonly uuid: string } }[],
): Promise<void> {
  for (const { flow } of flows) {
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
  }
}

test('a COMMIT that fails is rolled back, and the save done again', async () => {
  using db = new DatabaseSync(file)
  await using backend = sqlite(db)
  const { flow } = await saveNewFlow(backend)
  // Without the write-ahead log, whoever reads keeps others from committing, and not from writing.
  db.exec('PRAGMA journal_mode = DELETE')
  using reader = new DatabaseSync(file)
  const read = reader.prepare('SELECT * FROM logbooks').iterate()
  read.next()
  const save = backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] }))
  for (let i = 0; i < 10; i += 1) {
    await setTimeout(20)
    expect(db.isTransaction).toBe(false)
  }
  read.return?.()
  await save
  expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(2)
})

test('a database handed in keeps its busy timeout for its other uses', async () => {
  using db = new DatabaseSync(file)
  await using backend = sqlite(db, { busyTimeoutMs: 1_234 })
  const { flow } = await saveNewFlow(backend)
  const timeout = (): unknown => db.prepare('PRAGMA busy_timeout').get()
  expect(timeout()).toEqual({ timeout: 1_234 })
  await expect(
    backend.save(checkpointOf('nowhere', { atoms: [atomRecord(), atomRecord()] })),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
  expect(timeout()).toEqual({ timeout: 1_234 })
})

test('a flow that met a lock for too long goes on from where it was', async () => {
  await using backend = sqlite(file, { busyTimeoutMs: 100 })
  const done: string[] = []
  let other: DatabaseSync | undefined
  const step = (name: string, work = (): void => {}) =>
    task(name, {
      async execute() {
        done.push(name)
        work()
      },
    })
  const hold = (): void => {
    other ??= lock()
  }
  const engine = load(linear('held up').add(step('a'), step('b', hold), step('c')), { backend })
  await expect(engine.run()).rejects.toThrow(/end that program, or raise busyTimeoutMs/)
  other?.close()
  await engine.run()
  expect(done).toEqual(['a', 'b', 'c'])
  expect(engine.storage.getFlowState()).toBe('SUCCESS')
})
