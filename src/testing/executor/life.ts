/**
 * Clauses of the executor contract about its life: capacity, start, stop, calls that are given up.
 *
 * @module
 */
import { expect } from 'vitest'
import type { AtomCall, Executor } from '../../executors/executor.ts'
import {
  callOf,
  type DeclareExecutorClause,
  type ExecutorClauseContext,
  type MakeTask,
  outcomeOf,
} from './clause.ts'

/** Declares them. */
export function lifeClauses(clause: DeclareExecutorClause): void {
  clause('has a capacity of whole calls, or of no end', async ({ executor }) => {
    const { capacity } = executor
    expect(capacity).toBeGreaterThanOrEqual(0)
    expect(capacity === Number.POSITIVE_INFINITY || Number.isSafeInteger(capacity)).toBe(true)
  })

  clause('may be started twice and stopped twice', async ({ executor, work }) => {
    await executor.start?.()
    await adds(executor, work)
    await executor.stop?.()
    await executor.stop?.()
  })

  clause('may be started again', async ({ executor, work }) => {
    await adds(executor, work)
    await executor.stop?.()
    await executor.start?.()
    await adds(executor, work)
  })

  clause('may be stopped before it was ever called', async ({ executor }) => {
    await executor.stop?.()
  })

  clause(
    'fails the calls that are under way when it stops',
    async ({ executor, work }) => {
      const [call] = await hanging(executor, work, 1)
      await executor.stop?.()
      await expect(call?.outcome).rejects.toThrow()
    },
    'stop',
  )

  clause('goes on after a call that is given up', givesUp, 'giveUp')

  clause(
    'takes it calmly when a call is given up that was not made',
    async (parts) => {
      const { executor, work } = parts
      executor.giveUp?.(callOf(work('hang')))
      await adds(executor, work)
    },
    'giveUp',
  )

  clause(
    'ends the registration of who hears of more capacity',
    async ({ executor }) => {
      const hearing = executor.onMoreCapacity?.(() => {})
      hearing?.[Symbol.dispose]()
      hearing?.[Symbol.dispose]()
    },
    'onMoreCapacity',
  )
}

async function adds(executor: Executor, work: MakeTask): Promise<void> {
  const call = callOf(work('add', { requires: ['a', 'b'] }), { inputs: { a: 2, b: 3 } })
  expect(await outcomeOf(executor, call)).toBe(5)
}

/** With as many calls as there is room for, so that nothing is left unless the room is. */
async function givesUp({ executor, work }: ExecutorClauseContext): Promise<void> {
  const count = Math.max(Math.min(executor.capacity, 4), 1)
  for (const { call } of await hanging(executor, work, count)) executor.giveUp?.(call)
  await adds(executor, work)
}

/** Calls that have begun and never end, and what comes of them nonetheless. */
async function hanging(
  executor: Executor,
  work: MakeTask,
  count: number,
): Promise<readonly { readonly call: AtomCall; readonly outcome: Promise<unknown> }[]> {
  const calls = []
  for (let i = 0; i < count; i += 1) {
    const began = Promise.withResolvers<void>()
    const call = callOf(work('hang'), { context: { progress: () => began.resolve() } })
    const outcome = outcomeOf(executor, call)
    outcome.catch(() => {}) // perhaps nobody waits for it
    await began.promise
    calls.push({ call, outcome })
  }
  return calls
}
