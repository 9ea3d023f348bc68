/**
 * Flows that run while a database is hurt, and what must hold of them afterwards.
 *
 * @module
 */
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Backend, StorageError } from '../../src/index.ts'
import { Crew } from '../chaos/crew.ts'
import { EffectLog, readEffects } from '../chaos/effects.ts'
import { findFaults } from '../chaos/judge.ts'
import { readStored } from '../chaos/stored.ts'

/** What came of the flows. */
export interface Outcome {
  readonly flowCount: number
  /** What runs were rejected with; each was run again until it came to its end. */
  readonly faults: readonly StorageError[]
}

/**
 * Runs twenty flows at once while something is done to their database, and until all have ended.
 *
 * What listeners were told is stored in the end, every flow has ended as it must, and no task was
 * called twice in one attempt: the process lives, so there is no reason to.
 *
 * @param reader reads what is stored in the end
 */
export async function underLoad(
  { backend, reader = backend }: { readonly backend: Backend; readonly reader?: Backend },
  hurt: (crew: Crew) => Promise<void>,
): Promise<Outcome> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'taskflow-load-'))
  const log = new EffectLog(folder.path, 'load')
  const crew = new Crew({ name: 'load', backend, log, slowMs: 4, perseveres: true })
  const work = crew.work(20)
  try {
    await hurt(crew)
  } finally {
    crew.stop()
    await work
    log.close()
  }
  const notes = readEffects(folder.path)
  expect(findFaults(notes, await readStored(reader))).toEqual([])
  const calls = notes
    .filter(({ event }) => event === 'begin')
    .map(({ key, direction }) => `${direction} ${key}`)
  expect(calls.length).toBe(new Set(calls).size)
  // Nobody else has claimed a flow: a run that was rejected is given up, and claimed by its next run.
  const epochs = new Set(notes.map(({ epoch }) => epoch))
  expect(epochs.size).toBeLessThanOrEqual(crew.faults.length + 1)
  return { flowCount: crew.count, faults: crew.faults }
}
