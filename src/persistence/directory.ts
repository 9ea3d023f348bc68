/**
 * A backend of JSON files in a folder: nothing to install, and every record can be read by eye.
 *
 * For whoever runs flows on one machine; published as `taskflow-ts/directory`. The layout is that
 * of Python TaskFlow's `dir` backend.
 *
 * @module
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Checks, CLOCK, number, readOptions } from '../base/checks.ts'
import { type Clock, SYSTEM_CLOCK } from '../base/clock.ts'
import { isUrl } from '../base/realms.ts'
import type { Backend } from './backend.ts'
import { DirectoryBackend } from './directory/directory-backend.ts'

/** How {@link directory} behaves. Every option may be left out. */
export interface DirectoryOptions {
  /**
   * How long to wait while another process uses the folder, in milliseconds. Other work of this
   * process goes on meanwhile.
   *
   * @defaultValue `5_000`
   */
  readonly busyTimeoutMs?: number
  /**
   * Tells when a record was made and changed.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock
}

const CHECKS: Checks<DirectoryOptions> = {
  busyTimeoutMs: number({ least: 0, whole: true }),
  clock: CLOCK,
}

/**
 * Remembers flows in a folder of JSON files, which Python TaskFlow can read and go on with.
 *
 * The folder is made at the first use; the one above it must exist. Several processes of one
 * machine may use it at once; it must not be on a network file system. What was acknowledged
 * survives the process, and the loss of power.
 *
 * @throws TypeError when the folder is no path.
 * @throws TypeError or RangeError for an invalid option.
 *
 * @example
 * const engine = load(createVolume, { backend: directory('volumes') })
 */
export function directory(folder: string | URL, options: DirectoryOptions = {}): Backend {
  const read = readOptions('directory()', options, CHECKS)
  const { busyTimeoutMs = 5_000, clock = SYSTEM_CLOCK } = read
  const path = isUrl(folder) ? fileURLToPath(folder) : folder
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(`folder must be the path of a folder, but is ${JSON.stringify(path)}`)
  }
  return new DirectoryBackend({ folder: resolve(path), busyTimeoutMs, clock })
}
