/**
 * Imports the modules that hold a user's flows, and says in words why one cannot be imported.
 *
 * @module
 */
import { pathToFileURL } from 'node:url'
import { inShort } from '../base/thrown.ts'
import { usageError } from './exits.ts'

const ADVICE: Readonly<Record<string, string>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    'Node only takes types out; write no enums, namespaces or parameter properties, or compile it first',
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    'Node takes no types out below node_modules; compile it first',
  ERR_UNKNOWN_FILE_EXTENSION: 'it must be a .ts, .mts, .js or .mjs file',
}

/**
 * Imports a module.
 *
 * @param path the path of a file
 * @param shown what to call it in messages
 * @throws ExitError when it cannot be imported; the cause is what was thrown.
 */
export async function importModule(
  path: string,
  shown: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    const { code = '' } = (cause ?? {}) as { readonly code?: string }
    const message = inShort(cause)
    const advice = ADVICE[code]
    throw usageError(
      `${shown} cannot be loaded: ${message}${advice === undefined ? '' : `; ${advice}`}`,
      { cause },
    )
  }
}
