import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import * as publicErrors from '../../src/errors.ts'
import { openBackend } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-open-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0

/** The URL of a database in which these statements were run. */
function made(...statements: readonly string[]): string {
  count += 1
  const path = join(folder, `${count}.db`)
  const database = new DatabaseSync(path)
  for (const statement of statements) database.exec(statement)
  database.close()
  return `sqlite:${path}`
}

const file = (name: string, make: (path: string) => unknown): string => {
  make(join(folder, name))
  return join(folder, name)
}

const STEPS = 'CREATE TABLE taskflow_ts_migrations (id INTEGER PRIMARY KEY'

describe('opening rejects with a public error that has a code', () => {
  test.each<[string, () => string]>([
    [
      'a file that is no database',
      () => `sqlite:${file('a', (p) => writeFileSync(p, 'x'.repeat(9999)))}`,
    ],
    ['a folder as database', () => `sqlite:${file('b', mkdirSync)}`],
    ['a pipe as database', () => `sqlite:${file('c', (p) => execFileSync('mkfifo', [p]))}`],
    ['tables of another form', () => made('CREATE TABLE flowdetails (a)')],
    ['steps of another form', () => made('CREATE TABLE taskflow_ts_migrations (a)')],
    [
      'steps that are a view',
      () => made('CREATE VIEW taskflow_ts_migrations AS SELECT 1 id, 0 breaking'),
    ],
    ['steps with a check', () => made(`${STEPS} CHECK (id > 9), breaking, applied_at)`)],
    [
      'steps that refer to others',
      () =>
        made('CREATE TABLE x (y PRIMARY KEY)', `${STEPS} REFERENCES x (y), breaking, applied_at)`),
    ],
    ['a file as folder', () => `dir:${file('d', (p) => writeFileSync(p, ''))}`],
    ['a folder in a file', () => `dir:${file('e', (p) => writeFileSync(p, ''))}/runs`],
    ['a server that is not there', () => 'postgres://127.0.0.1:1/x'],
    ['another server that is not there', () => 'mysql://127.0.0.1:1/x'],
  ])('for %s', async (_, url) => {
    const error: unknown = await openBackend(url()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(publicErrors.StorageError)
    const classes: readonly unknown[] = Object.values(publicErrors)
    expect(classes).toContain((error as Error).constructor)
  })

  test.runIf(process.platform === 'linux')('for a place where no folder can be made', async () => {
    await expect(openBackend('dir:/proc/taskflow')).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    })
  })
})
