/**
 * What a command is to the program: something to do with arguments and options.
 *
 * @module
 */
import type { Command } from 'commander'
import type { Context } from './context.ts'
import type { ExitCode } from './exits.ts'

/** What a command does, with its arguments and options. */
export type Work = (
  context: Context,
  args: readonly (string | readonly string[] | undefined)[],
  flags: Readonly<Record<string, unknown>>,
) => Promise<ExitCode>

/** Gives a command something to do. */
export type Register = (command: Command, work: Work) => void

/**
 * Takes an option that may be given several times. One that takes several words would take the
 * arguments behind it, too.
 */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
