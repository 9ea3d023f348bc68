import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FolderJournal } from '../../src/persistence/directory/journal.ts'
import { directory } from '../../src/persistence/directory.ts'
import { atomRecord, checkpointOf, saveNewFlow } from '../../src/testing/backend/clause.ts'

let above: string
let folder: string
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'taskflow-'))
  folder = join(above, 'runs')
})
afterEach(() => rmSync(above, { recursive: true }))

const journal = (): string => join(folder, 'taskflow-ts', 'journal')
const LATER = 60

/** The folder as a process leaves it that is killed after a save: all stands in the journal still. */
async function left(): Promise<string> {
  const moments = [1, 2, 3, 4].map((ms) => new Date(ms))
  const clock = { now: () => moments.shift() ?? new Date(9), elapsedMs: () => 0 }
  await using backend = directory(join(above, 'made'), { clock })
  const atom = atomRecord()
  const { flow } = await saveNewFlow(backend, [atom])
  await backend.save(checkpointOf(flow.uuid, { atoms: [{ ...atom, state: 'SUCCESS' }] }))
  cpSync(join(above, 'made'), folder, { recursive: true, verbatimSymlinks: true })
  return flow.uuid
}

/** The files of the objects, and what stands in them. */
function objects(): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const kind of ['books', 'flow_details', 'atom_details']) {
    for (const name of readdirSync(join(folder, kind))) {
      for (const file of readdirSync(join(folder, kind, name), { withFileTypes: true })) {
        const path = join(folder, kind, name, file.name)
        if (file.isFile()) files.set(path, readFileSync(path))
      }
    }
  }
  return files
}

/** Damages a file, as somebody who wrote it that many seconds after the journal. */
function damage(path: string, bytes: Buffer, seconds: number): void {
  writeFileSync(path, bytes)
  const at = Date.now() / 1000 + seconds
  utimesSync(path, at, at)
}

