/**
 * Interrupting runs, going on with them, and saying why they are where they are.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/cli/program.ts'
import {
  type Backend,
  Failure,
  FlowDetail,
  type FlowState,
  openBackend,
  RetryDetail,
  TaskDetail,
} from '../../src/index.ts'
import { reasonOf } from '../../src/inspection/why.ts'
import { newOwner } from '../../src/persistence/owner.ts'
import { FakeTerminal, taskflow } from './fake-terminal.ts'
import { gate } from './fixtures/flows.ts'

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

const tf = (...args: readonly string[]) =>
  taskflow([...args, '--backend', url, '--config', CONFIG], { cwd: folder })

/** Runs the flow that waits, until it does; gives the terminal and the exit code to come. */
async function beginWaiting(
  options: ConstructorParameters<typeof FakeTerminal>[0] = {},
  flow = 'waiting',
): Promise<{ readonly terminal: FakeTerminal; readonly ended: Promise<number> }> {
  const terminal = new FakeTerminal({ cwd: folder, ...options })
  const isWaiting = Promise.withResolvers<void>()
  gate.open = () => {}
  const closed = gate.open
  const args = ['run', `${FLOWS}#${flow}`, '--backend', url, '--config', CONFIG]
  const ended = runCommandLine(args, terminal)
  const look = setInterval(() => {
    if (gate.open !== closed) isWaiting.resolve()
  }, 2)
  await isWaiting.promise
  clearInterval(look)
  return { terminal, ended }
}

async function uuidOfOnlyRun(): Promise<string> {
  await using backend = await openBackend(url)
  return (await backend.listFlows())[0]?.uuid ?? ''
}

/** Lets a run look as if a process of another machine held it. */
async function holdElsewhere(backend: Backend, uuid: string, leaseUntil: Date): Promise<void> {
  const { flow } = await backend.loadFlow(uuid)
  await backend.save({
    flowUuid: uuid,
    book: undefined,
    flow: undefined,
    atoms: [],
    fence: { owner: 'elsewhere/boot.1/77/1/1', epoch: flow.epoch + 1, action: 'claim', leaseUntil },
  })
}

describe('Ctrl-C', () => {
  test('suspends the run, and says how to go on with it', async () => {
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    gate.open()
    expect(await ended).toBe(6)
    const uuid = await uuidOfOnlyRun()
    const command = `taskflow resume ${uuid} --flow ${FLOWS}#waiting --backend ${url} --config ${CONFIG}`
    expect(terminal.err.text).toContain('Suspending: what is under way is finished first.')
    expect(terminal.out.text).toContain(`waiting SUSPENDED in `)
    expect(terminal.out.text).toContain(`Resume it with: ${command}\n`)
    const why = await tf('why', uuid)
    expect(why.out).toMatch(
      /^It was suspended with 1 of 2 atoms done; it goes on when it is resumed/,
    )
    const resumed = await taskflow(command.split(' ').slice(1), { cwd: folder })
    expect([resumed.exit, resumed.out]).toEqual([0, expect.stringContaining('second SUCCESS')])
    expect(resumed.out).not.toContain('first RUNNING')
    expect((await tf('why', uuid)).out).toBe('It is finished: 2 of 2 atoms ran.\n')
  })

  test('pressed twice cancels the run: what is under way is told to stop, and all is reverted', async () => {
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    terminal.interrupt()
    expect(await ended).toBe(1)
    expect(terminal.err.text).toContain('Cancelling: ')
    expect(terminal.out.text).toMatch(/first REVERTED .*\nwaiting REVERTED\nwaiting REVERTED in/)
  })

  test('pressed twice leaves a run suspended that cannot be undone', async () => {
    const { terminal, ended } = await beginWaiting({}, 'final')
    terminal.interrupt()
    terminal.interrupt()
    gate.open()
    expect(await ended).toBe(6)
    expect(terminal.err.text).toMatch(/It cannot be cancelled: IrreversibleError: .*'first'/)
    expect(terminal.out.text).toContain('Resume it with: taskflow resume')
  })

  test('pressed thrice stops at once, and the run can be resumed all the same', async () => {
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    terminal.interrupt()
    expect(terminal.exits).toEqual([])
    terminal.interrupt()
    expect(terminal.exits).toEqual([130])
    const uuid = await uuidOfOnlyRun()
    expect(terminal.err.text).toContain(
      `Stopped at once. What was under way is run again by: taskflow resume ${uuid}`,
    )
    gate.open() // a real process would be gone
    await ended
  })

  test('says that nothing can be resumed where nothing is stored', async () => {
    const here = url
    url = 'memory:'
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    gate.open()
    expect(await ended).toBe(6)
    expect(terminal.out.text).toContain('Nothing was stored, so it cannot be resumed.')
    url = here
  })
})

