import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Backend } from '../../src/persistence/backend.ts'
import { changesIn } from '../../src/persistence/directory/changes.ts'
import { isName, linkOf, nameOf, pathOf, placeOf } from '../../src/persistence/directory/names.ts'
import { directory } from '../../src/persistence/directory.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'
import { fc } from '../properties.ts'

let above: string
let folder: string
let outside: string
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'taskflow-'))
  folder = join(above, 'runs')
  outside = join(above, 'outside')
  mkdirSync(join(outside, 'work'), { recursive: true })
  writeFileSync(join(outside, 'profile'), 'mine')
  writeFileSync(join(outside, 'work', 'thesis'), 'years')
})
afterEach(() => rmSync(above, { recursive: true }))

const journal = (): string => join(folder, 'taskflow-ts', 'journal')

function plant(changes: unknown): void {
  mkdirSync(join(folder, 'taskflow-ts'), { recursive: true })
  const json = typeof changes === 'string' ? changes : JSON.stringify(changes)
  writeFileSync(journal(), `${crc32(json).toString(16)} ${json}\n`)
}

/** What stands outside of the folder must be as it was made. */
function expectOutsideUntouched(): void {
  expect(readdirSync(outside, { recursive: true }).sort()).toEqual([
    'profile',
    'work',
    'work/thesis',
  ])
  expect(readFileSync(join(outside, 'profile'), 'utf8')).toBe('mine')
  expect(readFileSync(join(outside, 'work', 'thesis'), 'utf8')).toBe('years')
  expect(readdirSync(above).sort()).toEqual(['outside', 'runs'])
}

