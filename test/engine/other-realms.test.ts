/**
 * What comes from another realm, such as a script in `node:vm`, is as what comes from this one.
 *
 * @module
 */
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  type Backend,
  linear,
  load,
  loadFlowDetail,
  memory,
  type TaskDetail,
  task,
  times,
} from '../../src/index.ts'
import { display } from '../../src/listeners/display.ts'
import { errorOf } from './steps.ts'

async function stored(backend: Backend, uuid: string): Promise<TaskDetail> {
  return (await loadFlowDetail(backend, uuid)).find('t') as TaskDetail
}

test.each([
  ['plain data', '({ a: 1, list: [1, { b: null }], when: new Date(0) })'],
  ['a map and a set', "new Map([['a', new Set([1])]])"],
  ['a promise of data', 'Promise.resolve([1, 2])'],
])('%s is stored as a result', async (_what, source) => {
  const backend = memory()
  const engine = load(task('t', { execute: () => runInNewContext(source) }), { backend })
  await engine.run()
  const there = await runInNewContext(source)
  expect(inspect((await stored(backend, engine.storage.flowUuid)).results)).toBe(inspect(there))
})

test('data is put into storage, given as options and progress', async () => {
  const backend = memory()
  const [store, options, details] = [
    runInNewContext('({ x: { list: [1] } })'),
    runInNewContext('({ provides: ["a"], requires: ["x"], meta: {} })'),
    runInNewContext('({ step: [1] })'),
  ]
  const execute = (
    _: object,
    { progress }: { progress(fraction: number, details: object): void },
  ) => {
    progress(0.5, details)
    return runInNewContext('[1]')
  }
  const t = task('t', { ...options, execute })
  const engine = load(linear('f').add(t), { store, backend } as never)
  await engine.run()
  expect(engine.storage.fetchAll()).toMatchObject({ a: 1, x: { list: [1] } })
})

describe('an error', () => {
  const bad =
    "Object.assign(new TypeError('bad script', { cause: new Error('why') }), { code: 'E', at: 1 })"

  test('is told like one of this realm', async () => {
    const backend = memory()
    const execute = () => runInNewContext(`throw ${bad}`)
    const engine = load(task('t', { execute }), { backend })
    expect(await errorOf(engine.run())).toMatchObject({ message: 'bad script' })
    const { failure } = await stored(backend, engine.storage.flowUuid)
    expect(failure).toMatchObject({
      message: 'bad script',
      code: 'E',
      typeNames: ['TypeError', 'Error', 'Exception'],
      fields: { at: 1 },
      causes: [{ message: 'why' }],
    })
    expect(failure?.traceback).toContain('at ')
    expect(display(runInNewContext(bad))).toBe('[TypeError: bad script]')
  })

  test.each([
    ['its class', [TypeError], 3],
    ['the class above', [Error], 3],
    ['its class in its realm', [runInNewContext('TypeError')], 3],
    ['its name', ['TypeError'], 3],
    ['another class', [RangeError], 1],
    ['another class of another realm', [runInNewContext('RangeError')], 1],
  ])('is tried again for %s', async (_what, retryOn, attempts) => {
    let count = 0
    const execute = () => {
      count += 1
      return runInNewContext(`throw ${bad}`)
    }
    await errorOf(
      load(linear('f', { retry: times(3, { retryOn }) }).add(task('t', { execute }))).run(),
    )
    expect(count).toBe(attempts)
  })

  test('is the cause of a task that did not stop in time', async () => {
    const execute = (_: object, { signal }: { readonly signal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(runInNewContext(bad)))
      })
    const error = await errorOf(load(task('t', { requires: [], timeoutMs: 1, execute })).run())
    expect(error).toMatchObject({ code: 'TIMEOUT', cause: { message: 'bad script' } })
  })
})

test.each([
  ["new Map([['a', 1], ['secret', 2]])", "Map(2) { 'a' => 1, 'secret' => '***' }"],
  ['new Set([{ secret: 1 }])', "Set(1) { { secret: '***' } }"],
  ['new Date(0)', '1970-01-01T00:00:00.000Z'],
  ['/a/g', '/a/g'],
])('%s is shown without its secrets', (source, shown) => {
  const text = display(runInNewContext(source), { maskedKeys: new Set(['secret']) })
  expect(text.replace('Object ', '')).toBe(shown)
})
