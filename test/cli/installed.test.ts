/**
 * Every command of the package as it is published, on SQLite, on PostgreSQL and in a folder.
 *
 * @module
 */
import { execFile, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresDatabase } from '../persistence/servers.ts'
import { type Ended, type Installation, install } from './installation.ts'

const VOLUMES = `import { defineFlow, linear, task, times, type TaskflowConfig } from 'taskflow-ts'
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const reserve = task('reserve-quota', {
  provides: 'reservation',
  execute: ({ size }: { size: number }) => ({ id: \`r-\${size}\`, token: 'tok-123456' }),
  revert() {},
})
const allocate = task('allocate', {
  provides: 'path',
  async execute({ size }: { size: number }, { progress }) {
    for (const fraction of [0.3, 0.6, 0.9]) {
      progress(fraction)
      await setTimeout(1)
    }
    return \`/pool/\${size}\`
  },
  revert() {},
})
const announce = task('announce', {
  async execute({ path }: { path: string }) {
    if (path === '/pool/13') throw new Error('no route to amqp://me:opensesame@host/v')
    // Waits for a file, so that a test can interrupt it.
    while (path === '/pool/7' && !existsSync('go-on')) await setTimeout(10)
  },
})
const commit = task('commit', { execute() {} })

export const createVolume = defineFlow('create-volume', () =>
  linear('create-volume', { retry: times(1) }).add(reserve, allocate, announce, commit),
)
export const config = { flows: [createVolume] } satisfies TaskflowConfig
`
const CONFIG = `import { config } from './volumes.ts'
export default config
`
const ENTRIES = `import { isFailure, linear, run, StorageError, task, threadTask } from 'taskflow-ts'
import { directory } from 'taskflow-ts/directory'
import { sqlite } from 'taskflow-ts/sqlite'
import { runFlow } from 'taskflow-ts/testing'
import { threads } from 'taskflow-ts/threads'

const seen: unknown[] = []
for (const backend of [sqlite('/nowhere/at/all.db'), directory('entries.ts')]) {
  seen.push(await backend.open().catch((error: unknown) => error instanceof StorageError))
}
const failing = task('failing', { execute() { throw new RangeError('no') } })
const { failures } = await runFlow(linear('f').add(failing))
seen.push(isFailure(failures['failing']))
const module = new URL('./double.ts', import.meta.url)
const double = threadTask('double', { module, requires: ['x'], provides: 'y' })
await using executor = threads({ maxWorkers: 1 })
const { y } = await run(linear('g').add(double as never), { engine: 'parallel', executor, store: { x: 21 } }) as { y: number }
seen.push(y)
console.log(JSON.stringify(seen))
`
const DOUBLE = 'export const execute = ({ x }: { x: number }) => 2 * x\n'
const ENUM = 'enum Size { small }\nexport const size = Size.small\n'

let installed: Installation
beforeAll(async () => {
  const files = {
    'volumes.ts': VOLUMES,
    'taskflow.config.ts': CONFIG,
    'enum.ts': ENUM,
    'entries.ts': ENTRIES,
    'double.ts': DOUBLE,
  }
  installed = await install(files, ['pg', 'piscina', 'vitest'])
}, 120_000)
afterAll(() => installed?.[Symbol.dispose]())

const postgres = await postgresDatabase()
afterAll(() => postgres?.[Symbol.asyncDispose]())

test('the package is no more than 2 MiB with all that it depends on', () => {
  expect(installed.sizeBytes).toBeLessThanOrEqual(2 * 1024 * 1024)
})

test('what the entries share is the same, and threads find their file', async () => {
  const cwd = installed.folder
  const { stdout } = await promisify(execFile)(process.execPath, ['entries.ts'], { cwd })
  expect(JSON.parse(stdout)).toEqual([true, true, true, 42])
})

test('a driver that is not there is named, with how to install it', async () => {
  const { exit, err } = await installed.taskflow(['ls', '--backend', 'mysql://127.0.0.1:1/x'])
  expect([exit, err]).toEqual([3, expect.stringContaining('npm install mysql2')])
  const svg = await installed.taskflow(['plan', 'create-volume', '--format', 'svg'])
  expect([svg.exit, svg.err]).toEqual([2, expect.stringContaining('npm install @dagrejs/dagre')])
})

test('TypeScript that Node cannot strip is refused with advice', async () => {
  const { exit, err } = await installed.taskflow(['run', './enum.ts#size'])
  expect([exit, err]).toEqual([2, expect.stringContaining('write no enums')])
})

const BACKENDS: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ['SQLite', async () => 'sqlite:runs.db'],
  ['PostgreSQL', async () => postgres?.place('cli')],
  ['a folder', async () => 'dir:runs'],
]

