/**
 * What the errors of SQLite mean, and what to do about them.
 *
 * For the SQLite driver. Goes by SQLite's result codes and by what the file system says, never by
 * the words of a message.
 *
 * @module
 */
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isError, isUrl } from '../base/realms.ts'
import { inWords } from '../base/thrown.ts'
import { BackendUnavailableError, StorageError } from '../errors.ts'
import {
  NotPermittedError,
  type Refusal,
  StatementRefusedError,
  TransientError,
} from './session.ts'

/** Constraints, by SQLite's extended result code. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  787: 'missing-parent', // SQLITE_CONSTRAINT_FOREIGNKEY
  1555: 'duplicate-key', // SQLITE_CONSTRAINT_PRIMARYKEY
  2067: 'duplicate-key', // SQLITE_CONSTRAINT_UNIQUE
  2579: 'duplicate-key', // SQLITE_CONSTRAINT_ROWID
}

/** What passes: another connection, or another use of this one, holds the lock. */
const PASSING: ReadonlySet<number> = new Set([5, 6])

const READ_ONLY = 8
const CANNOT_OPEN = 14
/** What to do, by SQLite's primary result code. */
const ADVICE: Readonly<Record<number, string>> = {
  5: 'another program holds it locked; end that program, or raise busyTimeoutMs', // BUSY
  6: 'another use of the same connection holds it locked; end that use first', // LOCKED
  8: 'it is read-only; let this process write to the file and to its folder', // READONLY
  10: 'the disk failed; look at the log of the operating system', // IOERR
  11: 'the file is damaged; restore it from a backup', // CORRUPT
  13: 'the disk is full; make room', // FULL
  26: 'it is not an SQLite database; give another path, or move that file away', // NOTADB
}

/** Whether the file, or its folder, may not be written. */
export function isReadOnlyFault(error: unknown): boolean {
  return (resultCode(error) & 0xff) === READ_ONLY
}

/** The error of a database that could not be opened. */
export function unavailable(name: string | URL, error: unknown): StorageError {
  const code = resultCode(error) & 0xff
  const advice = code === CANNOT_OPEN ? whyNoFile(name) : ADVICE[code]
  const text = `the SQLite database ${name} cannot be opened: ${advice ?? message(error)}`
  if (!PASSING.has(code)) return new BackendUnavailableError(text, { cause: error })
  return new TransientError(text, { isNothingWritten: true, isUnreachable: true }, { cause: error })
}

/** The error of a statement that failed; `table` is what it was to write. */
export function failed(name: string | URL, error: unknown, table: string): StorageError {
  if (error instanceof StorageError) return error
  const code = resultCode(error)
  const refusal = REFUSALS[code]
  if (refusal !== undefined) return new StatementRefusedError(refusal, table, { cause: error })
  const advice = ADVICE[code & 0xff]
  const text = `the SQLite database ${name} failed: ${message(error)}${advice === undefined ? '' : `; ${advice}`}`
  if (isReadOnlyFault(error)) return new NotPermittedError(text, { cause: error })
  if (!PASSING.has(code & 0xff)) return new StorageError(text, { cause: error })
  const facts = { isNothingWritten: true, isUnreachable: false }
  return new TransientError(text, facts, { cause: error })
}

function resultCode(error: unknown): number {
  return isError(error) && 'errcode' in error ? Number(error.errcode) : 0
}

function message(error: unknown): string {
  return inWords(error)
}

/** SQLite says only that it cannot open a file; the file system knows more. */
function whyNoFile(name: string | URL): string {
  const path = isUrl(name) ? fileURLToPath(name) : name
  if (!path.startsWith('file:')) {
    const folder = dirname(path)
    if (!existsSync(folder)) return `the folder ${folder} does not exist; make it first`
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      return 'it is a folder; give the path of a file in it'
    }
  }
  return 'look at the path, and at the permissions of the file and of its folder'
}
