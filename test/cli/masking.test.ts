import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linear, load, openBackend, task, times } from '../../src/index.ts'
import { taskflow } from './fake-terminal.ts'

const SECRET = 'S3CR3T'
const URL_OF_DATABASE = `postgres://me:${SECRET}@db/x`

let folder: string
let url: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-masking-'))
  url = `sqlite:${join(folder, 'runs.db')}`
})
afterEach(() => rmSync(folder, { recursive: true }))

type Item = ReturnType<typeof task>

/** Everything that commands print of a run of this item. */
async function printed(item: Item, store: Readonly<Record<string, unknown>> = {}): Promise<string> {
  await using backend = await openBackend(url)
  const engine = load(linear('f').add(item), { backend, store } as object)
  await engine.run().catch(() => {})
  const texts: string[] = []
  for (const command of [['show'], ['show', '--verbose'], ['why']]) {
    for (const more of [[], ['--json']]) {
      const args = [...command, engine.storage.flowUuid, ...more, '--backend', url]
      const { exit, out, err } = await taskflow(args, { cwd: folder })
      expect([args, exit]).toEqual([args, 0])
      texts.push(out, err)
    }
  }
  for (const more of [[], ['--json']]) {
    const { out, err } = await taskflow(['ls', ...more, '--backend', url], { cwd: folder })
    texts.push(out, err)
  }
  return texts.join('\n')
}

const giving = (provides: unknown, result: unknown): Item =>
  task('t', { provides, execute: () => result } as never) as unknown as Item

describe('show, why and ls, without the flow', () => {
  test.each([
    ['a symbol', 'password', SECRET],
    ['a symbol of an object', 'credentials', { user: 'me', phrase: SECRET }],
    ['one of several symbols', ['city', 'apiToken'], ['Oslo', SECRET]],
    ['a picked field', { pick: ['city', 'dbPassword'] }, { dbPassword: SECRET, city: 'Oslo' }],
    ['a field', 'config', { deep: [{ password: SECRET }] }],
    ['an entry of a Map', 'headers', new Map([['Authorization', SECRET]])],
    ['an entry of a Map in a Map', 'x', new Map([['a', new Map([['token', { value: SECRET }]])]])],
    ['a Map in a Set', 'x', new Set([new Map([['cookie', SECRET]])])],
    [
      'a pair',
      'headers',
      [
        ['Authorization', SECRET],
        ['Host', 'Oslo'],
      ],
    ],
    ['a named entry', 'headers', [{ name: 'Authorization', value: SECRET }]],
    ['an entry with a key', 'x', { list: [{ key: 'api_key', value: { text: SECRET } }] }],
    ['a field of an error', 'x', Object.assign(new Error('no'), { password: SECRET })],
    ['a URL', 'x', URL_OF_DATABASE],
    ['a URL object', 'x', new URL(URL_OF_DATABASE)],
    ['a URL as key', 'x', { [URL_OF_DATABASE]: 1 }],
    ['a URL in a Set', 'x', new Set([URL_OF_DATABASE])],
    ['JSON in a text', 'x', `{"password": "${SECRET}"}`],
    ['a header in a text', 'x', `sent Authorization: Bearer ${SECRET}`],
  ])('mask %s', async (_, provides, result) => {
    expect(await printed(giving(provides, result))).not.toContain(SECRET)
  })

  test.each([
    ['a symbol', 'city', 'Oslo'],
    ['the other symbols', ['city', 'apiToken'], ['Oslo', SECRET]],
    ['the other keys', { pick: ['city', 'dbPassword'] }, { dbPassword: SECRET, city: 'Oslo' }],
    [
      'the other entries',
      'x',
      new Map([
        ['Host', 'Oslo'],
        ['cookie', SECRET],
      ]),
    ],
  ])('show %s that is no secret', async (_, provides, result) => {
    expect((await printed(giving(provides, result))).match(/Oslo/g)).toHaveLength(4)
  })

  test('mask what is in the store, and what a retry and a revert give', async () => {
    const failing = task('bad', {
      execute: () => {
        throw new Error(`cannot reach ${URL_OF_DATABASE}`, { cause: new Error(URL_OF_DATABASE) })
      },
    })
    const inner = linear(`inner ${URL_OF_DATABASE}`, {
      retry: times(1, { name: 'r', provides: 'token' } as never),
    }).add(
      task(`t ${URL_OF_DATABASE}`, {
        provides: 'secretKey',
        execute: () => SECRET,
        revert: () => SECRET,
      }),
      failing,
    )
    const store = { dbPassword: SECRET, list: [{ pwd: SECRET }] }
    expect(await printed(inner as unknown as Item, store)).not.toContain(SECRET)
  })
})

describe('a run that is followed', () => {
  test.each([[[]], [['--json']], [['--verbose']], [['--json', '--verbose']]])(
    'masks all the same with %j',
    async (more) => {
      const index = JSON.stringify(pathToFileURL(join(process.cwd(), 'src/index.ts')).href)
      const file = join(folder, 'flows.mjs')
      writeFileSync(
        file,
        `import { linear, task } from ${index}
const url = ${JSON.stringify(URL_OF_DATABASE)}
const good = task('t ' + url, { provides: 'password', execute: (_, { progress, logger }) => {
  progress(0.5, { token: '${SECRET}', headers: new Map([['cookie', '${SECRET}']]), url })
  logger.warn('at ' + url)
  return '${SECRET}' } })
export const ok = linear('f').add(good)
export const bad = linear('f ' + url).add(good, task('b', { execute: () => {
  throw new AggregateError([new Error(url)], url, { cause: new Error(url) }) } }))
`,
      )
      for (const name of ['ok', 'bad']) {
        for (const isTTY of [false, true]) {
          const { out, err } = await taskflow(['run', `${file}#${name}`, ...more], {
            cwd: folder,
            isTTY,
          })
          expect(out + err).not.toContain(SECRET)
        }
      }
    },
  )
})

describe('a URL with a password that no URL may have', () => {
  test.each([
    `se/${SECRET}`,
    `${SECRET}/x`,
    `a?${SECRET}`,
    `#${SECRET}`,
    `a@${SECRET}`,
    `a:${SECRET}`,
    `100%${SECRET}`,
    `it's${SECRET}`,
    `a"${SECRET}`,
    `[${SECRET}]`,
    `${SECRET} with space`,
  ])('is masked by every command: %s', async (password) => {
    for (const scheme of ['postgres', 'mysql', 'mariadb', 'x']) {
      const backend = `${scheme}://me:${password}@127.0.0.1:1/db`
      for (const command of [['doctor'], ['ls'], ['show', 'x'], ['migrate'], ['ls', '--nope']]) {
        for (const more of [[], ['--json'], ['--verbose']]) {
          const args = [...command, ...more]
          const given = await taskflow([...args, '--backend', backend], { cwd: folder })
          const set = await taskflow(args, { cwd: folder, env: { TASKFLOW_BACKEND: backend } })
          const joined = await taskflow([...args, `--backend=${backend}`], { cwd: folder })
          const wrong = await taskflow([...args, `--backnd=${backend}`], { cwd: folder })
          for (const { out, err } of [given, set, joined, wrong]) {
            expect(out + err).not.toContain(SECRET)
          }
        }
      }
    }
  })
})
