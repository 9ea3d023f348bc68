/**
 * The objects of a folder as they are read: books, flow details, atoms, and who holds whom.
 *
 * For the directory backend. Reads through a view, which may show changes that are planned and
 * not written yet.
 *
 * @module
 */
import { lstatSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CorruptRecordError, StorageError } from '../../errors.ts'
import type { BookRecord, StoredFlowRecord } from '../backend.ts'
import { UNCLAIMED } from '../fencing.ts'
import { isFolder, readText } from './files.ts'
import {
  FOLDERS,
  HOLDING,
  linkOf,
  METADATA,
  nameOf,
  type ObjectKind,
  ORDER,
  pathOf,
} from './names.ts'
import {
  atomIn,
  type Beside,
  besideIn,
  bookIn,
  checkName,
  flowIn,
  orderIn,
  type StoredAtom,
  uuidIn,
} from './objects.ts'

/** The files of a folder, by paths relative to it. */
export interface DiskView {
  /** The text of a file; undefined when there is none. */
  text(path: string): string | undefined
  /** Whether a link is there. */
  hasLink(path: string): boolean
}

/** The files as they are. */
export class Disk implements DiskView {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  text(path: string): string | undefined {
    return readText(this.#folder, path)
  }

  hasLink(path: string): boolean {
    if (!isFolder(this.#folder, dirname(path))) return false
    return lstatSync(join(this.#folder, path), { throwIfNoEntry: false })?.isSymbolicLink() === true
  }

  /** When a file was written last. */
  changedAt(path: string): Date {
    return lstatSync(join(this.#folder, path), { throwIfNoEntry: false })?.mtime ?? new Date(0)
  }

  /** When a link was made. */
  linkedAtMs(path: string): number {
    return lstatSync(join(this.#folder, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
  }

  /** The names of the objects of a kind. */
  objects(kind: ObjectKind): readonly string[] {
    const entries = readdirSync(join(this.#folder, FOLDERS[kind]), { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  }

  /** The names of the links in an object's folder. */
  links(folder: string): readonly string[] {
    if (!isFolder(this.#folder, folder)) return []
    const entries = readdirSync(join(this.#folder, folder), { withFileTypes: true })
    return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name)
  }
}

/** Reads objects. */
export class FolderTree {
  readonly #disk: Disk
  readonly #view: DiskView

  constructor(disk: Disk, view: DiskView = disk) {
    this.#disk = disk
    this.#view = view
  }

  /** Whether a book is there. */
  hasBook(uuid: string): boolean {
    return this.#own('logbooks', uuid) !== undefined
  }

  book(uuid: string): BookRecord | undefined {
    const text = this.#own('logbooks', uuid)
    return text === undefined ? undefined : bookIn(nameOf(uuid), text)
  }

  flow(uuid: string): StoredFlowRecord | undefined {
    const text = this.#own('flowdetails', uuid)
    if (text === undefined) return undefined
    const beside = this.beside(nameOf(uuid)) ?? this.#besideOfPython(nameOf(uuid))
    if (beside !== undefined) return this.#flowIn(nameOf(uuid), text, beside)
    throw new CorruptRecordError(`flowdetails ${uuid} parent_uuid`, 'no book has a link to it')
  }

  /** What stands beside a flow detail; undefined when only Python has written it. */
  beside(name: string): Beside | undefined {
    const text = this.#view.text(join(FOLDERS.flowdetails, name, HOLDING))
    return text === undefined ? undefined : besideIn(name, text)
  }

  /** The text of an atom's file. */
  atomText(uuid: string): string | undefined {
    return this.#own('atomdetails', uuid)
  }

  /** Whether one object holds another. */
  holds(kind: 'logbooks' | 'flowdetails', uuid: string, child: string): boolean {
    return this.#view.hasLink(linkOf(kind, uuid, child))
  }

  /** The uuids of the atoms that we saved of a flow detail, in the order of their first save. */
  order(flowUuid: string): readonly string[] {
    const text = this.#view.text(join(pathOf('flowdetails', flowUuid), ORDER))
    return text === undefined ? [] : orderIn(nameOf(flowUuid), text)
  }

  /** The atoms of a flow detail in their order: ours first, then those that only Python knows. */
  atomNames(flowUuid: string): readonly string[] {
    const folder = pathOf('flowdetails', flowUuid)
    const ours = this.order(flowUuid).map(nameOf)
    const known = new Set(ours)
    const links = new Set(this.#disk.links(folder))
    const others = [...links]
      .filter((name) => !known.has(name))
      .map((name) => [this.#disk.linkedAtMs(join(folder, name)), name] as const)
    others.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
    return [...ours.filter((name) => links.has(name)), ...others.map(([, name]) => name)]
  }

  /** An atom; undefined when Python died between its link and its file. */
  atomAt(name: string): StoredAtom | undefined {
    const text = this.#named('atomdetails', name)
    return text === undefined ? undefined : atomIn(name, text)
  }

  bookAt(name: string): BookRecord | undefined {
    const text = this.#named('logbooks', name)
    return text === undefined ? undefined : bookIn(name, text)
  }

  /** A flow detail; undefined when no book holds it, since Python died before it made the link. */
  flowAt(name: string, bookOf: (name: string) => string | undefined): StoredFlowRecord | undefined {
    const text = this.#named('flowdetails', name)
    if (text === undefined) return undefined
    const beside = this.beside(name) ?? besideOf(bookOf(name))
    return beside === undefined ? undefined : this.#flowIn(name, text, beside)
  }

  /** The books that hold flow details, by the names of these. */
  booksOfFlows(): ReadonlyMap<string, string> {
    const books = new Map<string, string>()
    for (const book of this.#disk.objects('logbooks')) {
      const links = this.#disk.links(join(FOLDERS.logbooks, book))
      if (links.length === 0) continue
      const text = this.#named('logbooks', book)
      if (text === undefined) continue
      const uuid = this.#uuidOf(book, text)
      for (const flow of links) books.set(flow, uuid)
    }
    return books
  }

  /** Of a book that cannot be read, its folder says what it is called. */
  #uuidOf(book: string, text: string): string {
    try {
      return uuidIn('logbooks', book, text)
    } catch (error) {
      if (error instanceof CorruptRecordError) return book
      throw error
    }
  }

  #flowIn(name: string, text: string, beside: Beside): StoredFlowRecord {
    const changedAt = this.#disk.changedAt(join(FOLDERS.flowdetails, name, METADATA))
    return flowIn(name, text, beside, changedAt)
  }

  #besideOfPython(name: string): Beside | undefined {
    for (const book of this.#disk.objects('logbooks')) {
      if (!this.#view.hasLink(join(FOLDERS.logbooks, book, name))) continue
      const text = this.#named('logbooks', book)
      if (text !== undefined) return besideOf(uuidIn('logbooks', book, text))
    }
    return undefined
  }

  /** The file of an object, when it is of that uuid. */
  #own(kind: ObjectKind, uuid: string): string | undefined {
    const name = nameOf(uuid)
    const text = this.#view.text(join(FOLDERS[kind], name, METADATA))
    if (text === undefined) return undefined
    const found = uuidIn(kind, name, text)
    if (found === uuid) return text
    if (found.toLowerCase() !== uuid.toLowerCase()) checkName(kind, name, text)
    throw new StorageError(
      `'${uuid}' differs from the stored '${found}' in upper and lower case only, which this file system does not tell apart; give it another uuid`,
    )
  }

  /** The file of an object that was found by its name. */
  #named(kind: ObjectKind, name: string): string | undefined {
    const text = this.#view.text(join(FOLDERS[kind], name, METADATA))
    if (text !== undefined) checkName(kind, name, text)
    return text
  }
}

function besideOf(bookUuid: string | undefined): Beside | undefined {
  return bookUuid === undefined ? undefined : { bookUuid, createdAt: undefined, ...UNCLAIMED }
}
