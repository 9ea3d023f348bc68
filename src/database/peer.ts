/**
 * Loads the library of a driver when it is needed, and says what to install when it is not there.
 *
 * @module
 */
import { BackendUnavailableError } from '../errors.ts'

/**
 * Imports a library late.
 *
 * @throws {@link BackendUnavailableError} when it is not installed.
 */
export async function loadPeer<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load()
  } catch (cause) {
    throw new BackendUnavailableError(
      `the package '${name}' cannot be loaded; install it: npm install ${name}`,
      { cause },
    )
  }
}

/**
 * Imports a library that bundlers must not look for: a program that uses another backend need not
 * have it. Whoever bundles a program that does use it imports the driver itself.
 *
 * @param specifier is not written where it is imported, so that no bundler knows it
 */
export function importUnseen<M>(specifier: string): Promise<M> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier) as Promise<M>
}
