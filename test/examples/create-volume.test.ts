/**
 * The main job from the outside: what it creates, what it undoes, what it refuses.
 *
 * @module
 */
import { existsSync, mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { TASK_NAMES } from '../../examples/create-volume/flow.ts'
import { findChangedKeys, findLeftovers, findUnannounced, hasFlow, inspect } from './data-folder.ts'
import { CREATE_VOLUME, type Ended, runProgram } from './program.ts'

/** Each test starts several processes, which takes its time on a busy machine. */
vi.setConfig({ testTimeout: 60_000 })

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'create-volume-'))

function createVolume(folder: string, ...args: readonly string[]): Promise<Ended> {
  return runProgram(CREATE_VOLUME, ['--data', folder, ...args])
}

test('creates a volume, and says where it is', async () => {
  using folder = temporaryFolder()
  const { code, stdout, stderr } = await createVolume(folder.path)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const contents = inspect(folder.path)
  expect(findLeftovers(contents, 1)).toEqual([])
  const [volume] = contents.volumes
  expect(volume).toMatchObject({ name: 'database-backups', size_mib: 8, volume_type: 'ssd' })
  expect(stdout).toContain(`path    ${join(folder.path, 'pool', `volume-${volume?.id}`)}`)
  expect(stdout).toMatch(/mib +0 of 10240 in use +8 of 10240 in use/)
  expect(stdout).toContain(`Logbook   ${join(folder.path, 'logbook.db')}`)
  expect(findUnannounced(contents)).toEqual([])
})

test('runs again and again on one database, also at the same time', async () => {
  using folder = temporaryFolder()
  for (let count = 1; count <= 3; count += 1) {
    expect(await createVolume(folder.path)).toMatchObject({ code: 0 })
    expect(findLeftovers(inspect(folder.path), count)).toEqual([])
  }
  const together = await Promise.all([1, 2, 3].map(() => createVolume(folder.path)))
  expect(together.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    together.map(() => ({ code: 0, stderr: '' })),
  )
  expect(findLeftovers(inspect(folder.path), 6)).toEqual([])
})

test('several processes may make the database together', async () => {
  using folder = temporaryFolder()
  const together = await Promise.all([1, 2, 3].map(() => createVolume(folder.path)))
  expect(together.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    together.map(() => ({ code: 0, stderr: '' })),
  )
  expect(findLeftovers(inspect(folder.path), 3)).toEqual([])
})

test.each(TASK_NAMES)('a failure of %s leaves everything as before', async (task) => {
  using folder = temporaryFolder()
  expect(await createVolume(folder.path)).toMatchObject({ code: 0 })
  const before = inspect(folder.path)
  const { code, stderr } = await createVolume(folder.path, '--fail', task)
  expect(code).toBe(1)
  expect(stderr).toBe(
    `No volume was created, and nothing of it is left: ${task}: ${task} failed on purpose, after its effect\n`,
  )
  const after = inspect(folder.path)
  expect(findLeftovers(after, 1)).toEqual([])
  expect({ ...after, flows: 0, effects: 0 }).toEqual({ ...before, flows: 0, effects: 0 })
  const reverted = after.effects.filter(
    ({ direction, event }) => direction === 'revert' && event === 'end',
  )
  const executed = TASK_NAMES.slice(1, TASK_NAMES.indexOf(task) + 1)
  expect(reverted.map((line) => line.task)).toEqual([...executed].reverse())
})

test('an exhausted quota is refused, and can be raised', async () => {
  using folder = temporaryFolder()
  expect(await createVolume(folder.path, '--quota-mib', '15')).toMatchObject({ code: 0 })
  const { code, stderr } = await createVolume(folder.path)
  expect(code).toBe(1)
  expect(stderr).toMatch(/reserve-quota: the quota of mib is exhausted: 8 asked for, 8 in use/)
  expect(findLeftovers(inspect(folder.path), 1)).toEqual([])
  expect(await createVolume(folder.path, '--quota-mib', '16')).toMatchObject({ code: 0 })
  expect(findLeftovers(inspect(folder.path), 2)).toEqual([])
})

test('takes a request of one’s own; the type may be left out', async () => {
  using folder = temporaryFolder()
  const request = join(folder.path, 'mine.json')
  writeFileSync(request, '{"name": "mine", "size": "1 MiB"}')
  const data = join(folder.path, 'data')
  expect(await createVolume(data, request)).toMatchObject({ code: 0 })
  expect(inspect(data).volumes).toMatchObject([{ name: 'mine', size_mib: 1, volume_type: 'ssd' }])
})

