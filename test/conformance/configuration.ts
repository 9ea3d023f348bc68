/**
 * How a case is run: on which engine, and where the records are kept.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, memory } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import type { EngineKind } from './case.ts'
import type { Pace } from './script.ts'

/** Where records are kept. */
export type BackendKind = 'memory' | 'sqlite'

/** How a case is run. */
export interface Configuration {
  readonly engine: EngineKind
  readonly place: Place
  readonly pace: Pace
  /**
   * How much is one transaction in scripts with crashes. With `'move'` what listeners have heard
   * is what is stored, as the format has it; with `'tick'` more may be stored.
   */
  readonly commitWithCrashes: 'move' | 'tick'
}

/** A place for the records of many cases. */
export interface Place extends AsyncDisposable {
  /** A backend for a new process. */
  open(): Backend
}

/** Makes a place. */
export async function openPlace(kind: BackendKind): Promise<Place> {
  return kind === 'memory' ? memoryPlace() : await sqlitePlace()
}

/** What "persistence" is in memory: all processes share one backend. */
function memoryPlace(): Place {
  const backend = memory()
  return { open: () => backend, [Symbol.asyncDispose]: () => backend.close() }
}

/**
 * A file, to which each process has a connection of its own. Not synced at each commit: in cases
 * the process dies, not the machine.
 */
async function sqlitePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  const opened: Backend[] = []
  return {
    open() {
      const backend = sqlite(join(folder, 'cases.db'), { synchronous: 'NORMAL' })
      opened.push(backend)
      return backend
    },
    async [Symbol.asyncDispose]() {
      for (const backend of opened) await backend.close()
      await rm(folder, { recursive: true })
    },
  }
}
