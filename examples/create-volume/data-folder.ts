/**
 * Everything that is kept on disk, in one folder: database, pool, logbook, and what was done.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Backend } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { Database } from './database.ts'
import type { Services } from './flow.ts'
import { FolderInUseError, type LockMode, lockFolder } from './lock.ts'
import { Pool } from './pool.ts'
import { Quota } from './quota.ts'
import { Volumes } from './volumes.ts'

/** Where things are in a data folder. */
export interface DataPaths {
  /** Quota and volumes. */
  readonly database: string
  /** The files of the volumes. */
  readonly pool: string
  /** What the engine remembers. */
  readonly logbook: string
  /** Each effect that was made or undone. */
  readonly effects: string
  /** Whoever works on the folder holds it. */
  readonly lock: string
}

/** Where things are in a data folder, be they there or not. */
export function dataPaths(folder: string): DataPaths {
  const root = resolve(folder)
  return {
    database: join(root, 'cinder.db'),
    pool: join(root, 'pool'),
    logbook: join(root, 'logbook.db'),
    effects: join(root, 'effects.log'),
    lock: join(root, 'lock.db'),
  }
}

/** A data folder that is open. */
export interface DataFolder extends AsyncDisposable {
  /** Where things are. */
  readonly paths: DataPaths
  /** What the tasks work on. */
  readonly services: Services
  /** Where flows are remembered. */
  readonly backend: Backend
}

/** The folder cannot be used: it is a file, may not be written, or holds something else. */
export class UnusableFolderError extends Error {
  override readonly name = 'UnusableFolderError'
  readonly code = 'UNUSABLE_FOLDER'
}

/**
 * Opens a data folder, and makes what is not there.
 *
 * @throws {@link FolderInUseError} when another process holds it in a way that does not go with
 * `mode`; {@link UnusableFolderError}.
 */
export function openDataFolder(folder: string, mode: LockMode): DataFolder {
  try {
    return open(folder, mode)
  } catch (error) {
    if (error instanceof FolderInUseError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UnusableFolderError(
      `cannot use the data folder ${resolve(folder)}: ${reason}; name another one with --data`,
      { cause: error },
    )
  }
}

function open(folder: string, mode: LockMode): DataFolder {
  const paths = dataPaths(folder)
  mkdirSync(resolve(folder), { recursive: true })
  const lock = lockFolder(paths.lock, mode)
  const db = new Database(paths.database)
  const services = { quota: new Quota(db), volumes: new Volumes(db), pool: new Pool(paths.pool) }
  const backend = sqlite(paths.logbook)
  return {
    paths,
    services,
    backend,
    async [Symbol.asyncDispose]() {
      await backend.close()
      db[Symbol.dispose]()
      lock[Symbol.dispose]()
    },
  }
}
