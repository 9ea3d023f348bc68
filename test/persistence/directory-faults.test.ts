import { execFile, execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BackendUnavailableError, CorruptRecordError } from '../../src/errors.ts'
import { directory } from '../../src/persistence/directory.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  EMPTY_PAYLOAD,
  flowRecord,
  saveBooks,
  saveNewFlow,
} from '../../src/testing/backend/clause.ts'

let above: string
let folder: string
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'taskflow-'))
  folder = join(above, 'runs')
})
afterEach(() => rmSync(above, { recursive: true }))

const metadata = (kind: string, uuid: string): string => join(folder, kind, uuid, 'metadata')
const edit = (file: string, change: (text: string) => string): void =>
  writeFileSync(file, change(readFileSync(file, 'utf8')))

describe('directory, options', () => {
  test.each(['', 'a\0b', 7 as unknown as string])('refuses %j as folder', (path) => {
    expect(() => directory(path)).toThrow(TypeError)
  })

  test.each([-1, 1.5, Number.NaN])('refuses %d as busyTimeoutMs', (busyTimeoutMs) => {
    expect(() => directory(folder, { busyTimeoutMs })).toThrow(RangeError)
  })

  test('stamps flow details with its clock', async () => {
    let now = new Date('2026-05-06T07:08:09.010Z')
    await using backend = directory(folder, { clock: { now: () => now, elapsedMs: () => 0 } })
    const { flow } = await saveNewFlow(backend)
    const first = now
    now = new Date('2026-05-06T07:08:10.000Z')
    await backend.save(checkpointOf(flow.uuid, { flow }))
    const stored = (await backend.loadFlow(flow.uuid)).flow
    expect([stored.createdAt, stored.updatedAt]).toEqual([first, now])
  })

  test('takes a URL, and touches nothing before its first use', async () => {
    await using backend = directory(pathToFileURL(folder))
    expect(existsSync(folder)).toBe(false)
    await backend.open()
    expect(readdirSync(folder).sort()).toEqual([
      'atom_details',
      'books',
      'flow_details',
      'taskflow-ts',
    ])
  })
})

describe('directory, opening', () => {
  test.each([
    { what: 'a missing folder', path: 'no/runs', says: /no does not exist; make it first/ },
    { what: 'a file', path: 'file', says: /it is a file; give the path of a folder/ },
    { what: 'a file above', path: 'file/runs', says: /a part of the path is a file/ },
    { what: 'a file within', path: 'spoilt', says: /books/ },
  ])('says what to do about $what', async ({ path, says }) => {
    writeFileSync(join(above, 'file'), '')
    mkdirSync(join(above, 'spoilt'))
    writeFileSync(join(above, 'spoilt', 'books'), '')
    await using backend = directory(join(above, path))
    const error = await backend.open().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BackendUnavailableError)
    expect(error).toMatchObject({ message: expect.stringMatching(says) })
    expect(String(error)).toContain(join(above, path))
  })

  test('opens at a later use when what was missing is there', async () => {
    await using backend = directory(join(above, 'late', 'runs'))
    await expect(backend.open()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    mkdirSync(join(above, 'late'))
    const { flow } = await saveNewFlow(backend)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  test('rejects uses while the folder is away', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend)
    renameSync(folder, `${folder}-away`)
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow(/removed or moved away/)
    await expect(saveNewFlow(backend)).rejects.toMatchObject({ code: 'STORAGE' })
    expect(existsSync(folder)).toBe(false)
    renameSync(`${folder}-away`, folder)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  test('keeps working when the folder was moved between two processes', async () => {
    const first = directory(folder)
    const { flow } = await saveNewFlow(first, [atomRecord()])
    await first.close()
    renameSync(folder, `${folder}-2`)
    await using backend = directory(`${folder}-2`)
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
    const link = join(`${folder}-2`, 'books', flow.bookUuid, flow.uuid)
    expect(statSync(link).isDirectory()).toBe(true)
  })

  test.skipIf(process.getuid?.() !== 0)('says that it may not write', async () => {
    await using made = directory(folder)
    await made.open()
    await made.close()
    const script = `
      import { directory } from '${join(process.cwd(), 'src/persistence/directory.ts')}'
      process.setuid(65534)
      await directory('${folder}').open().catch(({ code, message }) => console.log(code, message))`
    execFileSync('chmod', ['755', above])
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script])
    expect(stdout).toMatch(/^BACKEND_UNAVAILABLE .*may not write there; give it the permission/)
  })
})

