/**
 * What went through a payload codec comes back from the servers, which keep it as JSON.
 *
 * @module
 */
import { afterAll, expect, test } from 'vitest'
import { type Backend, withPayloadCodec } from '../../src/index.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import * as sample from '../../src/testing/backend/clause.ts'
import { aes256gcm, ringOf } from './aes-codec.ts'
import { mysqlDatabase, postgresDatabase, type TestDatabase } from './servers.ts'

const servers: readonly {
  readonly name: string
  readonly database: TestDatabase | undefined
  readonly open: (url: string) => Backend
}[] = [
  { name: 'postgres', database: await postgresDatabase(), open: (url) => postgres(url) },
  { name: 'mysql', database: await mysqlDatabase(), open: (url) => mysql(url) },
]
afterAll(async () => {
  for (const { database } of servers) await database?.[Symbol.asyncDispose]()
})

test.for(servers)('$name', async ({ database, open }, { skip }) => {
  if (database === undefined) return skip('there is no server')
  await using backend = withPayloadCodec(
    open(await database.place('codec')),
    aes256gcm(ringOf('k')),
  )
  const payload = {
    results: '{"a": "\\u0000 ü \u{1f4d8} \\ud800"}',
    failure: '{"f":1}',
    revertResults: null,
    revertFailure: '{"r":"\u2028"}',
  }
  const atoms = [sample.atomRecord({ payload, meta: '{"m":  1}' }), sample.atomRecord()]
  const { flow, book } = await sample.saveNewFlow(backend, atoms)
  expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms })
  expect(await backend.listBooks()).toEqual([book])
  await using plain = open(await database.place('codec'))
  const stored = await plain.loadFlow(flow.uuid)
  for (const text of [stored.flow.meta, ...Object.values(stored.atoms[0]?.payload ?? {})]) {
    if (text !== null) expect(text).toMatch(/^\{"\$taskflow":\s?\["Coded",\s?"k:/)
  }
})