describe.each(BACKENDS)('on %s', (name, place) => {
  let backend = ''
  const tf = (...args: readonly string[]): Promise<Ended> =>
    installed.taskflow(args, { TASKFLOW_BACKEND: backend })
  beforeAll(async () => {
    backend = (await place()) ?? ''
  })

  test.skipIf(name === 'PostgreSQL' && postgres === undefined)(
    'every command does its work',
    async () => {
      // In the order in which somebody would meet them.
      const made = await tf('migrate')
      const isFolder = name === 'a folder'
      const steps = isFolder ? 'there is nothing to do' : 'made schema steps 1, 2'
      expect([made.exit, made.out]).toEqual([0, expect.stringContaining(steps)])
      const fit = await tf('doctor')
      expect([fit.exit, fit.out]).toEqual([
        0,
        expect.stringMatching(/was written and (?:taken back|removed)/),
      ])
      const plan = await tf('plan', './volumes.ts#createVolume', '--store', 'size')
      expect([plan.exit, plan.out]).toEqual([0, expect.stringContaining('├─ reserve-quota')])

      const good = await tf('run', 'create-volume', '--store', 'size=10')
      expect([good.exit, good.err]).toEqual([0, ''])
      expect(good.out).toContain(`path = '/pool/10'`)
      const bad = await tf('run', './volumes.ts#createVolume', 'size=13', '--json')
      expect(bad.exit).toBe(1)
      const end = JSON.parse(bad.out.trimEnd().split('\n').at(-1) ?? '') as { run: string }
      expect(end).toMatchObject({ event: 'end', state: 'REVERTED' })

      const suspended = await interrupted(backend)
      const uuid = /taskflow resume (\S+)/.exec(suspended.out)?.[1] ?? ''
      expect([suspended.exit, suspended.out]).toEqual([6, expect.stringContaining('SUSPENDED in')])

      const listed = JSON.parse((await tf('ls', '--json')).out) as {
        runs: { uuid: string; state: string }[]
      }
      expect(listed.runs.map(({ state }) => state).sort()).toEqual([
        'REVERTED',
        'SUCCESS',
        'SUSPENDED',
      ])
      const shown = await tf('show', end.run)
      expect(shown.out).toContain('failed Error: no route to amqp://me:***@host/v')
      const why = await tf('why', uuid.slice(0, 8))
      expect(why.out).toContain('It was suspended with 4 of 5 atoms done')
      const check = await tf('check')
      expect([check.exit, check.out]).toEqual([0, '1 of 1 unfinished run can go on\n'])

      expect((await tf('export', uuid, '--output', 'run.json')).exit).toBe(0)
      const copied = await installed.taskflow([
        'import',
        'run.json',
        '--backend',
        `sqlite:copy-of-${name.replaceAll(' ', '-')}.db`,
      ])
      expect([copied.exit, copied.out]).toEqual([0, `imported ${uuid}  SUSPENDED  create-volume\n`])
      const elsewhere = [
        'resume',
        uuid,
        '--backend',
        `sqlite:copy-of-${name.replaceAll(' ', '-')}.db`,
      ]
      writeFileSync(join(installed.folder, 'go-on'), '')
      expect((await installed.taskflow(elsewhere)).exit).toBe(0)

      const resumed = await tf('resume', '--all')
      expect([resumed.exit, resumed.out]).toEqual([0, expect.stringContaining(`${uuid}  finished`)])
      const finished = listed.runs.find(({ state }) => state === 'SUCCESS')?.uuid ?? ''
      const reverted = await tf('revert', finished)
      expect([reverted.exit, reverted.out]).toEqual([0, expect.stringContaining('REVERTED in')])
      const removed = await tf('rm', uuid)
      expect([removed.exit, removed.out]).toEqual([0, `removed ${uuid}\n`])
      expect((await tf('gc', '--older-than', '0s', '--dry-run')).out).toBe(
        '2 books would be removed\n',
      )
      expect((await tf('gc', '--older-than', '0s')).out).toBe('2 books removed\n')
      const nothing = await tf('ls')
      expect([nothing.out, nothing.err]).toEqual(['', 'no runs\n'])
      const said = [made, fit, plan, good, bad, suspended, shown, why, check, resumed]
      const all = said.map(({ out, err }) => out + err).join('')
      expect(all).not.toMatch(/opensesame|tok-123456|^ {4}at /m)
    },
    120_000,
  )
})

/** Begins a run that waits, and interrupts it as Ctrl-C would. */
async function interrupted(backend: string): Promise<Ended> {
  const { folder } = installed
  const file = join(folder, 'node_modules', 'taskflow-ts', 'dist', 'cli', 'main.js')
  const args = [file, 'run', 'create-volume', 'size=7']
  const env = { ...process.env, TASKFLOW_BACKEND: backend, NO_COLOR: '1' }
  rmSync(join(folder, 'go-on'), { force: true })
  const child = spawn(process.execPath, args, { cwd: folder, env })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const exit = new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)))
  while (!out.includes('announce RUNNING')) await setTimeout(10)
  child.kill('SIGINT')
  while (!err.includes('Suspending')) await setTimeout(10)
  writeFileSync(join(folder, 'go-on'), '')
  return { exit: await exit, out, err }
}