describe('the picture of a run', () => {
  test('is drawn on a terminal, below what tasks print, and left standing at the end', async () => {
    const { terminal, ended } = await beginWaiting({ isTTY: true, env: { NO_COLOR: '1' } })
    await new Promise((wait) => setTimeout(wait, 100))
    terminal.printFromElsewhere('a line of a task\n')
    terminal.out.resize(30, 10)
    gate.open()
    expect(await ended).toBe(0)
    const { text } = terminal.out
    expect(text).toMatch(/waiting {2}RUNNING {2}0\/2/)
    expect(text).toContain('a line of a task\u001b[K\nwaiting')
    const last = stripVTControlCharacters(text.slice(text.lastIndexOf('waiting  ')))
    expect(last).toMatch(/^waiting {2}SUCCESS {2}2\/2 {2}\d+ms\n {2}✓ first {2}\d+ms\n/)
    // The cursor was hidden, and is shown again.
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'))
  })
})

describe('resume', () => {
  test('goes on with a run whose flow broke', async () => {
    const { exit, err } = await tf('run', 'broken')
    expect([exit, err]).toEqual([1, expect.stringContaining('undecided')])
    const uuid = await uuidOfOnlyRun()
    expect((await tf('why', uuid)).out).toMatch(/^It broke and was not reverted; mend the cause/)
    const again = await tf('resume', uuid.slice(0, 8))
    expect([again.exit, again.err]).toEqual([1, expect.stringContaining('undecided')])
  })

  test('leaves a run alone that somebody holds, unless it is told to take over', async () => {
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    gate.open()
    await ended
    const uuid = await uuidOfOnlyRun()
    {
      await using backend = await openBackend(url)
      await holdElsewhere(backend, uuid, new Date(Date.now() + 60_000))
    }
    expect((await tf('why', uuid)).out).toMatch(
      /^It is SUSPENDED, and process 77 on elsewhere works on it until .*, and may renew that\.\n$/,
    )
    const flow = ['--flow', `${FLOWS}#waiting`]
    const refused = await tf('resume', uuid, ...flow)
    expect([refused.exit, refused.err]).toEqual([5, expect.stringContaining('--take-over')])
    const removed = await tf('rm', uuid)
    expect([removed.exit, removed.err]).toEqual([5, expect.stringContaining('is held by')])
    expect((await tf('ls')).out).toContain('elsewhere:77')
    expect((await tf('resume', uuid, ...flow, '--take-over')).exit).toBe(0)
  })

  test('finishes all that was left, when it knows the flows', async () => {
    const { out } = await tf('run', 'create-volume', 'size=10', '--json')
    const { run: uuid } = JSON.parse(out.split('\n')[0] ?? '') as { run: string }
    {
      await using backend = await openBackend(url)
      const { flow, atoms } = await backend.loadFlow(uuid)
      const announce = atoms.find(({ name }) => name === 'announce')
      if (announce === undefined) throw new Error('there is no announce')
      await backend.save({
        flowUuid: uuid,
        book: undefined,
        flow: { ...flow, state: 'RUNNING' },
        atoms: [{ ...announce, state: 'RUNNING' }],
      })
      await holdElsewhere(backend, uuid, new Date(Date.now() - 60_000))
    }
    expect((await tf('why', uuid)).out).toMatch(
      /^It is RUNNING, but nobody works on it: the lease of process 77 on elsewhere lapsed 1m ago while 'announce' was RUNNING; it goes on when it is resumed: taskflow resume/,
    )
    expect((await tf('ls')).out).toContain('elsewhere:77 (lapsed)')
    const all = await tf('resume', '--all')
    expect([all.exit, all.out]).toEqual([0, expect.stringContaining(`${uuid}  finished  SUCCESS`)])
    const none = await tf('resume', '--all', '--json')
    expect([none.exit, none.events().at(-1)]).toEqual([0, { event: 'end', resumed: [] }])
  })

  test('says which flow it lacks', async () => {
    const { terminal, ended } = await beginWaiting()
    terminal.interrupt()
    gate.open()
    await ended
    const uuid = await uuidOfOnlyRun()
    const one = await tf('resume', uuid)
    expect([one.exit, one.err]).toEqual([2, expect.stringContaining('name it with --flow')])
    const all = await tf('resume', '--all')
    expect([all.exit, all.out]).toEqual([5, expect.stringContaining('unknown  SUSPENDED  waiting')])
  })

  test.each([
    [['resume'], 'name one run, or write --all'],
    [['resume', 'x', '--all'], 'name one run, or write --all'],
    [['resume', 'x', '--name', 'f'], '--name needs --all'],
    [['resume', 'x', '--state', 'SUSPENDED'], '--state needs --all'],
    [['resume', 'x', '--concurrency', '2'], '--concurrency needs --all'],
    [['resume', '--all', '--take-over'], '--take-over is for one run: leave out --all'],
  ])('refuses %j', async (args, message) => {
    const { exit, err } = await tf(...args)
    expect([exit, err]).toEqual([2, expect.stringContaining(message)])
  })

  test('refuses a run that has ended', async () => {
    await tf('run', 'create-volume', 'size=10')
    const { exit, err } = await tf('resume', await uuidOfOnlyRun())
    expect([exit, err]).toEqual([5, expect.stringContaining('has ended SUCCESS')])
  })
})