test.each([
  { request: '{', says: /is not JSON/ },
  { request: '[]', says: /must hold an object/ },
  { request: '{"name": "a", "size": "1 MiB", "colour": "red"}', says: /colour; it has name/ },
  { request: '{"size": "1 MiB"}', says: /the request's name is missing/ },
  { request: '{"name": " ", "size": "1 MiB"}', says: /the request's name is " "/ },
  { request: '{"name": "a"}', says: /the request's size is missing/ },
  { request: '{"name": "a", "size": "0 MiB"}', says: /the request's size is "0 MiB"/ },
  { request: '{"name": "a", "size": "-1 MiB"}', says: /size is "-1 MiB"/ },
  { request: '{"name": "a", "size": "1.5 GiB"}', says: /size is "1.5 GiB"/ },
  { request: '{"name": "a", "size": "9 TiB"}', says: /size is "9 TiB"/ },
  { request: '{"name": "a", "size": "1025 GiB"}', says: /size is "1025 GiB"/ },
  { request: '{"name": "a", "size": 8}', says: /size is 8: write a size from "1 MiB"/ },
  { request: '{"name": "a", "size": "1 MiB", "volumeType": "tape"}', says: /volumeType is "tape"/ },
])('refuses the request $request, and does nothing', async ({ request, says }) => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'bad.json')
  const data = join(folder.path, 'data')
  writeFileSync(file, request)
  const { code, stdout, stderr } = await createVolume(data, file)
  expect(stderr).toMatch(says)
  expect(stderr.trimEnd()).not.toContain('\n') // no stack
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(existsSync(data)).toBe(false)
})

test.each([
  { args: ['--bogus'], says: /Unknown option '--bogus'/ },
  { args: ['--fail', 'nope'], says: /--fail cannot be 'nope': write one of extract-request/ },
  { args: ['--kill', ''], says: /--kill cannot be ''/ },
  { args: ['--kill-revert', 'extract-request'], says: /write one of reserve-quota/ },
  { args: ['--fail'], says: /'--fail <value>' argument missing/ },
  { args: ['--quota-mib=-1'], says: /--quota-mib is '-1': write a whole number/ },
  { args: ['--slow', 'x'], says: /--slow is 'x'/ },
  { args: ['--data', ''], says: /--data needs the name of a folder/ },
  { args: ['one.json', 'two.json'], says: /one request at a time/ },
  { args: ['missing.json'], says: /cannot read the request file missing.json: ENOENT/ },
  { args: ['--resume', 'one.json'], says: /--resume takes neither/ },
  { args: ['--resume', '--fail', 'finish'], says: /--resume takes neither/ },
])('refuses $args, and does nothing', async ({ args, says }) => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const { code, stdout, stderr } = await createVolume(data, ...args)
  expect(stderr).toMatch(says)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(existsSync(data)).toBe(false)
})

test('refuses a data folder that is a file, and one with other databases in it', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'file')
  writeFileSync(file, 'this is no folder and no database, however long one may look at it')
  expect(await createVolume(file)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^cannot use the data folder .*EEXIST/),
  })
  writeFileSync(join(folder.path, 'cinder.db'), 'this is no database, it has only that name')
  expect(await createVolume(folder.path)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^cannot use the data folder .*not a database/),
  })
})

test('says what it can do', async () => {
  const { code, stdout } = await runProgram(CREATE_VOLUME, ['--help'])
  expect(code).toBe(0)
  for (const task of TASK_NAMES) expect(stdout).toContain(task)
})

test('resuming without anything unfinished changes nothing', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  expect(await createVolume(data, '--resume')).toMatchObject({ code: 0 })
  expect(existsSync(data)).toBe(false)
  await createVolume(data)
  const before = inspect(data)
  expect(await createVolume(data, '--resume')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no flow is unfinished'),
  })
  expect(inspect(data)).toEqual(before)
})

test('Ctrl-C suspends after the task under way; resuming finishes', async () => {
  using folder = temporaryFolder()
  const { code, stderr } = await runProgram(
    CREATE_VOLUME,
    ['--data', folder.path, '--slow', '100'],
    { from: 'first line', delayMs: 150, signal: 'SIGINT' },
  )
  expect({ code, stderr }).toEqual({
    code: 130,
    stderr: 'Suspended: npm start -- --resume finishes it\n',
  })
  expect(inspect(folder.path).flows).toMatchObject([{ state: 'SUSPENDED' }])
  expect(await createVolume(folder.path, '--resume')).toMatchObject({ code: 0, stderr: '' })
  expect(findLeftovers(inspect(folder.path), 1)).toEqual([])
})

test('does not resume a flow that another process is running', async () => {
  using folder = temporaryFolder()
  const running = createVolume(folder.path, '--slow', '700')
  while (!hasFlow(folder.path)) await new Promise((go) => setTimeout(go, 20))
  expect(await createVolume(folder.path, '--resume')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another process is at work in it'),
  })
  expect(await running).toMatchObject({ code: 0 })
  const contents = inspect(folder.path)
  expect(findLeftovers(contents, 1)).toEqual([])
  expect(findChangedKeys(contents)).toEqual([])
  expect(readdirSync(join(folder.path, 'pool'))).toHaveLength(1)
})
