/**
 * Processes that run many flows at once are killed with SIGKILL at random moments, two of them at
 * the same time now and then. In the end nothing is lost, doubled or left half done.
 *
 * `TASKFLOW_CHAOS_KILLS` says how many kills for each database, `TASKFLOW_CHAOS_SEED` at which moments:
 * TASKFLOW_CHAOS_KILLS=300 npx vitest run test/chaos
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { Backend } from '../../src/persistence/backend.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { type Ended, runProgram } from '../examples/program.ts'
import { postgresDatabase } from '../persistence/servers.ts'
import { type Noted, readEffects } from './effects.ts'
import { findDoubles, findFaults, type Stored } from './judge.ts'
import { readStored } from './stored.ts'

const KILLS = Number(process.env['TASKFLOW_CHAOS_KILLS'] ?? 8)
const SEED = Number(process.env['TASKFLOW_CHAOS_SEED'] ?? 1)
const WIDTH = 20
/** How long a process goes on after it is ready, at most, in milliseconds. */
const LIFE_MS = 900
/** Part of the kills that fall into the second lane. */
const SECOND_LANE = 0.3

const WORKER = 'test/chaos/worker.ts'
const root = mkdtempDisposableSync(join(tmpdir(), 'chaos-'))
afterAll(() => root.remove())
const database = await postgresDatabase()
afterAll(() => database?.[Symbol.asyncDispose]())

/** Mulberry32. */
function diceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function chaos(driver: string, place: string, backend: Backend): Promise<void> {
  const startedAtMs = performance.now()
  const folder = join(root.path, driver)
  mkdirSync(folder)
  await backend.open()
  const worker = (name: string, more: readonly string[] = []): readonly string[] => {
    return [driver, place, folder, name, String(WIDTH), ...more]
  }
  let killCount = 0
  const lane = async (name: string, kills: number, dice: () => number, pauseMs: number) => {
    for (let i = 0; i < kills; i += 1) {
      const early = dice() < 0.1
      const kill = early
        ? ({ from: 'start', delayMs: dice() * 400 } as const)
        : ({ from: 'first line', delayMs: dice() * LIFE_MS } as const)
      const ended = await runProgram(WORKER, worker(`${name}${i}`), kill)
      expect(ended, `seed ${SEED}, ${name}${i}`).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      killCount += 1
      await setTimeout(dice() * pauseMs)
    }
  }
  const second = Math.round(KILLS * SECOND_LANE)
  await Promise.all([
    lane('a', KILLS - second, diceOf(SEED), 0),
    lane('b', second, diceOf(SEED + 1), 2 * LIFE_MS),
  ])
  const drained: Ended = await runProgram(WORKER, worker('last', ['10']))
  expect(drained).toMatchObject({ code: 0, stderr: '' })
  const notes = readEffects(folder)
  const stored = await readStored(backend)
  tell(driver, { notes, stored, killCount, tookMs: performance.now() - startedAtMs })
  expect(findFaults(notes, stored)).toEqual([])
  expect(await backend.countFlows({ states: ['RUNNING', 'SUSPENDED', 'RESUMING'] })).toBe(0)
}

/** The figures of a run, on one line; and what the kills met, so that a test of nothing shows. */
function tell(
  driver: string,
  so: {
    readonly notes: readonly Noted[]
    readonly stored: ReadonlyMap<string, Stored>
    readonly killCount: number
    readonly tookMs: number
  },
): void {
  const { notes, stored, killCount, tookMs } = so
  const begins = notes.filter(({ event }) => event === 'begin')
  const calls = new Set(
    begins.map(({ flow, atom, attempt, direction }) => `${flow}${atom}${attempt}${direction}`),
  )
  const resumed = new Set(notes.filter(({ epoch }) => epoch > 1).map(({ flow }) => flow))
  const newest = notes.reduce((most, { epoch }) => Math.max(most, epoch), 0)
  const ends = notes.filter(({ event }) => event === 'end').length
  process.stdout.write(
    `chaos on ${driver}: seed ${SEED}, ${killCount} kills, ${stored.size} flows (${resumed.size} resumed, up to epoch ${newest}), ${begins.length} calls (${begins.length - calls.size} again, ${begins.length - ends} cut off), ${(tookMs / 1_000).toFixed(1)} s\n`,
  )
  expect(resumed.size).toBeGreaterThan(KILLS / 2)
  expect(begins.length - ends).toBeGreaterThan(KILLS / 2)
}

const options = { timeout: 30_000 + KILLS * 5_000 }

test('kills at random moments lose and double nothing on SQLite', options, async () => {
  const file = join(root.path, 'chaos.db')
  await using backend = sqlite(file)
  await chaos('sqlite', file, backend)
})

test.skipIf(database === undefined)(
  'kills at random moments lose and double nothing on PostgreSQL',
  options,
  async () => {
    const url = database?.url ?? ''
    await using backend = postgres(url)
    await chaos('postgres', url, backend)
  },
)

const DRIVERS = ['sqlite', ...(database === undefined ? [] : ['postgres'])]

test.each(DRIVERS)(
  'what a process has that slept for longer than its lease is taken over once (%s)',
  options,
  async (driver) => {
    const folder = join(root.path, `asleep-${driver}`)
    mkdirSync(folder)
    const place = driver === 'sqlite' ? join(folder, '..', 'asleep.db') : await asleepUrl()
    await using backend = driver === 'sqlite' ? sqlite(place) : postgres(place)
    await backend.open()
    const env = { ...process.env, TASKFLOW_CHAOS_LEASE_MS: '300' }
    const start = (name: string, ...more: string[]) => {
      const args = [WORKER, driver, place, folder, name, String(WIDTH), ...more]
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
      return { child, output: text(child.stdout), ended: once(child, 'exit') }
    }
    let lost = 0
    for (let i = 0; i < Math.max(1, Math.round(KILLS / 20)); i += 1) {
      const sleeper = start(`sleeper${i}`)
      await once(sleeper.child.stdout, 'data')
      await setTimeout(500)
      sleeper.child.kill('SIGSTOP')
      while (driver === 'sqlite' && isLocked(place)) {
        sleeper.child.kill('SIGCONT') // nobody can write while somebody sleeps in a transaction
        await setTimeout(7)
        sleeper.child.kill('SIGSTOP')
      }
      const heir = start(`heir${i}`, '0')
      expect(await heir.ended).toEqual([0, null])
      sleeper.child.kill('SIGCONT')
      await setTimeout(200)
      sleeper.child.kill('SIGTERM')
      expect(await sleeper.ended).toEqual([0, null])
      lost += Number(/lost (\d+)/.exec(await sleeper.output)?.[1])
    }
    expect(lost).toBeGreaterThan(0)
    const drained = start('last', '0')
    expect(await drained.ended).toEqual([0, null])
    expect(findDoubles(readEffects(folder), await readStored(backend))).toEqual([])
  },
)

function isLocked(file: string): boolean {
  using db = new DatabaseSync(file, { timeout: 50 })
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return false
  } catch {
    return true
  }
}

async function asleepUrl(): Promise<string> {
  return (await database?.place('asleep')) ?? ''
}
