/**
 * The main job of the examples under exploration: whatever goes wrong, quota, rows and files agree.
 *
 * `EXPLORE=deep` adds what takes minutes: two crashes in a schedule, and reverts that fail.
 *
 * @module
 */
import { equal, ok } from 'node:assert/strict'
import { mkdtempDisposableSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Database } from '../../examples/create-volume/database.ts'
import { createVolume, type Services } from '../../examples/create-volume/flow.ts'
import { Pool } from '../../examples/create-volume/pool.ts'
import { Quota } from '../../examples/create-volume/quota.ts'
import { Volumes } from '../../examples/create-volume/volumes.ts'
import { explore } from '../../src/testing/index.ts'

const IS_DEEP = process.env['EXPLORE'] === 'deep'
vi.setConfig({ testTimeout: IS_DEEP ? 3_600_000 : 60_000 })

class World implements Services, Disposable {
  readonly #folder = mkdtempDisposableSync(join(tmpdir(), 'explorer-'))
  readonly #db = new Database(':memory:')
  readonly quota = new Quota(this.#db)
  readonly volumes = new Volumes(this.#db)
  readonly pool = new Pool(this.#folder.path);

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
    this.#folder.remove()
  }

  get files(): readonly string[] {
    return readdirSync(this.#folder.path)
  }

  /** How much is in use and reserved, for volumes and for MiB. */
  get used(): string {
    return this.quota
      .usage()
      .map(({ inUse, reserved }) => `${inUse}+${reserved}`)
      .join(' ')
  }

  get statuses(): string {
    return this.volumes
      .list()
      .map(({ status }) => status)
      .join()
  }
}

const store = { rawName: 'one', rawSize: '1 MiB', rawVolumeType: 'ssd' }

test.for([
  { what: 'whatever goes wrong', options: {}, least: 200, isDeep: false },
  { what: 'though two processes die', options: { crashes: 2 }, least: 2_000, isDeep: true },
  { what: 'though undoing breaks', options: { revertFailures: true }, least: 1_000, isDeep: true },
])('creating a volume leaves it whole or not at all, $what', async (row, { skip }) => {
  const { options, least, isDeep } = row
  skip(isDeep && !IS_DEEP, 'EXPLORE=deep runs it')
  const found = await explore((world: World) => createVolume(world), {
    ...options,
    world: () => new World(),
    store,
    invariant({ state, world, results }) {
      if (state === 'FAILURE') return // an undoing broke, and a person must look
      const isMade = state === 'SUCCESS'
      equal(world.used, isMade ? '1+0 1+0' : '0+0 0+0')
      equal(world.statuses, isMade ? 'available' : '')
      equal(world.files.join(), isMade ? `volume-${results.volume?.id}` : '')
    },
    always({ world }) {
      // Nobody is ever shown a volume that is not there.
      for (const { id, status } of world.volumes.list()) {
        if (status === 'available') ok(world.files.includes(`volume-${id}`))
      }
    },
  })
  expect(found.scheduleCount).toBeGreaterThan(least)
  expect(found).toMatchObject({ skippedCount: 0, unreachedCount: 0 })
  expect(found.ends.REVERTED).toBeGreaterThan(found.ends.SUCCESS)
})
