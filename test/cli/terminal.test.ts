/**
 * The picture of a run in a real terminal: tmux, which shows what is to be seen.
 *
 * Where tmux is absent, one line says so and the tests are skipped.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
if (!hasTmux) {
  const how = 'install it: apt-get install tmux'
  process.stderr.write(`skipped: tmux is not there for the tests of the terminal; ${how}\n`)
}

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-terminal-'))
const socket = join(folder, 'tmux')
afterAll(() => {
  if (hasTmux) spawnSync('tmux', ['-S', socket, 'kill-server'])
  rmSync(folder, { recursive: true, force: true })
})

/** Each task waits for a file of its name, so that the test decides what is to be seen. */
const FLOWS = `import { existsSync, rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { defineFlow, linear, task, unordered } from '${resolve('src/index.ts')}'

const until = async (name: string) => {
  while (!existsSync(name)) await setTimeout(5)
}
export const volume = defineFlow('create-volume', () =>
  linear('create-volume').add(
    task('extract', { execute() {} }),
    unordered('prepare').add(
      task('reserve', { async execute() { await until('reserved') } }),
      task('copy-image', {
        requires: [],
        async execute(_: Record<never, never>, { progress }) {
          progress(0.5)
          await until('print')
          console.log('a line of a task')
          progress(0.75)
          await until('copied')
        },
      }),
    ),
    task('announce', { execute() { if (existsSync('fail')) throw new Error('no route to host') } }),
  ),
)
export const wide = () => {
  const flow = unordered('wide')
  for (let i = 0; i < 60; i += 1) flow.add(task(\`step-\${i}\`, { async execute() { await until('go') } }))
  return flow
}
`
writeFileSync(join(folder, 'flows.ts'), FLOWS)

/** One window of tmux with a shell in it. */
class Window {
  readonly #name: string

  constructor(name: string, columns: number, rows: number) {
    this.#name = name
    const size = ['-x', String(columns), '-y', String(rows)]
    const shell = `cd ${folder} && export PS1='$ ' LC_ALL=C.UTF-8 NO_COLOR=1 && exec bash --norc`
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-s', name, shell)
  }

  /** Writes a command and presses Enter. */
  enter(command: string): void {
    this.#tmux('send-keys', '-t', this.#name, '-l', command)
    this.press('Enter')
  }

  press(key: string): void {
    this.#tmux('send-keys', '-t', this.#name, key)
  }

  resize(columns: number, rows: number): void {
    const size = ['-x', String(columns), '-y', String(rows)]
    this.#tmux('resize-window', '-t', this.#name, ...size)
  }

  /** The lines that are to be seen, without empty ones. */
  lines(): readonly string[] {
    const text = this.#tmux('capture-pane', '-p', '-t', this.#name)
    return text.split('\n').filter((line) => line !== '')
  }

  /** Waits until the picture satisfies somebody, and gives it. */
  async until(satisfies: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    for (let tries = 0; tries < 600; tries += 1) {
      const lines = this.lines()
      if (satisfies(lines)) return lines
      await setTimeout(25)
    }
    throw new Error(`this is all that is to be seen:\n${this.lines().join('\n')}`)
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' })
  }
}

const TASKFLOW = `${process.execPath} ${resolve('src/cli/main.ts')}`
const SIGNALS = ['reserved', 'print', 'copied', 'fail', 'go', 'out.txt', 'runs.db', 'runs.db-wal']
const show = (name: string): void => writeFileSync(join(folder, name), '')
const has = (text: string) => (lines: readonly string[]) =>
  lines.some((line) => line.includes(text))
/** Without what differs from run to run. */
const still = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line
      .replaceAll(/\d+(?:\.\d+)?m?s\b/g, 'T')
      .replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '*')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]+/g, 'UUID'),
  )

let count = 0
let window: Window
const open = (columns: number, rows: number): void => {
  count += 1
  window = new Window(`w${count}`, columns, rows)
}

