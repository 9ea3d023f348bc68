import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  flowRecord,
  saveNewFlow,
} from '../../src/testing/backend/clause.ts'
import { ServerProxy } from './proxy.ts'
import { SERVER_DRIVERS, type ServerDriver } from './server-drivers.ts'

const AT_ONCE = { retry: { attempts: 4, maxDelayMs: 20 } }

describe.each(SERVER_DRIVERS)('$name, options', ({ name, open }) => {
  test.each([0, 1.5, Number.NaN])('refuses %d as maxConnections', (maxConnections) => {
    expect(() => open(`${name}://localhost/x`, { maxConnections })).toThrow(RangeError)
  })

  test.each([-1, 1.5, Number.NaN])('refuses %d as lockTimeoutMs', (lockTimeoutMs) => {
    expect(() => open(`${name}://localhost/x`, { lockTimeoutMs })).toThrow(RangeError)
  })

  test.each([
    { attempts: 0 },
    { attempts: 1.5 },
    { maxDelayMs: -1 },
    { maxDelayMs: Number.NaN },
    { totalMs: -1 },
    { totalMs: Number.NaN },
  ])('refuses %j as retry', (retry) => {
    expect(() => open(`${name}://localhost/x`, { retry })).toThrow(RangeError)
  })

  test.each([undefined, null, 7, {}])('refuses %j as what it connects to', (given) => {
    expect(() => open(given as never)).toThrow(TypeError)
  })
})

describe.each(SERVER_DRIVERS)('$name, without its library', ({ name, library, open }) => {
  afterAll(() => {
    vi.doUnmock(name === 'mysql' ? 'mysql2/promise' : 'pg')
  })

  test('says what to install', async () => {
    vi.doMock(name === 'mysql' ? 'mysql2/promise' : 'pg', () => {
      throw new Error('Cannot find package')
    })
    await using backend = open(`${name}://localhost/x`)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining(`npm install ${library}`),
    })
  })
})

for (const driver of SERVER_DRIVERS) {
  const database = await driver.database()
  afterAll(() => database?.[Symbol.asyncDispose]())
  describe.skipIf(database === undefined)(driver.name, () => {
    if (database !== undefined) withServer(driver, database)
  })
}

