/**
 * Finds the TypeScript snippets of the pages and makes modules of them.
 *
 * For the test beside this file. A block that opens with `ts` is a module of its own; one that
 * opens with `ts continued` goes on with the block before it. What a snippet prints stands in it
 * as comments `// -> text`, in the order in which it is printed.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** A snippet as a module. */
export interface Snippet {
  /** The page and the line where its first block opens. */
  readonly place: string
  /** The module's text, with the package's imports leading into `src`. */
  readonly text: string
  /** What it says it prints, line by line. */
  readonly prints: readonly string[]
}

const ENTRIES: Readonly<Record<string, string>> = {
  'taskflow-ts': 'src/index.ts',
  'taskflow-ts/sqlite': 'src/persistence/sql/sqlite.ts',
  'taskflow-ts/directory': 'src/persistence/directory.ts',
  'taskflow-ts/postgres': 'src/persistence/sql/postgres.ts',
  'taskflow-ts/mysql': 'src/persistence/sql/mysql.ts',
  'taskflow-ts/svg': 'src/plans/svg.ts',
  'taskflow-ts/threads': 'src/executors/threads.ts',
  'taskflow-ts/telemetry': 'src/listeners/telemetry.ts',
  'taskflow-ts/testing': 'src/testing/index.ts',
  'taskflow-ts/testing/contract': 'src/testing/contract.ts',
}

const BLOCK = /^```ts(?<continued> continued)?\n(?<code>[\s\S]*?)^```$/gm

/** README.md and every page below `docs`, except what is generated. */
export function pages(): readonly string[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('api'))
    .sort()
    .map((file) => join('docs', file))
  return ['README.md', ...docs]
}

/** The snippets of a page, in order. */
export function snippetsOf(page: string): readonly Snippet[] {
  const markdown = readFileSync(page, 'utf8')
  const modules: { place: string; code: string }[] = []
  for (const { index, groups } of markdown.matchAll(BLOCK)) {
    const { code = '', continued } = groups ?? {}
    const before = continued === undefined ? undefined : modules.at(-1)
    const line = markdown.slice(0, index).split('\n').length
    if (before === undefined) modules.push({ place: `${page}:${line}`, code })
    else before.code += code
  }
  return modules.map(({ place, code }) => ({
    place,
    text: intoSources(code),
    prints: [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, text = '']) => text),
  }))
}

/** Writes each snippet into a folder, with what the compiler needs to check all of them. */
export function writeSnippets(
  folder: string,
  snippets: readonly Snippet[],
): ReadonlyMap<Snippet, string> {
  const files = new Map<Snippet, string>()
  for (const snippet of snippets) {
    // Each gets a folder of its own, so that one may make files where it stands.
    const own = join(folder, snippet.place.replaceAll(/\W+/g, '-'))
    mkdirSync(own, { recursive: true })
    const file = join(own, 'snippet.mts')
    writeFileSync(file, `${snippet.text}export {}\n`)
    files.set(snippet, file)
  }
  // What a snippet imports from elsewhere is found as it would be in a project.
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir')
  const config = {
    extends: resolve('tsconfig.json'),
    compilerOptions: {
      typeRoots: [resolve('node_modules/@types')],
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
    },
    include: ['*/snippet.mts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return files
}

function intoSources(code: string): string {
  return code.replaceAll(/(?<=\bfrom )'(taskflow-ts[^']*)'/g, (_, entry: string) => {
    const source = ENTRIES[entry]
    if (source === undefined) throw new Error(`a snippet imports '${entry}', which is no entry`)
    return `'${resolve(source)}'`
  })
}
