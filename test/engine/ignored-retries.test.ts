import { describe, expect, test } from 'vitest'
import {
  alwaysRevertAll,
  compare,
  type Depth,
  graph,
  linear,
  memory,
  type Retry,
  times,
  unordered,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'

const DEPTHS: readonly Depth[] = ['FLOW', 'NEIGHBORS', 'ATOM']

/**
 * `first`, then a flow with a retry that the decider refuses; its tasks stand in flows of their own,
 * so that no depth but ALL reaches them. The last of them fails, until it is called so many times.
 */
function withIgnoredRetry(depth: Depth, outer: Retry<never, object> | undefined, failures = 99) {
  const w = workshop()
  let left = failures
  const failing = () => {
    left -= 1
    if (left >= 0) throw new Error('t is broken')
  }
  const flow = linear('in', { retry: times(3, { name: 'inner' }) }).add(
    unordered('tasks').add(linear('row').add(w.step('s'), w.step('t', { does: failing }))),
  )
  const first = w.step('first')
  const body = graph('g')
    .add(first, flow)
    .link(first, flow, { decider: () => false, depth })
  const all = outer === undefined ? body : linear('f', { retry: outer }).add(body)
  return { ...w, flow: all }
}

describe.each(DEPTHS)('a retry that a decider with depth %s refuses', (depth) => {
  test('is not asked about failures: without another one, everything is reverted', async () => {
    const { flow, names } = withIgnoredRetry(depth, undefined)
    const engine = loadLoosely(flow)
    expect(await errorOf(engine.run())).toMatchObject({ message: 't is broken' })
    expect(names()).toEqual(['first', 's', 't', 't revert', 's revert', 'first revert'])
    expect(statesOf(engine)).toMatchObject({ inner: 'IGNORE', t: 'REVERTED' })
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('leaves the question to the retry around it', async () => {
    const { flow, names } = withIgnoredRetry(depth, times(2, { name: 'outer' }), 1)
    const engine = loadLoosely(flow)
    await engine.run()
    expect(names()).toEqual([
      ...['first', 's', 't', 't revert', 's revert', 'first revert'],
      ...['first', 's', 't'],
    ])
    expect(engine.storage.getRetryHistory('outer').outcomes(0)).toMatchObject([['t', {}]])
    expect(engine.storage.getRetryHistory('inner').length).toBe(0)
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test.each([
    { what: 'no retry', outer: () => undefined, failures: 99 },
    { what: 'a retry', outer: () => times(2, { name: 'outer' }), failures: 1 },
    { what: 'a retry that gives up', outer: () => times(1, { name: 'outer' }), failures: 99 },
    {
      what: 'a retry that reverts all',
      outer: () => alwaysRevertAll({ name: 'outer' }),
      failures: 99,
    },
  ])('makes no difference to a run whose process dies, with $what around', async (one) => {
    const make = () => withIgnoredRetry(depth, one.outer(), one.failures)
    const whole = loadLoosely(make().flow)
    await errorOf(whole.run())
    for (let at = 1; ; at += 1) {
      const backend = memory()
      const { flow } = make()
      const remains = await runUntilCrash(flow, { at, when: 'after' }, { backend })
      if (remains === undefined) {
        expect(at).toBeGreaterThan(5)
        break
      }
      const flowDetail = remains.detail
      if (flowDetail === undefined || flowDetail.state !== 'RUNNING') continue
      expect(compare(flowDetail, flow)).toEqual({ canResume: true, differences: [] })
      const engine = loadLoosely(flow, { backend, flowDetail })
      await errorOf(engine.run())
      expect(statesOf(engine)).toEqual(statesOf(whole))
      expect(engine.storage.getFlowState()).toBe(whole.storage.getFlowState())
    }
  })
})
