/**
 * The place where volumes are: a folder with one file for each.
 *
 * A file is there whole or not at all: it is written under another name, forced to the disk, and
 * renamed. What was written in part is replaced by the next attempt, or removed with the volume.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How {@link Pool.allocate} behaves. Every option may be left out. */
export interface AllocateOptions {
  /** Stops between two pieces; the file is not there then. */
  readonly signal?: AbortSignal
  /** Told after each piece how much is written, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void
}

const MIB = 1024 * 1024
const PIECE = Buffer.alloc(MIB)

/** A folder of volumes. */
export class Pool {
  readonly #folder: string

  /** Makes the folder when it is not there. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
  }

  /** Where the file of a volume is, or would be. */
  pathOf(volumeId: string): string {
    return join(this.#folder, `volume-${volumeId}`)
  }

  /**
   * Makes the file of a volume, full of zeros; nothing is written when it is there.
   *
   * @returns its path, once the disk has it
   */
  async allocate(
    volumeId: string,
    sizeMib: number,
    { signal, onProgress }: AllocateOptions = {},
  ): Promise<string> {
    const path = this.pathOf(volumeId)
    if ((await sizeOf(path)) !== sizeMib * MIB) {
      const partial = this.#partialPathOf(volumeId)
      await using file = await open(partial, 'w')
      for (let written = 0; written < sizeMib; written += 1) {
        signal?.throwIfAborted()
        await file.writeFile(PIECE)
        onProgress?.((written + 1) / sizeMib)
      }
      await file.sync()
      await rename(partial, path)
    }
    await this.#sync()
    return path
  }

  /** Removes the file of a volume, and what an attempt that was cut short has left of it. */
  async remove(volumeId: string): Promise<void> {
    await rm(this.#partialPathOf(volumeId), { force: true })
    await rm(this.pathOf(volumeId), { force: true })
    await this.#sync()
  }

  #partialPathOf(volumeId: string): string {
    return `${this.pathOf(volumeId)}.part`
  }

  /** Names are kept by the folder, so it must reach the disk as well. */
  async #sync(): Promise<void> {
    await using folder = await open(this.#folder)
    await folder.sync()
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