describe.skipIf(!hasTmux)('in a terminal', () => {
  beforeEach(() => open(80, 24))
  afterEach(() => {
    for (const name of SIGNALS) rmSync(join(folder, name), { force: true })
  })

  test('the tree is drawn in its place, below what tasks print', async () => {
    window.enter(`clear; ${TASKFLOW} run ./flows.ts#volume --workers 4`)
    const drawn = [
      'create-volume  RUNNING  1/4  T',
      '  ✓ extract  T',
      '  prepare  0/2',
      '    * reserve  RUNNING  T',
      '    * copy-image  RUNNING  T  ██████░░░░░░ 50 %',
      '  ○ announce',
    ]
    const first = await window.until(has('50 %'))
    expect(still(first).slice(-drawn.length)).toEqual(drawn)
    show('print')
    const second = await window.until(has('75 %'))
    expect(still(second).slice(-drawn.length - 1)).toEqual([
      'a line of a task',
      ...drawn.with(4, '    * copy-image  RUNNING  T  █████████░░░ 75 %'),
    ])
    expect(second.filter((line) => line.startsWith('create-volume'))).toHaveLength(1)
    show('reserved')
    show('copied')
    const last = await window.until((lines) => lines.at(-1) === '$ ' || lines.at(-1) === '$')
    expect(still(last).slice(-9, -1)).toEqual([
      'a line of a task',
      'create-volume  SUCCESS  4/4  T',
      '  ✓ extract  T',
      '  prepare  2/2',
      '    ✓ reserve  T',
      '    ✓ copy-image  T',
      '  ✓ announce  T',
      'create-volume SUCCESS in T  UUID',
    ])
  })

  test('it follows the size of the terminal', async () => {
    window.enter(`clear; ${TASKFLOW} run ./flows.ts#volume --workers 4`)
    await window.until(has('50 %'))
    // Narrower and lower at once would push the upper lines where nobody can take them back.
    for (const [columns, rows] of [
      [44, 24],
      [30, 24],
      [120, 24],
      [100, 8],
    ] as const) {
      window.resize(columns, rows)
      await setTimeout(250)
      const lines = await window.until(has('○ announce'))
      expect(lines.filter((line) => line.startsWith('create'))).toHaveLength(1)
      expect(lines.filter((line) => line.includes('○ announce'))).toHaveLength(1)
      expect(lines.filter((line) => line.includes('reserve'))).toHaveLength(1)
    }
    for (const name of ['print', 'reserved', 'copied']) show(name)
    await window.until(has('create-volume SUCCESS in'))
  })

  test('a tree that is too high is cut to what matters', async () => {
    window.enter(`clear; ${TASKFLOW} run ./flows.ts#wide --workers 5`)
    const lines = await window.until(
      (seen) => seen.filter((one) => /RUNNING/.test(one)).length >= 6,
    )
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(still(lines)).toContain('wide  RUNNING  0/60  T')
    expect(still(lines)).toContain('  * step-4  RUNNING  T')
    expect(lines.some((line) => /… \d+ PENDING/.test(line))).toBe(true)
    show('go')
    await window.until(has('wide SUCCESS in'))
  })

  test('Ctrl-C suspends, and says how to go on; twice it cancels; thrice it stops', async () => {
    const run = `clear; ${TASKFLOW} run ./flows.ts#volume --workers 4 --backend sqlite:runs.db; echo "exit $?"`
    window.enter(run)
    await window.until(has('50 %'))
    window.press('C-c')
    const asked = await window.until(has('Suspending:'))
    expect(asked.filter((line) => line.startsWith('create-volume'))).toHaveLength(1)
    for (const name of ['print', 'reserved', 'copied']) show(name)
    const suspended = await window.until(has('exit 6'))
    // Long lines are broken by the terminal.
    expect(suspended.join('')).toMatch(
      /Resume it with: taskflow resume \S+ --flow \.\/flows\.ts#volume --backend sqlite:runs\.db/,
    )

    for (const name of ['print', 'reserved', 'copied']) rmSync(join(folder, name))
    window.enter(run)
    await window.until(has('50 %'))
    window.press('C-c')
    await window.until(has('Suspending:'))
    window.press('C-c')
    await window.until(has('Cancelling:'))
    for (const name of ['print', 'reserved', 'copied']) show(name)
    const cancelled = await window.until(has('exit 1'))
    expect(still(cancelled)).toContain('create-volume  REVERTED  0/4  T')

    for (const name of ['print', 'reserved', 'copied']) rmSync(join(folder, name))
    window.enter(run)
    await window.until(has('50 %'))
    window.press('C-c')
    await window.until(has('Suspending:'))
    window.press('C-c')
    await window.until(has('Cancelling:'))
    window.press('C-c')
    const stopped = await window.until(has('exit 130'))
    expect(stopped.join('')).toMatch(/What was under way is run again by: taskflow resume/)
    expect(stopped.filter((line) => line.startsWith('create-volume'))).toHaveLength(1)
  })

  test('a failure stands beside its task', async () => {
    for (const name of ['print', 'reserved', 'copied', 'fail']) show(name)
    window.enter(`clear; ${TASKFLOW} run ./flows.ts#volume --workers 4`)
    const lines = await window.until(has('announce: Error: no route to host'))
    expect(still(lines)).toContain('  ↩ announce  REVERTED  T  Error: no route to host')
    expect(lines).toContain('announce: Error: no route to host')
  })

  test('in a pipe there are plain lines without anything that steers a terminal', async () => {
    for (const name of ['print', 'reserved', 'copied']) show(name)
    window.enter(
      `clear; ${TASKFLOW} run ./flows.ts#volume --workers 4 | cat -v > out.txt; tail -2 out.txt`,
    )
    const lines = await window.until(has('create-volume SUCCESS in'))
    expect(still(lines)).toContain('create-volume SUCCESS')
    expect(execFileSync('cat', [join(folder, 'out.txt')], { encoding: 'utf8' })).not.toMatch(
      /\^\[|\^M/,
    )
  })
})
