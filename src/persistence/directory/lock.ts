/**
 * A lock between the processes of one machine, which a process that died does not keep.
 *
 * For the directory backend. Node has no `flock`, so a symbolic link stands for the lock: it is
 * made by one call, or is there already, and what it leads to is the name of the holder. Not for
 * network file systems, where neither holds, nor the names.
 *
 * @module
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SYSTEM_CLOCK, sleep } from '../../base/clock.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { isGoneHere, newOwner } from '../owner.ts'
import { codeOf } from './faults.ts'

const MAX_PAUSE_MS = 10

/** How a lock was had. */
export type Acquired = 'free' | 'left by a dead process'

/**
 * The lock.
 *
 * Taking it over from a dead holder is a race between those that see it. Who replaces the link
 * must hold another lock, named after the dead holder, and look again then; nobody else touches
 * the link, since the dead do not, and the living wait for it to go. That other lock is taken over
 * in the same way, when its holder died while replacing. No holder's name comes twice.
 */
export class FolderLock {
  readonly #path: string
  /** Leads to nobody else, nor to an earlier holder. */
  readonly #holder = `${newOwner()} ${randomUUID()}`
  readonly #busyTimeoutMs: number

  /** @param busyTimeoutMs how long to wait for a living holder */
  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path
    this.#busyTimeoutMs = busyTimeoutMs
  }

  /**
   * Waits until the lock is had; other work of the process goes on meanwhile.
   *
   * @throws {@link BackendUnavailableError} when another process kept it for too long.
   */
  async acquire(): Promise<Acquired> {
    const deadline = performance.now() + this.#busyTimeoutMs
    let pauseMs = 0.5
    for (;;) {
      const acquired = this.#tryAt(this.#path)
      if (acquired !== undefined) return acquired
      if (performance.now() >= deadline) throw this.#busy()
      // By chance, so that those who wait do not look in step with the one who writes.
      await sleep(SYSTEM_CLOCK, pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
    }
  }

  /** Gives the lock back. */
  release(): void {
    // Whoever removed it by hand may have let somebody else in.
    if (holderAt(this.#path) === this.#holder) unlinkSync(this.#path)
  }

  /** Removes what is left of takeovers whose process died; to be called by the holder. */
  tidy(): void {
    const folder = dirname(this.#path)
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(`${basename(this.#path)}.`)) continue
      const path = join(folder, name)
      if (isDead(holderAt(path))) removeIfThere(path)
    }
  }

  #tryAt(path: string): Acquired | undefined {
    if (makeLink(this.#holder, path)) return 'free'
    const holder = holderAt(path)
    if (!isDead(holder)) return undefined
    const takeover = `${path}.${createHash('sha256').update(holder).digest('hex').slice(0, 16)}`
    if (this.#tryAt(takeover) === undefined) return undefined
    try {
      if (holderAt(path) !== holder) return undefined
      const mine = `${path}.${randomUUID()}`
      symlinkSync(this.#holder, mine)
      renameSync(mine, path)
      return 'left by a dead process'
    } finally {
      removeIfThere(takeover)
    }
  }

  #busy(): BackendUnavailableError {
    const holder = holderAt(this.#path) ?? 'somebody'
    return new BackendUnavailableError(
      `the folder ${dirname(this.#path)} is locked by ${holder} (host/namespace/process/start/number) for more than ${this.#busyTimeoutMs} ms; wait for that process, raise busyTimeoutMs, or, when it is known to be gone, remove ${this.#path}`,
    )
  }
}

/** False when there is something of that name. */
function makeLink(holder: string, path: string): boolean {
  try {
    symlinkSync(holder, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined when nobody holds it, and when what stands there is no lock. */
function holderAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'EINVAL') return undefined
    throw error
  }
}

function isDead(holder: string | undefined): holder is string {
  return holder !== undefined && isGoneHere(holder.slice(0, holder.lastIndexOf(' ')))
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
