import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { loadFlowDetail, memory, openBackend } from '../../src/index.ts'
import { type FakeOptions, type Said, taskflow } from './fake-terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FLOWS = resolve('test/cli/fixtures/flows.ts')
const CONFIG = resolve('test/cli/fixtures/taskflow.config.ts')
let url = ''
let count = 0
beforeEach(() => {
  count += 1
  url = `sqlite:${join(folder, `runs-${count}.db`)}`
})

/** Runs a command on the database of the test, with the config of the fixtures. */
function tf(args: readonly string[], options: FakeOptions = {}): Promise<Said> {
  return taskflow([...args, '--backend', url, '--config', CONFIG], { cwd: folder, ...options })
}

/** Begins a run, and gives its uuid. */
async function begin(size: number, name = 'create-volume'): Promise<string> {
  const { out } = await tf(['run', name, `size=${size}`, '--json'])
  return (JSON.parse(out.split('\n')[0] ?? '') as { readonly run: string }).run
}

describe('run', () => {
  test('runs a flow, and says what it provided', async () => {
    const { exit, out, err } = await tf(['run', `${FLOWS}#createVolume`, '--store', 'size=10'])
    expect(exit).toBe(0)
    expect(out.replaceAll(/\(\d+ms\)|in \d+ms/g, '-').replaceAll(/[0-9a-f-]{36}/g, 'UUID')).toBe(
      `create-volume RUNNING
  extract RUNNING
  extract SUCCESS -
  prepare_retry RUNNING
  prepare_retry SUCCESS -
  reserve RUNNING
  reserve SUCCESS -
  copy RUNNING
  copy 30 %
  copy 60 %
  copy 90 %
  copy SUCCESS -
  announce RUNNING
  announce SUCCESS -
create-volume SUCCESS
create-volume SUCCESS -  UUID
  size = 10
  volume = { size: 10, name: 'data', password: '***' }
  apiToken = ***
  path = '/pool/10'
`,
    )
    expect(err).toBe('warn: the image is old\n')
  })

  test('says why a flow failed, with the cause and without the password', async () => {
    const { exit, out, err } = await tf(['run', 'create-volume', 'size=12'])
    expect(exit).toBe(1)
    expect(out).toContain('create-volume REVERTED in ')
    expect(err).toContain(
      'announce: Error: no route to amqp://me:***@host/v, because of Error: ECONNREFUSED\n',
    )
    expect(err).not.toContain('    at ')
    const verbose = await tf(['run', 'create-volume', 'size=12', '--verbose'])
    expect(verbose.err).toContain('    at ')
    expect(out + err + verbose.out + verbose.err).not.toContain('opensesame')
  })

  test('tells programs of every move', async () => {
    const events = (await tf(['run', 'create-volume', 'size=10', '--json'])).events()
    expect(events.slice(0, 2)).toMatchObject([
      { event: 'flow', name: 'create-volume', state: 'RUNNING', from: 'PENDING' },
      { event: 'task', name: 'extract', state: 'RUNNING', attempt: 1 },
    ])
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'progress',
        name: 'copy',
        progress: 0.3,
        details: { copied: 3 },
      }),
    )
    expect(events.at(-1)).toMatchObject({
      event: 'end',
      state: 'SUCCESS',
      results: { path: '/pool/10', apiToken: '***', volume: { password: '***' } },
    })
  })

  test('tells programs why a flow failed', async () => {
    const { exit, ...said } = await tf(['run', 'create-volume', 'size=12', '--json'])
    expect(exit).toBe(1)
    expect(said.events().at(-1)).toMatchObject({
      event: 'end',
      state: 'REVERTED',
      failures: { announce: { type: 'Error', causes: [{ message: 'ECONNREFUSED' }] } },
    })
  })

  test('takes the store from a file, from standard input, and from arguments last', async () => {
    writeFileSync(join(folder, 'input.json'), '{ "name": "file" }')
    const hello = `${FLOWS}#hello`
    expect((await tf(['run', hello, '--input', 'input.json'])).out).toContain(`'hi file'`)
    const input = '{ "name": "stdin" }'
    expect((await tf(['run', hello, '--input', '-'], { input })).out).toContain(`'hi stdin'`)
    const both = await tf(['run', '--input', 'input.json', '--store', 'name=argument', hello])
    expect(both.out).toContain(`'hi argument'`)
  })

  test('runs a flow that a function makes, on a parallel engine', async () => {
    const args = [
      'run',
      `${FLOWS}#counting`,
      '--args',
      '[7]',
      '--engine',
      'parallel',
      '--workers',
      '2',
    ]
    expect((await tf(args)).out).toContain('count = 7')
  })

  test('runs without a backend, too', async () => {
    const said = await taskflow(['run', `${FLOWS}#hello`, 'name=you'], { cwd: folder })
    expect([said.exit, said.err]).toEqual([0, ''])
  })

  test.each([
    [['run', 'create-volum'], `did you mean 'create-volume'?`],
    [['run', 'nothing-like-it'], 'the config has the flows create-volume, broken'],
    [['run', `${FLOWS}#createVolum`], `did you mean 'createVolume'`],
    [['run', `${FLOWS}#number`], 'is no flow'],
    [['run', FLOWS], 'say which export of'],
    [['run', `${FLOWS.replace('flows', 'flow')}#x`], `did you mean 'flows.ts'`],
    [['run', 'create-volume'], `'size' for an input of execute of 'extract'`],
    [['run', 'create-volume', 'size'], `'size' is no name=value`],
    [['run', 'create-volume', '--input', 'none.json'], 'none.json cannot be read'],
    [['run', 'create-volume', '--input', '-'], 'standard input is no JSON'],
    [['run', `${FLOWS}#counting`, '--args', '7'], '--args must be a JSON array'],
    [['run', `${FLOWS}#hello`, '--args', '[7]'], 'is a flow and takes no --args'],
    [['run', `${FLOWS}#hello`, '--engine', 'fast'], 'write serial or parallel'],
    [['run', `${FLOWS}#hello`, '--engine', 'serial', '--workers', '2'], 'has no --workers'],
    [['run', `${FLOWS}#hello`, '--workers', 'x'], '--workers is'],
    [['run'], 'missing required argument'],
    [['rnu'], 'Did you mean run?'],
    [['run', 'x', '--stor', 'a=1'], 'Did you mean --store?'],
  ])('refuses %j and says what to write', async (args, message) => {
    const { exit, err } = await tf(args)
    expect(err).toContain(message)
    expect([exit, err.includes('    at ')]).toEqual([2, false])
  })
})

