import { inspect } from 'node:util'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { checkServerUrl, withoutUrl } from '../../src/database/server-url.ts'
import { openBackend } from '../../src/index.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { mysqlDatabase, postgresDatabase } from './servers.ts'

const SECRET = 'S3CR3TxQ'

/** Everything that somebody who has the error could print of it. */
function all(error: unknown): string {
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true })
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each([
  ['postgres', postgres],
  ['mysql', mysql],
] as const)('the URL of %s', (scheme, open) => {
  test.each([
    [`root:${SECRET}@127.0.0.1:99999/db`, RangeError, 'has an invalid port 99999'],
    [`root:${SECRET}@127.0.0.1:0/db`, RangeError, 'has an invalid port 0'],
    [`root:${SECRET}@127.0.0.1:-1/db`, RangeError, 'must be a number from 1 to 65535'],
    [`root:${SECRET}@127.0.0.1:port/db`, RangeError, 'must be a number from 1 to 65535'],
    [`root:${SECRET}@[::1/db`, RangeError, 'must be a number from 1 to 65535'],
    [`127.0.0.1:1234:${SECRET}/db`, RangeError, 'must be a number from 1 to 65535'],
    [`root:${SECRET}%@127.0.0.1/db`, TypeError, 'write % as %25'],
    [`root:${SECRET}%zz@127.0.0.1/db`, TypeError, 'write % as %25'],
    [`root:${SECRET}@127.0.0.1/d%b`, TypeError, 'write % as %25'],
    [`root:${SECRET}%ff@127.0.0.1/db`, TypeError, 'encode it with encodeURIComponent'],
    [`root:${SECRET}/x@127.0.0.1/db`, TypeError, 'encode the password with encodeURIComponent'],
    [`root:1234/${SECRET}@127.0.0.1/db`, TypeError, 'encode the password'],
    [`root:${SECRET}#x@127.0.0.1/db`, TypeError, 'encode the password'],
    [`root:${SECRET}?x@127.0.0.1/db`, TypeError, 'encode the password'],
    [`root:${SECRET}@/db`, TypeError, 'names no host'],
    [`root:${SECRET}@:4711/db`, TypeError, 'names no host'],
    [`root:${SECRET}@[zz]/db`, TypeError, 'names a host that cannot be one'],
    [`root:${SECRET}@my host/db`, TypeError, 'write a space as %20'],
    [`root:${SECRET}@127.0.0.1/db\n`, TypeError, 'the end of a line'],
    [`root:${SECRET}@127.0.0.1`, TypeError, 'names no database: add its name'],
    [`root:${SECRET}@127.0.0.1/`, TypeError, 'names no database: add its name'],
    [`root:${SECRET}@127.0.0.1?ssl=1`, TypeError, 'names no database: add its name'],
  ])('is refused: %j', async (rest, type, message) => {
    vi.stubEnv('PGDATABASE', undefined)
    const url = `${scheme}://${rest}`
    const error = thrownBy(() => open(url))
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ message: expect.stringContaining(message) })
    expect(all(error)).not.toContain(SECRET)
    await expect(openBackend(url)).rejects.toThrow(message)
  })

  test.each([
    `${scheme}:root:${SECRET}@h/db`,
    `${scheme}:/root:${SECRET}@h/db`,
    `x://${SECRET}@h/db`,
  ])('begins with its scheme: %s', (url) => {
    const error = thrownBy(() => open(url))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: expect.stringContaining(`begin with ${scheme}://`) })
    expect(all(error)).not.toContain(SECRET)
  })

  test.each([
    '127.0.0.1/db',
    'me@localhost/db',
    'me:p%40ss%2Fword@db.example.org:5432/db?ssl=true',
    'me@other:secret@host/db',
    '[::1]/db',
    'me@[2001:db8::1]:1234/db',
    '/db',
  ])('is taken: %s', (rest) => {
    expect(() => open(`${scheme}://${rest}`)).not.toThrow()
    expect(() => open(`${scheme.toUpperCase()}://${rest}`)).not.toThrow()
  })
})

test('the URL of postgres may name the folder of a socket, and leave the database to PGDATABASE', () => {
  expect(() => postgres('postgres://me@/db?host=/var/run/postgresql')).not.toThrow()
  expect(() => postgres('postgres://%2Fvar%2Frun%2Fpostgresql/db')).not.toThrow()
  vi.stubEnv('PGDATABASE', 'db')
  expect(() => postgres('postgresql://me@localhost')).not.toThrow()
  expect(() => mysql('mysql://me@localhost')).toThrow('names no database')
  vi.unstubAllEnvs()
})

test('what a library says of a URL that it cannot read comes without the URL', () => {
  const error = withoutUrl(
    thrownBy(() => new URL(`x://${SECRET}@`)),
    'MySQL',
  )
  expect(error).toEqual(new TypeError('the URL of MySQL cannot be read'))
  expect(all(error)).not.toContain(SECRET)
  const other = new Error('other')
  expect(withoutUrl(other, 'MySQL')).toBe(other)
})

test('a URL that is no text is read as text', () => {
  const form = { server: 'X', schemes: ['x'] }
  expect(() => checkServerUrl(new URL('x://h/d'), form)).not.toThrow()
  expect(() => checkServerUrl(undefined as never, form)).toThrow('must begin with x://')
})

const places = [await postgresDatabase(), await mysqlDatabase()] as const
afterAll(async () => {
  for (const place of places) await place?.[Symbol.asyncDispose]()
})

describe.each([
  ['postgres', places[0]],
  ['mysql', places[1]],
] as const)('what %s refuses', (_, place) => {
  test.skipIf(place === undefined).each([
    ['nothing listens', (url: URL) => void Object.assign(url, { port: '1' })],
    ['an unknown host', (url: URL) => void Object.assign(url, { hostname: 'nowhere.invalid' })],
    [
      'an unknown database',
      (url: URL) => void Object.assign(url, { pathname: 'taskflow_nowhere' }),
    ],
    ['a wrong user', (url: URL) => void Object.assign(url, { username: 'taskflow_nobody' })],
  ])('is told without the password: %s', async (_, spoil) => {
    const url = new URL(place?.url ?? '')
    url.password = SECRET
    spoil(url)
    const error = await openBackend(url).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    expect(all(error)).not.toContain(SECRET)
  })
})