/** Opens the folder, closes it, and gives what opening rejected with. */
async function opening(): Promise<unknown> {
  await using backend = directory(folder, { busyTimeoutMs: 100 })
  return await backend.open().then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a journal of somebody else', () => {
  const good = ['file', 'books/good/metadata', '{}']
  test.each([
    [['file', '../outside/profile', 'theirs']],
    [['file', 'books/../../outside/metadata', 'theirs']],
    [['file', 'books/x/../../../outside/profile', 'theirs']],
    [['file', './books/x/metadata', 'theirs']],
    [['file', 'books//metadata', 'theirs']],
    [['file', 'books/./metadata', 'theirs']],
    [['file', 'books/../metadata', 'theirs']],
    [['file', '/etc/taskflow-ts-test', 'theirs']],
    [['file', 'books/x/profile', 'theirs']],
    [['file', 'books/x/metadata/y', 'theirs']],
    [['file', 'books/x\\..\\y/metadata', 'theirs']],
    [['file', 'books/x\0/metadata', 'theirs']],
    [['file', 'Books/x/metadata', 'theirs']],
    [['file', 'books/taskflow-ts/metadata', 'theirs']],
    [['file', 'books/%0041/metadata', 'theirs']],
    [['file', 'books/x/taskflow-ts.json', 'theirs']],
    [['file', 'atom_details/x/taskflow-ts-order.json', 'theirs']],
    [['file', 'taskflow-ts/journal', '']],
    [['file', 'taskflow-ts/lock', '']],
    [['file', 'taskflow-ts/staged/0', '']],
    [['file', 'books/x/metadata', 7]],
    [['file', 'books/x/metadata']],
    [['file', 'books/x/metadata', '{}', 'more']],
    [['link', 'books/x/y', outsideOf()]],
    [['link', 'books/x/y', '../../flow_details/z']],
    [['link', 'books/x/y', '../../atom_details/y']],
    [['link', 'books/x/metadata', '../../flow_details/metadata']],
    [['link', 'atom_details/x/y', '../../atom_details/y']],
    [['link', '../outside/link', '/nowhere']],
    [['remove', '../outside/work']],
    [['remove', 'books']],
    [['remove', '.']],
    [['remove', '']],
    [['remove', 'books/..']],
    [['remove', 'taskflow-ts/lock']],
    [['remove', 'books/x', 'more']],
    [['rename', 'books/x', 'books/y']],
    ['remove'],
    [null],
    [{ 0: 'remove', 1: 'books/x', length: 2 }],
  ])('that asks for %j is refused, and nothing of it is done', async (stray) => {
    plant([good, stray])
    const before = readFileSync(journal(), 'utf8')
    expect(await opening()).toMatchObject({
      code: 'CORRUPT_RECORD',
      message: expect.stringContaining('Do not open this folder'),
    })
    expectOutsideUntouched()
    expect(readdirSync(join(folder, 'books'))).toEqual([])
    expect(readFileSync(journal(), 'utf8')).toBe(before)
    expect(existsSync(join(folder, 'taskflow-ts', 'lock'))).toBe(false)
  })

  test.each([
    ['{"0":1}'],
    ['7'],
    ['['.repeat(100_000)],
    [`${'['.repeat(9_999)}${']'.repeat(9_999)}`],
  ])('that is no list of changes is refused', async (json) => {
    plant(json)
    expect(await opening()).toMatchObject({ code: 'CORRUPT_RECORD' })
    expectOutsideUntouched()
  })

  test('that has more bytes than can be read is refused', async () => {
    plant([])
    truncateSync(journal(), 2 ** 31)
    expect(await opening()).toMatchObject({
      code: 'CORRUPT_RECORD',
      message: expect.stringContaining(String(2 ** 31)),
    })
  })

  test('of nothing but ends of lines is refused at the first of them', async () => {
    plant([])
    writeFileSync(journal(), Buffer.alloc(50_000_000, '\n'))
    expect(await opening()).toMatchObject({
      code: 'CORRUPT_RECORD',
      message: expect.stringContaining('line 1 is wrong'),
    })
  })

  test('writes and removes nothing through links in the folder', async () => {
    for (const kind of ['books', 'flow_details']) mkdirSync(join(folder, kind), { recursive: true })
    symlinkSync(outside, join(folder, 'books', 'x'))
    for (const change of [
      ['file', 'books/x/metadata', '{}'],
      ['link', 'books/x/y', '../../flow_details/y'],
      ['remove', 'books/x/work'],
    ]) {
      plant([good, change])
      expect(await opening()).toMatchObject({ code: 'CORRUPT_RECORD' })
      expectOutsideUntouched()
      expect(existsSync(join(folder, 'books', 'good'))).toBe(false)
    }
    plant([['remove', 'books/x']])
    expect(await opening()).toBeUndefined()
    expect(readdirSync(join(folder, 'books'))).toEqual([])
    expectOutsideUntouched()
  })

  test('makes and removes what the backend itself may have asked for', () => {
    const text = fc.string({ unit: 'binary', maxLength: 90 })
    fc.assert(
      fc.property(text, text, (uuid, child) => {
        expect(isName(nameOf(uuid))).toBe(true)
        for (const kind of ['logbooks', 'flowdetails'] as const) {
          expect(placeOf(pathOf(kind, uuid))).toBe('object')
          expect(placeOf(linkOf(kind, uuid, child))).toBe('link')
          expect(placeOf(join(pathOf(kind, uuid), 'metadata'))).toBe('file')
        }
      }),
    )
  })

  test('has only paths that stay in the folder, whatever they are made of', () => {
    const parts = fc.constantFrom('books', 'atom_details', '..', '.', '', 'x', '%', '%002f', 'a/..')
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 5 }), (all) => {
        const path = all.join('/')
        const changes = changesIn(JSON.stringify([['remove', path]]))
        if (typeof changes === 'string') return
        expect(join('/root', path)).toBe(`/root/${path}`)
      }),
    )
  })
})

function outsideOf(): string {
  return '../../../outside'
}

