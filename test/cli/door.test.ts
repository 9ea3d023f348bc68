import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linear, load, openBackend, task } from '../../src/index.ts'
import { type FakeOptions, type Said, taskflow } from './fake-terminal.ts'

const EVIL = '\u001b]8;;http://evil\u0007\u001b[2J\u009b31m\u202e\u2066\u200b\u2028\u007f\r'
/** Our own styles are allowed where there are colors, and nothing else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STYLES = /\u001b\[\d+m/g
/** What the picture of a run uses. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const OF_PICTURE = /\u001b\[(?:\d+m|\d*A|K|J|\?25[lh])|\r/g
const STEERING = /[^\P{Cc}\n\t]|[\u200b\u2028-\u202e\u2066-\u2069]/u
const START = 'abcd1234'

let folder: string
let url: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-door-'))
  url = `sqlite:${join(folder, 'runs.db')}`
  await using backend = await openBackend(url)
  const error = Object.assign(new Error(`no ${EVIL}`), { stack: `Error: no\n    at ${EVIL}` })
  const bad = task('bad', {
    execute: () => {
      throw error
    },
  })
  const flow = linear('f').add(task('t', { provides: 'x', execute: () => EVIL }), bad)
  await load(flow, { backend, store: { s: EVIL } } as never)
    .run()
    .catch(() => {})
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Changes what is stored to what somebody evil would store. */
function spoil(): void {
  const database = new DatabaseSync(url.slice('sqlite:'.length))
  database.exec('PRAGMA foreign_keys = off')
  const set = (sql: string, ...values: string[]): void => void database.prepare(sql).run(...values)
  set('UPDATE logbooks SET uuid = ?, name = ?', `book${EVIL}`, EVIL)
  set('UPDATE flowdetails SET uuid = ?, name = ?', START + EVIL, `f${EVIL}\nsecond line`)
  set('UPDATE flowdetails SET parent_uuid = ?', `book${EVIL}`)
  set(
    "UPDATE flowdetails SET state = 'RUNNING', taskflow_ts_epoch = 1, taskflow_ts_lease_until = '2001-01-01 00:00:00.000000', taskflow_ts_owner = ?",
    `host${EVIL}/x/1/2/3`,
  )
  set('UPDATE flowdetails SET meta = ?', JSON.stringify({ [EVIL]: EVIL }))
  set('UPDATE atomdetails SET parent_uuid = ?', START + EVIL)
  set("UPDATE atomdetails SET name = ?, version = ? WHERE name = 't'", `t${EVIL}`, EVIL)
  database.close()
}

function expectHarmless({ out, err }: Said): void {
  for (const text of [out, err]) expect(text.replaceAll(STYLES, '')).not.toMatch(STEERING)
}

const LOOKS: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '--limit', '1'],
  ['ls', '--name', `f${EVIL}`],
  ['show', START],
  ['show', START, '--verbose'],
  ['why', START],
  ['resume', START],
  ['revert', START],
  ['rm', START],
  ['rm', START, '--force'],
  ['export', START],
  ['gc', '--older-than', '1d'],
  ['show', `${START}${EVIL}x`],
  ['show', EVIL],
  ['ls', '--state', EVIL],
  [`--${EVIL}`],
  ['ls', `--unknown=${EVIL}`],
  [EVIL],
  ['run', `./${EVIL}.ts#x`],
  ['run', EVIL],
  ['plan', 'x', '--format', EVIL],
  ['import', `${EVIL}.json`],
  ['ls', '--config', EVIL],
]

describe('nothing that steers a terminal gets out of', () => {
  const manners: readonly FakeOptions[] = [
    {},
    { isTTY: true },
    { env: { FORCE_COLOR: '1' } },
    { isTTY: true, env: { NO_COLOR: '1' } },
  ]

  test.each(LOOKS)('taskflow %j %j %j', async (...args) => {
    for (const manner of manners) {
      for (const json of [[], ['--json']]) {
        spoil()
        const said = await taskflow([...args.filter(Boolean), ...json, '--backend', url], {
          cwd: folder,
          ...manner,
        })
        expectHarmless(said)
        expect(said.exit).not.toBe(70)
      }
    }
  })

  test('the backend that is named', async () => {
    for (const backend of [`sqlite:${EVIL}`, `dir:${EVIL}`, `x${EVIL}://y`, EVIL]) {
      expectHarmless(await taskflow(['ls', '--backend', backend], { cwd: folder }))
    }
  })

  test.each(['flows', 'config'])('an error of a module, loaded as %s', async (as) => {
    const file = join(folder, 'broken.mjs')
    writeFileSync(
      file,
      `throw Object.assign(new Error(${JSON.stringify(EVIL)}), { stack: ${JSON.stringify(EVIL)} })`,
    )
    const args = as === 'flows' ? ['run', `${file}#x`] : ['ls', '--config', file]
    for (const more of [[], ['--verbose'], ['--json']]) {
      expectHarmless(await taskflow([...args, ...more], { cwd: folder }))
    }
  })

  test.each([[[]], [['--json']], [['--verbose']]])(
    'a run that is followed with %j',
    async (more) => {
      const index = JSON.stringify(pathToFileURL(join(process.cwd(), 'src/index.ts')).href)
      const file = join(folder, 'flows.mjs')
      const evil = JSON.stringify(EVIL)
      writeFileSync(
        file,
        `import { linear, task } from ${index}
const error = Object.assign(new Error(${evil}), { stack: ${evil} })
export const f = linear('f' + ${evil}).add(
  task('t' + ${evil}, { provides: 'x' + ${evil}, execute: (_, { progress, logger }) => {
    progress(0.5, { [${evil}]: ${evil} }); logger.warn(${evil}); return ${evil} } }),
  task('bad', { execute: () => { throw error } }))
export const good = linear('g').add(task('t', { provides: 'x' + ${evil}, execute: () => ${evil} }))
`,
      )
      for (const name of ['f', 'good']) {
        expectHarmless(await taskflow(['run', `${file}#${name}`, ...more], { cwd: folder }))
      }
      // The picture moves the cursor by itself, and nothing else does.
      const { out } = await taskflow(['run', `${file}#f`], { cwd: folder, isTTY: true })
      const rest = out.replaceAll(OF_PICTURE, '')
      expect(rest).not.toMatch(STEERING)
    },
  )
})

test('names are one line each, whatever is in them', async () => {
  spoil()
  const { out } = await taskflow(['ls', '--backend', url])
  expect(out.trimEnd().split('\n')).toHaveLength(2)
})

test('commands write through the door only', () => {
  const root = 'src/cli'
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const direct = files
    .filter((file) => file.endsWith('.ts') && !['main.ts', 'terminal.ts'].includes(file))
    .filter((file) =>
      /process\.std(?:out|err)|console\.|writeSync/.test(readFileSync(join(root, file), 'utf8')),
    )
  expect(direct).toEqual([])
})
