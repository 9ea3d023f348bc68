#!/usr/bin/env node
/**
 * The program `taskflow`: reads the arguments of the process, and ends it with the exit code.
 *
 * @module
 */

const NEEDED = 24
const [major = 0] = process.versions.node.split('.').map(Number)

if (major < NEEDED) {
  process.stderr.write(
    `taskflow: needs Node ${NEEDED} or newer, and this is ${process.versions.node}\n`,
  )
  process.exit(2)
}

// Imported late, since an older Node could not even read it.
const { runCommandLine } = await import('./program.ts')
const { systemTerminal } = await import('./terminal.ts')
const exit = await runCommandLine(process.argv.slice(2), systemTerminal())
// Flows may have left something open that would keep the process alive; what was said must get out.
await Promise.all([process.stdout, process.stderr].map(flushed))
process.exit(exit)

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
