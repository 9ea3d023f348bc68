import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { BackendUnavailableError, linear, load, openBackend, task } from '../../src/index.ts'
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
