/**
 * The flow that creates a volume, after OpenStack Cinder's `create_volume`.
 *
 * Each task may be run again after a crash at any instant, also between its effect and the engine
 * noting it: so each effect is made at most once per volume, and each revert copes with work that
 * was done whole, in part, or not at all. The id that makes this possible is chosen by the first
 * task, and stored by the engine before any other task starts.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { defineFlow, linear, type TaskContext, task } from '../../src/index.ts'
import type { Pool } from './pool.ts'
import type { Quota } from './quota.ts'
import { type Mishaps, rehearse } from './rehearsal.ts'
import { parseRequest, type RawRequest, type VolumeRequest } from './request.ts'
import type { Volumes } from './volumes.ts'

/** The tasks in their order. */
export const TASK_NAMES = [
  'extract-request',
  'reserve-quota',
  'create-entry',
  'commit-quota',
  'allocate-volume',
  'finish',
] as const

/** One of the tasks. */
export type TaskName = (typeof TASK_NAMES)[number]

/** What the tasks work on. */
export interface Services {
  /** Who may use how much. */
  readonly quota: Quota
  /** The table of volumes. */
  readonly volumes: Volumes
  /** The files of the volumes. */
  readonly pool: Pool
}

/** What the flow is made with; stored with each run, so that it can be made again. */
export interface CreateVolumePlan {
  /** The task that fails on purpose, after its effect. */
  readonly fail?: TaskName | undefined
}

/** Makes the flow. */
export function createVolume({ quota, volumes, pool }: Services) {
  const extractRequest = task('extract-request', {
    rebind: { name: 'rawName', size: 'rawSize', volumeType: 'rawVolumeType' },
    provides: { pick: ['volumeId', 'name', 'sizeMib', 'volumeType'] },
    execute({ name, size, volumeType }: RawRequest, { idempotencyKey }: TaskContext) {
      return { volumeId: uuidOf(idempotencyKey), ...parseRequest({ name, size, volumeType }) }
    },
  })

  const reserveQuota = task('reserve-quota', {
    execute({ volumeId, sizeMib }: { volumeId: string; sizeMib: number }) {
      quota.reserve(volumeId, sizeMib)
    },
    revert({ volumeId }: { volumeId: string }) {
      quota.release(volumeId)
    },
  })

  const createEntry = task('create-entry', {
    execute({ volumeId, name, sizeMib, volumeType }: VolumeRequest & { volumeId: string }) {
      volumes.create(volumeId, { name, sizeMib, volumeType })
    },
    revert({ volumeId }: { volumeId: string }) {
      volumes.remove(volumeId)
    },
  })

  const commitQuota = task('commit-quota', {
    execute({ volumeId }: { volumeId: string }) {
      quota.commit(volumeId)
    },
    revert({ volumeId }: { volumeId: string }) {
      quota.giveBack(volumeId)
    },
  })

  const allocateVolume = task('allocate-volume', {
    provides: 'path',
    execute(
      { volumeId, sizeMib }: { volumeId: string; sizeMib: number },
      { signal, progress }: TaskContext,
    ) {
      return pool.allocate(volumeId, sizeMib, { signal, onProgress: progress })
    },
    async revert({ volumeId }: { volumeId: string }) {
      await pool.remove(volumeId)
    },
  })

  const finish = task('finish', {
    provides: 'volume',
    execute({ volumeId, path }: { volumeId: string; path: string }) {
      volumes.setStatus(volumeId, 'available')
      return { ...volumes.load(volumeId), path }
    },
    revert({ volumeId }: { volumeId: string }) {
      volumes.setStatus(volumeId, 'creating')
    },
  })

  return linear('create-volume').add(
    extractRequest,
    reserveQuota,
    createEntry,
    commitQuota,
    allocateVolume,
    finish,
  )
}

/** Names the flow, so that another process can make it again from what is stored. */
export function defineCreateVolume(services: Services, mishaps: Omit<Mishaps, 'fail'>) {
  return defineFlow('create-volume', ({ fail }: CreateVolumePlan) =>
    rehearse(createVolume(services), { ...mishaps, fail }),
  )
}

/** The same id for the same key, in the form of a UUID (version 8: made by a rule of one's own). */
function uuidOf(key: string): string {
  const hex = createHash('sha256').update(key).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
