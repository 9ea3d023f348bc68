/**
 * The floor on SQLite: a prepared insert and a commit, with the pragmas of the backend.
 *
 * `raw-sqlite` commits each step by itself; `raw-sqlite-batched` commits as many steps at once as
 * the work allows, which is what a group commit comes down to.
 *
 * @module
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Contender, check, FLOW_COUNT, type Order, timed, unknownKind } from '../work.ts'

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const db = new DatabaseSync(join(order.folder, 'raw.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(
    'CREATE TABLE steps (uuid TEXT PRIMARY KEY, run TEXT, name TEXT, state TEXT, results TEXT)',
  )
  db.exec('CREATE INDEX steps_run ON steps (run)')
  return {
    run: order.kind === 'resume' ? () => read(db, order.size) : writer(db, order),
    [Symbol.asyncDispose]: async () => db.close(),
  }
}

/** How many rows one commit takes, and how many commits a step takes. */
function groupingOf({ contender, kind, size }: Order): { rows: number; commits: number } {
  const isBatched = contender === 'raw-sqlite-batched'
  switch (kind) {
    case 'linear':
    case 'retry':
      return { rows: 1, commits: 1 }
    case 'revert':
      return { rows: 1, commits: 2 }
    case 'flows':
      return { rows: isBatched ? FLOW_COUNT : 1, commits: 1 }
    case 'wide':
      return { rows: isBatched ? size : 1, commits: 1 }
    default:
      return unknownKind(contender, kind)
  }
}

function writer(db: DatabaseSync, order: Order): () => Promise<number> {
  const { rows, commits } = groupingOf(order)
  const { size } = order
  const insert = db.prepare('INSERT INTO steps VALUES (?, ?, ?, ?, ?)')
  const count = db.prepare('SELECT count(*) AS n FROM steps WHERE run = ?')
  const total = size * commits
  return async () => {
    const run = crypto.randomUUID()
    const us = await timed(size, async () => {
      for (let i = 0; i < total; i += rows) {
        if (rows > 1) db.exec('BEGIN IMMEDIATE')
        for (let k = i; k < Math.min(i + rows, total); k += 1) {
          insert.run(crypto.randomUUID(), run, `t${k}`, 'SUCCESS', `{"value":${k}}`)
        }
        if (rows > 1) db.exec('COMMIT')
        await undefined
      }
    })
    check('rows', count.get(run)?.['n'], total)
    return us
  }
}

/** Reads what a resumption must know at least. */
async function read(db: DatabaseSync, size: number): Promise<number> {
  const run = crypto.randomUUID()
  const insert = db.prepare('INSERT INTO steps VALUES (?, ?, ?, ?, ?)')
  db.exec('BEGIN')
  for (let i = 0; i < size; i += 1) {
    const results = i < size / 2 ? `{"value":${i}}` : null
    insert.run(crypto.randomUUID(), run, `t${i}`, results === null ? 'PENDING' : 'SUCCESS', results)
  }
  db.exec('COMMIT')
  let done = 0
  const us = await timed(1, () => {
    for (const row of db.prepare('SELECT * FROM steps WHERE run = ?').all(run)) {
      if (row['results'] !== null && JSON.parse(String(row['results'])).value >= 0) done += 1
    }
  })
  check('steps done', done, size / 2)
  return us
}
