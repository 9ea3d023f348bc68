import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import type { Backend } from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { type Contents, contents, GIVEN, resume, write } from './interop-flows.ts'
import { SERVER_DRIVERS } from './server-drivers.ts'

const PYTHON = '/usr/bin/python3'
const SCRIPT = join(import.meta.dirname, 'python', 'interop.py')
const PACKAGES =
  'python3-taskflow python3-sqlalchemy-utils python3-alembic python3-psycopg2 python3-pymysql'

const run = promisify(execFile)

/** An empty place that both programs can reach. */
interface Place extends AsyncDisposable {
  readonly backend: Backend
  readonly pythonUrl: string
  /** Makes the tables as Python would. */
  prepareForPython(): Promise<void>
}

const folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
afterAll(() => rmSync(folder, { recursive: true }))

let fileCount = 0
const OPEN: Readonly<Record<string, () => Promise<Place | undefined>>> = {
  sqlite: async () => {
    const file = join(folder, `${++fileCount}.db`)
    const backend = sqlite(file)
    return {
      backend,
      pythonUrl: `sqlite:///${file}`,
      prepareForPython: async () => {}, // its script makes them
      [Symbol.asyncDispose]: () => backend.close(),
    }
  },
  directory: async () => {
    const path = join(folder, `runs-${++fileCount}`)
    const backend = directory(path)
    return {
      backend,
      pythonUrl: `dir:///?path=${path}`,
      prepareForPython: async () => {}, // its script makes the folders
      [Symbol.asyncDispose]: () => backend.close(),
    }
  },
  ...Object.fromEntries(
    SERVER_DRIVERS.map(({ name, open, database, pythonTables, pythonScheme }) => [
      name,
      async (): Promise<Place | undefined> => {
        const made = await database()
        if (made === undefined) return undefined
        const backend = open(made.url)
        return {
          backend,
          pythonUrl: made.url.replace(/^[a-z]+:/, `${pythonScheme}:`),
          prepareForPython: async () => {
            await made.run(...pythonTables.split(/;\n/).filter((sql) => sql.trim() !== ''))
          },
          [Symbol.asyncDispose]: async () => {
            await backend.close()
            await made[Symbol.asyncDispose]()
          },
        }
      },
    ]),
  ),
}

async function hasTaskflow(): Promise<boolean> {
  try {
    await run(PYTHON, ['-c', 'import taskflow, sqlalchemy_utils, alembic, psycopg2, pymysql'])
    return true
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    process.stderr.write(`skipped: no Python TaskFlow here; apt-get install -y ${PACKAGES}\n`)
    return false
  }
}

async function python(...args: readonly string[]): Promise<Contents> {
  const { stdout } = await run(PYTHON, [SCRIPT, ...args], { maxBuffer: 1e8 })
  return JSON.parse(stdout) as Contents
}

