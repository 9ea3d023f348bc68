import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteFile } from '../../src/database/sqlite-file.ts'
import { linear, load, loadFlowDetail, task } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'taskflow-')), 'data')
  mkdirSync(folder)
  file = join(folder, 'runs.db')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const SUFFIXES = ['', '-wal', '-shm']

function each(change: (path: string, suffix: string) => void): void {
  for (const suffix of SUFFIXES) if (existsSync(file + suffix)) change(file + suffix, suffix)
}

/** A sound database of another history, in one file. */
async function another(): Promise<string> {
  const path = join(folder, '..', 'other.db')
  await using backend = sqlite(path)
  await saveNewFlow(backend)
  return path
}

describe('a file that is open', () => {
  test.each<[what: string, happens: () => void | Promise<void>, message: string]>([
    ['is removed', () => rmSync(file), 'was removed or moved away'],
    ['is removed with its log', () => each((path) => rmSync(path)), 'was removed or moved away'],
    ['is moved', () => renameSync(file, `${file}.old`), 'was removed or moved away'],
    [
      'is moved with its log',
      () => each((path, suffix) => renameSync(path, join(folder, `moved.db${suffix}`))),
      'was removed or moved away',
    ],
    [
      'is replaced by a copy of itself',
      () => {
        copyFileSync(file, `${file}.copy`)
        renameSync(`${file}.copy`, file)
      },
      'was replaced',
    ],
    [
      'is restored from a backup',
      async () => {
        const backup = await another()
        each((path) => rmSync(path))
        copyFileSync(backup, file)
      },
      'was replaced',
    ],
    ['is gone with its folder', () => rmSync(folder, { recursive: true }), 'was removed'],
    [
      'is in a folder that was moved',
      () => renameSync(folder, `${folder}-old`),
      'was removed or moved away',
    ],
    ['is emptied', () => truncateSync(file), 'was emptied'],
  ])('acknowledges nothing once it %s', async (_, happens, message) => {
    const backend = sqlite(file)
    const { flow } = await saveNewFlow(backend, [atomRecord()])
    await happens()
    const lost = {
      name: 'StorageError',
      code: 'STORAGE',
      message: expect.stringContaining(message),
    }
    await expect(
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] })),
    ).rejects.toMatchObject(lost)
    await expect(
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] })),
    ).rejects.toMatchObject(lost)
    await expect(backend.listFlows()).rejects.toThrow(/close this backend and open another/)
    const run = load(linear('f').add(task('t', { execute() {} })), { backend }).run()
    await expect(run).rejects.toMatchObject({ code: 'STORAGE' })
    await backend.close()
  })

  test('is used again when it is put back', async () => {
    await using backend = sqlite(file)
    const { flow } = await saveNewFlow(backend)
    each((path) => renameSync(path, `${path}.away`))
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow('was removed or moved away')
    for (const suffix of SUFFIXES) renameSync(`${file}${suffix}.away`, file + suffix)
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
  })

  test.each(['-wal', '-shm'])('acknowledges nothing for long without its %s', async (suffix) => {
    await using backend = sqlite(file)
    const { flow } = await saveNewFlow(backend)
    rmSync(file + suffix)
    await setTimeout(10) // it is looked at every 5 ms
    await expect(backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))).rejects.toThrow(
      `${suffix} was removed or moved away while it was open`,
    )
  })

  test('acknowledges nothing for long when commits wait for no disk', async () => {
    await using backend = sqlite(file, { synchronous: 'NORMAL' })
    const { flow } = await saveNewFlow(backend)
    rmSync(file)
    await setTimeout(2) // it is looked at every millisecond
    await expect(backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))).rejects.toThrow(
      'was removed or moved away',
    )
  })

  test('loses nothing that was acknowledged before its log was missed', async () => {
    const backend = sqlite(file)
    const { flow } = await saveNewFlow(backend)
    rmSync(`${file}-wal`)
    const atom = atomRecord()
    const save = backend.save(checkpointOf(flow.uuid, { atoms: [atom] }))
    const isAcknowledged = await save.then(
      () => true,
      () => false,
    )
    await backend.close()
    await using again = sqlite(file)
    const { atoms } = await again.loadFlow(flow.uuid)
    if (isAcknowledged) expect(atoms.map(({ uuid }) => uuid)).toEqual([atom.uuid])
  })

  test('is missed at the place where it was asked for, when that was a link', async () => {
    const link = join(folder, '..', 'link.db')
    symlinkSync(file, link)
    await using backend = sqlite(link)
    const { flow } = await saveNewFlow(backend)
    const other = await another()
    rmSync(link)
    symlinkSync(other, link)
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow('was replaced')
  })

  test.each<[how: string, open: () => ReturnType<typeof sqlite>]>([
    ['by a URL', () => sqlite(pathToFileURL(file))],
    ['by a URI', () => sqlite(`file:${file}?mode=rwc`)],
    ['by hand', () => sqlite(new DatabaseSync(file))],
  ])('is missed when it was opened %s', async (_, open) => {
    await using backend = open()
    const { flow } = await saveNewFlow(backend)
    rmSync(file)
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow('was removed or moved away')
  })

  test('may be written, backed up, vacuumed and checkpointed by others', async () => {
    await using backend = sqlite(file)
    const { flow } = await saveNewFlow(backend)
    using other = new DatabaseSync(file)
    for (const sql of [
      'CREATE TABLE others (x)',
      'PRAGMA wal_checkpoint(TRUNCATE)',
      'VACUUM',
      `VACUUM INTO '${join(folder, 'backup.db')}'`,
    ]) {
      other.exec(sql)
      await setTimeout(6)
      await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    }
    other.close()
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(5)
  })

  test('that cannot be looked at is not trusted', async () => {
    await using backend = sqlite(file)
    await backend.open()
    const loop = join(folder, 'loop')
    const seen = new SqliteFile(file, file, 0, () => false)
    seen.check()
    each((path) => rmSync(path))
    symlinkSync(loop, loop)
    symlinkSync(loop, file)
    expect(() => seen.check()).toThrow(/cannot be looked at any more/)
  })
})