describe('backends', () => {
  test('are named by the option, the variable, or the config', async () => {
    await begin(10)
    const { exit, ...said } = await taskflow(['ls', '--json'], {
      cwd: folder,
      env: { TASKFLOW_BACKEND: url },
    })
    expect([exit, said.out.includes('create-volume')]).toEqual([0, true])
    const none = await taskflow(['ls'], { cwd: folder })
    expect([none.exit, none.err]).toEqual([2, expect.stringContaining('set TASKFLOW_BACKEND')])
  })

  test('that are not there are not made by looking', async () => {
    const { exit, err } = await tf(['ls'])
    expect([exit, err]).toEqual([3, expect.stringContaining('there is no database')])
    expect(statSync(url.slice('sqlite:'.length), { throwIfNoEntry: false })).toBeUndefined()
  })

  test('that cannot be reached end the command with 3, and no password is shown', async () => {
    const args = ['ls', '--verbose', '--backend', 'postgres://me:opensesame@127.0.0.1:1/db']
    const { exit, err } = await taskflow(args, { cwd: folder })
    expect([exit, err]).toEqual([3, expect.stringContaining('ECONNREFUSED')])
    expect(err).not.toContain('opensesame')
  })

  test('that are unknown are a mistake of the user', async () => {
    const { exit, err } = await taskflow(['ls', '--backend', 'redis://me:opensesame@h'], {})
    expect([exit, err]).toEqual([2, expect.stringContaining(`unknown scheme 'redis:'`)])
    expect(err).not.toContain('opensesame')
  })

  test.each(['ls', 'doctor', 'migrate', 'show abc'])(
    'whose URL cannot be read are a mistake of the user of %s',
    async (command) => {
      const of = (url: string) => taskflow([...command.split(' '), '--verbose', '--backend', url])
      for (const [url, message] of [
        ['mysql://me:opensesame@h:99999/db', 'invalid port 99999'],
        ['postgres://me:opensesame%@h/db', 'write % as %25'],
        ['mysql://me:opensesame@h', 'names no database'],
      ] as const) {
        const { exit, err } = await of(url)
        expect([exit, err]).toEqual([2, expect.stringContaining(message)])
        expect(err).not.toContain('opensesame')
      }
    },
  )

  test('errors are JSON for programs', async () => {
    const { exit, err } = await tf(['show', 'abc', '--json'])
    expect(exit).toBe(3)
    expect(JSON.parse(err)).toMatchObject({ error: { exit: 3 } })
  })
})

