/**
 * Files of the folder, opened without trusting what stands in their place.
 *
 * For the directory backend. A folder may come from somebody else, so a symbolic link, a named
 * pipe or a device where a file belongs is an error: a link could lead out of the folder, and a
 * pipe would never answer. Node has no `openat`, so a folder is looked at just before it is used.
 *
 * @module
 */
import { constants as buffers, isUtf8 } from 'node:buffer'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BackendUnavailableError, CorruptRecordError } from '../../errors.ts'
import { codeOf } from './faults.ts'
import { FOLDERS, OWN_FOLDER } from './names.ts'

/** Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants

/** To be added to the flags of every open: links are not followed, and pipes not waited for. */
export const GUARDED: number = O_NOFOLLOW | O_NONBLOCK

/**
 * Reads a file as text.
 *
 * @param path relative to the folder
 * @returns undefined when there is none
 * @throws {@link CorruptRecordError} when something else stands in its place, or no text in it.
 */
export function readText(folder: string, path: string): string | undefined {
  if (!isFolder(folder, dirname(path))) return undefined
  const file = openToRead(folder, path)
  if (file === undefined) return undefined
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw misplaced(path, stats)
    if (stats.size > buffers.MAX_STRING_LENGTH) {
      throw new CorruptRecordError(path, `${stats.size} bytes are more than a text can have`)
    }
    const bytes = readFileSync(file)
    if (!isUtf8(bytes)) throw new CorruptRecordError(path, 'it is not text in UTF-8')
    return bytes.toString()
  } finally {
    closeSync(file)
  }
}

/**
 * Whether a folder is there.
 *
 * @param path relative to the folder of the backend
 * @throws {@link CorruptRecordError} when a link, or anything else, stands in its place.
 */
export function isFolder(folder: string, path: string): boolean {
  const found = lstatSync(join(folder, path), { throwIfNoEntry: false })
  if (found === undefined) return false
  if (found.isDirectory()) return true
  throw misplaced(path, found)
}

/**
 * Makes sure that no part of the layout is a link, a pipe, or anything else that leads elsewhere.
 * The folder of the backend itself may be a link: the user named it. What is missing is fine.
 *
 * @throws {@link BackendUnavailableError}
 */
export function checkLayout(folder: string): void {
  for (const name of [OWN_FOLDER, join(OWN_FOLDER, 'staged'), ...Object.values(FOLDERS)]) {
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false })
    if (found !== undefined && !found.isDirectory()) throw unsafe(folder, name, found, 'folder')
  }
  const journal = join(OWN_FOLDER, 'journal')
  const found = lstatSync(join(folder, journal), { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) throw unsafe(folder, journal, found, 'file')
  // The journal is written in place, so another name of it would be written, too.
  if (found !== undefined && found.nlink > 1) {
    throw new BackendUnavailableError(
      `the folder ${folder} cannot be used: ${journal} has ${found.nlink} hard links, and whatever shares it would be overwritten; replace it with a copy of itself`,
    )
  }
  const lock = join(OWN_FOLDER, 'lock')
  const holder = lstatSync(join(folder, lock), { throwIfNoEntry: false })
  if (holder !== undefined && !holder.isSymbolicLink()) throw unsafe(folder, lock, holder, 'lock')
}

/** Makes a folder and those of the layout above it; none of them may be a link. */
export function makeFolders(folder: string, path: string): void {
  const above = dirname(path)
  if (above !== '.' && !isFolder(folder, above)) makeFolders(folder, above)
  if (!isFolder(folder, path)) makeFolderOnce(join(folder, path))
}

/**
 * Makes a folder that another process may make at the same moment. Not with `recursive`, by which
 * Node never returns where the system refuses it, as in `/proc`.
 */
export function makeFolderOnce(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function openToRead(folder: string, path: string): number | undefined {
  const whole = join(folder, path)
  try {
    return openSync(whole, constants.O_RDONLY | GUARDED)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    // By ELOOP for a link, by ENXIO for a socket.
    const found = lstatSync(whole, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFile()) throw misplaced(path, found)
    throw error
  }
}

/** The error of what stands where a file or a folder of a record belongs. */
function misplaced(path: string, found: Stats): CorruptRecordError {
  return new CorruptRecordError(
    path,
    `it is ${described(found)}; the folder may have been made by somebody else, so it is not used`,
  )
}

function unsafe(
  folder: string,
  name: string,
  found: Stats,
  wanted: string,
): BackendUnavailableError {
  return new BackendUnavailableError(
    `the folder ${folder} cannot be used: ${name} is ${described(found)} and not the ${wanted} that belongs there; look who made it, and remove it`,
  )
}

function described(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link'
  if (found.isDirectory()) return 'a folder'
  if (found.isFile()) return 'a file'
  if (found.isFIFO()) return 'a named pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}
