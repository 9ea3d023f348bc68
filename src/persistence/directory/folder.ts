/**
 * Makes the folder that a backend keeps its records in.
 *
 * @module
 */

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BackendUnavailableError } from '../../errors.ts'
import { makeFolderOnce } from './files.ts'

/** Makes the folder, but not those above it: a wrong path should show. */
export function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) {
    const above = dirname(folder)
    if (statSync(above, { throwIfNoEntry: false }) === undefined) {
      throw new BackendUnavailableError(
        `the folder ${folder} cannot be used: ${above} does not exist; make it first`,
      )
    }
    makeFolderOnce(folder)
  } else if (!found.isDirectory()) {
    throw new BackendUnavailableError(
      `the folder ${folder} cannot be used: it is a file; give the path of a folder`,
    )
  }
}