describe('revert', () => {
  test('undoes a run that is finished', async () => {
    await tf('run', 'create-volume', 'size=10')
    const uuid = await uuidOfOnlyRun()
    const { exit, out } = await tf('revert', uuid.slice(0, 8))
    expect([exit, out]).toEqual([0, expect.stringContaining('create-volume REVERTED in')])
    expect((await tf('why', uuid)).out).toBe('Everything that ran was reverted.\n')
    const again = await tf('revert', uuid)
    expect([again.exit, again.err]).toEqual([5, expect.stringContaining('nothing to undo')])
  })

  test('undoes down to a task, which stays', async () => {
    await tf('run', 'create-volume', 'size=10')
    const uuid = await uuidOfOnlyRun()
    const { exit } = await tf('revert', uuid, '--down-to', 'extract')
    expect(exit).toBe(0)
    expect((await tf('why', uuid)).out).toBe(
      `It was reverted down to 'extract': that stays, with everything before it.\n`,
    )
    const unknown = await tf('revert', uuid, '--down-to', 'nothing')
    expect([unknown.exit, unknown.err]).toEqual([4, expect.stringContaining(`'nothing'`)])
  })

  test('says what broke on the way', async () => {
    const { exit, err } = await tf('run', 'create-volume', 'size=13')
    expect([exit, err]).toEqual([1, expect.stringContaining('copy: Error: the pool is gone')])
    const again = await tf('revert', await uuidOfOnlyRun())
    expect([again.exit, again.err]).toEqual([1, expect.stringContaining('the pool is gone')])
  })

  test('leaves a run alone that somebody holds', async () => {
    await tf('run', 'create-volume', 'size=10')
    const uuid = await uuidOfOnlyRun()
    {
      await using backend = await openBackend(url)
      await holdElsewhere(backend, uuid, new Date(Date.now() + 60_000))
    }
    const { exit, err } = await tf('revert', uuid)
    expect([exit, err]).toEqual([5, expect.stringContaining('--take-over')])
    expect((await tf('revert', uuid, '--take-over')).exit).toBe(0)
  })
})

describe('check', () => {
  /** A module with a flow of these tasks, by version. */
  function moduleOf(version: number, tasks: string): string {
    const file = join(folder, `version-${count}-${version}.ts`)
    writeFileSync(
      file,
      `import { defineFlow, linear, task } from '${resolve('src/index.ts')}'
const stop = { signal: undefined as AbortController | undefined }
const step = (name: string) => task(name, { provides: name, execute: () => name, revert() {} })
export const plain = () => linear('steps').add(${tasks})
export const defined = defineFlow('steps', plain)
`,
    )
    return file
  }

  test.each(['plain', 'defined'])('compares the runs of %s with the code', async (name) => {
    const first = moduleOf(1, `step('a'), step('b')`)
    await tf('run', `${first}#${name}`)
    const uuid = await uuidOfOnlyRun()
    {
      await using backend = await openBackend(url)
      const { flow } = await backend.loadFlow(uuid)
      await backend.save({
        flowUuid: uuid,
        book: undefined,
        flow: { ...flow, state: 'SUSPENDED' },
        atoms: [],
      })
    }
    const same = await tf('check', `${first}#${name}`)
    expect([same.exit, same.out]).toEqual([0, '1 of 1 unfinished run can go on\n'])
    const other = await tf('check', `${moduleOf(2, `step('b')`)}#${name}`)
    expect(other.exit).toBe(5)
    expect(other.out).toContain(`✗ ${uuid}  SUSPENDED  steps\n    removed: `)
    const json = await tf('check', `${moduleOf(3, `step('b')`)}#${name}`, '--json')
    expect(json.json()).toMatchObject({ canResume: false, runs: [{ uuid, canResume: false }] })
    // The config does not know the flow, so its run could not go on after a deployment.
    const config = await tf('check')
    expect([config.exit, config.out]).toEqual([5, expect.stringContaining('0 of 1')])
  })
})

