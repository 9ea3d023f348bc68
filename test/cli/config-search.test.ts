import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { distrustOf, foldersOfProject } from '../../src/cli/trust.ts'
import { type Said, taskflow } from './fake-terminal.ts'

const OTHER = 65_534
const isRoot = process.getuid?.() === 0

let above: string
let project: string
let deep: string
let mark: string
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'taskflow-ts-config-'))
  project = join(above, 'project')
  deep = join(project, 'src', 'deep')
  mark = join(above, 'executed')
  mkdirSync(deep, { recursive: true })
})
afterEach(() => rmSync(above, { recursive: true }))

let count = 0

/** A config that leaves a mark when it is executed. */
function plant(folder: string): string {
  count += 1
  // Node imports a file of one path only once in a process.
  const file = join(folder, 'taskflow.config.mjs')
  writeFileSync(join(folder, `real-${count}.mjs`), CODE.replace('MARK', JSON.stringify(mark)))
  writeFileSync(file, `export { default } from './real-${count}.mjs'`)
  return file
}

const CODE = `import { writeFileSync } from 'node:fs'
writeFileSync(MARK, '')
export default { flows: [], backend: 'memory:', maskedKeys: [] }`

const look = (...args: string[]): Promise<Said> => taskflow(args, { cwd: deep })

describe('the search for a config', () => {
  test.each(['package.json', '.git'])('ends at the folder with %s', async (name) => {
    mkdirSync(join(project, name))
    plant(above)
    expect(foldersOfProject(deep)).toEqual([deep, join(project, 'src'), project])
    const { exit, err } = await look('ls')
    expect([exit, err]).toEqual([2, expect.stringContaining('no backend is named')])
    expect(existsSync(mark)).toBe(false)
  })

  test('finds the config of the project from a folder in it', async () => {
    writeFileSync(join(project, 'package.json'), '{}')
    const file = plant(project)
    const { exit, err } = await look('ls', '--verbose')
    expect([exit, err]).toEqual([0, `config: ${file}\nno runs\n`])
    expect(existsSync(mark)).toBe(true)
  })

  test('ends at the home directory, and is of one folder outside of a project', () => {
    expect(foldersOfProject(deep, project)).toEqual([deep, join(project, 'src'), project])
    expect(foldersOfProject(deep, '/nowhere')).toEqual([deep])
  })

  test('takes what is named, wherever it is', async () => {
    writeFileSync(join(project, 'package.json'), '{}')
    const { exit } = await look('ls', '--config', plant(above))
    expect(exit).toBe(0)
    expect(existsSync(mark)).toBe(true)
  })
})

describe.skipIf(process.getuid === undefined)('a config', () => {
  const looks = [
    ['ls'],
    ['show', 'x', '--backend', 'memory:'],
    ['plan', 'x'],
    ['run', 'x', '--backend', 'memory:'],
    ['check', '--backend', 'memory:'],
    ['gc', '--older-than', '1d'],
  ]

  async function expectRefused(why: RegExp): Promise<void> {
    for (const args of looks) {
      const { exit, err } = await look(...args)
      expect([args, exit, err]).toEqual([args, 2, expect.stringMatching(why)])
      expect(err).toContain('--config')
    }
    const doctor = await look('doctor', '--backend', 'memory:')
    expect([doctor.exit, doctor.out]).toEqual([3, expect.stringMatching(why)])
    expect(existsSync(mark)).toBe(false)
  }

  beforeEach(() => writeFileSync(join(project, 'package.json'), '{}'))

  test.runIf(isRoot)('of another user is not executed', async () => {
    chownSync(plant(project), OTHER, OTHER)
    await expectRefused(/config\.mjs belongs to user 65534/)
  })

  test.runIf(isRoot)('in the folder of another user is not executed', async () => {
    plant(project)
    chownSync(project, OTHER, OTHER)
    await expectRefused(/project belongs to user 65534/)
  })

  test.runIf(isRoot)('that is a link to the file of another user is not executed', async () => {
    const file = plant(above)
    symlinkSync(file, join(project, 'taskflow.config.mjs'))
    chownSync(file, OTHER, OTHER)
    await expectRefused(/config\.mjs belongs to user 65534/)
  })

  test('that everybody may write is not executed', async () => {
    chmodSync(plant(project), 0o666)
    await expectRefused(/config\.mjs can be written by everybody/)
  })

  test('in a folder that everybody may write is not executed', async () => {
    plant(project)
    chmodSync(project, 0o777)
    await expectRefused(/project can be written by everybody/)
  })

  test('of one’s own is executed in a folder where nobody can replace it', async () => {
    plant(project)
    chmodSync(project, 0o1777)
    expect((await look('ls')).exit).toBe(0)
    expect(existsSync(mark)).toBe(true)
  })

  test('is not read by a command that is told the backend and needs no flow', async () => {
    chmodSync(plant(project), 0o666)
    for (const args of [
      ['ls', '--name', 'x'],
      ['gc', '--older-than', '1d'],
    ]) {
      expect((await look(...args, '--backend', 'memory:')).exit).toBe(0)
    }
    expect((await look('rm', 'x', '--backend', 'memory:')).exit).toBe(4)
    expect(existsSync(mark)).toBe(false)
  })

  test.runIf(isRoot)('of the one who called sudo is executed', () => {
    const file = plant(project)
    chownSync(file, 1_000, 1_000)
    expect(distrustOf(file)).toMatch(/belongs to user 1000/)
    process.env['SUDO_UID'] = '1000'
    try {
      expect(distrustOf(file)).toBeUndefined()
    } finally {
      delete process.env['SUDO_UID']
    }
  })
})

test.runIf(isRoot)('a package of another user is not executed', async () => {
  writeFileSync(join(project, 'package.json'), '{}')
  const folder = join(above, 'node_modules', 'theirs')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'index.js')
  writeFileSync(file, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
  chownSync(file, OTHER, OTHER)
  const { exit, err } = await look('plan', 'theirs')
  expect([exit, err]).toEqual([2, expect.stringContaining('is not executed')])
  expect(existsSync(mark)).toBe(false)
})