describe('directory, odd uuids', () => {
  test.each([
    '../../etc',
    'a/b',
    '.',
    '..',
    'bell\u0007',
    'x'.repeat(64),
    '€'.repeat(64),
    'metadata',
    'Ä',
  ])('keeps %j', async (uuid) => {
    await using backend = directory(folder)
    const book = bookRecord({ uuid })
    const flow = flowRecord(uuid, { uuid })
    const atom = atomRecord({ uuid })
    await backend.save(checkpointOf(uuid, { book, flow, atoms: [atom] }))
    expect(await backend.loadFlow(uuid)).toMatchObject({ flow, atoms: [atom] })
    expect(await backend.listFlows()).toMatchObject([flow])
    await backend.removeBook(uuid)
    for (const kind of ['books', 'flow_details', 'atom_details']) {
      expect(readdirSync(join(folder, kind))).toEqual([])
    }
    expect(readdirSync(above)).toEqual(['runs'])
  })

  test('tells upper from lower case, but not in one checkpoint', async () => {
    await using backend = directory(folder)
    await saveBooks(backend, [bookRecord({ uuid: 'abc' }), bookRecord({ uuid: 'ABC' })])
    expect(await backend.countBooks()).toBe(2)
    const { flow } = await saveNewFlow(backend)
    const atoms = [atomRecord({ uuid: 'x' }), atomRecord({ uuid: 'X' })]
    await expect(backend.save(checkpointOf(flow.uuid, { atoms }))).rejects.toThrow(/case only/)
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([])
  })

  test('writes nothing over what a file system without case takes for the same', async () => {
    await using backend = directory(folder)
    await saveBooks(backend, [bookRecord({ uuid: 'abc' })])
    // As such a file system shows it: the same file under the other name.
    mkdirSync(join(folder, 'books', 'ABC'))
    linkSync(metadata('books', 'abc'), metadata('books', 'ABC'))
    const twin = bookRecord({ uuid: 'ABC' })
    await expect(saveBooks(backend, [twin])).rejects.toThrow(/upper and lower case only/)
  })
})

describe('directory, damage', () => {
  test.each([
    { kind: 'books', change: (text: string) => text.slice(1), use: 'loadBook' },
    { kind: 'books', change: () => '', use: 'listBooks' },
    { kind: 'books', change: (t: string) => t.replace('"day":', '"d":'), use: 'loadBook' },
    { kind: 'flow_details', change: () => '[]', use: 'loadFlow' },
    { kind: 'flow_details', change: (t: string) => t.replace('PENDING', 'NONE'), use: 'loadFlow' },
    { kind: 'flow_details', change: (t: string) => t.replaceAll('"', "'"), use: 'listFlows' },
    { kind: 'atom_details', change: (t: string) => t.slice(0, -1), use: 'loadFlow' },
    { kind: 'atom_details', change: (t: string) => t.replace('TASK_D', 'D'), use: 'loadFlow' },
    { kind: 'atom_details', change: () => '{}', use: 'loadFlow' },
  ] as const)('of $kind is named by $use', async ({ kind, change, use }) => {
    await using backend = directory(folder)
    const whole = await saveNewFlow(backend, [atomRecord()])
    const atom = atomRecord()
    const { book, flow } = await saveNewFlow(backend, [atom])
    const uuid = { books: book, flow_details: flow, atom_details: atom }[kind].uuid
    edit(metadata(kind, uuid), change)
    const error = await (use === 'loadFlow'
      ? backend.loadFlow(flow.uuid)
      : use === 'loadBook'
        ? backend.loadBook(book.uuid)
        : backend[use]()
    ).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CorruptRecordError)
    expect(error).toMatchObject({ record: expect.stringContaining(uuid) })
    expect((await backend.loadFlow(whole.flow.uuid)).atoms).toHaveLength(1)
  })

  test('of our own files is named', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend, [atomRecord()])
    for (const [file, text] of [
      ['taskflow-ts-order.json', '{}'],
      ['taskflow-ts.json', '{}'],
    ] as const) {
      edit(join(folder, 'flow_details', flow.uuid, file), () => text)
      await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({
        record: `flowdetails ${flow.uuid} ${file}`,
      })
    }
  })

  test('is found in an object that stands in the folder of another', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend)
    edit(metadata('flow_details', flow.uuid), (text) => text.replace(flow.uuid, 'another'))
    await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
    await expect(backend.listFlows()).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
  })

  test('refuses a text that is no JSON, and writes nothing', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend)
    const payload = { ...EMPTY_PAYLOAD, results: '{' }
    const atoms = [atomRecord(), atomRecord({ payload })]
    await expect(backend.save(checkpointOf(flow.uuid, { atoms }))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(`atomdetails ${atoms[1]?.uuid} results`),
    })
    expect((await backend.loadFlow(flow.uuid)).atoms).toEqual([])
  })
})

