/**
 * Clauses of the executor contract about engines that use it.
 *
 * @module
 */
import { expect } from 'vitest'
import type { Engine } from '../../engine/engine.ts'
import { load } from '../../engine/load.ts'
import type { Executor } from '../../executors/executor.ts'
import type { FlowItem } from '../../flows/flow.ts'
import { linear } from '../../flows/linear.ts'
import { unordered } from '../../flows/unordered.ts'
import type { DeclareExecutorClause } from './clause.ts'

/** Declares them. */
export function engineClauses(clause: DeclareExecutorClause): void {
  clause('runs a flow, handing results on', async ({ executor, work }) => {
    const requires = ['a', 'b']
    const flow = linear('flow').add(
      work('add', { name: 'first', requires, options: { provides: 'c' } }),
      work('addLater', {
        name: 'second',
        requires,
        options: { rebind: { b: 'c' }, provides: 'd' },
      }),
    )
    const engine = engineOf(flow, executor)
    await engine.run()
    expect(engine.storage.fetchAll()).toEqual({ a: 1, b: 2, c: 3, d: 4 })
  })

  clause('runs more tasks than it has room for', async ({ executor, work }) => {
    const count = Math.min(executor.capacity, 8) * 3
    const names = Array.from({ length: count }, (_, i) => `task-${i}`)
    const flow = unordered('flow').add(...names.map((name) => work('report', { name })))
    const engine = engineOf(flow, executor)
    await engine.run()
    expect(names.map((name) => engine.storage.getAtomState(name))).toEqual(
      names.map(() => 'SUCCESS'),
    )
  })

  clause('reverts a flow that failed', async ({ executor, work }) => {
    const requires = ['a', 'b']
    const flow = linear('flow').add(
      work('add', { name: 'done', revert: 'undo', requires }),
      work('fail', { name: 'broken', revert: 'undo', requires }),
    )
    const engine = engineOf(flow, executor)
    await expect(engine.run()).rejects.toThrow('too much')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
    expect(engine.storage.getRevertResult('done')).toEqual({ a: 1, undone: 3, failed: ['broken'] })
    expect(engine.storage.getRevertResult('broken')).toEqual({
      a: 1,
      undone: 'too much',
      failed: ['broken'],
    })
  })

  clause('lets a task end that is told to stop by its time limit', async ({ executor, work }) => {
    const flow = linear('flow').add(work('waitForStop', { options: { timeoutMs: 50 } }))
    const engine = engineOf(flow, executor)
    await expect(engine.run()).rejects.toMatchObject({ code: 'TIMEOUT' })
  })
}

/** The engine stops what it made itself alone, so the suite's executor goes on. */
function engineOf(flow: FlowItem, executor: Executor): Engine {
  const options = { engine: 'parallel', executor, store: { a: 1, b: 2 } } as const
  return (load as (flow: FlowItem, given: typeof options) => Engine)(flow, options)
}