function withServer(
  { name, open, handIn, pythonTables, wrongDatabase, killOthers }: ServerDriver,
  database: NonNullable<Awaited<ReturnType<ServerDriver['database']>>>,
): void {
  const { url, run } = database
  let proxy: ServerProxy
  beforeAll(async () => {
    await using backend = open(url)
    await backend.open()
    proxy = await ServerProxy.open(url)
  })
  afterAll(() => proxy.close())

  test('saves each checkpoint in one round trip, and loads a flow in one', async () => {
    await using backend = open(proxy.url, { maxConnections: 1 })
    const { book, flow } = await saveNewFlow(backend)
    const atoms = Array.from({ length: 100 }, (_, i) =>
      atomRecord(i % 4 === 0 ? { payload: undefined } : {}),
    )
    const next = bookRecord()
    const checkpoints = [
      checkpointOf(flow.uuid, { atoms: atoms.slice(0, 1) }),
      checkpointOf(flow.uuid, { atoms: atoms.slice(0, 2) }),
      checkpointOf(flow.uuid, { atoms }),
      checkpointOf(flow.uuid, { flow, atoms: atoms.slice(1, 2) }),
      checkpointOf('', { book }),
      checkpointOf('new', { book: next, flow: flowRecord(next.uuid, { uuid: 'new' }) }),
    ]
    for (const checkpoint of checkpoints) {
      const before = proxy.turnCount
      await backend.save(checkpoint)
      expect(proxy.turnCount - before).toBe(1)
    }
    const before = proxy.turnCount
    await backend.loadFlow(flow.uuid)
    await backend.listFlows()
    expect(proxy.turnCount - before).toBe(2)
    await backend.removeBook(next.uuid)
  })

  test('needs no second attempt on a connection that has migrated the schema', async () => {
    const place = await database.place('migrated')
    await using backend = open(place, { retry: { attempts: 1 }, maxConnections: 1 })
    const { book, flow } = await saveNewFlow(backend, [atomRecord()])
    await backend.loadFlow(flow.uuid)
    await backend.listFlows({ states: ['PENDING'] })
    await backend.removeBook(book.uuid)
  })

  test('goes on when its connections were lost', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    const { flow } = await saveNewFlow(backend)
    proxy.cut()
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord(), atomRecord()] }))
    proxy.cut()
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(2)
  })

  test('goes on when the server has ended its connections', async () => {
    await using backend = open(new URL(url), AT_ONCE)
    const { flow } = await saveNewFlow(backend)
    await killOthers(run)
    await backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
  })

  test('keeps all of many saves that lock each other', async () => {
    await using backend = open(url)
    const atoms = Array.from({ length: 30 }, (_, i) => atomRecord({ name: `task ${i}` }))
    const { flow } = await saveNewFlow(backend, atoms)
    const changed = atoms.map((atom) => ({ ...atom, state: 'RUNNING' }) as const)
    await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        backend.save(
          checkpointOf(flow.uuid, {
            atoms: [...(i % 2 === 0 ? changed : changed.toReversed()), atomRecord()],
          }),
        ),
      ),
    )
    const loaded = await backend.loadFlow(flow.uuid)
    expect(loaded.atoms).toHaveLength(36)
    expect(loaded.atoms.slice(0, 30)).toEqual(changed)
  })

  test('saves once more when it does not know whether it has saved', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    const { flow } = await saveNewFlow(backend)
    const atoms = [atomRecord(), atomRecord({ payload: undefined })]
    proxy.losesNextAnswer = true
    await backend.save(checkpointOf(flow.uuid, { atoms }))
    expect(proxy.losesNextAnswer).toBe(false)
    expect((await backend.loadFlow(flow.uuid)).atoms.map(({ uuid }) => uuid)).toEqual(
      atoms.map(({ uuid }) => uuid),
    )
  })

  test('does not remove a book again when it does not know whether it did', async () => {
    await using backend = open(proxy.url, AT_ONCE)
    const { book } = await saveNewFlow(backend)
    proxy.losesNextAnswer = true
    await expect(backend.removeBook(book.uuid)).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('it is unknown whether it was written'),
    })
  })

  test('gives up when the server stays away, and goes on when it is back', async () => {
    const away = await ServerProxy.open(url)
    await using backend = open(away.url, AT_ONCE)
    const { flow } = await saveNewFlow(backend)
    away.close()
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    const save = (): Promise<void> =>
      backend.save(checkpointOf(flow.uuid, { atoms: [atomRecord()] }))
    await expect(save()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED.*nothing listens.*tried 4 times/),
      cause: { code: 'ECONNREFUSED' },
    })
  })

  test('says what to do about a database that is not there', async () => {
    const wrong = new URL(url)
    wrong.pathname = 'taskflow_test_nowhere'
    await using backend = open(wrong.href)
    await expect(backend.open()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(wrongDatabase),
    })
  })

  test('says at once that nothing listens', async () => {
    await using backend = open('x://127.0.0.1:1/x'.replace('x:', `${name}:`))
    await expect(backend.open()).rejects.toThrow(/cannot be opened.*nothing listens/)
  })

  test('opens one new place from four processes at once', async () => {
    const place = await database.place('four')
    const outputs = [1, 2, 3, 4].map(() => {
      const script = join(import.meta.dirname, 'opener.ts')
      const { stdout } = spawn(process.execPath, [script, name, place], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return text(stdout)
    })
    expect(await Promise.all(outputs)).toEqual(Array(4).fill('saved\n'))
    await using backend = open(place)
    expect(await backend.listBooks()).toHaveLength(4)
  })

  test.each([true, false])(
    'uses a pool handed in (plain: %j), and leaves it open',
    async (plain) => {
      await using handedIn = handIn(url, plain)
      const { backend, ask } = handedIn
      const atoms = [atomRecord(), atomRecord({ payload: undefined }), atomRecord()]
      const { book, flow } = await saveNewFlow(backend, atoms)
      await expect(
        backend.save(checkpointOf('nowhere', { atoms: [atomRecord(), atomRecord()] })),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect((await backend.loadFlow(flow.uuid)).atoms.map(({ uuid }) => uuid)).toEqual(
        atoms.map(({ uuid }) => uuid),
      )
      await backend.removeBook(book.uuid)
      await backend.close()
      await ask()
    },
  )

  test('takes over tables that Python made, in the order of its atoms', async () => {
    await using python = await fresh()
    const statements = pythonTables.split(/;\n/).filter((sql) => sql.trim() !== '')
    const row = (uuid: string, second: number): string =>
      `INSERT INTO atomdetails (uuid, parent_uuid, name, atom_type, created_at) VALUES ('${uuid}', 'f', '${uuid}', 'TASK_DETAIL', '2026-01-01 00:00:0${second}')`
    await python.run(
      ...statements,
      "INSERT INTO logbooks (uuid, name, created_at) VALUES ('b', 'b', '2026-01-01 00:00:00')",
      "INSERT INTO flowdetails (uuid, parent_uuid, name) VALUES ('f', 'b', 'f')",
      row('second', 2),
      row('a-third', 3),
      row('z-first', 1),
    )
    await using backend = open(python.url)
    await backend.save(checkpointOf('f', { atoms: [atomRecord({ uuid: '0-ours', name: 'ours' })] }))
    await python.run(row('0-python', 4))
    await backend.save(checkpointOf('f', { atoms: [atomRecord({ uuid: '00', name: 'last' })] }))
    expect((await backend.loadFlow('f')).atoms.map((atom) => atom.name)).toEqual([
      ...['z-first', 'second', 'a-third', 'ours', '0-python', 'last'],
    ])
    expect(await python.run('SELECT version_num FROM alembic_version')).toEqual([
      { version_num: '00af93df9d77' },
    ])
  })

  test('makes the tables that Python would make, and what it adds', async () => {
    await using ours = await fresh()
    await using python = await fresh()
    await python.run(...pythonTables.split(/;\n/).filter((sql) => sql.trim() !== ''))
    for (const place of [ours, python]) {
      await using backend = open(place.url)
      await backend.open()
    }
    expect(await columns(ours.run)).toEqual(await columns(python.run))
    expect(await ours.run('SELECT version_num FROM alembic_version')).toHaveLength(1)
  })

  async function fresh(): Promise<typeof database> {
    const { database: make } = SERVER_DRIVERS.find((one) => one.name === name) ?? {}
    const made = await make?.()
    if (made === undefined) throw new Error('the server is gone')
    return made
  }

  function columns(ask: typeof run): Promise<readonly unknown[]> {
    const schema = name === 'mysql' ? 'DATABASE()' : 'current_schema()'
    return ask(
      `SELECT table_name AS t, column_name AS c, data_type AS d, is_nullable AS n, column_default AS v, character_maximum_length AS l FROM information_schema.columns WHERE table_schema = ${schema} ORDER BY 1, 2`,
    )
  }
}
