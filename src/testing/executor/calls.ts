/**
 * Clauses of the executor contract about single calls: what goes in, what comes out.
 *
 * @module
 */
import { expect } from 'vitest'
import { retry } from '../../atoms/retry.ts'
import type { TaskContext } from '../../atoms/task.ts'
import { Failure } from '../../base/failure.ts'
import { callOf, type DeclareExecutorClause, outcomeOf } from './clause.ts'

/** Declares them. */
export function callClauses(clause: DeclareExecutorClause): void {
  clause('gives what execute made of its inputs, now or later', async ({ executor, work }) => {
    const inputs = { a: 2, b: 3 }
    const requires = ['a', 'b']
    for (const name of ['add', 'addLater'] as const) {
      expect(await outcomeOf(executor, callOf(work(name, { requires }), { inputs }))).toBe(5)
    }
  })

  clause('gives undefined for a task that returns nothing', async ({ executor, work }) => {
    expect(await outcomeOf(executor, callOf(work('nothing')))).toBeUndefined()
  })

  clause('throws what execute threw, or describes it', async ({ executor, work }) => {
    for (const name of ['fail', 'failLater'] as const) {
      const failure = await outcomeOf(executor, callOf(work(name))).then(
        () => undefined,
        (thrown: unknown) => Failure.from(thrown),
      )
      expect(failure?.message).toBe('too much')
      expect(failure?.check('RangeError')).toBe('RangeError')
      expect(failure?.causes.map(({ message }) => message)).toEqual(['the cause'])
    }
  })

  clause('hands over the attempt and the keys', async ({ executor, work }) => {
    const context = { attempt: 4, idempotencyKey: 'i', executeKey: 'e' }
    expect(await outcomeOf(executor, callOf(work('tell'), { context }))).toEqual(context)
  })

  clause('reverts with inputs, result and failures', async ({ executor, work }) => {
    const one = work('add', { revert: 'undo', requires: ['a', 'b'] })
    const flowFailures = { other: Failure.from(new Error('no')) }
    const results = { 7: 7, own: Failure.from(new Error('own')) }
    for (const [undone, result] of Object.entries(results)) {
      const inputs = { a: 1, b: 2, result, flowFailures }
      const call = callOf(one, { direction: 'revert', inputs })
      const expected = { a: 1, undone: undone === 'own' ? 'own' : 7, failed: ['other'] }
      expect(await outcomeOf(executor, call)).toEqual(expected)
    }
  })

  clause('does nothing to revert a task without a revert', async ({ executor, work }) => {
    expect(await outcomeOf(executor, callOf(work('add'), { direction: 'revert' }))).toBeUndefined()
  })

  clause('passes progress on before the outcome', async ({ executor, work }) => {
    const told: unknown[] = []
    const progress: TaskContext['progress'] = (fraction, details) => {
      told.push([fraction, details])
    }
    told.push(await outcomeOf(executor, callOf(work('report'), { context: { progress } })))
    expect(told).toEqual([[0.25, undefined], [0.5, { step: 'half' }], 'reported'])
  })

  clause('tells a call under way to stop', async ({ executor, work }) => {
    const abort = new AbortController()
    const progress = (): void => abort.abort('enough')
    const context = { signal: abort.signal, progress }
    expect(await outcomeOf(executor, callOf(work('waitForStop'), { context }))).toBe(
      'stopped: enough',
    )
  })

  clause('does not begin a call without telling it that it is to stop', async (parts) => {
    const { executor, work } = parts
    const context = { signal: AbortSignal.abort('too late') }
    const call = callOf(work('waitForStop'), { context })
    const told = await outcomeOf(executor, call).catch((error: unknown) => error)
    expect(String((told as Error | undefined)?.message ?? told)).toContain('too late')
  })

  clause('answers each of many calls', async ({ executor, work }) => {
    const one = work('addLater', { requires: ['a', 'b'] })
    const calls = Array.from({ length: 20 }, (_, a) => callOf(one, { inputs: { a, b: 1 } }))
    const sums = await Promise.all(calls.map((call) => outcomeOf(executor, call)))
    expect(sums).toEqual(calls.map(({ inputs }) => Number(inputs['a']) + 1))
  })

  clause('calls retries, wherever it calls tasks', async ({ executor }) => {
    const one = retry('patient', { execute: () => 'tried', onFailure: () => 'REVERT' })
    expect(await outcomeOf(executor, callOf(one))).toBe('tried')
  })
}
