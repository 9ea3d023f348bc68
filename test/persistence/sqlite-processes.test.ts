import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  file = join(folder, 'flows.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('keeps all that several processes save at once', { timeout: 30_000 }, async () => {
  await using backend = sqlite(file)
  const { flow } = await saveNewFlow(backend)
  const writers = [startWriter(flow.uuid, 50), startWriter(flow.uuid, 50)]
  const outputs = Promise.all(writers.map(({ stdout }) => text(stdout)))
  for (let i = 0; i < 50; i += 1) {
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] }))
    await setTimeout(5)
  }
  const acknowledged = (await outputs).join('').trim().split('\n')
  expect(acknowledged).toHaveLength(100)
  const names = (await backend.loadFlow(flow.uuid)).atoms.map(({ name }) => name)
  expect(names).toHaveLength(300)
  expect(names).toEqual(expect.arrayContaining(acknowledged))
})

test('keeps whole checkpoints that it acknowledged when its process is killed', {
  timeout: 30_000,
}, async () => {
  await using backend = sqlite(file)
  const { flow } = await saveNewFlow(backend)
  const writer = startWriter(flow.uuid, 1_000_000)
  let output = ''
  for await (const chunk of writer.stdout) {
    output += chunk
    if (output.length > 1_000) writer.kill('SIGKILL')
  }
  // The last line may be cut short.
  const acknowledged = output.split('\n').slice(0, -1)
  const names = (await backend.loadFlow(flow.uuid)).atoms.map(({ name }) => name)
  expect(acknowledged.length).toBeGreaterThan(20)
  expect(names).toEqual(expect.arrayContaining(acknowledged))
  expect(names.length % 2).toBe(0)
})

test('reads a flow and its atoms from the same checkpoint', { timeout: 30_000 }, async () => {
  await using backend = sqlite(file)
  const { flow: first } = await saveNewFlow(backend)
  const writer = startWriter(first.uuid, 1_000)
  const ended = once(writer, 'exit')
  for (;;) {
    const { flow, atoms } = await backend.loadFlow(first.uuid)
    const { checkpoints = 0 } = JSON.parse(flow.meta)
    expect(atoms).toHaveLength(2 * checkpoints)
    if (checkpoints === 1_000) break
    await setImmediate()
  }
  expect(await ended).toEqual([0, null])
})

type Writer = ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }

function startWriter(flowUuid: string, count: number): Writer {
  const script = join(import.meta.dirname, 'sqlite-writer.ts')
  const writer = spawn(process.execPath, [script, file, flowUuid, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  once(writer, 'error').then(([error]) => {
    throw error
  })
  return writer
}
