/**
 * Installs what the measurements need, when it is not there or has changed, and measures.
 *
 * What peers need is kept out of the package's own dependencies; nothing is imported here that is
 * to be installed first.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
const installed = statSync(join(folder, 'node_modules/.package-lock.json'), {
  throwIfNoEntry: false,
})
if (
  installed === undefined ||
  installed.mtimeMs < statSync(join(folder, 'package-lock.json')).mtimeMs
) {
  process.stderr.write('installing the peers in bench/ (about 240 MB, most of it Restate)\n')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}
await import('./main.ts')