describe('directory, journal', () => {
  const journal = (): string => join(folder, 'taskflow-ts', 'journal')
  const line = (changes: unknown): string => {
    const json = JSON.stringify(changes)
    return `${crc32(json).toString(16)} ${json}\n`
  }

  test('drops a record that was cut short, and what comes behind is kept', async () => {
    const first = directory(folder)
    const { flow } = await saveNewFlow(first)
    await first.close()
    const file = metadata('flow_details', flow.uuid)
    const cut = line([['file', `flow_details/${flow.uuid}/metadata`, '{}']]).slice(0, -9)
    const before = readFileSync(file, 'utf8')
    appendFileSync(journal(), cut)
    const second = directory(folder)
    await saveNewFlow(second)
    await second.close()
    expect(readFileSync(file, 'utf8')).toBe(before)
    await using third = directory(folder)
    expect(await third.countFlows()).toBe(2)
  })

  test('refuses to open when a record within it is damaged', async () => {
    const first = directory(folder)
    await first.open()
    await first.close()
    appendFileSync(journal(), `1234 []\n${line([])}`)
    await using backend = directory(folder)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'CORRUPT_RECORD',
      message: expect.stringContaining('line 1'),
    })
    expect(existsSync(join(folder, 'taskflow-ts', 'lock'))).toBe(false)
  })

  test('leaves alone what another program has written since', async () => {
    const first = directory(folder)
    const { flow } = await saveNewFlow(first)
    await first.close()
    const path = `flow_details/${flow.uuid}/metadata`
    const ours = readFileSync(join(folder, path), 'utf8')
    const theirs = `{"uuid": "${flow.uuid}", "name": "p", "state": "SUCCESS", "meta": {}}`
    const recovered = async (writtenAt: number): Promise<string> => {
      writeFileSync(journal(), line([['file', path, ours]]))
      utimesSync(journal(), 1_000, 1_000)
      writeFileSync(join(folder, path), theirs)
      utimesSync(join(folder, path), writtenAt, writtenAt)
      await using backend = directory(folder)
      const { state, updatedAt } = (await backend.loadFlow(flow.uuid)).flow
      return `${state} ${updatedAt?.getTime()}`
    }
    expect(await recovered(1_001)).toBe('SUCCESS 1001000')
    expect(await recovered(999)).toBe('PENDING undefined')
  })

  test('is emptied when it has grown, and when the backend is closed', async () => {
    const backend = directory(folder)
    const payload = { ...EMPTY_PAYLOAD, results: JSON.stringify('x'.repeat(3_000_000)) }
    const { flow } = await saveNewFlow(backend)
    const sizes: number[] = []
    for (let i = 0; i < 6; i += 1) {
      await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord({ payload })] }))
      await backend.countFlows()
      sizes.push(statSync(journal()).size)
    }
    expect(Math.max(...sizes)).toBeLessThan(8_388_608)
    expect(Math.max(...sizes)).toBeGreaterThan(3_000_000)
    await backend.close()
    expect(statSync(journal()).size).toBe(0)
    await using again = directory(folder)
    expect((await again.loadFlow(flow.uuid)).atoms).toHaveLength(6)
  })
})

