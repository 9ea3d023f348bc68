/**
 * The plan of the house: which room may import which, and what every file owes its readers.
 *
 * ARCHITECTURE.md tells it in words; what stands here holds.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize, sep } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * Each room and the rooms it may import, ground floor first: only rooms that stand before it. A
 * room that is not named here does not exist. Files of `src` itself are rooms too.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  base: ['errors.ts'],
  states: ['errors.ts'],
  atoms: ['errors.ts', 'base'],
  flows: ['errors.ts', 'base', 'atoms'],
  database: ['errors.ts', 'base'],
  persistence: ['errors.ts', 'base', 'states', 'atoms', 'database'],
  holding: ['errors.ts', 'base', 'states', 'persistence'],
  executors: ['errors.ts', 'base', 'atoms'],
  engine: ['errors.ts', 'base', 'states', 'atoms', 'flows', 'persistence', 'holding', 'executors'],
  plans: ['errors.ts', 'base', 'states', 'atoms', 'flows', 'persistence', 'engine'],
  listeners: ['errors.ts', 'base', 'states', 'atoms', 'persistence', 'engine'],
  inspection: ['errors.ts', 'base', 'states', 'persistence'],
  testing: [
    'errors.ts',
    'base',
    'states',
    'atoms',
    'flows',
    'persistence',
    'executors',
    'engine',
    'listeners',
  ],
  cli: [
    'errors.ts',
    'base',
    'states',
    'atoms',
    'flows',
    'database',
    'persistence',
    'executors',
    'engine',
    'plans',
    'listeners',
    'inspection',
  ],
  'index.ts': [
    'errors.ts',
    'base',
    'states',
    'atoms',
    'flows',
    'persistence',
    'executors',
    'engine',
    'plans',
    'listeners',
    'cli',
  ],
}

/** The doors of rooms that hold drivers: the only files that other rooms import. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  executors: ['executor.ts', 'request.ts', 'call.ts'],
  persistence: [
    'backend.ts',
    'atom-detail.ts',
    'kept-value.ts',
    'flow-detail.ts',
    'flow-meta.ts',
    'forwarding.ts',
    'owner.ts',
    'coded-text.ts',
    'examination.ts',
    'records.ts',
    'reader.ts',
    'open.ts',
    'retention.ts',
    'stored-in.ts',
    'take-ups.ts',
  ],
}

/** Who puts parts together, and so may name a driver. */
const ASSEMBLERS: Readonly<Record<string, readonly string[]>> = {
  'index.ts': [
    'executors/concurrent.ts',
    'persistence/cells.ts',
    'persistence/memory.ts',
    'persistence/payload-codec.ts',
  ],
  [join('testing', 'explorer', 'explore.ts')]: ['persistence/memory.ts'],
  [join('cli', 'commands', 'migrate.ts')]: ['persistence/sql/schema.ts'],
  [join('engine', 'engine-kinds.ts')]: ['executors/concurrent.ts', 'executors/inline.ts'],
}

/** Where a package, or a part of Node that is a driver, may be named: in files or folders. */
const NAMED_IN: Readonly<Record<string, string | readonly string[]>> = {
  acorn: 'atoms/parameters.ts',
  commander: 'cli/',
  '@dagrejs/dagre': 'plans/svg.ts',
  piscina: 'executors/threads.ts',
  'node:sqlite': ['database/sqlite-session.ts', 'persistence/sql/sqlite.ts'],
  pg: 'persistence/sql/postgres.ts',
  'mysql2/promise': 'persistence/sql/mysql.ts',
  '@opentelemetry/api': 'listeners/telemetry/',
  vitest: [
    'testing/backend-contract.ts',
    'testing/backend/',
    'testing/executor-contract.ts',
    'testing/executor/',
  ],
}

/** A longer file says why in its header: `Long, since …`. */
const MAX_LINES = 350
const MEDIAN_LINES = 110

interface Import {
  readonly file: string
  /** A file below `src`, or a package. */
  readonly target: string
  readonly isPackage: boolean
}

/** The text of the comment on top of a file. */
function headerOf(file: string): string {
  return /^(?:#!.*\n)?\/\*\*\n([\s\S]*?)\n \*\/\n/.exec(texts.get(file) ?? '')?.[1] ?? ''
}

function lineCount(file: string): number {
  return (texts.get(file) ?? '').trimEnd().split('\n').length
}

/** Safe to read with a regular expression, since the formatter fixes the form of imports. */
const IMPORT =
  /^(?:import|export|\})[^'\n]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

/** What a file declares and exports; re-exports are not met. */
const EXPORTED = /^export (?:abstract )?(?:class|interface|type) (\w+)/gm

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
const texts = new Map(sources.map((file) => [file, readFileSync(join('src', file), 'utf8')]))
const imports = sources.flatMap(importsOf)
const rooms = Object.keys(MAY_IMPORT)

function importsOf(file: string): readonly Import[] {
  return [...(texts.get(file) ?? '').matchAll(IMPORT)].map(([, from, bare, late]) => {
    const specifier = from ?? bare ?? late ?? ''
    const isPackage = !specifier.startsWith('.')
    return {
      file,
      target: isPackage ? specifier : normalize(join(dirname(file), specifier)),
      isPackage,
    }
  })
}

function isIn(file: string, place: string): boolean {
  return place.endsWith(sep) ? file.startsWith(place) : file === place
}

function roomOf(file: string): string {
  return file.split(sep)[0] ?? file
}

/** Imports that lead out of their room, as `from -> to`. */
function trespasses(isTrespass: (one: Import) => boolean): readonly string[] {
  return imports
    .filter((one) => one.isPackage || roomOf(one.file) !== roomOf(one.target))
    .filter(isTrespass)
    .map(({ file, target }) => `${file} -> ${target}`)
}

/** Each circle of files once, as the files on it. */
function circles(): readonly (readonly string[])[] {
  const found: (readonly string[])[] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const one of imports) if (!one.isPackage && one.file === file) visit(one.target)
    path.pop()
    done.add(file)
  }
  for (const file of sources) visit(file)
  return found
}

