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
  constants,
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
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BackendUnavailableError, CorruptRecordError, StorageError } from '../../errors.ts'
import { type Change, changesInLine, lastChanges, lineOf } from './changes.ts'
import { codeOf } from './faults.ts'
import { checkLayout, GUARDED, isFolder, makeFolders, readText } from './files.ts'
import { isLater, isOfPython } from './found.ts'
import { FOLDERS, OWN_FOLDER } from './names.ts'

/** After so many changes one gives way to other work of the process. */
const SLICE = 64
/** How many files are synced at once. */
const SYNCS = 4
/** A larger journal cannot be read whole; long before, it is emptied. */
const MAX_BYTES = 1_073_741_824

const openFile = promisify(open)
const closeFile = promisify(close)
const syncFile = promisify(fsync)
const syncData = promisify(fdatasync)

/** What stands in a journal. */
interface Recorded {
  readonly changes: readonly Change[]
  /** When it was written last. */
  readonly mtimeMs: number
  /** True when its last record is not whole. */
  readonly isCut: boolean
}

/** The journal of a folder. */
export class FolderJournal {
  readonly #folder: string
  readonly #path: string
  readonly #staged: string
  #isTorn = false

  constructor(folder: string) {
    this.#folder = folder
    this.#path = join(folder, OWN_FOLDER, 'journal')
    this.#staged = join(folder, OWN_FOLDER, 'staged')
  }