describe('a folder of somebody else', () => {
  const uses: readonly (readonly [string, (backend: Backend) => Promise<unknown>])[] = [
    ['open', (backend) => backend.open()],
    ['listFlows', (backend) => backend.listFlows()],
    ['save', (backend) => saveNewFlow(backend, [atomRecord()])],
  ]

  describe.each(['taskflow-ts', 'taskflow-ts/staged', 'books', 'flow_details', 'atom_details'])(
    'where %s is a link',
    (name) => {
      test.each(uses)('is refused by %s', async (_, use) => {
        mkdirSync(join(folder, name, '..'), { recursive: true })
        symlinkSync(outside, join(folder, name))
        await using backend = directory(folder, { busyTimeoutMs: 100 })
        await expect(use(backend)).rejects.toMatchObject({
          code: 'BACKEND_UNAVAILABLE',
          message: expect.stringContaining(`${name} is a symbolic link`),
        })
        expectOutsideUntouched()
      })
    },
  )

  test.each(['books', 'flow_details', 'atom_details', 'taskflow-ts'])(
    'is refused when %s was replaced by a link after it was opened',
    async (name) => {
      await using backend = directory(folder, { busyTimeoutMs: 100 })
      await saveNewFlow(backend, [atomRecord()])
      renameSync(join(folder, name), join(folder, `${name}-away`))
      symlinkSync(outside, join(folder, name))
      for (const [, use] of uses.slice(1)) {
        await expect(use(backend)).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
      }
      expectOutsideUntouched()
    },
  )

  test.each([
    ['a link', (path: string) => symlinkSync(join(outside, 'profile'), path)],
    ['a dangling link', (path: string) => symlinkSync(join(outside, 'new'), path)],
    ['a hard link', (path: string) => linkSync(join(outside, 'profile'), path)],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a named pipe', (path: string) => void execFileSync('mkfifo', [path])],
  ])('is refused when its journal is %s', async (_, make) => {
    mkdirSync(join(folder, 'taskflow-ts'), { recursive: true })
    make(journal())
    expect(await opening()).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('journal'),
    })
    expectOutsideUntouched()
  })

  test.each([
    ['a file', (path: string) => writeFileSync(path, '')],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a named pipe', (path: string) => void execFileSync('mkfifo', [path])],
  ])('is refused when its lock is %s', async (_, make) => {
    mkdirSync(join(folder, 'taskflow-ts'), { recursive: true })
    make(join(folder, 'taskflow-ts', 'lock'))
    expect(await opening()).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('lock is a'),
    })
  })

  describe.each([
    ['a link', (path: string) => symlinkSync(join(outside, 'profile'), path)],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a named pipe', (path: string) => void execFileSync('mkfifo', [path])],
    ['no text', (path: string) => writeFileSync(path, Buffer.of(0x7b, 0xff, 0x7d))],
    ['too large', (path: string) => execFileSync('truncate', ['-s', '2G', path])],
  ])('where a file is %s', (_, make) => {
    test.each(['metadata', 'taskflow-ts.json', 'taskflow-ts-order.json'])(
      'names %s, and reads and writes nothing through it',
      async (name) => {
        await using backend = directory(folder)
        const whole = await saveNewFlow(backend, [atomRecord()])
        const { flow } = await saveNewFlow(backend, [atomRecord()])
        const path = join(folder, 'flow_details', flow.uuid, name)
        rmSync(path)
        make(path)
        const record = { code: 'CORRUPT_RECORD', record: `flow_details/${flow.uuid}/${name}` }
        await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject(record)
        const checkpoint = checkpointOf(flow.uuid, { flow, atoms: [atomRecord()] })
        await expect(backend.save(checkpoint)).rejects.toMatchObject(record)
        expect((await backend.loadFlow(whole.flow.uuid)).atoms).toHaveLength(1)
        expectOutsideUntouched()
      },
    )
  })

  test('where an object is a link reads, writes and removes nothing behind it', async () => {
    await using backend = directory(folder)
    const atom = atomRecord()
    const { book, flow } = await saveNewFlow(backend, [atom])
    renameSync(join(folder, 'atom_details', atom.uuid), join(outside, atom.uuid))
    symlinkSync(join(outside, atom.uuid), join(folder, 'atom_details', atom.uuid))
    const changed = checkpointOf(flow.uuid, { atoms: [{ ...atom, state: 'SUCCESS' }] })
    const refused = { code: 'CORRUPT_RECORD', record: `atom_details/${atom.uuid}` }
    await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject(refused)
    await expect(backend.save(changed)).rejects.toMatchObject(refused)
    await backend.removeBook(book.uuid)
    expect(readdirSync(join(folder, 'atom_details'))).toEqual([])
    expect(readdirSync(join(outside, atom.uuid))).toEqual(['metadata'])
    rmSync(join(outside, atom.uuid), { recursive: true })
    expectOutsideUntouched()
  })

  test('removes no more than itself when its links have names that no uuid has', async () => {
    const first = directory(folder)
    const { book, flow } = await saveNewFlow(first, [atomRecord()])
    symlinkSync(outside, join(folder, 'flow_details', flow.uuid, 'a b'))
    symlinkSync(outside, join(folder, 'books', book.uuid, '...'))
    await first.removeBook(book.uuid)
    await first.close()
    expect(readdirSync(join(folder, 'books'))).toEqual([])
    expectOutsideUntouched()
    await using second = directory(folder)
    expect(await second.countFlows()).toBe(0)
  })

  test('may be a link itself', async () => {
    mkdirSync(join(above, 'real'))
    symlinkSync('real', folder)
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend, [atomRecord()])
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
  })
})
