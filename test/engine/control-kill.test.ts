/**
 * What was asked of a run holds when its process is killed: SIGKILL at random moments of a revert
 * on demand, of a cancellation, and of the wait before an attempt.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** How often each is killed; more where there is time. */
const ROUNDS = Number(process.env['TASKFLOW_KILLS'] ?? 4)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  output = ''

  constructor(mode: string) {
    const file = join(import.meta.dirname, 'controlled.ts')
    this.#child = spawn(process.execPath, [file, mode, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.output += data.toString()
    })
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()))
  }

  async until(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without '${text}': ${this.output}`)
      await setTimeout(1)
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async end(): Promise<string> {
    await this.#ended
    return this.output
  }
}

/** The effects so far, oldest first. */
function effects(): readonly { name: string; what: string; attempt: number; at: number }[] {
  const lines = readFileSync(join(folder, 'effects.txt'), 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [name = '', what = '', attempt, at] = line.split(' ')
    return { name, what, attempt: Number(attempt), at: Number(at) }
  })
}

/** How often a task did something in one attempt. */
function count(name: string, what: string, attempt = 1): number {
  return effects().filter(
    (one) => one.name === name && one.what === what && one.attempt === attempt,
  ).length
}

const rounds = Array.from({ length: ROUNDS }, (_, i) => i)

test.each(rounds)('a revert on demand that is killed goes on backwards (%i)', async (round) => {
  const first = new Program('revert')
  await first.until('reverting')
  await setTimeout((round * 37) % 40)
  await first.kill()
  let output = first.output
  for (let again = 0; !output.includes('ended') && again < 20; again += 1) {
    const next = new Program('revert')
    output = await next.end()
  }
  expect(output).toContain('ended REVERTED')
  for (const name of ['a', 'b', 'c', 'd']) {
    expect(count(name, 'do')).toBe(1)
    expect(count(name, 'undo')).toBeGreaterThanOrEqual(1)
  }
  const order = effects().map(({ name, what }) => `${what} ${name}`)
  expect(order.lastIndexOf('undo a')).toBeGreaterThan(order.indexOf('undo b'))
  expect(order.lastIndexOf('undo a')).toBeGreaterThan(order.indexOf('undo c'))
})

test.each(rounds)('a cancelled run that is killed ends the same (%i)', async (round) => {
  const first = new Program('cancel')
  await first.until('cancelled')
  await setTimeout((round * 7) % 20)
  await first.kill()
  const output = first.output.includes('ended') ? first.output : await new Program('cancel').end()
  if (!output.includes('was undone before')) {
    expect(output).toContain('rejected CancelledError')
  }
  expect(output).toContain('ended REVERTED')
  expect([count('a', 'do'), count('b', 'do')]).toEqual([1, 1])
  expect(count('a', 'do', 2)).toBe(0) // no retry was asked
  expect(count('a', 'undo')).toBeGreaterThanOrEqual(1)
})

test.each(rounds)(
  'a wait that is killed is waited to its end, and not anew (%i)',
  async (round) => {
    const first = new Program('wait')
    await first.until('ready')
    for (let i = 0; i < 5_000 && !existsFailure(); i += 1) await setTimeout(1)
    await setTimeout(60 + ((round * 97) % 250))
    await first.kill()
    await setTimeout(50)
    const second = new Program('wait')
    const output = await second.end()
    expect(output).toContain('ended SUCCESS')
    const failedAt = effects().find(({ name }) => name === 'flaky')?.at ?? 0
    const againAt =
      effects().find(({ name, attempt }) => name === 'flaky' && attempt === 2)?.at ?? 0
    const readyAt = Number(/ready (\d+)/.exec(output)?.[1])
    expect(againAt - failedAt).toBeGreaterThanOrEqual(600)
    const late = againAt - Math.max(failedAt + 600, readyAt)
    // On a quiet machine this is below 100 ms; a busy one may hold a process up for longer.
    expect(late).toBeLessThan(2_000)
    if (process.env['TASKFLOW_KILLS'] !== undefined) process.stderr.write(`late by ${late} ms\n`)
  },
)

function existsFailure(): boolean {
  try {
    return effects().some(({ name }) => name === 'flaky')
  } catch {
    return false
  }
}