describe('ls', () => {
  test('lists runs page by page', async () => {
    for (const size of [10, 11, 12]) await begin(size)
    const first = (await tf(['ls', '--limit', '2', '--json'])).json() as {
      runs: { uuid: string }[]
      next: string
    }
    expect(first.runs).toHaveLength(2)
    const rest = (await tf(['ls', '--after', first.next, '--json'])).json() as typeof first
    expect(rest).toMatchObject({ runs: [{}], next: null })
    const { err } = await tf(['ls', '--limit', '2', '--name', 'create-volume'])
    expect(err).toContain(
      `taskflow ls --name create-volume --limit 2 --after ${first.next} --backend`,
    )
  })

  test('filters by state, name and age', async () => {
    await begin(10)
    await begin(12)
    const uuidsOf = async (...args: readonly string[]): Promise<number> =>
      ((await tf(['ls', '--json', ...args])).json() as { runs: unknown[] }).runs.length
    expect(await uuidsOf('--state', 'reverted')).toBe(1)
    expect(await uuidsOf('--state', 'SUCCESS', 'REVERTED')).toBe(2)
    expect(await uuidsOf('--name', 'create-volume')).toBe(2)
    expect(await uuidsOf('--older-than', '1h')).toBe(0)
    expect(await uuidsOf('--older-than', '0s')).toBe(2)
    const { exit, err } = await tf(['ls', '--name', 'create-volum'])
    expect([exit, err]).toEqual([0, `no runs of 'create-volum'; did you mean 'create-volume'?\n`])
  })

  test('shortens uuids for people, and cuts names to the width', async () => {
    const uuid = await begin(10)
    const seen = await tf(['ls', '--no-color'], { isTTY: true, columns: 40 })
    expect(seen.out).toContain(`${uuid.slice(0, 8)}  SUCCESS  0s   -      create-v…`)
    const piped = await tf(['ls'])
    expect(piped.out).toMatch(new RegExp(`^${uuid}  SUCCESS  .*  create-volume$`, 'm'))
  })
})

describe('show', () => {
  test('shows states, values and failures, with secrets masked', async () => {
    const uuid = await begin(12)
    const { exit, out } = await tf(['show', uuid.slice(0, 6)])
    expect(exit).toBe(0)
    expect(out).toContain('create-volume REVERTED')
    expect(out).toContain('store    size = 12')
    expect(out).toContain(`  ↩ extract  REVERTED  to REVERT`)
    expect(out).toContain(`password: '***'`)
    expect(out).toContain('failed Error: no route to amqp://me:***@host/v, because of')
    expect(out).not.toMatch(/opensesame|hunter22|tok-123456/)
  })

  test('shows the same to programs', async () => {
    const uuid = await begin(12)
    const { out, ...said } = await tf(['show', '--mask', 'size', uuid, '--json'])
    expect(said.json()).toMatchObject({
      uuid,
      state: 'REVERTED',
      store: { size: '***' },
      meta: {},
      factory: { name: 'create-volume' },
      atoms: expect.arrayContaining([
        expect.objectContaining({ name: 'prepare_retry', kind: 'retry', attempts: [] }),
        expect.objectContaining({
          name: 'announce',
          failure: expect.objectContaining({ type: 'Error' }),
        }),
      ]),
    })
    expect(out).not.toMatch(/opensesame|hunter22|tok-123456/)
  })

  test('cuts long values', async () => {
    await tf(['run', `${FLOWS}#hello`, `name=${'x'.repeat(500)}`])
    const { runs } = (await tf(['ls', '--json'])).json() as { runs: { uuid: string }[] }
    const { out } = await tf(['show', runs[0]?.uuid ?? '', '--width', '20'])
    expect(out).toContain(`result 'hi xxxxxxxxxxxxxxxx…`)
  })

  test('says what may have been meant', async () => {
    const uuid = await begin(10)
    const mistyped = `${uuid.slice(0, 12)}${uuid[12] === '0' ? '1' : '0'}${uuid.slice(13)}`
    const near = await tf(['show', mistyped])
    expect([near.exit, near.err]).toEqual([4, expect.stringContaining(`did you mean\n  ${uuid}`)])
    const named = await tf(['show', 'create-volume'])
    expect([named.exit, named.err]).toEqual([4, expect.stringContaining(`has runs; give the uuid`)])
    const none = await tf(['show', 'zzz'])
    expect([none.exit, none.err]).toEqual([4, `taskflow: there is no run 'zzz'\n`])
  })

  test('wants more of a uuid that several runs begin with', async () => {
    const uuid = await begin(10)
    await tf(['export', uuid, '-o', 'run.json'])
    const text = readFileSync(join(folder, 'run.json'), 'utf8')
    const twin = `${uuid.slice(0, -1)}${uuid.endsWith('0') ? '1' : '0'}`
    const other = JSON.parse(text.replaceAll(uuid, twin)) as { atoms: unknown[] }
    writeFileSync(join(folder, 'twin.json'), JSON.stringify({ ...other, atoms: [] }))
    expect((await tf(['import', 'twin.json'])).exit).toBe(0)
    const { exit, err } = await tf(['show', uuid.slice(0, 8)])
    expect([exit, err]).toEqual([2, expect.stringContaining(`several runs begin with`)])
    expect(err).toContain(uuid)
    expect((await tf(['show', uuid])).exit).toBe(0)
  })
})

