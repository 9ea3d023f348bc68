/**
 * The built package, checked as a user's compiler sees it: TypeScript 5.9, 6 and 7.
 *
 * Nothing is downloaded: the compilers are devDependencies, and what the subpaths need is linked.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-consumers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const COMPILERS = {
  '5.9': 'typescript-5/bin/tsc',
  '6.0': 'typescript/bin/tsc6',
  '7.0': '@typescript/native/bin/tsc',
}

/** Far more than it takes: the compilers are slow where the machine is busy. */
const TIMEOUT_MS = 120_000

const NEEDED = [
  '@dagrejs/dagre',
  '@opentelemetry/api',
  '@types/node',
  '@types/pg',
  'mysql2',
  'pg',
  'piscina',
  'vitest',
]

beforeAll(async () => {
  const modules = join(folder, 'node_modules')
  const own = join(modules, 'taskflow-ts')
  await execute(process.execPath, ['build.ts', join(own, 'dist')])
  cpSync('package.json', join(own, 'package.json'))
  for (const name of NEEDED) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(resolve('node_modules', name), join(modules, name), 'junction')
  }
  cpSync('test/types/consumer', folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
}, TIMEOUT_MS)

type Compiler = keyof typeof COMPILERS

/** What a compiler prints: what it has to complain of. */
async function tsc(compiler: Compiler, args: readonly string[], cwd = '.'): Promise<string> {
  const file = resolve('node_modules', COMPILERS[compiler])
  const run = execute(process.execPath, [file, '--pretty', 'false', ...args], { cwd })
  return (await run.catch((error: { readonly stdout: string }) => error)).stdout
}

/** Checks parts of the consumer, and gives the complaints about them and about the package. */
async function check(
  compiler: Compiler,
  module: 'nodenext' | 'bundler',
  include: readonly string[],
): Promise<string> {
  const config = `tsconfig.${compiler}.${module}.json`
  const compilerOptions = {
    module: module === 'bundler' ? 'esnext' : module,
    moduleResolution: module,
    target: 'es2022',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: module === 'bundler', // once is enough
  }
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, include }))
  const printed = await tsc(compiler, ['-p', config], folder)
  // A complaint with its details; the declarations of other packages are not ours to mend.
  const complaints = printed.split(/\n(?=\S)/).map((one) => one.trimEnd())
  return complaints.filter((one) => !one.startsWith('..')).join('\n')
}

test('the page on wiring quotes what the compilers say', () => {
  const told = readFileSync('test/types/consumer/mistakes.txt', 'utf8')
  const page = readFileSync('docs/wiring.md', 'utf8')
  const quoted = [...page.matchAll(/^```text\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) =>
    text.trimEnd().split('\n'),
  )
  expect(quoted.length).toBeGreaterThan(5)
  for (const line of quoted) expect(told).toContain(line)
})

test('the command tsc is that of TypeScript 7; if not, run npm ci', async () => {
  const { stdout } = await execute(process.execPath, ['node_modules/.bin/tsc', '--version'])
  expect(stdout).toContain('Version 7.')
})

vi.setConfig({ testTimeout: TIMEOUT_MS })

describe.concurrent.each(Object.keys(COMPILERS) as Compiler[])('TypeScript %s', (compiler) => {
  test('is that version', async ({ expect }) => {
    expect(await tsc(compiler, ['--version'])).toContain(`Version ${compiler}.`)
  })

  test('finds nothing wrong in a project with every subpath, nor in our declarations', async ({
    expect,
  }) => {
    expect(await check(compiler, 'nodenext', ['project'])).toBe('')
  })

  test('says of each mistake what is provided and what is required; for bundlers too', async ({
    expect,
  }) => {
    const complaints = await check(compiler, 'bundler', ['project', 'mistakes'])
    await expect(`${complaints}\n`).toMatchFileSnapshot('consumer/mistakes.txt')
  })
})