/** Mounts a file system in memory; undefined where that is not allowed. */
function mounted(options: string): Disposable | undefined {
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    process.stderr.write('skipped: file systems cannot be mounted here; needs root\n')
    return undefined
  }
  return { [Symbol.dispose]: () => execFileSync('umount', ['-l', folder]) }
}

describe('directory, full disk', () => {
  test.each([
    { what: 'bytes', options: 'size=400k', most: 30 },
    { what: 'files', options: 'size=4m,nr_inodes=60', most: 16 },
  ])(
    'writes a save whole or not at all where $what run out, and goes on later',
    async ({ what, options, most }) => {
      using disk = mounted(options)
      if (disk === undefined) return
      await using backend = directory(folder)
      const atom = atomRecord()
      const { flow } = await saveNewFlow(backend, [atom])
      const outcomes = { saved: 0, refused: 0, late: 0 }
      for (let left = 0; left <= most; left += 1) {
        const before = await backend.loadFlow(flow.uuid)
        const ballast = join(folder, 'ballast')
        mkdirSync(ballast)
        const { bavail, bsize, ffree } = statfsSync(folder)
        if (what === 'bytes') {
          writeFileSync(join(ballast, '0'), Buffer.alloc(Math.max(0, bavail - left) * bsize))
        } else {
          for (let i = 0; i < ffree - left; i += 1) writeFileSync(join(ballast, String(i)), '')
        }
        const payload = { ...EMPTY_PAYLOAD, results: JSON.stringify('x'.repeat(30_000)) }
        const changed = { ...atom, meta: `{"left":${left}}`, payload: undefined }
        const atoms = [changed, atomRecord({ payload }), atomRecord()]
        const error = await backend
          .save(checkpointOf(flow.uuid, { atoms }))
          .catch((e: unknown) => e)
        const meanwhile = await backend.loadFlow(flow.uuid).catch((e: unknown) => e)
        rmSync(ballast, { recursive: true })
        const after = await backend.loadFlow(flow.uuid)
        if (error === undefined) {
          outcomes[meanwhile instanceof Error ? 'late' : 'saved'] += 1
          expect(after.atoms).toHaveLength(before.atoms.length + 2)
          expect(after.atoms[0]?.meta).toBe(changed.meta)
          await backend.removeFlow(flow.uuid)
          await backend.save(checkpointOf(flow.uuid, { flow, atoms: [atom] }))
        } else {
          outcomes.refused += 1
          expect(error).toMatchObject({
            code: 'STORAGE',
            message: expect.stringContaining('the disk is full; make room'),
          })
          expect(after).toEqual(before)
        }
        // Nobody keeps the lock.
        await using other = directory(folder, { busyTimeoutMs: 100 })
        expect((await other.loadFlow(flow.uuid)).flow.uuid).toBe(flow.uuid)
      }
      expect(outcomes.saved).toBeGreaterThan(1)
      expect(outcomes.refused).toBeGreaterThan(1)
      if (what === 'files') expect(outcomes.late).toBeGreaterThan(1)
    },
  )

  test('says that a file system is read-only', async ({ skip }) => {
    using disk = mounted('size=512k')
    if (disk === undefined) return skip('cannot mount')
    await using backend = directory(folder)
    await saveNewFlow(backend)
    execFileSync('mount', ['-o', 'remount,ro', folder])
    await expect(saveNewFlow(backend)).rejects.toThrow(/the file system is read-only/)
    await using other = directory(folder)
    await expect(other.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('the file system is read-only'),
    })
  })
})
