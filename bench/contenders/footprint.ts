/**
 * What a package costs before it does anything: its import, and the room it takes on disk.
 *
 * taskflow-ts is taken as it is published: compiled into `bench/dist` by whoever starts the suite.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Contender, type Order, unknownKind } from '../work.ts'

const BENCH = resolve(import.meta.dirname, '..')
const ROOT = resolve(BENCH, '..')
const OURS = 'taskflow-ts'

/** Makes the contender: `import:NAME`, where the name is a package's, with a subpath perhaps. */
export async function open({ contender, kind }: Order): Promise<Contender> {
  const name = contender.slice(contender.indexOf(':') + 1)
  const run = async (): Promise<number> => {
    if (kind === 'import') return importMs(name)
    return kind === 'install' ? installKib(name) : unknownKind(contender, kind)
  }
  return { run, [Symbol.asyncDispose]: async () => {} }
}

/** In a process of its own; the start of Node is not counted. */
async function importMs(name: string): Promise<number> {
  const module = name.startsWith(OURS) ? fileOf(name) : name
  const program = `const start = performance.now(); ${
    name === 'nothing' ? '' : `await import(${JSON.stringify(module)})`
  }; process.stdout.write('\\n' + (performance.now() - start))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program],
    { cwd: BENCH },
  )
  const ms = Number(stdout.split('\n').at(-1))
  if (!Number.isFinite(ms)) throw new Error(`the import of ${name} printed ${stdout}`)
  return ms
}

/** The compiled file that an entry of our exports names. */
function fileOf(name: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const entry = manifest.exports[name.replace(OURS, '.')]
  if (typeof entry !== 'string') throw new TypeError(`${name} is not exported`)
  return join(BENCH, entry)
}

function installKib(name: string): number {
  const folders = name === OURS ? ourFolders() : closureOf(name, BENCH)
  let bytes = 0
  for (const folder of folders) bytes += sizeOf(folder)
  return bytes / 1_024
}

/** Our own files, without maps as they are published, and what the core depends on. */
function ourFolders(): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const folders = new Set([join(BENCH, 'dist')])
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    for (const folder of closureOf(name, ROOT)) folders.add(folder)
  }
  return folders
}

/** A package with what it depends on, as npm has laid them out; optional peers are left out. */
function closureOf(name: string, base: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (wanted: string, from: string): void => {
    const folder = folderOf(wanted, from)
    if (folder === undefined || found.has(folder)) return
    found.add(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    for (const next of Object.keys(manifest.dependencies ?? {})) visit(next, folder)
  }
  visit(name, base)
  if (found.size === 0) throw new Error(`${name} is not installed in ${base}`)
  return found
}

function folderOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    if (statSync(join(folder, 'package.json'), { throwIfNoEntry: false }) !== undefined)
      return folder
    if (dirname(at) === at) return undefined
  }
}

function sizeOf(folder: string): number {
  let bytes = 0
  for (const path of globSync('**/*', {
    cwd: folder,
    exclude: (name) => name === 'node_modules',
  })) {
    const stat = statSync(join(folder, path))
    if (stat.isFile() && !(folder.endsWith('dist') && path.endsWith('.map'))) bytes += stat.size
  }
  return bytes
}
