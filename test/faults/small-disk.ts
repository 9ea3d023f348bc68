/**
 * A disk with so little room that a test can fill it. Only root may make one.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why a test is skipped. */
export const NO_DISK = 'only root may mount a small disk: run the tests as root, on Linux'

/** A small disk. */
export interface SmallDisk {
  /** Leaves no room on it. */
  fill(): void
  /** Takes away what filled it. */
  empty(): void
  /** Lets the owner of another folder write on it. */
  giveTo(other: string): void
  remove(): void
}

/** Mounts a disk on a folder; undefined when that is not allowed. */
export function smallDisk(folder: string, sizeMib: number): SmallDisk | undefined {
  try {
    const args = ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder]
    execFileSync('mount', args, { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const filler = join(folder, 'filler')
  return {
    fill: () => {
      for (const size of [64 * 1024, 1]) {
        const chunk = Buffer.alloc(size)
        try {
          for (;;) writeFileSync(filler, chunk, { flag: 'a' })
        } catch {}
      }
    },
    empty: () => rmSync(filler),
    giveTo: (other) => execFileSync('chown', [`--reference=${other}`, folder]),
    remove: () => execFileSync('umount', [folder]),
  }
}
