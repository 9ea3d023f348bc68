/**
 * The floor on PostgreSQL: one prepared statement, one round trip, one commit for each step.
 *
 * `raw-postgres` does so on one connection; `raw-postgres-16` on sixteen at once, which is how
 * steps of many flows are written one by one; `raw-postgres-batched` writes as many steps in one
 * statement as the work allows.
 *
 * @module
 */
import pg from 'pg'
import { type Contender, check, FLOW_COUNT, type Order, timed, unknownKind } from '../work.ts'

const ONE = {
  name: 'insert_one',
  text: 'INSERT INTO steps VALUES ($1, $2, $3, $4, $5)',
}
const MANY = {
  name: 'insert_many',
  text: 'INSERT INTO steps SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])',
}

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const max = order.contender === 'raw-postgres-16' ? 16 : 1
  const pool = new pg.Pool({ connectionString: order.databaseUrl, max })
  await pool.query(
    'CREATE TABLE steps (uuid TEXT PRIMARY KEY, run TEXT, name TEXT, state TEXT, results TEXT)',
  )
  await pool.query('CREATE INDEX steps_run ON steps (run)')
  return {
    run: () => write(pool, order, max),
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

function rowsAtOnce({ contender, kind, size }: Order): number {
  if (kind !== 'linear' && kind !== 'flows' && kind !== 'wide') return unknownKind(contender, kind)
  if (contender !== 'raw-postgres-batched' || kind === 'linear') return 1
  return kind === 'flows' ? FLOW_COUNT : size
}

async function write(pool: pg.Pool, order: Order, connections: number): Promise<number> {
  const { size } = order
  const rows = rowsAtOnce(order)
  const run = crypto.randomUUID()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < size) {
      const numbers = Array.from({ length: Math.min(rows, size - next) }, (_, k) => next + k)
      next += numbers.length
      const [first = 0] = numbers
      if (rows === 1) {
        const values = [crypto.randomUUID(), run, `t${first}`, 'SUCCESS', `{"value":${first}}`]
        await pool.query({ ...ONE, values })
        continue
      }
      const values = [
        numbers.map(() => crypto.randomUUID()),
        numbers.map(() => run),
        numbers.map((k) => `t${k}`),
        numbers.map(() => 'SUCCESS'),
        numbers.map((k) => `{"value":${k}}`),
      ]
      await pool.query({ ...MANY, values })
    }
  }
  const us = await timed(size, () => Promise.all(Array.from({ length: connections }, lane)))
  const { rows: counted } = await pool.query(
    'SELECT count(*)::int AS n FROM steps WHERE run = $1',
    [run],
  )
  check('rows', counted[0]?.n, size)
  return us
}