  /**
   * Makes the journal and its folder where they are not there.
   *
   * @throws {@link BackendUnavailableError} when something else stands in the place of one.
   */
  async make(): Promise<void> {
    checkLayout(this.#folder)
    makeFolders(this.#folder, join(OWN_FOLDER, 'staged'))
    for (const name of Object.values(FOLDERS)) makeFolders(this.#folder, name)
    closeSync(this.#open(constants.O_RDWR | constants.O_CREAT))
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
    return lstatSync(this.#path).size
  }

  /**
   * Makes changes durable. When it rejects, none of them is: there is no room, for example.
   *
   * @returns what applies them, which the caller must do next: files are written already, and
   * have to be moved only
   */
  async write(changes: readonly Change[]): Promise<() => Promise<void>> {
    this.#check(changes)
    const staged = await this.#stage(changes)
    const record = Buffer.from(`${lineOf(changes)}\n`)
    try {
      await this.#append(record)
    } catch (error) {
      for (const path of staged.values()) rmSync(path, { force: true })
      throw error
    }
    return () => this.#apply(changes, staged)
  }

  /**
   * Applies what stands in the journal: the last record of a process that died may not be, and
   * after a loss of power none. What another program wrote since stays, if it is whole.
   *
   * @throws {@link CorruptRecordError} before anything is changed, when a change does not belong
   * into the folder.
   */
  async recover(): Promise<void> {
    const recorded = this.#read()
    const changes = lastChanges(recorded.changes).filter((one) => !this.#isStale(one, recorded))
    this.#check(changes)
    rmSync(this.#staged, { recursive: true, force: true })
    mkdirSync(this.#staged)
    await this.#apply(changes, await this.#stage(changes))
  }

  /** Makes durable what was applied, and empties the journal. */
  async settle(): Promise<void> {
    if (this.size() === 0) return
    const paths = new Set<string>()
    for (const [, path] of this.#read().changes) {
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
    const file = this.#open(constants.O_RDWR)
    try {
      ftruncateSync(file, 0)
      // Before the next record: of the old ones none may show up behind it.
      await syncFile(file)
    } finally {
      closeSync(file)
    }
    this.#isTorn = false
  }

  /** Opens the journal itself: no link to another file, no pipe, and no second name of one. */
  #open(flags: number): number {
    const file = openSync(this.#path, flags | GUARDED, 0o666)
    const found = fstatSync(file)
    if (found.isFile() && found.nlink <= 1) return file
    closeSync(file)
    checkLayout(this.#folder) // says what it is
    throw new BackendUnavailableError(`${this.#path} was replaced while it was opened; try again`)
  }

  async #append(record: Buffer): Promise<void> {
    const file = this.#open(constants.O_RDWR)
    try {
      const end = fstatSync(file).size
      if (end + record.length > MAX_BYTES) {
        throw new StorageError(
          `the journal ${this.#path} may have ${MAX_BYTES} bytes, and would have ${end + record.length}; save less at once`,
        )
      }
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
  }

  /** Makes sure that nothing stands in the way of changes, before the first of them is made. */
  #check(changes: readonly Change[]): void {
    const folders = new Set<string>()
    for (const [action, path] of changes) {
      folders.add(dirname(path))
      const found = lstatSync(join(this.#folder, path), { throwIfNoEntry: false })
      if (action === 'remove' || found === undefined) continue
      const isInTheWay = action === 'file' ? found.isDirectory() : !found.isSymbolicLink()
      if (!isInTheWay) continue
      throw new CorruptRecordError(
        path,
        `it is in the way of a ${action}; move it out of the folder`,
      )
    }
    for (const folder of folders) isFolder(this.#folder, folder)
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
        // Made anew: a link or a file that somebody has put there would be written through.
        writeFileSync(path, text, { flag: 'wx' })
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
      if (change[0] === 'file')
        this.#put(change[1], () => renameSync(staged.get(change) ?? '', path))
      else if (change[0] === 'link') this.#put(change[1], () => link(change[2], path))
      else rmSync(path, { recursive: true, force: true })
      if (i % SLICE === SLICE - 1) await setImmediate()
    }
  }

  /** Does what needs the folder of an object, which may have to be made. */
  #put(path: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      makeFolders(this.#folder, dirname(path))
      work()
    }
  }

  #read(): Recorded {
    const file = this.#open(constants.O_RDONLY)
    try {
      const { size, mtimeMs } = fstatSync(file)
      if (size > MAX_BYTES)
        throw this.#corrupt(`it has ${size} bytes, more than this package writes`)
      return { ...this.#changesIn(readFileSync(file)), mtimeMs }
    } finally {
      closeSync(file)
    }
  }

  #changesIn(bytes: Buffer): Omit<Recorded, 'mtimeMs'> {
    const changes: Change[] = []
    let bad: number | undefined
    let number = 0
    // What comes behind the last end of a line is of a record that was cut short.
    for (const { line, isWhole } of linesOf(bytes)) {
      number += 1
      if (bad !== undefined) {
        throw this.#corrupt(
          `the checksum of line ${bad} is wrong, so the disk failed or somebody changed it; what is stored may lack the changes behind that line. To resume without them, move the journal away and make an empty one`,
        )
      }
      if (!isWhole) return { changes, isCut: true }
      const found = changesInLine(line.toString())
      if (typeof found === 'string') {
        throw this.#corrupt(
          `${found}, so somebody else wrote line ${number}. Nothing was changed. Do not open this folder unless you know where it comes from`,
        )
      }
      if (found === undefined) bad = number
      else for (const change of found) changes.push(change)
    }
    return { changes, isCut: bad !== undefined }
  }

  #corrupt(why: string): CorruptRecordError {
    return new CorruptRecordError(this.#path, why)
  }

  /** Whether a whole file stands there already that is newer than what the journal has for it. */
  #isStale([action, path, text]: Change, { mtimeMs, isCut }: Recorded): boolean {
    if (action !== 'file') return false
    const found = lstatSync(join(this.#folder, path), { throwIfNoEntry: false })
    if (found?.isFile() !== true) return false
    const mayBeForeign = found.mtimeMs > mtimeMs
    if (!mayBeForeign && !isCut) return false
    try {
      const whole = readText(this.#folder, path) ?? ''
      return (mayBeForeign && isOfPython(path, whole)) || (isCut && isLater(path, whole, text))
    } catch (error) {
      if (error instanceof CorruptRecordError) return false
      throw error
    }
  }

  /** What is gone again needs no sync. */
  async #sync(path: string): Promise<void> {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== false) return
    const file = await openFile(path, constants.O_RDONLY | GUARDED).catch((error: unknown) => {
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

/** One by one, since somebody may have written millions of empty ones. */
function* linesOf(bytes: Buffer): Generator<{ line: Buffer; isWhole: boolean }> {
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    yield { line: bytes.subarray(start, end), isWhole: true }
    start = end + 1
  }
  if (start < bytes.length) yield { line: bytes.subarray(start), isWhole: false }
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
