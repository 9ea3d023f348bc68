/**
 * Writes a file that only its owner may read.
 *
 * For the export of a run, whose values may be nobody else's business.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a new file and renames it to its place. So a file that was there keeps neither its
 * permissions nor its other names, and never holds half of the text.
 *
 * @throws when something else than a file stands there: the text would go where a link leads to,
 * and renaming would replace a device such as `/dev/stdout`.
 */
export function writePrivateFile(path: string, text: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : found.isDirectory() ? 'a folder' : ''
    throw new Error(`it is ${what || 'no regular file'}; name a file, or leave --output out`)
  }
  const staged = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}`)
  try {
    const file = openSync(staged, 'wx', 0o600)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(staged, path)
  } catch (error) {
    rmSync(staged, { force: true })
    throw error
  }
}
