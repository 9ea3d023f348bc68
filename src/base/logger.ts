/**
 * The four methods that pino, winston and console share.
 *
 * For whoever writes log lines here; we bring no logger of our own.
 *
 * @module
 */

/** Where log lines go; `console` is one. */
export interface Logger {
  /** A detail that only a developer wants. */
  debug(message: string, ...details: unknown[]): void
  /** Something an operator may want to know. */
  info(message: string, ...details: unknown[]): void
  /** Something went wrong and was dealt with. */
  warn(message: string, ...details: unknown[]): void
  /** Something went wrong. */
  error(message: string, ...details: unknown[]): void
}

/** Throws every line away. */
export const SILENT_LOGGER: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
}
