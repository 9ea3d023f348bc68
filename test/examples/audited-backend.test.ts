/**
 * The backend of example 11 keeps the contract, as a user would have it tested.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { audited } from '../../examples/audited-backend.ts'
import { memory } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'audited-'))
afterAll(() => rmSync(folder, { recursive: true }))

backendContract({ name: 'audited memory', open: async () => audited(memory(), () => {}) })
backendContract({
  name: 'audited SQLite',
  open: async (place) => audited(sqlite(join(folder, `${place}.db`)), () => {}),
})

test('what is refused leaves no trace', async () => {
  const lines: string[] = []
  await using backend = audited(memory(), (line) => lines.push(line))
  await expect(backend.removeBook('none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const flow = { uuid: 'f', bookUuid: 'none', name: 'f', state: 'PENDING', meta: '{}' } as const
  await expect(
    backend.save({ flowUuid: 'f', book: undefined, flow, atoms: [] }),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(lines).toEqual([])
})
