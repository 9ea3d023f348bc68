/**
 * Runs that are reverted on demand, and points of no return.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  graph,
  IrreversibleError,
  linear,
  load,
  loadFlowDetail,
  memory,
  retry,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { diary, endless, statesOf } from './diary.ts'
import { recording } from './recording.ts'
import { errorOf } from './steps.ts'

describe('a revert on demand', () => {
  test('undoes a finished run along its graph, as visible states', async () => {
    const { lines, step } = diary()
    const flow = linear('f').add(step('a'), unordered('u').add(step('b'), step('c')), step('d'))
    const engine = load(flow, { backend: memory() })
    await engine.run()
    lines.length = 0
    const states: string[] = []
    engine.notifier.register('*', (state) => states.push(state))
    engine.atomNotifier.register('*', (state, details) => {
      states.push(`${'taskName' in details ? details.taskName : ''} ${state}`)
    })
    await engine.revert()
    expect(lines).toEqual([
      'undo d: made by d',
      'undo c: made by c',
      'undo b: made by b',
      'undo a: made by a',
    ])
    expect(states.at(0)).toBe('RUNNING')
    expect(states.at(-1)).toBe('REVERTED')
    expect(states).toContain('d REVERTING')
    expect(states).toContain('a REVERTED')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('goes on from the stored results in another process', async () => {
    const { lines, step } = diary()
    const backend = memory()
    const make = () => linear('f').add(step('a'), step('b'))
    const first = load(make(), { backend })
    await first.run()
    lines.length = 0
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    await load(make(), { backend, flowDetail }).revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a'])
    expect((await loadFlowDetail(backend, flowDetail.uuid)).state).toBe('REVERTED')
  })

  test('undoes what a suspended run has done, and leaves the rest alone', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b'), step('c')))
    engine.atomNotifier.register('SUCCESS', (_, details) => {
      if ('taskName' in details && details.taskName === 'b') void engine.suspend()
    })
    await engine.run()
    lines.length = 0
    await engine.revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a'])
    expect(statesOf(engine)).toBe('a REVERTED, b REVERTED, c PENDING')
  })

  test('reverts retries with their flows, and asks none', async () => {
    const { lines, step } = diary()
    const controller = retry('again', {
      execute: () => 1,
      onFailure: () => {
        lines.push('asked')
        return 'RETRY'
      },
      revert: () => void lines.push('undo again'),
    })
    const engine = load(linear('f', { retry: controller }).add(step('a'), step('b')))
    await engine.run()
    lines.length = 0
    await engine.revert()
    expect(lines).toEqual(['undo b: made by b', 'undo a: made by a', 'undo again'])
  })

  test('tries an undo that broke again, with what there is to undo', async () => {
    const { lines, step } = diary()
    let isBroken = true
    const stubborn = task('stubborn', {
      provides: 'x',
      execute: () => 'the value',
      revert({ result }) {
        lines.push(`undo stubborn: ${String(result)}`)
        if (isBroken) throw new Error('not now')
      },
    })
    const failing = task('failing', {
      execute() {
        throw new Error('no')
      },
    })
    const backend = memory()
    const flow = () => linear('f').add(step('a'), stubborn, failing)
    const engine = load(flow(), { backend })
    await errorOf(engine.run())
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(await errorOf(engine.revert())).toMatchObject({ message: 'not now' })
    isBroken = false
    lines.length = 0
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    const later = load(flow(), { backend, flowDetail })
    await later.revert()
    expect(lines).toEqual(['undo stubborn: the value', 'undo a: made by a'])
    expect(later.storage.getFlowState()).toBe('REVERTED')
    const stored = await loadFlowDetail(backend, flowDetail.uuid)
    expect(stored.find('stubborn')).toMatchObject({ state: 'REVERTED', resultToUndo: undefined })
  })

  test('goes on backwards after a crash at every write', async () => {
    for (let at = 1; ; at += 1) {
      const { lines, step } = diary()
      const inner = memory()
      const backend = recording(inner)
      const make = () => linear('f').add(step('a'), step('b'), step('c'))
      const first = load(make(), { backend })
      await first.run()
      const before = backend.checkpoints.length
      backend.beforeSave = (_, count) => {
        if (count === before + at) throw new Error('died')
      }
      const error = await errorOf(first.revert())
      if (error === undefined) {
        expect(at).toBeGreaterThan(3)
        break
      }
      const flowDetail = await loadFlowDetail(inner, first.storage.flowUuid)
      const second = load(make(), { backend: inner, flowDetail })
      const wasBegun = flowDetail.state !== 'SUCCESS'
      if (wasBegun) await second.run()
      else await second.revert()
      expect(second.storage.getFlowState()).toBe('REVERTED')
      for (const name of ['a', 'b', 'c']) {
        expect(lines.filter((line) => line.startsWith(`undo ${name}`)).length).toBeGreaterThan(0)
      }
      expect(lines.filter((line) => line.startsWith('do'))).toHaveLength(3)
    }
  })

  test('can be suspended, and goes on when the flow is run again', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b')))
    await engine.run()
    const stop = new AbortController()
    engine.atomNotifier.register('REVERTED', () => stop.abort())
    await engine.revert({ signal: stop.signal })
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    lines.length = 0
    await engine.run()
    expect(lines).toEqual(['undo a: made by a'])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('has nothing to do where all is undone; a run after it starts anew', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a')))
    await engine.run()
    await engine.revert()
    await engine.revert()
    lines.length = 0
    await engine.run()
    expect(lines).toEqual(['do a'])
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('is refused while the flow runs', async () => {
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(one))
    const run = errorOf(engine.run())
    await begun
    expect(await errorOf(engine.revert())).toMatchObject({ code: 'ENGINE_BUSY' })
    await engine.cancel()
    await run
  })

  test('stops at the tasks that are to stay', async () => {
    const { lines, step } = diary()
    const engine = load(linear('f').add(step('a'), step('b'), step('c')))
    await engine.run()
    lines.length = 0
    await engine.revert({ downTo: 'b' })
    expect(lines).toEqual(['undo c: made by c'])
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(statesOf(engine)).toBe('a SUCCESS, b SUCCESS, c REVERTED')
    expect(await errorOf(engine.revert({ downTo: 'nobody' }))).toMatchObject({ code: 'NOT_FOUND' })
    await engine.revert()
    expect(statesOf(engine)).toBe('a REVERTED, b REVERTED, c REVERTED')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })
})

describe('a point of no return', () => {
  test('is not passed by a failure behind it', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const flow = linear('f').add(step('a'), sealed('pay'), step('b'), failing)
    const engine = load(flow)
    expect(await errorOf(engine.run())).toMatchObject({ message: 'no' })
    expect(lines.slice(-2)).toEqual(['undo failing: failed', 'undo b: made by b'])
    expect(statesOf(engine)).toBe('a SUCCESS, pay SUCCESS, b REVERTED, failing REVERTED')
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('that has not been reached holds nothing', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const engine = load(linear('f').add(step('a'), failing, sealed('pay')))
    await errorOf(engine.run())
    expect(lines.at(-1)).toBe('undo a: made by a')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('that failed itself holds nothing', async () => {
    const { lines, step } = diary()
    const pay = task('pay', {
      irreversible: true,
      execute() {
        throw new Error('refused')
      },
    })
    const engine = load(linear('f').add(step('a'), pay))
    await errorOf(engine.run())
    expect(lines.at(-1)).toBe('undo a: made by a')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('lets what stands beside it be reverted', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const before = step('before')
    const pay = sealed('pay')
    const beside = step('beside')
    const flow = graph('f').add(before, pay, beside, failing)
    flow.link(before, pay)
    flow.link(pay, failing)
    flow.link(beside, failing)
    const engine = load(flow)
    await errorOf(engine.run())
    expect(lines.filter((line) => line.startsWith('undo'))).toEqual([
      'undo failing: failed',
      'undo beside: made by beside',
    ])
  })

  test('keeps a retry from running its flow again', async () => {
    const { lines, step, sealed } = diary()
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const inner = linear('inner', { retry: times(3) }).add(step('a'), sealed('pay'), failing)
    const engine = load(inner)
    await errorOf(engine.run())
    expect(lines.filter((line) => line === 'do pay')).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('undo'))).toEqual(['undo failing: failed'])
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('refuses a revert that would pass it, before anything is touched', async () => {
    const { lines, step, sealed } = diary()
    const backend = recording(memory())
    const engine = load(linear('f').add(step('a'), sealed('pay'), step('b')), { backend })
    await engine.run()
    const count = backend.checkpoints.length
    lines.length = 0
    const error = await errorOf(engine.revert())
    expect(error).toBeInstanceOf(IrreversibleError)
    expect(error).toMatchObject({
      code: 'IRREVERSIBLE',
      atoms: ['pay'],
      message:
        "flow 'f' cannot be reverted: 'pay' cannot be undone, and has run; nothing was changed. Say how far to go: revert({ downTo: ['pay'] }) keeps them, and what comes before them",
    })
    expect(await errorOf(engine.revert({ downTo: 'a' }))).toBeInstanceOf(IrreversibleError)
    expect(backend.checkpoints).toHaveLength(count)
    expect([lines, engine.storage.getFlowState()]).toEqual([[], 'SUCCESS'])
    await engine.revert({ downTo: ['pay'] })
    expect(lines).toEqual(['undo b: made by b'])
  })

  test('has no revert of its own', () => {
    const both = { irreversible: true, execute() {}, revert() {} }
    expect(() => task('pay', both)).toThrow(TypeError)
  })
})
