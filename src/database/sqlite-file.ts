/**
 * Whether the file of an open SQLite database is still where it was.
 *
 * For the SQLite driver. SQLite goes on writing to a file that was removed, moved or replaced, and
 * what is acknowledged then is in no file that anybody finds again.
 *
 * @module
 */
import { type Stats, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isUrl } from '../base/realms.ts'
import { SharedFaultError } from './session.ts'

/** How long the files beside it are trusted: what was in a log that is missed is not lost yet. */
const COMPANIONS_TRUSTED_MS = 5

/** The files that SQLite keeps beside that of a database in WAL mode, while it is open. */
const COMPANIONS = ['-wal', '-shm']

/** A file that is open as a database. */
export class SqliteFile {
  /** Where it was asked for: a symbolic link may lead somewhere else by now. */
  readonly #path: string
  readonly #opened: Stats
  readonly #isLogged: () => boolean
  /** The files beside it, by path; undefined until they are there. */
  readonly #companions = new Map<string, Stats | undefined>()
  readonly #trustedMs: number
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #lookedBesideAtMs = Number.NEGATIVE_INFINITY

  /**
   * @param location the path that SQLite has made of the name
   * @param trustedMs how long a look at the file is as good as another one
   * @param isLogged whether the database is in WAL mode, which who handed it in may change
   */
  constructor(name: string | URL, location: string, trustedMs: number, isLogged: () => boolean) {
    this.#path = pathOf(name) ?? location
    this.#opened = statSync(this.#path)
    this.#trustedMs = trustedMs
    this.#isLogged = isLogged
    if (!isLogged()) return
    for (const suffix of COMPANIONS) this.#companions.set(location + suffix, undefined)
  }

  /**
   * Looks after what was written or read is complete, so that it is in the file that is there now.
   *
   * @throws {@link SharedFaultError} when the file is another one, or none.
   */
  check(): void {
    const now = performance.now()
    if (now - this.#lookedAtMs < this.#trustedMs) return
    const found = look(this.#path)
    if (found === undefined) throw lost(this.#path, 'was removed or moved away')
    if (!isSame(found, this.#opened)) throw lost(this.#path, 'was replaced')
    if (found.size === 0 && this.#opened.size > 0) throw lost(this.#path, 'was emptied')
    if (now - this.#lookedBesideAtMs >= COMPANIONS_TRUSTED_MS) this.#checkCompanions(now)
    this.#lookedAtMs = now
  }

  /** Whether the file has changed, or has got a log, since it was opened as one that does not change. */
  get hasChanged(): boolean {
    const { mtimeMs, size } = this.#opened
    const found = look(this.#path)
    return found?.mtimeMs !== mtimeMs || found.size !== size || hasLog(this.#path)
  }

  #checkCompanions(now: number): void {
    for (const [path, before] of this.#companions) {
      const found = look(path)
      if (before === undefined) this.#companions.set(path, found)
      else if (found === undefined || !isSame(found, before)) {
        if (this.#isLogged()) {
          throw lost(path, found === undefined ? 'was removed or moved away' : 'was replaced')
        }
        this.#companions.clear()
      }
    }
    this.#lookedBesideAtMs = now
  }
}

/** Whether a program has the database open, or left it without closing it. */
export function hasLog(path: string): boolean {
  return look(`${path}-wal`) !== undefined
}

/** The path of a file by its name; undefined for a URI, which SQLite reads itself. */
export function pathOf(name: string | URL): string | undefined {
  if (isUrl(name)) return fileURLToPath(name)
  return name.startsWith('file:') ? undefined : resolve(name)
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw lost(path, 'cannot be looked at any more', { cause })
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

function lost(path: string, what: string, options?: ErrorOptions): SharedFaultError {
  return new SharedFaultError(
    `the SQLite file ${path} ${what} while it was open: what is written now would be lost; put back what belongs there, then close this backend and open another`,
    options,
  )
}
