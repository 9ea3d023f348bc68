/**
 * Names that objects have by themselves: they are names like any other.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type Engine,
  graph,
  type History,
  linear,
  load,
  loadFlowDetail,
  memory,
  plan,
  retry,
  run,
  task,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { runFlow } from '../../src/testing/index.ts'
import { errorOf } from './steps.ts'

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'prototype',
] as const

const runAny = run as (flow: never, options?: object) => Promise<Record<string, unknown>>
const loadAny = load as (flow: never, options?: object) => Engine

const parsed = (name: string, value: unknown): never =>
  JSON.parse(`{ ${JSON.stringify(name)}: ${JSON.stringify(value)} }`) as never

describe.each(NAMES)('%s', (name) => {
  test('as a symbol is provided, required, and found among the results', async () => {
    let seen: unknown
    const gives = task('gives', { provides: name, execute: () => ({ isAdmin: true }) })
    const takes = task('takes', {
      requires: ['x'],
      rebind: { x: name },
      execute: ({ x }: { x: unknown }) => {
        seen = x
      },
    } as never)
    const results = await runAny(linear('f').add(gives, takes) as never)
    expect(seen).toEqual({ isAdmin: true })
    expect(Object.entries(results)).toEqual([[name, { isAdmin: true }]])
    expect(results['isAdmin']).toBeUndefined()
    expect(Object.getPrototypeOf(results)).toBe(Object.prototype)
  })

  test('that nobody provides is missing, and never what objects have by themselves', async () => {
    const takes = task('takes', { requires: [name], execute: (inputs: object) => inputs } as never)
    const error = await errorOf(loadAny(linear('f').add(takes) as never).run())
    expect(error).toMatchObject({ code: 'MISSING_DEPENDENCIES', missingRequirements: [name] })
    const optional = task('optional', {
      optional: [name],
      requires: [],
      execute: (inputs: object) => Object.keys(inputs),
      provides: 'keys',
    } as never)
    expect(await runAny(linear('f').add(optional) as never)).toEqual({ keys: [] })
  })

  test('as a name of the store is a value, and poisons nothing', async () => {
    const results = (await run(linear('f'), { store: parsed(name, { isAdmin: true }) })) as Record<
      string,
      unknown
    >
    expect(Object.entries(results)).toEqual([[name, { isAdmin: true }]])
    expect(results['isAdmin']).toBeUndefined()
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined()
  })

  test('as a name of an atom is found in failures and states', async () => {
    const fails = task(name, {
      execute: () => Promise.reject(new Error('no')),
      revert: () => Promise.reject(new Error('nor')),
    })
    const engine = load(linear('f').add(fails))
    await errorOf(engine.run())
    const { storage } = engine
    expect(Object.keys(storage.getFailures())).toEqual([name])
    expect(Object.keys(storage.getRevertFailures())).toEqual([name])
    expect(Object.keys(storage.getAtomsStates([name]))).toEqual([name])
    const { failures } = await runFlow(linear('f').add(fails))
    expect(Object.keys(failures)).toEqual([name])
  })

  test('as a name of an atom is found in the histories of deciders and retries', async () => {
    const seen: unknown[] = []
    const first = task(name, { execute: () => 'done' })
    const second = task('second', { execute: () => {} })
    const decider = ({ history }: { history: object }) => seen.push(Object.entries(history))
    await load(graph('g').add(first, second).link(first, second, { decider })).run()
    expect(seen).toEqual([[[name, 'done']]])
    const outcomes: unknown[] = []
    const asked = retry('asked', {
      execute: () => 1,
      onFailure: ({ history }: { history: History }) => {
        outcomes.push(...history.outcomes().map(([atom]) => atom))
        return 'REVERT'
      },
    })
    const fails = task(name, { execute: () => Promise.reject(new Error('no')) })
    await errorOf(load(linear('f', { retry: asked }).add(fails)).run())
    expect(outcomes).toEqual([name])
  })

  test('is drawn in plans', () => {
    const one = task(name, { provides: name, execute: () => 1 })
    const two = task('two', {
      requires: ['x'],
      rebind: { x: name },
      execute: (inputs: object) => inputs,
    } as never)
    const drawn = plan(linear(name).add(one, two) as never)
    expect(drawn.toText()).toContain(name)
    expect(drawn.toMermaid()).toContain('two')
    expect(drawn.toDot()).toContain(name)
  })

  test.each([
    ['memory', () => memory()],
    ['SQLite', () => sqlite(':memory:')],
    ['a folder', (path: string) => directory(path)],
  ])(
    'survives in %s: as a symbol, an atom, a key of a payload, of metadata and of progress',
    async (_what, open) => {
      const { mkdtemp, rm } = await import('node:fs/promises')
      const folder = await mkdtemp('/tmp/taskflow-ts-names-')
      await using backend = open(`${folder}/runs`)
      const gives = task(name, {
        requires: [],
        provides: name,
        execute: (
          _inputs: object,
          { progress }: { progress: (fraction: number, details: object) => void },
        ) => {
          progress(0.5, parsed(name, 1))
          return parsed(name, { isAdmin: true })
        },
      } as never)
      const flow = () =>
        linear('f').add(
          gives,
          task('fails', { execute: () => Promise.reject(new Error('no')) }),
        ) as never
      const engine = load(flow(), {
        backend,
        neverResolve: true,
        store: parsed(`${name}2`, parsed(name, 5)),
      } as never)
      engine.storage.updateFlowMetadata(parsed(name, [1]))
      await errorOf(engine.run())
      const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
      const again = loadAny(flow(), { backend, flowDetail })
      again.compile()
      await again.prepare()
      const value = again.storage.fetch(name as never) as object
      expect(Object.entries(value)).toEqual([[name, { isAdmin: true }]])
      expect((value as { isAdmin?: unknown }).isAdmin).toBeUndefined()
      expect(Object.entries(again.storage.fetch(`${name}2` as never) as object)).toEqual([
        [name, 5],
      ])
      expect(Object.entries(again.storage.flowMeta)).toContainEqual([name, [1]])
      await rm(folder, { recursive: true, force: true })
    },
  )
})

test('results with a key then are never taken for a promise', async () => {
  expect(() => task('t', { provides: 'then', execute: () => () => {} })).toThrow(
    "must not be 'then'",
  )
  await expect(
    runAny(linear('f') as never, { store: Object.fromEntries([['then', () => {}]]) }),
  ).rejects.toThrow("must not be 'then'")
})
