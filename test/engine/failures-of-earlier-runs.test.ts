import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Engine,
  type FlowDetail,
  isFailure,
  linear,
  loadFlowDetail,
  memory,
  NotFoundError,
  type RevertInputs,
  retry,
  task,
  times,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, thrownBy } from './steps.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** a, b and c, of which one fails, and says in its undo which failures it is told of. */
function threeSteps() {
  const failing = { execute: '', revert: '' }
  const told: string[] = []
  const step = (name: string) =>
    task(name, {
      execute: () => {
        if (name === failing.execute) throw new Error(`${name} failed`)
      },
      revert: ({ flowFailures, result }: RevertInputs<unknown>) => {
        told.push(`${name}: ${Object.keys(flowFailures)}${isFailure(result) ? ', failed' : ''}`)
        if (name === failing.revert) throw new Error(`the undo of ${name} failed`)
      },
    })
  const flow = () => linear('f').add(step('a'), step('b'), step('c'))
  return { failing, told, flow }
}

function failuresOf({ storage }: Engine<object>): readonly string[] {
  return [...Object.keys(storage.getFailures()), ...Object.keys(storage.getRevertFailures())]
}

const BACKENDS: Readonly<Record<string, () => Backend>> = {
  memory: () => memory(),
  directory: () => directory(join(folder, 'runs')),
  SQLite: () => sqlite(join(folder, 'runs.db')),
}

describe.each(Object.entries(BACKENDS))(
  'with the %s backend, a run that starts anew',
  (_name, open) => {
    test('after it was reverted knows its own failures only', async () => {
      await using backend = open()
      const { failing, told, flow } = threeSteps()
      failing.execute = 'c'
      const engine = loadLoosely(flow(), { backend })
      await errorOf(engine.run())
      expect(told).toEqual(['c: c, failed', 'b: c', 'a: c'])
      for (const reloads of [false, true]) {
        const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
        const again = reloads ? loadLoosely(flow(), { backend, flowDetail }) : engine
        failing.execute = 'a'
        told.length = 0
        expect(await errorOf(again.run())).toMatchObject({ message: 'a failed' })
        expect(told).toEqual(['a: a, failed'])
        expect(failuresOf(again)).toEqual(['a'])
        expect(thrownBy(() => again.storage.getExecuteResult('c'))).toBeInstanceOf(NotFoundError)
        const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
        expect([stored.find('a')?.failure?.message, stored.find('c')?.failure]).toEqual([
          'a failed',
          undefined,
        ])
      }
    })

    test('after an undo that broke knows nothing of it', async () => {
      await using backend = open()
      const { failing, flow } = threeSteps()
      Object.assign(failing, { execute: 'c', revert: 'b' })
      const engine = loadLoosely(flow(), { backend })
      await errorOf(engine.run())
      expect(failuresOf(engine)).toEqual(['c', 'b'])
      failing.revert = ''
      await engine.revert()
      expect(engine.storage.getFlowState()).toBe('REVERTED')
      failing.execute = 'a'
      const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
      const again = loadLoosely(flow(), { backend, flowDetail })
      expect(await errorOf(again.run())).toMatchObject({ message: 'a failed' })
      expect(failuresOf(again)).toEqual(['a'])
    })
  },
)

test('a flow that is reset and prepared reports no failures', async () => {
  const { failing, flow } = threeSteps()
  failing.execute = 'c'
  const engine = loadLoosely(flow(), { backend: memory() })
  await errorOf(engine.run())
  await engine.reset()
  expect(failuresOf(engine)).toEqual([])
  expect(thrownBy(() => engine.storage.getExecuteResult('c'))).toBeInstanceOf(NotFoundError)
  failing.execute = ''
  await engine.run()
  expect(failuresOf(engine)).toEqual([])
})

