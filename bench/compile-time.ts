/**
 * Measures how long the compiler takes for the wiring of flows; `node bench/compile-time.ts`.
 *
 * Prints the table of docs/wiring.md. A project with one flow is checked in a process of its own,
 * and the time of a project that only imports the package is taken off. Each flow ends with a
 * mistake that the compiler must report, so that what is measured is known to be checked.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type Competitor, measure } from './measure.ts'

const execute = promisify(execFile)

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    compiler: { type: 'string', default: '@typescript/native/bin/tsc' },
  },
})

/** How many tasks stand in one `add`. */
const ROW = 64

/** A task that takes what the one before it and the one ten before it provide. */
function taskText(i: number): string {
  const inputs = [i - 1, i - 10].filter((from) => from >= 0)
  const names = inputs.map((from) => `s${from}`).join(', ')
  const types = inputs.map((from) => `s${from}: { n${from}: number }`).join('; ')
  return `const t${i} = task('t${i}', { provides: 's${i}', execute: (${i === 0 ? '' : `{ ${names} }: { ${types} }`}) => ({ n${i}: ${i} }) })`
}

/** A module with tasks alone. */
function tasksText(count: number): string {
  const tasks = Array.from({ length: count }, (_, i) => taskText(i))
  return ["import { task } from 'taskflow-ts'", ...tasks].join('\n')
}

/** Deterministic, so that all rounds check the same. */
function shuffled(count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  let seed = 1
  for (let i = count - 1; i > 0; i -= 1) {
    seed = (seed * 48_271) % 2_147_483_647
    const j = seed % (i + 1)
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return order
}

/** A module with a flow of so many tasks, and a mistake that stands last. */
function flowText(pattern: 'linear' | 'graph', count: number, mixed: boolean): string {
  const order = mixed ? shuffled(count) : Array.from({ length: count }, (_, i) => i)
  const rows: string[] = []
  for (let i = 0; i < count; i += ROW) {
    rows.push(
      `.add(${order
        .slice(i, i + ROW)
        .map((n) => `t${n}`)
        .join(', ')})`,
    )
  }
  return [
    `import { load, ${pattern}, task } from 'taskflow-ts'`,
    ...Array.from({ length: count }, (_, i) => taskText(i)),
    `const flow = ${pattern}('f')${rows.join('')}`,
    'load(flow)',
    `const wrong = task('wrong', { execute: ({ s${count - 1} }: { s${count - 1}: string }) => s${count - 1} })`,
    '// @ts-expect-error the last task provides an object',
    'flow.add(wrong)',
  ].join('\n')
}

const FLOWS = {
  'nothing but the import': "import { task } from 'taskflow-ts'\ntask('t', { execute() {} })",
  '500 tasks in no flow': tasksText(500),
  'linear, 64 tasks in one `add`': flowText('linear', 64, false),
  'linear, 500 tasks in 8 `add`s': flowText('linear', 500, false),
  'graph, 64 tasks in one `add`': flowText('graph', 64, false),
  'graph, 500 tasks in 8 `add`s': flowText('graph', 500, false),
  'graph, 500 tasks in shuffled order': flowText('graph', 500, true),
}

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-types-'))
try {
  const tsc = resolve('node_modules', values.compiler)
  await execute(process.execPath, ['build.ts', join(folder, 'dist')])
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction')
  const competitors = Object.entries(FLOWS).map(([name, text], i): Competitor => {
    const config = join(folder, `tsconfig.${i}.json`)
    writeFileSync(join(folder, `flow${i}.ts`), text)
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      paths: { 'taskflow-ts': [join(folder, 'dist/index.d.ts')] },
    }
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [`flow${i}.ts`] }))
    const run = async (): Promise<number> => {
      const start = performance.now()
      await execute(process.execPath, [tsc, '-p', config])
      return (performance.now() - start) * 1000
    }
    return { name, run }
  })
  const [base, ...measured] = await measure(competitors, {
    rounds: Number(values.rounds),
    warmUpMs: 0,
    maxMs: Number.POSITIVE_INFINITY,
  })
  const { stdout: version } = await execute(process.execPath, [tsc, '--version'])
  const seconds = (us: number): string => (us / 1e6).toFixed(2)
  const baseUs = base?.spread[0] ?? 0
  process.stdout.write(`TypeScript ${version.trim()}, Node ${process.version}\n\n`)
  process.stdout.write('| flow | seconds | with the start of the compiler |\n|---|---|---|\n')
  for (const { name, spread } of measured) {
    const [quickestUs] = spread // whatever else the machine does can only add to it
    process.stdout.write(`| ${name} | ${seconds(quickestUs - baseUs)} | ${seconds(quickestUs)} |\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