describe('floor plan', () => {
  test('every file stands in a room of the plan', () => {
    expect(sources.filter((file) => !rooms.includes(roomOf(file)))).toEqual([])
  })

  test.each(rooms)('%s may import only rooms that stand before it', (room) => {
    const before = rooms.slice(0, rooms.indexOf(room))
    expect(MAY_IMPORT[room]?.filter((other) => !before.includes(other))).toEqual([])
  })

  test.each(rooms)('%s imports only the rooms it may', (room) => {
    const allowed = MAY_IMPORT[room] ?? []
    expect(
      trespasses(
        ({ file, target, isPackage }) =>
          !isPackage && roomOf(file) === room && !allowed.includes(roomOf(target)),
      ),
    ).toEqual([])
  })

  test.each(Object.entries(DOORS))('%s is entered by its doors only', (room, doors) => {
    expect(
      trespasses(
        ({ file, target, isPackage }) =>
          !isPackage &&
          roomOf(target) === room &&
          !doors.some((door) => target === join(room, door)) &&
          !(ASSEMBLERS[file] ?? []).some((driver) => target === normalize(driver)),
      ),
    ).toEqual([])
  })

  test('a package is named only where it is wrapped', () => {
    expect(
      trespasses(({ file, target, isPackage }) => {
        if (!isPackage) return false
        const places = NAMED_IN[target]
        if (places === undefined) return !isBuiltin(target)
        return ![places].flat().some((place) => isIn(file, normalize(place)))
      }),
    ).toEqual([])
  })

  test('what users test with reaches no test framework', () => {
    const reached = new Set([join('testing', 'index.ts')])
    for (const file of reached) {
      for (const one of imports) if (one.file === file) reached.add(one.target)
    }
    expect([...reached]).toContain(join('engine', 'engine.ts'))
    expect([...reached]).not.toContain('vitest')
  })

  test('no file imports itself by a detour, types included', () => {
    expect(circles()).toEqual([])
  })

  test('ARCHITECTURE.md names files that are there', () => {
    const named = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/`([\w/-]+\.ts)`/g)
    const inTests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    const files = [...sources, ...inTests, 'build.ts'].map((file) => `/test/${file}`)
    const missing = [...named].filter(([, name]) => !files.some((one) => one.endsWith(`/${name}`)))
    expect(missing.map(([, name]) => name)).toEqual([])
  })

  test('imports lead to files that are there', () => {
    expect(imports.filter(({ target, isPackage }) => !isPackage && !texts.has(target))).toEqual([])
  })
})

describe('tests', () => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()

  test.each(tests)('%s has at most 500 lines', (file) => {
    const text = readFileSync(join('test', file), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(500)
  })

  test('search properties with the one seed of the run', () => {
    const direct = tests.filter((file) => {
      const text = readFileSync(join('test', file), 'utf8')
      return file !== 'properties.ts' && /^import fc\b.* from 'fast-check'/m.test(text)
    })
    expect(direct).toEqual([])
  })
})

describe('every file', () => {
  test.each(sources)('%s opens with a module comment of 2 to 8 lines', (file) => {
    const lines = headerOf(file)
      .split('\n')
      .filter((line) => line !== ' *')
    expect(lines.at(-1)).toBe(' * @module')
    expect(lines.length).toBeGreaterThanOrEqual(2)
    expect(lines.length).toBeLessThanOrEqual(8)
  })

  test.each(sources)(`%s has at most ${MAX_LINES} lines, or says why it is longer`, (file) => {
    if (lineCount(file) <= MAX_LINES) return
    expect(headerOf(file)).toMatch(/\bLong,[\s*]+since\b/)
  })

  test(`half of the files have at most ${MEDIAN_LINES} lines`, () => {
    const counts = sources.map(lineCount).sort((a, b) => a - b)
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(MEDIAN_LINES)
  })

  test('an exported type or class has a name that no other file exports', () => {
    const files = new Map<string, string[]>()
    for (const file of sources) {
      for (const [, name = ''] of (texts.get(file) ?? '').matchAll(EXPORTED)) {
        files.set(name, [...new Set([...(files.get(name) ?? []), file])])
      }
    }
    expect([...files].filter(([, found]) => found.length > 1)).toEqual([])
  })

  test.each(sources.filter((file) => file !== join('base', 'clock.ts')))(
    '%s sets no timer of Node: whatever waits does so by a clock',
    (file) => {
      expect(texts.get(file)).not.toMatch(/\bset(?:Timeout|Interval)\b|AbortSignal\.timeout/)
    },
  )
})
