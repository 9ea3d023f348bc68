/**
 * Keeps a resume away from flows that are still being run by somebody else.
 *
 * Those who create volumes share the folder; who resumes has it alone, since a flow that looks
 * unfinished may be another process's work of this moment. The lock is one of SQLite's on a file
 * of its own: the operating system gives it back when a process dies, however it dies.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'

/** `shared` goes with others that share; `alone` with nobody. */
export type LockMode = 'shared' | 'alone'

/** Another process holds the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  readonly code = 'FOLDER_IN_USE'
}

const TAKE: Readonly<Record<LockMode, string>> = {
  shared: 'BEGIN; SELECT count(*) FROM sqlite_schema',
  alone: 'BEGIN EXCLUSIVE',
}

const REASON: Readonly<Record<LockMode, string>> = {
  shared: 'a --resume is under way in it',
  alone: 'another process is at work in it, and its flows look unfinished until it ends',
}

const SQLITE_BUSY = 5

/** How long to wait for somebody who is just looking, in milliseconds. */
const PATIENCE_MS = 500

/**
 * Takes the lock; held until it is disposed of or the process dies.
 *
 * @throws {@link FolderInUseError} when it is held by somebody else.
 */
export function lockFolder(file: string, mode: LockMode): Disposable {
  const db = new DatabaseSync(file, { timeout: PATIENCE_MS })
  try {
    db.exec(TAKE[mode])
  } catch (error) {
    db.close()
    if ((error as { readonly errcode?: unknown }).errcode !== SQLITE_BUSY) throw error
    throw new FolderInUseError(`${file} is locked: ${REASON[mode]}; try again later`, {
      cause: error,
    })
  }
  return db
}