test('a database in memory has no file to miss', async () => {
  await using backend = sqlite(':memory:')
  await saveNewFlow(backend)
  expect(await backend.countFlows()).toBe(1)
})

describe('a file that may only be read', () => {
  const flow = () => linear('f').add(task('t', { execute: () => 'done' }))

  async function finished(): Promise<string> {
    await using made = sqlite(file)
    const engine = load(flow(), { backend: made })
    await engine.run()
    return engine.storage.flowUuid
  }

  test.each<[how: string, open: () => string | DatabaseSync]>([
    ['by a URI', () => `file:${file}?mode=ro`],
    ['by hand', () => new DatabaseSync(file, { readOnly: true })],
  ])('is looked at, and says so when it is to be written: %s', async (_, open) => {
    const uuid = await finished()
    const opened = open()
    await using backend = sqlite(opened)
    expect((await backend.listFlows()).map(({ state }) => state)).toEqual(['SUCCESS'])
    expect((await loadFlowDetail(backend, uuid)).find('t')?.state).toBe('SUCCESS')
    await expect(load(flow(), { backend }).run()).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('it is read-only; let this process write'),
    })
    expect(await backend.countFlows()).toBe(1)
    if (opened instanceof DatabaseSync) expect(opened.isTransaction).toBe(false)
  })

  test('and has no tables, says which are missing', async () => {
    new DatabaseSync(file).close()
    await using backend = sqlite(new DatabaseSync(file, { readOnly: true }))
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/lacks schema steps 1, 2, .*read-only.*'taskflow migrate'/),
    })
  })

  test('is looked at by a user who may write neither it nor its folder, as it is now', async () => {
    await finished()
    expect(readdirSync(folder)).toEqual(['runs.db'])
    chmodSync(join(folder, '..'), 0o755)
    lock(true)
    const looker = fork(join(import.meta.dirname, 'sqlite-looker.ts'), [file], {
      execPath: process.execPath,
    })
    const says = async (): Promise<unknown> => (await once(looker, 'message'))[0]
    const ask = (what: string): Promise<unknown> => {
      looker.send(what)
      return says()
    }
    expect(await says()).toBe('ready')
    expect(await ask('count')).toBe(1)
    lock(false)
    await finished()
    lock(true)
    expect(await ask('count')).toBe(2)
    expect(await ask('write')).toMatch(/it is read-only; let this process write to the file/)
    await once(looker, 'exit')
    lock(false)
  })

  function lock(isLocked: boolean): void {
    chmodSync(file, isLocked ? 0o444 : 0o644)
    chmodSync(folder, isLocked ? 0o555 : 0o755)
  }
})
