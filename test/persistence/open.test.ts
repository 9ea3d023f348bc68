import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Backend,
  BackendUnavailableError,
  ForwardingBackend,
  linear,
  load,
  memory,
  openBackend,
  registerBackend,
  task,
} from '../../src/index.ts'
import { readBackendUrl } from '../../src/persistence/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-open-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('reading a URL', () => {
  test.each([
    ['sqlite:runs.db', 'sqlite', 'runs.db'],
    ['sqlite:/var/lib/runs.db', 'sqlite', '/var/lib/runs.db'],
    ['dir:runs', 'dir', 'runs'],
    ['sqlite::memory:', 'sqlite', ':memory:'],
    ['postgres://me:secret@host/db', 'postgres', '//me:secret@host/db'],
    ['postgresql://host/db', 'postgres', '//host/db'],
    ['MARIADB://host/db', 'mysql', '//host/db'],
    ['mysql://host/db', 'mysql', '//host/db'],
    ['memory:', 'memory', ''],
  ])('%s', (url, kind, rest) => {
    expect(readBackendUrl(url)).toEqual({ kind, rest })
  })

  test.each([
    ['', 'has no scheme'],
    ['runs.db', 'has no scheme'],
    ['redis://me:secret@host', "unknown scheme 'redis:'"],
    ['constructor:', "unknown scheme 'constructor:'"],
    ['sqlite:', 'followed by a path'],
    ['sqlite:///runs.db', 'followed by a path'],
    ['dir:', 'as in dir:runs'],
  ])('refuses "%s", and repeats no password', (url, message) => {
    expect(() => readBackendUrl(url)).toThrow(TypeError)
    expect(() => readBackendUrl(url)).toThrow(message)
    expect(() => readBackendUrl(url)).not.toThrow('secret')
  })
})

test('opens a backend that runs can be kept in', async () => {
  await using backend = await openBackend(`sqlite:${join(folder, 'runs.db')}`)
  await load(linear('f').add(task('a', { execute() {} })), { backend }).run()
  await using again = await openBackend(`sqlite:${join(folder, 'runs.db')}`)
  expect((await again.listFlows()).map(({ state }) => state)).toEqual(['SUCCESS'])
})

test('opens a folder', async () => {
  await using backend = await openBackend(`dir:${join(folder, 'runs')}`)
  await load(linear('f').add(task('a', { execute() {} })), { backend }).run()
  await using again = await openBackend(`dir:${join(folder, 'runs')}`)
  expect(await again.countFlows()).toBe(1)
})

test('opens one that forgets', async () => {
  await using backend = await openBackend(new URL('memory:'))
  expect(backend.supports.durable).toBe(false)
})

test('says at once when it cannot be opened', async () => {
  await expect(openBackend(`sqlite:${join(folder, 'no', 'runs.db')}`)).rejects.toThrow(
    BackendUnavailableError,
  )
  await expect(openBackend('postgres://127.0.0.1:1/db')).rejects.toThrow(BackendUnavailableError)
  await expect(openBackend('mariadb://127.0.0.1:1/db')).rejects.toThrow(BackendUnavailableError)
})

describe('a scheme that was registered', () => {
  test('is opened with the whole URL, until it is taken back', async () => {
    const urls: string[] = []
    {
      using _registered = registerBackend('Toy', async (url) => {
        urls.push(url)
        return new ForwardingBackend(memory())
      })
      await using backend = await openBackend('toy://me:secret@here/runs')
      await load(linear('f').add(task('a', { execute() {} })), { backend }).run()
      expect((await backend.listFlows()).map(({ state }) => state)).toEqual(['SUCCESS'])
      expect(readBackendUrl('TOY:x')).toEqual({ kind: 'toy', rest: 'x' })
      expect(() => readBackendUrl('nobody:')).toThrow('mysql://…, toy:…, or memory:')
    }
    expect(urls).toEqual(['toy://me:secret@here/runs'])
    await expect(openBackend('toy:x')).rejects.toThrow("has the unknown scheme 'toy:'")
  })

  test.each(['sqlite', 'MariaDB', 'memory'])('cannot be one that is there: %s', (scheme) => {
    expect(() => registerBackend(scheme, () => memory())).toThrow(
      expect.objectContaining({ code: 'DUPLICATE' }),
    )
  })

  test('cannot be registered twice', () => {
    using _first = registerBackend('toy', () => memory())
    expect(() => registerBackend('toy', () => memory())).toThrow(
      'a backend for URLs with toy: already',
    )
  })

  test.each(['', 'a b', '1a', 'x:', 3])('must be a word: %j', (scheme) => {
    expect(() => registerBackend(scheme as string, () => memory())).toThrow(
      'the scheme of a backend must be a word such as cockroach',
    )
  })

  test('must be made by a function, and make a backend', async () => {
    expect(() => registerBackend('toy', 5 as never)).toThrow(TypeError)
    using _registered = registerBackend('toy', () => ({ save() {} }) as unknown as Backend)
    await expect(openBackend('toy:x')).rejects.toThrow(
      /what was made of a toy: URL must be a Backend, got .* without a method open/,
    )
  })
})
