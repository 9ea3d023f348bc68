import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linear, load, openBackend, task } from '../../src/index.ts'
import { type Said, taskflow } from './fake-terminal.ts'

let folder: string
let url: string
let uuid: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-files-'))
  url = `sqlite:${join(folder, 'runs.db')}`
  await using backend = await openBackend(url)
  const flow = linear('f').add(
    task('a', { provides: 'x', execute: () => ({ deep: [1] }) }),
    task('b', { execute: ({ x: _x }: { x: object }) => 2 }),
  )
  const engine = load(flow, { backend })
  await engine.run()
  uuid = engine.storage.flowUuid
})
afterEach(() => rmSync(folder, { recursive: true }))

const tf = (...args: string[]): Promise<Said> =>
  taskflow([...args, '--backend', url], { cwd: folder })

describe('export', () => {
  const out = (): string => join(folder, 'out.json')

  test('is readable by its owner only, also over a file that others could read', async () => {
    writeFileSync(out(), 'old')
    chmodSync(out(), 0o644)
    const other = join(folder, 'other-name.json')
    linkSync(out(), other)
    expect((await tf('export', uuid, '-o', 'out.json')).exit).toBe(0)
    expect(statSync(out()).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(out(), 'utf8'))).toMatchObject({ flow: { uuid } })
    expect(readFileSync(other, 'utf8')).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['other-name.json', 'out.json', 'runs.db'])
  })

  test.each([
    ['a link to a file', () => symlinkSync('other', out()), 'is a symbolic link'],
    ['a link to nothing', () => symlinkSync('nowhere', out()), 'is a symbolic link'],
    ['a folder', () => mkdirSync(out()), 'is a folder'],
  ])('refuses to write over %s', async (_, make, why) => {
    writeFileSync(join(folder, 'other'), 'mine')
    make()
    const { exit, err } = await tf('export', uuid, '-o', 'out.json')
    expect([exit, err]).toEqual([2, expect.stringContaining(why)])
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine')
    expect(readdirSync(folder).sort()).toEqual(['other', 'out.json', 'runs.db'])
  })

  test('leaves nothing behind in a folder where it cannot write', async () => {
    const { exit, err } = await tf('export', uuid, '-o', 'no/out.json')
    expect([exit, err]).toEqual([2, expect.stringContaining('no/out.json cannot be written')])
    expect(readdirSync(folder)).toEqual(['runs.db'])
  })
})

interface RunFile {
  flow: Record<string, unknown>
  atoms: Record<string, unknown>[]
}

describe('import', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
  test.each<[string, string, unknown, string]>([
    ['an unknown version', 'version', 2, 'has version 2 of the format'],
    ['a book without a moment', 'book.createdAt', undefined, 'book.createdAt is wrong'],
    ['a moment out of time', 'book.createdAt', '+275760-09-13', 'book.createdAt is wrong'],
    ['a number as name', 'flow.name', 7, 'flow.name is wrong'],
    ['a name with NUL', 'flow.name', 'a\0', 'flow.name is wrong'],
    ['a lone surrogate', 'flow.uuid', '\ud800', 'flow.uuid is wrong'],
    ['a long uuid', 'flow.uuid', 'x'.repeat(999), 'flow.uuid is wrong'],
    ['an inherited state', 'flow.state', 'toString', 'flow.state is wrong'],
    ['metadata that is a list', 'flow.meta', { json: [] }, 'meta cannot be read'],
    ['text that is not JSON', 'atoms.0.results', { text: '{' }, 'atoms[0].results is wrong'],
    ['a column without value', 'atoms.0.results', {}, 'atoms[0].results is wrong'],
    ['a column that is a text', 'atoms.0.results', 'x', 'atoms[0].results is wrong'],
    ['a retry’s state of a task', 'atoms.0.state', 'RETRYING', 'atoms[0].state is wrong'],
    ['a version that is a number', 'atoms.0.version', 1, 'atoms[0].version is wrong'],
    ['a failure of a number', 'atoms.0.failure', { json: 7 }, 'failure cannot be read'],
    ['a tag of nothing', 'atoms.0.results', { json: { $taskflow: ['No'] } }, 'results is wrong'],
    ['an atom that is a list', 'atoms.1', [], 'atoms[1] is wrong'],
    ['atoms that are an object', 'atoms', {}, 'atoms is wrong'],
  ])('refuses %s, and writes nothing', async (_, path, value, message) => {
    const file = JSON.parse((await tf('export', uuid)).out) as Record<string, unknown>
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const holder = keys.reduce((one, key) => one[key] as Record<string, unknown>, file)
    holder[last] = value
    await expectRefused(JSON.stringify(file), message)
  })

  test.each(['uuid', 'name'])('refuses two atoms of one %s', async (key) => {
    const file = JSON.parse((await tf('export', uuid)).out) as RunFile
    const [a, b] = file.atoms
    Object.assign(b ?? {}, { [key]: a?.[key] })
    await expectRefused(JSON.stringify(file), `atoms[1].${key} is wrong: an atom before has it`)
  })

  test.each([
    ['deep JSON', '{"json":NESTED}'],
    ['deep text', '{"text":"NESTED"}'],
  ])('refuses %s with the place, however deep', async (_, form) => {
    const { out } = await tf('export', uuid)
    for (const depth of [1_100, 20_000, 200_000]) {
      const column = form.replace('NESTED', nested(depth))
      const text = JSON.stringify(
        Object.assign(JSON.parse(out) as object, { flow: { ...flowOf(out), meta: '@' } }),
      ).replace('"@"', column)
      await expectRefused(text, 'flow.meta is wrong: it is over 1000 levels deep')
    }
  })

  test('refuses a number that is too large for one', async () => {
    const { out } = await tf('export', uuid)
    const text = out.replace('"deep": [', '"deep": [1e999,').replace('"deep":[', '"deep":[1e999,')
    await expectRefused(text, 'results is wrong: a number in it is too large')
  })

  test('keeps keys that name the prototype as data', async () => {
    const { out } = await tf('export', uuid)
    const text = out.replace(/"deep":/, '"__proto__": {"polluted": 1}, "deep":')
    const said = await taskflow(['import', '-', '--new-uuid', '--json', '--backend', url], {
      input: text,
    })
    expect(said.exit).toBe(0)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    const { run } = said.json() as { readonly run: string }
    expect((await tf('export', run)).out).toContain('"__proto__"')
  })

  test('refuses the atoms of another run, and writes nothing', async () => {
    const file = JSON.parse((await tf('export', uuid)).out) as RunFile
    file.flow['uuid'] = 'another'
    await expectRefused(JSON.stringify(file), 'stored with another flow detail', 3)
  })

  function flowOf(out: string): object {
    return (JSON.parse(out) as RunFile).flow
  }

  async function expectRefused(input: string, message: string, code = 2): Promise<void> {
    const target = code === 2 ? `sqlite:${join(folder, 'target.db')}` : url
    const before = readdirSync(folder)
    const { exit, err } = await taskflow(['import', '-', '--backend', target], { input })
    expect([exit, err]).toEqual([code, expect.stringContaining(message)])
    expect(readdirSync(folder)).toEqual(before)
    await using backend = await openBackend(url)
    expect(await backend.countFlows()).toBe(1)
    expect((await backend.loadFlow(uuid)).atoms).toHaveLength(2)
  }
})
