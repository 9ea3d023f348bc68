/**
 * The package as its users get it: built, packed, and installed in a project of its own.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** How a command ended. */
export interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** A project with the package in it; removed when it is disposed. */
export interface Installation extends Disposable {
  /** The folder of the project. */
  readonly folder: string
  /** How many bytes the package and what it depends on take. */
  readonly sizeBytes: number
  /** Runs the command that was installed. */
  taskflow(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
}

/** Packages that the projects of users have anyway; found here, so that nothing is downloaded. */
const OWN = ['acorn', 'commander']

/**
 * Builds, packs and installs the package, without the network.
 *
 * @param files what the project holds, by path
 * @param peers packages that the project has beside it
 */
export async function install(
  files: Readonly<Record<string, string>>,
  peers: readonly string[],
): Promise<Installation> {
  const root = mkdtempSync(join(tmpdir(), 'taskflow-ts-installed-'))
  const [source, folder] = [join(root, 'source'), join(root, 'project')]
  mkdirSync(source)
  mkdirSync(folder)
  for (const name of ['package.json', 'LICENSE', 'README.md']) cpSync(name, join(source, name))
  // As `npm run build` does it, into a folder of its own.
  await execute(process.execPath, ['build.ts', join(source, 'dist')])
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', root]
  const { stdout } = await npm(packing, source)
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }]
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  const links = [...OWN, ...peers].map((name) => [name, `file:${resolve('node_modules', name)}`])
  const manifest = {
    name: 'project',
    private: true,
    type: 'module',
    dependencies: { ...Object.fromEntries(links), 'taskflow-ts': `file:${join(root, filename)}` },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  const installing = ['install', '--offline', '--ignore-scripts', '--legacy-peer-deps']
  await npm([...installing, '--no-audit', '--no-fund'], folder)
  const modules = join(folder, 'node_modules')
  const own = OWN.map((name) => sizeOf(resolve('node_modules', name)))
  const sizeBytes = sizeOf(join(modules, 'taskflow-ts')) + own.reduce((sum, size) => sum + size, 0)
  return {
    folder,
    sizeBytes,
    taskflow: (args, env = {}) => run(join(modules, '.bin', 'taskflow'), args, folder, env),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** The environment of the tests, less what would change what the command says. */
function plainEnvironment(): Record<string, string | undefined> {
  const { NO_COLOR: _n, FORCE_COLOR: _f, TASKFLOW_BACKEND: _b, ...env } = process.env
  // The command asks for whichever node comes first.
  return { ...env, PATH: `${dirname(process.execPath)}${delimiter}${env['PATH'] ?? ''}` }
}

function npm(args: readonly string[], cwd: string): Promise<{ readonly stdout: string }> {
  return execute('npm', args, { cwd, env: plainEnvironment() })
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new Promise((ended) => {
    execFile(file, args, { cwd, env: { ...plainEnvironment(), ...env } }, (error, out, err) => {
      const code: unknown = error === null ? 0 : error.code
      ended({ exit: typeof code === 'number' ? code : -1, out, err })
    })
  })
}

function sizeOf(path: string): number {
  const stat = lstatSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
