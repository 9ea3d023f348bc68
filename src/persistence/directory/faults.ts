/**
 * What the errors of the file system mean, and what to do about them.
 *
 * For the directory backend. Goes by their codes, never by the words of a message.
 *
 * @module
 */
import { isError } from '../../base/realms.ts'
import { inWords } from '../../base/thrown.ts'
import { BackendUnavailableError, FlowError, StorageError } from '../../errors.ts'

/** What to do, by the code that Node gives an error of the file system. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'this process may not write there; give it the permission',
  EDQUOT: 'the disk quota is used up; make room',
  EIO: 'the disk failed; look at the log of the operating system',
  ELOOP: 'a link leads to itself; look at the path',
  EMFILE: 'this process has too many files open; close some, or raise the limit (ulimit -n)',
  ENFILE: 'the machine has too many files open; close some',
  ENOENT: 'something of it is not there; was the folder removed or moved away?',
  ENOSPC: 'the disk is full; make room',
  ENOTDIR: 'a part of the path is a file; give the path of a folder',
  EPERM:
    'the operating system does not allow it; look at the permissions, and at what file system it is',
  EROFS: 'the file system is read-only; give another path, or let this process write there',
}

/** The error of a folder that cannot be opened. */
export function unavailable(folder: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error
  return new BackendUnavailableError(`the folder ${folder} cannot be used: ${explain(error)}`, {
    cause: error,
  })
}

/** The error of a use that failed. */
export function failed(folder: string, error: unknown): unknown {
  if (error instanceof FlowError || codeOf(error) === undefined) return error
  return new StorageError(`the folder ${folder} failed: ${explain(error)}`, { cause: error })
}

/** The code of an error of the file system; undefined when it is none. */
export function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error && 'syscall' in error ? String(error.code) : undefined
}

function explain(error: unknown): string {
  const message = inWords(error)
  const advice = ADVICE[codeOf(error) ?? '']
  return advice === undefined ? message : `${advice} (${message})`
}
