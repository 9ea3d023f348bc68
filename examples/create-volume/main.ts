/**
 * Creates volumes, and finishes what a crash has left: `npm start -- --help` says how.
 *
 * @module
 */
import { FlowError } from '../../src/index.ts'
import { HELP, readCommand, UsageError } from './command-line.ts'
import { create } from './create.ts'
import { UnusableFolderError } from './data-folder.ts'
import { FolderInUseError } from './lock.ts'
import { InvalidRequestError } from './request.ts'
import { resume } from './resume.ts'
import { complain, say } from './terminal.ts'

/** Does what the arguments say; gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args)
  if (command.kind === 'help') {
    say(HELP)
    return 0
  }
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  return command.kind === 'create'
    ? create(command, interruption.signal)
    : resume(command, interruption.signal)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { text, exitCode } = explain(error)
  complain(text)
  process.exitCode = exitCode
}

/** What the user is told, and the exit code; errors that nobody foresaw come with their stack. */
function explain(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof UsageError) {
    return { text: `${error.message}\n--help says what can be written`, exitCode: 2 }
  }
  if (error instanceof InvalidRequestError || error instanceof UnusableFolderError) {
    return { text: error.message, exitCode: 2 }
  }
  if (error instanceof FolderInUseError || error instanceof FlowError) {
    return { text: error.message, exitCode: 1 }
  }
  return {
    text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    exitCode: 1,
  }
}
