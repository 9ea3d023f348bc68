/**
 * The effects of the main job, one by one: made at most once, and undone from wherever they are.
 *
 * @module
 */
import { mkdtempDisposableSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type DataFolder, openDataFolder } from '../../examples/create-volume/data-folder.ts'
import { createVolume, defineCreateVolume, TASK_NAMES } from '../../examples/create-volume/flow.ts'
import { FolderInUseError } from '../../examples/create-volume/lock.ts'
import { Pool } from '../../examples/create-volume/pool.ts'
import { type FlowItem, loadFromFactory } from '../../src/index.ts'
import { findLeftovers, findMiscounts, inspect } from './data-folder.ts'
import { CREATE_VOLUME, runProgram } from './program.ts'

vi.setConfig({ testTimeout: 60_000 })

const REQUEST = { name: 'one', sizeMib: 2, volumeType: 'ssd' } as const

interface Place extends AsyncDisposable {
  readonly path: string
  readonly data: DataFolder
}

function temporaryPlace(): Place {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'effects-'))
  const data = openDataFolder(folder.path, 'shared')
  return {
    path: folder.path,
    data,
    async [Symbol.asyncDispose]() {
      await data[Symbol.asyncDispose]()
      folder.remove()
    },
  }
}

test('the flow has the tasks that the command line knows', async () => {
  await using place = temporaryPlace()
  const flow: Iterable<FlowItem> = createVolume(place.data.services)
  expect([...flow].map(({ name }) => name)).toEqual(TASK_NAMES)
})

test('each step of the quota counts once, however often it is taken', async () => {
  await using place = temporaryPlace()
  const { quota } = place.data.services
  const mib = () => quota.usage().find(({ resource }) => resource === 'mib')
  const twice = (step: () => void) => [step(), step()]
  twice(() => quota.reserve('v', 2))
  expect(mib()).toMatchObject({ inUse: 0, reserved: 2 })
  twice(() => quota.commit('v'))
  expect(mib()).toMatchObject({ inUse: 2, reserved: 0 })
  twice(() => quota.reserve('v', 2))
  expect(mib()).toMatchObject({ inUse: 2, reserved: 0 })
  twice(() => quota.release('v')) // not before it is given back
  expect(mib()).toMatchObject({ inUse: 2, reserved: 0 })
  twice(() => quota.giveBack('v'))
  expect(mib()).toMatchObject({ inUse: 0, reserved: 2 })
  twice(() => quota.release('v'))
  expect(mib()).toMatchObject({ inUse: 0, reserved: 0 })
  expect(() => quota.commit('v')).toThrow('has no reservation')
  expect(findMiscounts(inspect(place.path))).toEqual([])
})

test('what does not fit is not reserved in part', async () => {
  await using place = temporaryPlace()
  const { quota } = place.data.services
  quota.limit('volumes', 1)
  quota.reserve('v', 2)
  expect(() => quota.reserve('w', 2)).toThrow(/quota of volumes is exhausted: 1 asked for/)
  expect(() => quota.reserve('x', 20_000)).toThrow('is exhausted')
  expect(quota.usage()).toMatchObject([{ reserved: 1 }, { reserved: 2 }])
  expect(inspect(place.path).reservations).toHaveLength(1)
})

test('an entry is made once and keeps its status when it is made again', async () => {
  await using place = temporaryPlace()
  const { volumes } = place.data.services
  volumes.create('v', REQUEST)
  volumes.setStatus('v', 'available')
  volumes.create('v', REQUEST)
  expect(volumes.list()).toEqual([{ id: 'v', ...REQUEST, status: 'available' }])
  volumes.remove('v')
  volumes.remove('v')
  expect(() => volumes.load('v')).toThrow('no volume v')
})

test('a file that was written in part is replaced, a whole one is left alone', async () => {
  await using place = temporaryPlace()
  const { pool } = place.data.services
  writeFileSync(`${pool.pathOf('v')}.part`, 'x'.repeat(5_000_000))
  const path = await pool.allocate('v', 2)
  const { ino, mtimeMs, size } = statSync(path)
  expect(size).toBe(2 * 1024 * 1024)
  await pool.allocate('v', 2)
  expect(statSync(path)).toMatchObject({ ino, mtimeMs, size })
  expect(readdirSync(join(place.path, 'pool'))).toEqual(['volume-v'])
})

test('a file is removed whole, in part, or not there at all', async () => {
  await using place = temporaryPlace()
  const { pool } = place.data.services
  await pool.remove('v')
  writeFileSync(`${pool.pathOf('v')}.part`, 'x')
  await pool.remove('v')
  await pool.allocate('v', 1)
  await pool.remove('v')
  expect(readdirSync(join(place.path, 'pool'))).toEqual([])
})

test('an allocation that is told to stop leaves no file', async () => {
  await using place = temporaryPlace()
  const { pool } = place.data.services
  const abort = new AbortController()
  const onProgress = () => abort.abort(new Error('stop'))
  await expect(pool.allocate('v', 3, { signal: abort.signal, onProgress })).rejects.toThrow('stop')
  expect(readdirSync(join(place.path, 'pool'))).toEqual(['volume-v.part'])
  await pool.remove('v')
})

test('a folder is shared by those who create, and had alone by one who resumes', async () => {
  await using place = temporaryPlace()
  await using _second = openDataFolder(place.path, 'shared')
  expect(() => openDataFolder(place.path, 'alone')).toThrow(FolderInUseError)
  const other = mkdtempDisposableSync(join(tmpdir(), 'effects-'))
  await using _alone = openDataFolder(other.path, 'alone')
  expect(() => openDataFolder(other.path, 'shared')).toThrow('a --resume is under way')
  other.remove()
})

test('every task may be undone before it did anything', async () => {
  await using place = temporaryPlace()
  const { services } = place.data
  const context = { signal: new AbortController().signal, idempotencyKey: 'k:1:revert' }
  const inputs = { volumeId: 'never', result: undefined, flowFailures: {} }
  const flow: Iterable<FlowItem> = createVolume(services)
  for (const task of [...flow].reverse()) {
    await (task as { revert?: (...args: unknown[]) => unknown }).revert?.(inputs, context)
  }
  expect(findLeftovers(inspect(place.path), 0)).toEqual([])
})

test('an undoing that breaks is reported by whoever resumes', async () => {
  await using place = temporaryPlace()
  const { path, data } = place
  class StuckPool extends Pool {
    override async remove(): Promise<void> {
      throw new Error('the pool is stuck')
    }
  }
  const services = { ...data.services, pool: new StuckPool(data.paths.pool) }
  const flow = defineCreateVolume(services, {
    slowMs: 0,
    effectsFile: data.paths.effects,
  })
  const engine = loadFromFactory(flow, [{ fail: 'finish' }], {
    backend: data.backend,
    store: { rawName: 'one', rawSize: '1 MiB', rawVolumeType: 'ssd' },
  })
  await expect(engine.run()).rejects.toThrow('the pool is stuck')
  await data[Symbol.asyncDispose]()
  const { code, stderr } = await runProgram(CREATE_VOLUME, ['--data', path, '--resume'])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `create-volume ${engine.storage.flowUuid} is broken: one of its reverts failed, and a person must look\n`,
  })
})
