/**
 * A run that one of the two programs began by a factory is gone on with by the other, under the
 * dotted name of the Python function.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  compareAll,
  defineFlow,
  linear,
  loadFromFactory,
  resumeAll,
  task,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'

const PYTHON = '/usr/bin/python3'
const SCRIPT = join(import.meta.dirname, 'python', 'shop.py')

const folder = mkdtempSync(join(tmpdir(), 'taskflow-factory-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As python/shop.py has it; says in what it returns who has run. */
const createVolume = defineFlow('shop.create_volume', (pool: string) =>
  linear('create-volume').add(
    task('reserve', {
      provides: 'reservation',
      execute: ({ size }: { size: number }) => ({ id: 'ts', size }),
    }),
    task('allocate', {
      provides: 'path',
      execute: ({ reservation }: { reservation: { id: string } }) => `${pool}/${reservation.id}`,
    }),
  ),
)

/** `import shop` must leave nothing behind in the sources. */
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }

function hasTaskflow(): boolean {
  if (spawnSync(PYTHON, ['-c', 'import taskflow, sqlalchemy_utils, alembic']).status === 0) {
    return true
  }
  if (process.env['CI'] === 'true') throw new Error('there is no Python TaskFlow here')
  process.stderr.write('skipped: no Python TaskFlow here; see python-interop.test.ts\n')
  return false
}

describe.skipIf(!hasTaskflow())('a run by factory', { timeout: 60_000 }, () => {
  test.each([
    { mode: 'suspend', signal: null },
    { mode: 'kill', signal: 'SIGKILL' },
  ])('begun by Python, then $mode, is taken up here', async ({ mode, signal }) => {
    const file = join(folder, `${mode}.db`)
    const python = spawnSync(PYTHON, [SCRIPT, 'begin', `sqlite:///${file}`, mode], { env })
    expect(python.signal).toBe(signal)
    await using backend = sqlite(file)
    for await (const { canResume } of compareAll({ backend, flows: [createVolume] })) {
      expect(canResume).toBe(true)
    }
    const paths: unknown[] = []
    const resumed = await resumeAll({
      backend,
      flows: [createVolume],
      onEngine: ({ notifier, storage }) => {
        notifier.register('SUCCESS', () => void paths.push(storage.fetch('path')))
      },
    })
    expect(resumed).toMatchObject([{ outcome: 'finished', state: 'SUCCESS' }])
    expect(paths).toEqual(['/pool/python'])
  })

  test('begun here is taken up by Python', async () => {
    const file = join(folder, 'ours.db')
    await using backend = sqlite(file)
    const engine = loadFromFactory(createVolume, ['/pool'], { backend, store: { size: 10 } })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    const python = spawnSync(PYTHON, [SCRIPT, 'resume', `sqlite:///${file}`], {
      env,
      encoding: 'utf8',
    })
    expect(python.stdout).toBe('SUCCESS /pool/ts\n')
    expect((await backend.loadFlow(engine.storage.flowUuid)).flow.state).toBe('SUCCESS')
  })
})