describe.skipIf(!(await hasTaskflow()))('with Python TaskFlow', { timeout: 120_000 }, () => {
  for (const [name, open] of Object.entries(OPEN)) {
    test(`${name}: reads what Python wrote, goes on with it, and Python reads that`, async ({
      skip,
    }) => {
      await using place = await open()
      if (place === undefined) return skip('there is no server')
      const { backend, pythonUrl } = place
      await place.prepareForPython()
      const written = await python('write', pythonUrl)
      expect(states(written)).toEqual(STATES)
      const read = await contents(backend, written.uuid)
      expect(common(read)).toEqual(common(written))
      expect(values(read, 'retried')).toEqual([1, 2, 3])
      expect((await resume(backend, written.uuid)).toSorted()).toEqual(RESUMED)
      const ended = await contents(backend, written.uuid)
      expect(states(ended)).toEqual(ENDED)
      expect(ended.flows['suspended']?.atoms['gather']?.['results']).toEqual([7, 2, GIVEN])
      expect(common(await python('read', pythonUrl, written.uuid))).toEqual(common(ended))
    })

    test(`${name}: Python reads what we wrote, goes on with it, and we read that`, async ({
      skip,
    }) => {
      await using place = await open()
      if (place === undefined) return skip('there is no server')
      const { backend, pythonUrl } = place
      const uuid = await write(backend)
      const written = await contents(backend, uuid)
      expect(states(written)).toEqual(STATES)
      expect(common(await python('read', pythonUrl, uuid))).toEqual(common(written))
      const ended = await python('resume', pythonUrl, uuid)
      expect(states(ended)).toEqual(ENDED)
      expect(ended.flows['suspended']?.atoms['gather']?.['results']).toEqual([7, 2, GIVEN])
      expect(common(await contents(backend, uuid))).toEqual(common(ended))
    })
  }

  test('directory: each removes what the other wrote, and leaves nothing', async () => {
    await using place = await OPEN['directory']?.()
    if (place === undefined) throw new Error('there is no folder')
    const { backend, pythonUrl } = place
    const path = pythonUrl.slice(pythonUrl.indexOf('=') + 1)
    const folders = ['books', 'flow_details', 'atom_details'].map((name) => join(path, name))
    await python('remove', pythonUrl, await write(backend))
    expect(folders.flatMap((one) => readdirSync(one))).toEqual([])
    expect([await backend.countBooks(), await backend.countFlows()]).toEqual([0, 0])
    const { uuid } = await python('write', pythonUrl)
    expect(await backend.countFlows()).toBe(Object.keys(STATES).length)
    await backend.removeBook(uuid)
    expect(folders.flatMap((one) => readdirSync(one))).toEqual([])
  })
})

const STATES = {
  succeeded: 'SUCCESS',
  reverted: 'REVERTED',
  stuck: 'FAILURE',
  retried: 'SUCCESS',
  'given up': 'REVERTED',
  suspended: 'SUSPENDED',
  undoing: 'SUSPENDED',
}
const ENDED = { ...STATES, suspended: 'SUCCESS', undoing: 'REVERTED' }
const RESUMED = ['first revert', 'gather']

function states({ flows }: Contents): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(flows).map(([name, { state }]) => [name, state]))
}

/**
 * What both sides can agree on. Python's moments are in UTC without saying so, and more exact than
 * a Date; we write `progress_details` with each progress; and the reader of Python TaskFlow 5 puts
 * the dictionary of a failure in place of an attempt's value (`RetryDetail.from_dict` uses `data`
 * twice), so that values of failed attempts are looked at in our reading only.
 */
function common({ flows, created_at, ...rest }: Contents): unknown {
  return {
    ...rest,
    created_at: new Date(`${created_at.replace(/Z$/, '').slice(0, 23)}Z`).toISOString(),
    flows: Object.fromEntries(
      Object.entries(flows).map(([name, flow]) => [
        name,
        {
          ...flow,
          atoms: Object.fromEntries(
            Object.entries(flow.atoms).map(([atom, { meta, results, ...fields }]) => {
              const { progress_details, ...others } = meta as Record<string, unknown>
              const isRetry = fields['type'] === 'RETRY_DETAIL'
              return [
                atom,
                {
                  ...fields,
                  meta: {
                    ...others,
                    ...((progress_details ?? null) !== null && { progress_details }),
                  },
                  results: isRetry ? (results as Attempts).map(withoutLostValue) : results,
                },
              ]
            }),
          ),
        },
      ]),
    ),
  }
}

type Attempts = readonly (readonly [value: unknown, failures: object])[]

function withoutLostValue([value, failures]: Attempts[number]): unknown {
  return Object.keys(failures).length === 0 ? [value, failures] : failures
}

function values({ flows }: Contents, flow: string): readonly unknown[] {
  const attempts = (flows[flow]?.atoms['again']?.['results'] ?? []) as Attempts
  return attempts.map(([value]) => value)
}