describe('recovery', () => {
  test('mends a file that was cut at any byte, though it is newer than the journal', async () => {
    await left()
    const files = objects()
    expect(files.size).toBe(5)
    for (const [path, whole] of files) {
      for (let length = 0; length < whole.length; length += 1) {
        damage(path, whole.subarray(0, length), LATER)
        await new FolderJournal(folder).recover()
        expect([path, length, readFileSync(path).equals(whole)]).toEqual([path, length, true])
      }
    }
  })

  test('mends a file whose end, beginning or middle is zeros, at any byte', async () => {
    await left()
    for (const [path, whole] of objects()) {
      for (let at = 0; at < whole.length; at += 7) {
        for (const [from, to] of [
          [at, whole.length],
          [0, at + 1],
          [at, at + 1],
        ]) {
          damage(path, Buffer.from(whole).fill(0, from, to), LATER)
          await new FolderJournal(folder).recover()
          expect([path, from, to, readFileSync(path).equals(whole)]).toEqual([path, from, to, true])
        }
      }
    }
  })

  test.each([LATER, -LATER])('mends all files at once, %i seconds newer', async (seconds) => {
    const uuid = await left()
    for (const [i, [path, whole]] of [...objects()].entries()) {
      damage(
        path,
        [Buffer.of(), Buffer.alloc(whole.length), Buffer.from('{}')][i % 3] ?? whole,
        seconds,
      )
    }
    await using backend = directory(folder)
    const { flow, atoms } = await backend.loadFlow(uuid)
    expect([flow.uuid, atoms.map(({ state }) => state)]).toEqual([uuid, ['SUCCESS']])
  })

  test.each([
    ['{"uuid": "another", "name": "p", "state": "SUCCESS", "meta": {}}'],
    ['{"name": "p", "state": "SUCCESS", "meta": {}}'],
    ['{"uuid": "UUID", "name": "p", "state": "SUCCE", "meta": {}}'],
    ['{"uuid": "UUID", "name": 7, "state": "SUCCESS", "meta": {}}'],
    ['{"uuid": "UUID", "name": "p", "state": "SUCCESS", "meta": {}, "taskflow_tz": {}}'],
    ['[]'],
    ['null'],
  ])('takes %s for damage, and not for what Python has written since', async (text) => {
    const uuid = await left()
    const path = join(folder, 'flow_details', uuid, 'metadata')
    damage(path, Buffer.from(text.replace('UUID', uuid)), LATER)
    await using backend = directory(folder)
    expect((await backend.loadFlow(uuid)).flow.state).toBe('PENDING')
  })

  test('makes again what is missing', async () => {
    const uuid = await left()
    for (const kind of ['books', 'flow_details', 'atom_details']) {
      rmSync(join(folder, kind), { recursive: true })
    }
    await using backend = directory(folder)
    expect((await backend.loadFlow(uuid)).atoms).toHaveLength(1)
  })

  test('leaves whole files as they are when the journal was cut at any byte', async () => {
    await left()
    const files = objects()
    const whole = readFileSync(journal())
    for (let length = 0; length < whole.length; length += 1) {
      // A journal of whole records does not show that one more was there.
      if (whole[length - 1] === 10) continue
      writeFileSync(journal(), whole.subarray(0, length))
      await new FolderJournal(folder).recover()
      for (const [path, bytes] of objects()) {
        expect([length, path, bytes.equals(files.get(path) ?? Buffer.of())]).toEqual([
          length,
          path,
          true,
        ])
      }
    }
  })

  test('brings files up to the last whole record of a journal that was cut', async () => {
    const uuid = await left()
    const older = objects()
    await using backend = directory(join(above, 'made'))
    const { flow, atoms } = await backend.loadFlow(uuid)
    const changed = atoms.map((atom) => ({ ...atom, meta: '{"x":1}' }))
    await backend.save(checkpointOf(uuid, { flow: { ...flow, state: 'SUCCESS' }, atoms: changed }))
    rmSync(folder, { recursive: true })
    cpSync(join(above, 'made'), folder, { recursive: true, verbatimSymlinks: true })
    const newer = objects()
    writeFileSync(journal(), `${readFileSync(journal(), 'utf8')}1234 [["fi`)
    for (const [path, bytes] of older) writeFileSync(path, bytes)
    await new FolderJournal(folder).recover()
    expect(objects()).toEqual(newer)
  })

  test('does without a record that was not written to its end, whatever stands in its place', async () => {
    const uuid = await left()
    const whole = readFileSync(journal())
    for (const rest of [Buffer.alloc(200), Buffer.from('\0\0\0\n'), Buffer.from('1234 [["fi')]) {
      writeFileSync(journal(), Buffer.concat([whole, rest]))
      for (const [path] of objects()) truncateSync(path, 0)
      await using backend = directory(folder)
      expect((await backend.loadFlow(uuid)).atoms).toHaveLength(1)
    }
  })

  test('that is killed at any step is finished by the next one', { timeout: 120_000 }, async () => {
    const uuid = await left()
    for (const [path] of objects()) damage(path, Buffer.of(), LATER)
    const damaged = join(above, 'damaged')
    cpSync(folder, damaged, { recursive: true, verbatimSymlinks: true })
    const trace = join(above, 'trace')
    await recoverIn(damaged, { TRACE: trace })
    const steps = readFileSync(trace, 'utf8').trim().split('\n').length
    expect(steps).toBeGreaterThan(20)
    for (let step = 1; step <= steps; step += 2) {
      const place = join(above, String(step))
      cpSync(folder, place, { recursive: true, verbatimSymlinks: true })
      expect([step, await recoverIn(place, { CRASH_AT: String(step) })]).toEqual([step, 'SIGKILL'])
      await using backend = directory(place, { busyTimeoutMs: 0 })
      expect((await backend.loadFlow(uuid)).atoms).toMatchObject([{ state: 'SUCCESS' }])
    }
  })
})

/** Opens and closes a folder in a process of its own, and gives the signal that ended it. */
async function recoverIn(place: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const at = (path: string): string => join(import.meta.dirname, path)
  const script = `
    import { directory } from ${JSON.stringify(at('../../src/persistence/directory.ts'))}
    const backend = directory(process.argv[2])
    await backend.open()
    await backend.close()`
  const program = join(above, 'recover.mjs')
  writeFileSync(program, script)
  const child = spawn(process.execPath, ['--import', at('directory-crash.ts'), program, place], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  const [, signal] = await once(child, 'exit')
  return signal
}
