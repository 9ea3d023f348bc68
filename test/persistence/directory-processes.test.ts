import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StoredFlow } from '../../src/persistence/backend.ts'
import { directory } from '../../src/persistence/directory.ts'
import { newOwner } from '../../src/persistence/owner.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'taskflow-')), 'runs')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

describe('directory, several processes', { timeout: 60_000 }, () => {
  test('keeps all that several processes save at once', async () => {
    await using backend = directory(folder, { busyTimeoutMs: 20_000 })
    const { flow } = await saveNewFlow(backend)
    const names = ['one', 'two', 'three']
    const outputs = Promise.all(
      names.map((name) => text(startWriter(flow.uuid, 50, { name: `beside ${name}` }).stdout)),
    )
    for (let i = 0; i < 30; i += 1) {
      await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] }))
      await setTimeout(5)
    }
    expect((await outputs).join('').trim().split('\n')).toHaveLength(150)
    const found = (await backend.loadFlow(flow.uuid)).atoms.map(({ name }) => name)
    expect(found).toHaveLength(360)
    expect(new Set(found.filter((name) => name.startsWith('beside'))).size).toBe(300)
  })

  test('reads a flow and its atoms from the same checkpoint', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend, [atomRecord(), atomRecord()])
    const ended = once(startWriter(flow.uuid, 200), 'exit')
    let readings = 0
    for (;;) {
      const count = whole(await backend.loadFlow(flow.uuid))
      readings += 1
      if (count === 200) break
      await setImmediate()
    }
    expect(readings).toBeGreaterThan(10)
    expect(await ended).toEqual([0, null])
  })

  test('keeps whole checkpoints that it acknowledged, however often its process is killed', async () => {
    await using backend = directory(folder)
    const { flow } = await saveNewFlow(backend, [atomRecord(), atomRecord()])
    await backend.close()
    let acknowledged = 0
    for (let round = 0; round < 12; round += 1) {
      const writer = startWriter(flow.uuid, 1_000_000)
      const exit = once(writer, 'exit')
      let output = ''
      for await (const chunk of writer.stdout) {
        if (output === '') void setTimeout(Math.random() * 60).then(() => writer.kill('SIGKILL'))
        output += chunk
      }
      await exit // until then its process id is still in use, and so is its lock
      // The last line may be cut short.
      const last = output.split('\n').at(-2)?.split(' ')[1]
      acknowledged = Math.max(acknowledged, Number(last ?? 0))
      await using again = directory(folder, { busyTimeoutMs: 0 })
      expect(whole(await again.loadFlow(flow.uuid))).toBeGreaterThanOrEqual(acknowledged)
    }
    expect(acknowledged).toBeGreaterThan(5) // there was something to lose
  })
})

