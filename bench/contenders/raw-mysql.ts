/**
 * The floor on MySQL and MariaDB: one prepared statement and one commit for each step.
 *
 * @module
 */
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { type Contender, check, type Order, timed } from '../work.ts'

/** Makes the contender. */
export async function open({ size, databaseUrl = '' }: Order): Promise<Contender> {
  const connection = await mysql.createConnection(databaseUrl)
  await connection.query(
    'CREATE TABLE steps (uuid VARCHAR(64) PRIMARY KEY, run VARCHAR(64), name TEXT, state TEXT, results TEXT, INDEX (run)) ENGINE = InnoDB',
  )
  return {
    async run() {
      const run = crypto.randomUUID()
      const us = await timed(size, async () => {
        for (let i = 0; i < size; i += 1) {
          const values = [crypto.randomUUID(), run, `t${i}`, 'SUCCESS', `{"value":${i}}`]
          await connection.execute('INSERT INTO steps VALUES (?, ?, ?, ?, ?)', values)
        }
      })
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT count(*) AS n FROM steps WHERE run = ?',
        [run],
      )
      check('rows', rows[0]?.['n'], size)
      return us
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}
