/**
 * SQLite on a disk that is full, in a file that turns read-only, and in one of somebody else, while
 * flows run.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linear, load, task } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { underLoad } from './load.ts'
import { NO_DISK, smallDisk } from './small-disk.ts'

let folder: ReturnType<typeof mkdtempDisposableSync>
beforeEach(() => {
  folder = mkdtempDisposableSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => folder.remove())

test('a full disk is told; with room, flows go on', async (context) => {
  const disk = smallDisk(folder.path, 8)
  if (disk === undefined) return context.skip(NO_DISK)
  try {
    await using backend = sqlite(join(folder.path, 'flows.db'))
    await backend.open()
    const { faults } = await underLoad({ backend }, async () => {
      await setTimeout(200)
      disk.fill()
      // The write-ahead log is written from its start again, so that it takes a while to grow.
      await setTimeout(2_000)
      disk.empty()
      await setTimeout(300)
    })
    expect(faults.length).toBeGreaterThan(0)
    for (const { code, message } of faults) {
      expect(code).toBe('STORAGE')
      expect(message).toMatch(/the disk is full; make room/)
    }
  } finally {
    disk.remove()
  }
})

test('a full disk at the first use is told', async (context) => {
  const disk = smallDisk(folder.path, 1)
  if (disk === undefined) return context.skip(NO_DISK)
  try {
    disk.fill()
    await using backend = sqlite(join(folder.path, 'flows.db'))
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/the disk is full; make room/),
    })
    disk.empty()
    await backend.open()
  } finally {
    disk.remove()
  }
})

test('a file that nobody may write any more is told; later, flows go on', async (context) => {
  const file = join(folder.path, 'flows.db')
  const files = ['', '-wal'].map((end) => file + end)
  await using backend = sqlite(file)
  await backend.open()
  try {
    execFileSync('chattr', ['+i', file], { stdio: 'ignore' })
    execFileSync('chattr', ['-i', file])
  } catch {
    return context.skip('only root may make a file immutable, on a disk that knows it')
  }
  const { faults } = await underLoad({ backend }, async () => {
    await setTimeout(200)
    execFileSync('chattr', ['+i', ...files])
    try {
      await setTimeout(500)
    } finally {
      execFileSync('chattr', ['-i', ...files])
    }
    await setTimeout(300)
  })
  expect(faults.length).toBeGreaterThan(0)
  for (const { code, message } of faults) {
    expect(code).toBe('STORAGE')
    expect(message).toMatch(/look at the log of the operating system|let this process write/)
  }
})

test('a file of somebody else is told at the first save', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root may become somebody else')
  const file = join(folder.path, 'flows.db')
  const done: string[] = []
  const step = task('step', {
    async execute() {
      done.push('step')
    },
  })
  {
    await using backend = sqlite(file)
    await load(linear('ours').add(step), { backend }).run()
  }
  chmodSync(folder.path, 0o755)
  chmodSync(file, 0o444)
  const script = join(folder.path, 'other.ts')
  const source = resolve('src/persistence/sql/sqlite.ts')
  writeFileSync(
    script,
    `import { sqlite } from ${JSON.stringify(source)}
     const book = { uuid: 'b', name: 'b', meta: '{}', createdAt: new Date(), updatedAt: undefined }
     const checkpoint = { flowUuid: '', book, flow: undefined, atoms: [] }
     await sqlite(${JSON.stringify(file)}).save(checkpoint).catch(({ code, message }) => console.log(code, message))`,
  )
  const { stdout } = spawnSync(process.execPath, [script], { uid: 65_534, encoding: 'utf8' })
  expect(stdout).toMatch(
    /STORAGE .* read-only; let this process write to the file and to its folder/,
  )
  expect(done).toEqual(['step'])
})