describe('the second attempt of a retry', () => {
  /** b fails in the first attempt, a in the second. */
  function otherAttempts() {
    const told: string[] = []
    const step = (name: string, failsIn: number) =>
      task(name, {
        requires: ['attempt'],
        execute: ({ attempt }: { readonly attempt: number }) => {
          if (attempt === failsIn) throw new Error(`${name} failed`)
        },
        revert: ({ flowFailures }: RevertInputs<unknown>) =>
          void told.push(`${name}: ${Object.keys(flowFailures)}`),
      })
    const body = linear('in', { retry: times(2, { name: 'again', provides: 'attempt' }) })
    return { told, flow: linear('f').add(body.add(step('a', 2), step('b', 1))) }
  }

  test('knows its own failures only; the history has them all', async () => {
    const { told, flow } = otherAttempts()
    let history: readonly (readonly string[])[] = []
    const engine = loadLoosely(flow)
    engine.atomNotifier.register('REVERTING', (_, details) => {
      if (!('retryName' in details)) return
      const { storage } = engine
      history = [...storage.getRetryHistory('again')].map(([, failures]) => Object.keys(failures))
    })
    expect(await errorOf(engine.run())).toMatchObject({ message: 'a failed' })
    expect(told).toEqual(['b: b', 'a: b', 'a: a'])
    expect(failuresOf(engine)).toEqual(['a'])
    expect(history).toEqual([['b'], ['a']])
  })

  test('does so after a crash at any write', async () => {
    for (let at = 1; ; at += 1) {
      const backend = memory()
      const { flow } = otherAttempts()
      const remains = await runUntilCrash(flow, { at, when: 'after' }, { backend })
      if (remains === undefined) break
      const { flow: again, told } = otherAttempts()
      const flowDetail = remains.detail as FlowDetail
      if (flowDetail.state === 'REVERTED') continue
      const engine = loadLoosely(again, { backend, flowDetail })
      const error = (await errorOf(engine.run())) as Error
      expect(error.message).toContain('a failed')
      expect(error.message).not.toContain('b failed')
      expect(failuresOf(engine)).toEqual(['a'])
      expect(told.filter((line) => line.includes('a,') || line.includes('b,'))).toEqual([])
    }
  })

  test('of a retry around another one knows no failure of that', async () => {
    const inner = retry('inner', {
      requires: [],
      execute: ({ history }) => {
        if (history.length === 0 && rounds === 1) throw new Error('inner failed')
      },
      onFailure: () => 'REVERT',
    })
    let rounds = 0
    const count = task('count', {
      execute: () => {
        rounds += 1
        if (rounds === 2) throw new Error('count failed')
      },
    })
    const outer = times(2, { name: 'outer' })
    const flow = linear('f', { retry: outer }).add(count, linear('in', { retry: inner }))
    const engine = loadLoosely(flow)
    expect(await errorOf(engine.run())).toMatchObject({ message: 'count failed' })
    expect(failuresOf(engine)).toEqual(['count'])
    expect(engine.storage.getRetryHistory('inner').failure).toBeUndefined()
  })

  test('that was withdrawn by a suspension leaves the failures of the first', async () => {
    const { flow } = otherAttempts()
    const backend = memory()
    const engine = loadLoosely(flow, { backend })
    engine.atomNotifier.register('REVERTED', (_, details) => {
      if ('taskName' in details && details.taskName === 'a') void engine.suspend()
    })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(failuresOf(engine)).toEqual(['b'])
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.find('b')?.failure?.message).toBe('b failed')
  })
})

test('what Python has left of an earlier attempt in a record is not reported', async () => {
  const { failing, flow } = threeSteps()
  failing.execute = 'c'
  const engine = loadLoosely(flow(), { backend: memory() })
  await errorOf(engine.run())
  const { flowDetail } = engine.storage
  const failure = flowDetail.find('c')?.failure
  await engine.reset()
  Object.assign(flowDetail.find('c') ?? {}, { failure })
  flowDetail.state = 'SUSPENDED'
  failing.execute = 'b'
  const again = loadLoosely(flow(), { flowDetail })
  expect(await errorOf(again.run())).toMatchObject({ message: 'b failed' })
  expect(failuresOf(again)).toEqual(['b'])
})
