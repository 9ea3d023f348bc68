/**
 * Makes the package as it is published: JavaScript in few files, and the declarations that users see.
 *
 * `node build.ts [FOLDER]`, by default into `dist`. What several entries share goes into chunks, so
 * that a class is the same one wherever it is imported from; loading a file costs more than
 * compiling what is in it, and there are two hundred sources.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const folder = resolve(process.argv[2] ?? 'dist')

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
}

/** The file that each thread starts with, by its address. */
const THREAD = './dist/executors/thread.js'

const entries = [...Object.values(manifest.exports), ...Object.values(manifest.bin), THREAD]
  .filter((path) => path.endsWith('.js'))
  .map((path) => path.slice('./dist/'.length, -'.js'.length))

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [entry, join('src', `${entry}.ts`)])),
  external: (id) => !/^[./]|^src\//.test(id),
  platform: 'node',
})
await bundle.write({
  dir: folder,
  cleanDir: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js', // as deep as the entries are
  comments: { jsdoc: false },
})
execFileSync(
  process.execPath,
  [
    resolve('node_modules/@typescript/native/bin/tsc'),
    '-p',
    'tsconfig.build.json',
    '--emitDeclarationOnly',
    '--outDir',
    folder,
  ],
  { stdio: 'inherit' },
)

/** Leaves the declarations that those of the entries refer to, and their own, in any number of steps. */
function removeUnseenDeclarations(): void {
  const seen = new Set<string>()
  const waiting = Object.values(manifest.exports)
    .filter((path) => path.endsWith('.js'))
    .map((path) => resolve(folder, path.slice('./dist/'.length).replace(/\.js$/, '.d.ts')))
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, path = ''] of text.matchAll(
      /(?:from |import\(|import )['"](\.[^'"]+)\.[jt]s['"]/g,
    )) {
      waiting.push(resolve(dirname(file), `${path}.d.ts`))
    }
  }
  for (const name of globSync('**/*.d.ts', { cwd: folder })) {
    const file = join(folder, name)
    if (!seen.has(file)) for (const one of [file, `${file}.map`]) rmSync(one, { force: true })
  }
}
removeUnseenDeclarations()