describe('export and import', () => {
  test('carry a run to another backend unchanged', async () => {
    const uuid = await begin(12)
    expect((await tf(['export', uuid, '--output', 'out.json'])).exit).toBe(0)
    expect(statSync(join(folder, 'out.json')).mode & 0o077).toBe(0)
    const to = `sqlite:${join(folder, `copy-${count}.db`)}`
    const said = await taskflow(['import', 'out.json', '--backend', to], { cwd: folder })
    expect([said.exit, said.out]).toEqual([0, `imported ${uuid}  REVERTED  create-volume\n`])
    await using from = await openBackend(url)
    await using copy = await openBackend(to)
    const { flow, atoms } = await from.loadFlow(uuid)
    const copied = await copy.loadFlow(uuid)
    expect(copied.atoms).toEqual(atoms)
    expect(copied.flow).toMatchObject({ name: flow.name, state: flow.state, meta: flow.meta })
    expect(await copy.loadBook(flow.bookUuid)).toMatchObject({ name: 'create-volume' })
  })

  test('refuse a run that is there, unless it becomes another', async () => {
    const uuid = await begin(10)
    const { out } = await tf(['export', uuid])
    const again = await tf(['import', '-'], { input: out })
    expect([again.exit, again.err]).toEqual([5, expect.stringContaining('is there already')])
    const other = (await tf(['import', '-', '--new-uuid', '--json'], { input: out })).json() as {
      run: string
    }
    expect(other).toMatchObject({ name: 'create-volume', state: 'SUCCESS' })
    await using backend = await openBackend(url)
    const detail = await loadFlowDetail(backend, other.run)
    expect([...detail].map(({ state }) => state)).not.toContain('PENDING')
  })

  test.each([
    ['[]', 'must hold a JSON object'],
    ['{}', 'is not what taskflow export writes'],
    ['{ "format": "taskflow-ts run", "version": 1 }', 'book is wrong'],
    ['{ "format": "taskflow-ts run", "version": 1, "book": {}, "flow": {} }', 'atoms is wrong'],
  ])('refuse %s', async (input, message) => {
    const { exit, err } = await tf(['import', '-'], { input })
    expect([exit, err]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('rm and gc', () => {
  test('rm removes runs that have ended, with their books', async () => {
    const [a, b] = [await begin(10), await begin(12)]
    expect((await tf(['rm', a, b.slice(0, 8), a, '--json'])).json()).toEqual({ removed: [a, b] })
    await using backend = await openBackend(url)
    expect([await backend.countFlows(), await backend.countBooks()]).toEqual([0, 0])
  })

  test('rm removes nothing when one of the runs has not ended well', async () => {
    const [a, b] = [await begin(10), await begin(13)]
    const { exit, err } = await tf(['rm', a, b])
    expect([exit, err]).toEqual([5, expect.stringContaining(`${b} is FAILURE`)])
    await using backend = await openBackend(url)
    expect(await backend.countFlows()).toBe(2)
    expect((await tf(['rm', b, '--force'])).exit).toBe(0)
    expect(await backend.countFlows()).toBe(1)
  })

  test('gc counts first, then removes', async () => {
    for (const size of [10, 12, 13]) await begin(size)
    const now = new Date(Date.now() + 3_600_000)
    const gc = async (...args: readonly string[]): Promise<string> =>
      (await tf(['gc', '--older-than', '30m', ...args], { now })).out
    expect(await gc('--dry-run')).toBe('2 books would be removed\n')
    expect(await gc('--state', 'SUCCESS')).toBe('1 book removed\n')
    expect(JSON.parse(await gc('--json'))).toEqual({ books: 1, dryRun: false })
    expect(await gc('--state', 'FAILURE')).toBe('1 book removed\n')
    const open = await tf(['gc', '--older-than', '1d', '--state', 'RUNNING'])
    expect([open.exit, open.err]).toEqual([2, expect.stringContaining('has not ended')])
    expect((await tf(['gc'])).exit).toBe(2)
  })
})

describe('plan', () => {
  test.each([
    ['text', '├─ extract'],
    ['mermaid', 'flowchart TB'],
    ['dot', 'digraph "create-volume" {'],
    ['svg', '<svg'],
    ['json', '"name":"create-volume"'],
  ])('is told as %s', async (format, start) => {
    const { exit, out } = await tf(['plan', 'create-volume', '--store', 'size', '--format', format])
    expect([exit, out.includes(start)]).toEqual([0, true])
  })

  test('shows the states of a run', async () => {
    const uuid = await begin(10)
    const { out } = await tf(['plan', 'create-volume', '--store', 'size', '--run', uuid])
    expect(out).toContain('SUCCESS')
  })

  test('knows its formats', async () => {
    const { exit, err } = await tf(['plan', 'create-volume', '--format', 'mermayd'])
    expect([exit, err]).toEqual([2, expect.stringContaining(`did you mean 'mermaid'`)])
  })
})

describe('migrate and doctor', () => {
  test('migrate makes the tables once', async () => {
    expect((await tf(['migrate'])).out).toMatch(/^made schema steps 1, 2.*; up to date\n$/)
    expect((await tf(['migrate'])).out).toMatch(/^up to date: schema steps 1, 2/)
  })

  test('migrate prints statements that make the same tables', async () => {
    const { out } = await tf(['migrate', '--print-sql'])
    const { DatabaseSync } = await import('node:sqlite')
    const file = join(folder, `printed-${count}.db`)
    new DatabaseSync(file).exec(out)
    const said = await taskflow(['migrate', '--backend', `sqlite:${file}`], { cwd: folder })
    expect(said.out).toMatch(/^up to date: schema steps 1, 2/)
  })

  test('migrate knows what has no schema', async () => {
    const print = await taskflow(['migrate', '--print-sql', '--backend', 'memory:'], {})
    expect([print.exit, print.err]).toEqual([2, expect.stringContaining('has no schema')])
    const none = await taskflow(['migrate', '--backend', 'memory:'], {})
    expect([none.exit, none.out]).toEqual([0, expect.stringContaining('nothing to do')])
  })

  test('doctor says what is good', async () => {
    await begin(10)
    const { exit, out } = await tf(['doctor'])
    expect(exit).toBe(0)
    expect(out).toContain('journal_mode = wal')
    expect(out).toContain('a row was written and taken back')
    expect(out).toContain('flows: create-volume, broken')
    const memory = await taskflow(['doctor', '--backend', 'memory:', '--json'], { cwd: folder })
    expect(memory.json()).toMatchObject({ good: true })
  })

  test('doctor says what is bad', async () => {
    const args = ['doctor', '--backend', 'postgres://me:opensesame@127.0.0.1:1/db']
    const { exit, out } = await taskflow(args, { cwd: folder })
    expect(exit).toBe(3)
    expect(out).toMatch(/✗ reach .*ECONNREFUSED/)
    expect(out).not.toContain('opensesame')
  })
})

describe('every command', () => {
  test('has a help with an example', async () => {
    const { out } = await taskflow(['--help'])
    const names = [...out.matchAll(/^ {2}([a-z]+) (?:\[|<| {2})/gm)].map(([, name = '']) => name)
    expect(names).toContain('doctor')
    for (const name of names.filter((one) => one !== 'help')) {
      const help = await taskflow([name, '--help'])
      expect([help.exit, help.out]).toEqual([0, expect.stringMatching(/Examples?:\n {2}taskflow/)])
    }
  })

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect((await taskflow(['--version'])).out).toBe(`${version}\n`)
  })
})

describe('the config', () => {
  test.each([
    ['export const flows = []', 'has no config'],
    ['export default { flow: [] }', `unknown setting 'flow'`],
    ['export default { flows: [3] }', 'flows must be an array of what defineFlow gives'],
    ['export default { maskedKeys: "x" }', 'maskedKeys must be an array of names'],
    ['throw new Error("no such database")', 'Error: no such database'],
  ])('refuses %s', async (text, message) => {
    const file = join(folder, `config-${count}.ts`)
    writeFileSync(file, text)
    const { exit, err } = await taskflow(['ls', '--config', file], { cwd: folder })
    expect(err).toContain(message)
    expect([exit, err.includes('    at ')]).toEqual([2, false])
  })

  test('is found in the folders around, and may hand a backend over', async () => {
    const { exit, out } = await taskflow(['ls'], {
      cwd: resolve('test/cli/fixtures/inside/deeper'),
    })
    expect([exit, out]).toEqual([0, ''])
    expect(memory().supports.durable).toBe(false)
  })
})