describe('reasons', () => {
  const now = new Date('2026-01-01T12:00:00Z')
  const commands = { resume: 'taskflow resume u', revert: 'taskflow revert u' }

  function detailIn(state: FlowState, change: (detail: FlowDetail) => void = () => {}): FlowDetail {
    const detail = new FlowDetail('f', 'u')
    detail.state = state
    const [a, b] = [new TaskDetail('a'), new TaskDetail('b')]
    detail.add(new RetryDetail('r'))
    detail.add(a)
    detail.add(b)
    change(detail)
    return detail
  }

  const failed = (name: string) => (detail: FlowDetail) =>
    detail.find(name)?.fail(Failure.from(new Error('no room', { cause: new Error('disk full') })))

  test.each<[string, FlowDetail, string, string]>([
    ['a new one', detailIn('PENDING'), 'new', 'It was prepared and never begun'],
    [
      'one that reverted',
      detailIn('REVERTED', failed('a')),
      'reverted',
      `Everything that ran was reverted, because 'a' threw Error: no room, because of Error: disk full.`,
    ],
    [
      'one whose undo broke',
      detailIn('FAILURE', (detail) =>
        detail.find('b')?.failRevert(Failure.from(new TypeError('no such file'))),
      ),
      'broken',
      `It failed because the revert of 'b' threw: TypeError: no such file; only a person can undo that.`,
    ],
    [
      'one that broke elsewhere',
      detailIn('FAILURE', failed('a')),
      'broken',
      `It broke and was not reverted, because 'a' threw Error: no room`,
    ],
    [
      'one that was given back in the middle of its revert',
      detailIn('RUNNING', (detail) => {
        const a = detail.find('a')
        if (a !== undefined) Object.assign(a, { state: 'SUCCESS', intention: 'REVERT' })
      }),
      'left',
      'It is RUNNING, but nobody works on it: the one who did has given it back while it was reverting; it goes on when it is resumed: taskflow resume u',
    ],
    [
      'one whose retry waits',
      detailIn('SUSPENDED', (detail) => {
        const retry = detail.find('r') as RetryDetail
        retry.retryAt = new Date('2026-01-01T12:00:30Z')
      }),
      'suspended',
      `It was suspended, while retry 'r' waits until 2026-01-01T12:00:30.000Z to try again; it`,
    ],
    [
      'one that is held while its retry waits',
      detailIn('RUNNING', (detail) => {
        detail.owner = newOwner()
        const retry = detail.find('r') as RetryDetail
        retry.retryAt = new Date('2026-01-01T12:00:30Z')
      }),
      'waiting',
      `until it gives it back, while retry 'r' waits until 2026-01-01T12:00:30.000Z to try again.`,
    ],
    [
      'one that was cancelled and left',
      detailIn('RUNNING', (detail) => {
        detail.engineMeta = { undo: { why: 'cancel', message: 'too slow', downTo: [] } }
      }),
      'left',
      `given it back while it was being undone (too slow); it goes on when it is resumed`,
    ],
    [
      'one that this process holds',
      detailIn('RUNNING', (detail) => {
        detail.owner = newOwner()
      }),
      'held',
      `works on it until it gives it back.`,
    ],
  ])('of %s', (_title, detail, kind, text) => {
    const reason = reasonOf(detail, now, commands)
    expect(reason.kind).toBe(kind)
    expect(reason.text).toContain(text)
  })

  test('are told to programs', async () => {
    await tf('run', 'create-volume', 'size=13')
    const uuid = await uuidOfOnlyRun()
    expect((await tf('why', uuid, '--json')).json()).toMatchObject({
      uuid,
      reason: 'broken',
      command: null,
      text: expect.stringContaining(`the revert of 'copy' threw: Error: the pool is gone`),
    })
    await setImmediate()
  })
})