describe('directory, killed at each step', { timeout: 120_000 }, () => {
  test('of a checkpoint and a removal', async () => {
    const trace = join(folder, '..', 'trace')
    const { flow } = await filled()
    const env = { TRACE: trace }
    expect(await text(startWriter(flow.uuid, 1, { last: 'remove', env }).stdout)).toMatch(/removed/)
    const steps = readFileSync(trace, 'utf8').trim().split('\n')
    expect(steps.length).toBeGreaterThan(40)
    let wholes = ''
    const crash = async (step: number): Promise<void> => {
      const place = `${folder}-${step}`
      const made = await filled(place)
      const writer = startWriter(made.flow.uuid, 1, {
        last: 'remove',
        place,
        env: { CRASH_AT: String(step) },
      })
      const [output, [, signal]] = await Promise.all([text(writer.stdout), once(writer, 'exit')])
      expect([step, signal]).toEqual([step, 'SIGKILL'])
      const acknowledged = output.split('\n').length - 1
      // Nobody waits for a lock of the dead.
      await using backend = directory(place, { busyTimeoutMs: 0 })
      const flows = await backend.listFlows()
      const count = flows.length === 0 ? 2 : whole(await backend.loadFlow(made.flow.uuid))
      expect(await backend.countBooks()).toBe(flows.length)
      if (flows.length === 0) expect(readdirSync(join(place, 'atom_details'))).toEqual([])
      expect([step, count]).toEqual([step, Math.max(count, acknowledged)])
      expect(count).toBeLessThanOrEqual(acknowledged + 1)
      wholes += count
      expect(readdirSync(join(place, 'taskflow-ts')).sort()).toEqual(['journal', 'staged'])
      expect(lstatSync(join(place, 'taskflow-ts', 'journal')).size).toBe(0)
    }
    const rest = steps.keys()
    await Promise.all(
      [1, 2].map(async () => {
        for (const step of rest) await crash(step + 1)
      }),
    )
    expect([...new Set(wholes)].sort()).toEqual(['0', '1', '2'])
  })

  test('writes the journal before all else, and empties it after all else', async () => {
    const trace = join(folder, '..', 'trace')
    const { flow } = await filled()
    const writer = startWriter(flow.uuid, 1, { env: { TRACE: trace } })
    await text(writer.stdout)
    const steps = readFileSync(trace, 'utf8').trim().split('\n')
    const journal = 'taskflow-ts/journal'
    const written = steps.indexOf(`writeSync ${journal}`)
    const durable = steps.indexOf(`fdatasync ${journal}`)
    const touched = steps.findIndex((step) => / (books|flow_details|atom_details)\//.test(step))
    const emptied = steps.lastIndexOf(`ftruncateSync ${journal}`)
    expect([written, durable, touched, emptied]).toEqual(
      [written, durable, touched, emptied].toSorted((a, b) => a - b),
    )
    expect(written).toBeGreaterThan(0)
    const renamed = steps.map((step) => /^renameSync \S+ (\S+_details\S+)/.exec(step)?.[1])
    // A first try shows that the folder is missing.
    const moved = [...new Set(renamed)].filter((path) => path !== undefined)
    expect(moved).toHaveLength(6)
    for (const path of moved) {
      const synced = steps.indexOf(`fsync ${path}`, durable)
      expect([path, synced]).toEqual([path, Math.max(synced, durable)])
      expect(synced).toBeLessThan(emptied)
      expect(steps.indexOf(`fsync ${join(path, '..')}`, durable)).toBeGreaterThan(durable)
    }
    expect(steps.indexOf(`fsync ${journal}`, emptied)).toBe(emptied + 1)
  })
})

describe('directory, lock', { timeout: 60_000 }, () => {
  const lock = (): string => join(folder, 'taskflow-ts', 'lock')

  test('is taken over at once from a process that was killed, by one of many', async () => {
    const { flow } = await filled()
    const writer = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
    await once(writer, 'spawn')
    const stat = readFileSync(`/proc/${writer.pid}/stat`, 'latin1')
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const [host, space] = newOwner().split('/')
    symlinkSync(`${host}/${space}/${writer.pid}/${start}/1 ${crypto.randomUUID()}`, lock())
    await using waiting = directory(folder, { busyTimeoutMs: 20 })
    await expect(waiting.loadFlow(flow.uuid)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining(`${host}/${space}/${writer.pid}`),
    })
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    const backends = Array.from({ length: 8 }, () => directory(folder))
    const saves = backends.map((backend) =>
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] })),
    )
    await Promise.all(saves)
    await Promise.all(backends.map((backend) => backend.close()))
    await using again = directory(folder)
    expect((await again.loadFlow(flow.uuid)).atoms).toHaveLength(18)
    expect(existsSync(lock())).toBe(false)
  })

  test('is taken over when the machine was started anew', async () => {
    const { flow } = await filled()
    const [host] = newOwner().split('/')
    symlinkSync(`${host}/00000000.4026531836/1/1/1 ${crypto.randomUUID()}`, lock())
    await using backend = directory(folder, { busyTimeoutMs: 0 })
    expect(whole(await backend.loadFlow(flow.uuid))).toBe(0)
  })

  test('is not taken over from another machine or container', async () => {
    const { flow } = await filled()
    const holder = `elsewhere/00000000.4026531836/1/1/1 ${crypto.randomUUID()}`
    symlinkSync(holder, lock())
    await using backend = directory(folder, { busyTimeoutMs: 10 })
    await expect(backend.loadFlow(flow.uuid)).rejects.toThrow(/remove .*lock$/)
    expect(readlinkSync(lock())).toBe(holder)
  })

  test('does not hold up other work of the process while it waits', async () => {
    const { flow } = await filled()
    symlinkSync(`elsewhere/0.0/1/1/1 ${crypto.randomUUID()}`, lock())
    await using backend = directory(folder)
    const loaded = backend.loadFlow(flow.uuid)
    let turns = 0
    for (; turns < 20; turns += 1) await setTimeout(2)
    rmSync(lock())
    expect(whole(await loaded)).toBe(0)
  })
})

/** A folder with one flow of two atoms. */
async function filled(place = folder): ReturnType<typeof saveNewFlow> {
  await using backend = directory(place)
  return await saveNewFlow(backend, [atomRecord(), atomRecord()])
}

/** How many checkpoints a writer has saved, each of which must be whole. */
function whole({ flow, atoms }: StoredFlow): number {
  const { checkpoints = 0 } = JSON.parse(flow.meta)
  expect(atoms).toHaveLength(2 * checkpoints + 2)
  for (const { meta } of atoms.slice(0, 2)) {
    expect(JSON.parse(meta).checkpoints ?? 0).toBe(checkpoints)
  }
  for (let i = 0; i < checkpoints; i += 1) {
    const names = atoms.slice(2 * i + 2, 2 * i + 4).map(({ name }) => name)
    expect(names).toEqual([`w ${i + 1} a`, `w ${i + 1} b`])
  }
  return checkpoints
}

type Writer = ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }

interface WriterOptions {
  readonly name?: string
  readonly place?: string
  readonly last?: string
  readonly env?: Readonly<Record<string, string>>
}

function startWriter(
  flowUuid: string,
  count: number,
  { name = 'w', place = folder, last, env }: WriterOptions = {},
): Writer {
  const script = join(import.meta.dirname, 'directory-writer.ts')
  const crash = ['--import', join(import.meta.dirname, 'directory-crash.ts')]
  const args = [place, flowUuid, String(count), name, ...(last === undefined ? [] : [last])]
  const writer = spawn(process.execPath, [...(env ? crash : []), script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  once(writer, 'error').then(([error]) => {
    throw error
  })
  return writer
}
