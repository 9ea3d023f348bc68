/**
 * The four methods that pino, winston and console share.
 *
 * For whoever writes log lines here; we bring no logger of our own.
 *
 * @module
 */

import { harmless } from './printable.ts'
import { fieldOf, isError } from './realms.ts'
import { inWords } from './thrown.ts'

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

/** Writes to the console; what could steer a terminal is escaped, since names may be anybody's. */
export const CONSOLE_LOGGER: Logger = {
  debug: (...line) => writeToConsole('debug', line),
  info: (...line) => writeToConsole('info', line),
  warn: (...line) => writeToConsole('warn', line),
  error: (...line) => writeToConsole('error', line),
}

function writeToConsole(level: keyof Logger, line: readonly [string, ...unknown[]]): void {
  const [message, ...details] = line
  const target: Logger = console
  target[level](harmless(message), ...details.map(printable))
}

/** The console itself escapes what is in objects, but neither texts nor stacks. */
function printable(part: unknown): unknown {
  if (typeof part === 'string') return harmless(part)
  return isError(part) ? harmless(inWords(fieldOf(part, 'stack'))) : part
}
