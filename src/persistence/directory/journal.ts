/**
 * The write-ahead journal: what a commit changes, durable as a whole before any of it is applied.
 *
 * For the directory backend, which calls it under its lock only. A record is one line, with a
 * checksum before it, since a process or the power may end in the middle of it; it holds whole
 * files, so that applying it again does no harm. (J. Gray, A. Reuter, "Transaction Processing",
 * 1993, chapter 10.)
 *
 * @module
 */
import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { CorruptRecordError } from '../../errors.ts'
import { codeOf } from './faults.ts'
import { FOLDERS, OWN_FOLDER } from './names.ts'
import { isOurs } from './objects.ts'

/** A change of the folder; paths are relative to it. Doing it twice is doing it once. */
export type Change =
  /** Makes or replaces a file, and the folder that it is in. */
  | readonly [action: 'file', path: string, text: string]
  /** Makes a symbolic link, and the folder that it is in. */
  | readonly [action: 'link', path: string, target: string]
  /** Removes a link, or a folder with all that is in it. */
  | readonly [action: 'remove', path: string]

/** After so many changes one gives way to other work of the process. */
const SLICE = 64
/** How many files are synced at once. */
const SYNCS = 4

const openFile = promisify(open)
const closeFile = promisify(close)
const syncFile = promisify(fsync)
const syncData = promisify(fdatasync)

/** The journal of a folder. */
export class Journal {
  readonly #folder: string
  readonly #path: string
  readonly #staged: string
  #isTorn = false

  constructor(folder: string) {
    this.#folder = folder
    this.#path = join(folder, OWN_FOLDER, 'journal')
    this.#staged = join(folder, OWN_FOLDER, 'staged')
  }

  /** Makes the journal and its folder where they are not there. */
  async make(): Promise<void> {
    mkdirSync(this.#staged, { recursive: true })
    for (const name of Object.values(FOLDERS)) {
      mkdirSync(join(this.#folder, name), { recursive: true })
    }
    closeSync(openSync(this.#path, 'a'))
    for (const path of [this.#path, join(this.#folder, OWN_FOLDER), this.#folder]) {
      await this.#sync(path)
    }
  }

  /** True when half a record stands at its end: it must be recovered and settled first. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /** How many bytes of it have not been settled. */
  size(): number {
    return statSync(this.#path).size
  }

  /**
   * Makes changes durable. When it rejects, none of them is: there is no room, for example.
   *
   * @returns what applies them, which the caller must do next: files are written already, and
   * have to be moved only
   */
  async write(changes: readonly Change[]): Promise<() => Promise<void>> {
    const staged = await this.#stage(changes)
    const json = JSON.stringify(changes)
    const record = Buffer.from(`${crc32(json).toString(16)} ${json}\n`)
    const file = openSync(this.#path, 'r+')
    try {
      const end = fstatSync(file).size
      try {
        for (let at = 0; at < record.length; ) {
          at += writeSync(file, record, at, record.length - at, end + at)
        }
        await syncData(file)
      } catch (error) {
        this.#isTorn = true
        ftruncateSync(file, end)
        this.#isTorn = false
        throw error
      }
    } finally {
      closeSync(file)
    }
    return () => this.#apply(changes, staged)
  }

  /**
   * Applies what stands in the journal: the last record of a process that died may not be, and
   * after a loss of power none. What somebody else wrote since stays.
   */
  async recover(): Promise<void> {
    rmSync(this.#staged, { recursive: true, force: true })
    mkdirSync(this.#staged)
    const { mtimeMs } = statSync(this.#path)
    const last = new Map<string, Change>()
    for (const change of this.#read()) {
      const [action, path] = change
      if (action === 'remove') for (const one of last.keys()) if (isIn(one, path)) last.delete(one)
      last.delete(path)
      last.set(path, change)
    }
    const changes = [...last.values()].filter((change) => !this.#isForeign(change, mtimeMs))
    await this.#apply(changes, await this.#stage(changes))
  }

  /** Makes durable what was applied, and empties the journal. */
  async settle(): Promise<void> {
    if (this.size() === 0) return
    const paths = new Set<string>()
    for (const [, path] of this.#read()) {
      paths.add(path)
      // The folder, and the one that it was made or removed in.
      paths.add(dirname(path))
      paths.add(dirname(dirname(path)))
    }
    const rest = paths.values()
    const syncRest = async (): Promise<void> => {
      for (const path of rest) await this.#sync(join(this.#folder, path))
    }
    await Promise.all(Array.from({ length: SYNCS }, syncRest))
    const file = openSync(this.#path, 'r+')
    try {
      ftruncateSync(file, 0)
      // Before the next record: of the old ones none may show up behind it.
      await syncFile(file)
    } finally {
      closeSync(file)
    }
    this.#isTorn = false
  }

  /** The text of a file is written where nobody looks; for lack of room nothing is changed. */
  async #stage(changes: readonly Change[]): Promise<ReadonlyMap<Change, string>> {
    const staged = new Map<Change, string>()
    try {
      for (const change of changes) {
        const [action, , text] = change
        if (action !== 'file') continue
        const path = join(this.#staged, String(staged.size))
        staged.set(change, path)
        writeFileSync(path, text)
        if (staged.size % SLICE === 0) await setImmediate()
      }
    } catch (error) {
      for (const path of staged.values()) rmSync(path, { force: true })
      throw error
    }
    return staged
  }

  async #apply(changes: readonly Change[], staged: ReadonlyMap<Change, string>): Promise<void> {
    for (const [i, change] of changes.entries()) {
      const path = join(this.#folder, change[1])
      if (change[0] === 'file') inFolder(path, () => renameSync(staged.get(change) ?? '', path))
      else if (change[0] === 'link') inFolder(path, () => link(change[2], path))
      else rmSync(path, { recursive: true, force: true })
      if (i % SLICE === SLICE - 1) await setImmediate()
    }
  }

  #read(): readonly Change[] {
    const lines = readFileSync(this.#path, 'utf8').split('\n')
    const end = lines.pop() ?? ''
    const records = lines.map((line, i) => {
      const at = line.indexOf(' ')
      const json = line.slice(at + 1)
      if (line.slice(0, at) === crc32(json).toString(16)) return JSON.parse(json) as Change[]
      if (i === lines.length - 1 && end === '') return []
      throw new CorruptRecordError(
        `line ${i + 1} of ${this.#path}`,
        'its checksum is wrong, so the disk failed or somebody changed it; what is stored may lack the changes behind that line. To go on without them, move the journal away and make an empty one',
      )
    })
    return records.flat()
  }

  /** Written by another program after everything that stands in the journal. */
  #isForeign([action, path]: Change, journalMs: number): boolean {
    const file = join(this.#folder, path)
    const found = action === 'file' ? lstatSync(file, { throwIfNoEntry: false }) : undefined
    if (found === undefined || found.mtimeMs <= journalMs || !path.endsWith('metadata'))
      return false
    return !isOurs(readFileSync(file, 'utf8'))
  }

  /** What is gone again needs no sync. */
  async #sync(path: string): Promise<void> {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== false) return
    const file = await openFile(path, 'r').catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
    if (file === undefined) return
    try {
      await syncFile(file)
    } finally {
      await closeFile(file)
    }
  }
}

/** True for what stands in a folder that is removed. */
function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

function inFolder(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    work()
  }
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
