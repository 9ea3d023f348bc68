/**
 * Programs of users, bundled into files that need no `node_modules`: what a program does not use,
 * it need not have.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'

const execute = promisify(execFile)

/** Far more than it takes: compilers are slow where the machine is busy. */
const TIMEOUT_MS = 120_000

const root = mkdtempSync(join(tmpdir(), 'taskflow-ts-bundles-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

beforeAll(async () => {
  await execute(process.execPath, ['build.ts', join(root, 'built')])
}, TIMEOUT_MS)

/** Bundles a program, without being told what to leave out; gives what it still imports. */
async function bundle(
  name: string,
  program: string,
  libraries: readonly string[],
): Promise<{ readonly file: string; readonly foreign: readonly string[] }> {
  const project = join(root, name)
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'taskflow-ts'), { recursive: true })
  cpSync('package.json', join(modules, 'taskflow-ts', 'package.json'))
  cpSync(join(root, 'built'), join(modules, 'taskflow-ts', 'dist'), { recursive: true })
  for (const library of ['acorn', 'commander', ...libraries]) {
    mkdirSync(dirname(join(modules, library)), { recursive: true })
    symlinkSync(resolve('node_modules', library), join(modules, library), 'junction')
  }
  const input = join(project, 'main.js')
  writeFileSync(input, program)
  const folder = join(root, `${name}-bundled`) // beside the project, with no node_modules above it
  const foreign: string[] = []
  const made = await rolldown({
    input,
    platform: 'node',
    onLog: (_level, { code, message }) => {
      if (code === 'UNRESOLVED_IMPORT') foreign.push(message)
    },
  })
  const { output } = await made.write({ dir: folder, entryFileNames: '[name].mjs' })
  const files = new Set(output.map(({ fileName }) => fileName))
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue
    foreign.push(
      ...[...chunk.imports, ...chunk.dynamicImports].filter(
        (one) => !files.has(one) && !isBuiltin(one),
      ),
    )
  }
  return { file: join(folder, 'main.mjs'), foreign }
}

const HELLO = `
import { linear, run, task } from 'taskflow-ts'
await run(linear('hello').add(task('greet', { execute: () => console.log('hello') })))
`

test('a flow is bundled without the libraries that it does not use', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { file, foreign } = await bundle('hello', HELLO, [])
  expect(foreign).toEqual([])
  expect(await execute(process.execPath, [file])).toEqual({ stdout: 'hello\n', stderr: '' })
})

const WITH_BACKEND = `
import { linear, load, openBackend, task } from 'taskflow-ts'
import { directory } from 'taskflow-ts/directory'
import { sqlite } from 'taskflow-ts/sqlite'
const greet = linear('hello').add(task('greet', { execute: () => console.log('hello') }))
for (const backend of [await openBackend(process.argv[2]), sqlite(':memory:'), directory(process.argv[3])]) {
  await load(greet, { backend }).run()
  await backend.close()
}
for (const url of ['postgres://127.0.0.1:1/runs', 'mysql://127.0.0.1:1/runs']) {
  await openBackend(url).catch(({ code, message }) => console.log(code, message))
}
`

test('a backend is opened by its URL, and one whose library is not there says what to install', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { file, foreign } = await bundle('backends', WITH_BACKEND, [])
  expect(foreign).toEqual([])
  const [url, folder] = [`sqlite:${join(root, 'runs.db')}`, join(root, 'runs')]
  const { stdout } = await execute(process.execPath, [file, url, folder])
  const refused = (name: string): string =>
    `BACKEND_UNAVAILABLE the package '${name}' cannot be loaded; install it: npm install ${name}`
  expect(stdout.trimEnd().split('\n')).toEqual([
    ...['hello', 'hello', 'hello'],
    ...[refused('pg'), refused('mysql2')],
  ])
})

test.each([
  ['postgres', 'pg'],
  ['mysql', 'mysql2'],
])(
  'the driver of %s that a program imports brings its library along',
  { timeout: TIMEOUT_MS },
  async (driver, library) => {
    const program = `
import { ${driver} } from 'taskflow-ts/${driver}'
await ${driver}('${driver}://127.0.0.1:1/runs').open().catch(({ message }) => console.log(message))
`
    const { file } = await bundle(driver, program, [library])
    const { stdout } = await execute(process.execPath, [file])
    expect(stdout).toMatch(/nothing listens at that address/)
  },
)
