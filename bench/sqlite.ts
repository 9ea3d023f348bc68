/**
 * Durable linear flows on SQLite, against raw inserts with the same pragmas.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { load } from '../src/index.ts'
import { sqlite } from '../src/persistence/sql/sqlite.ts'
import type { Competitor } from './measure.ts'
import { flowOf } from './shapes.ts'

/** The competitors for one number of steps. */
export function onSqlite(count: number): readonly Competitor[] {
  return [rawInserts(count), durableLinear(count)]
}

function rawInserts(count: number): Competitor {
  return {
    name: 'raw: one prepared insert and commit per step',
    run: inFolder(async (folder) => {
      const db = new DatabaseSync(join(folder, 'raw.db'))
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      db.exec('CREATE TABLE steps (uuid TEXT PRIMARY KEY, name TEXT, state TEXT, results TEXT)')
      const insert = db.prepare('INSERT INTO steps VALUES (?, ?, ?, ?)')
      const start = performance.now()
      for (let i = 0; i < count; i += 1) {
        insert.run(crypto.randomUUID(), `t${i}`, 'SUCCESS', '{"value":1}')
        await undefined
      }
      const us = ((performance.now() - start) * 1000) / count
      db.close()
      return us
    }),
  }
}

function durableLinear(count: number): Competitor {
  return {
    name: 'linear flow, one task per step',
    run: inFolder(async (folder) => {
      await using backend = sqlite(join(folder, 'logbook.db'))
      const engine = load(flowOf('linear', count), { backend })
      engine.compile()
      await engine.prepare()
      const start = performance.now()
      await engine.run()
      const us = ((performance.now() - start) * 1000) / count
      if (engine.storage.getFlowState() !== 'SUCCESS') throw new Error('the flow did not succeed')
      return us
    }),
  }
}

function inFolder(work: (folder: string) => Promise<number>): () => Promise<number> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'taskflow-bench-'))
    try {
      return await work(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
