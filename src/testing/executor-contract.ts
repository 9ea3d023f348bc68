/**
 * The clauses of {@link Executor}, as tests that any executor can run.
 *
 * For authors of executors. Needs Vitest, and must not know any driver.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import type { Task } from '../atoms/task.ts'
import type { Executor } from '../executors/executor.ts'
import { callClauses } from './executor/calls.ts'
import { type DeclareExecutorClause, worked } from './executor/clause.ts'
import { engineClauses } from './executor/engines.ts'
import { lifeClauses } from './executor/life.ts'
import { type ContractWork, contractTask } from './executor/work.ts'

/** What the suite needs to know of an executor. */
export interface ExecutorContract {
  /** Name of the executor, for the report. */
  readonly name: string
  /** Makes one. The suite starts and stops it. */
  readonly make: () => Executor | Promise<Executor>
  /**
   * Makes the task that does some work of the contract. Executors that call code elsewhere make one
   * that they can call there.
   *
   * @defaultValue {@link contractTask}: the functions are called where the engine is
   */
  readonly taskFor?: ((work: ContractWork) => Task<object, object>) | undefined
  /** Clauses that the executor cannot keep, by title, each with its reason. */
  readonly exempt?: Readonly<Record<string, string>> | undefined
}

const TIMEOUT_MS = 30_000

/** Declares the clauses of {@link Executor} as tests of one executor. */
export function executorContract(contract: ExecutorContract): void {
  const { name, make, taskFor = contractTask, exempt = {} } = contract
  describe(`${name}: executor contract`, () => {
    const unknown = new Set(Object.keys(exempt))
    const clause: DeclareExecutorClause = (title, body, needs) => {
      unknown.delete(title)
      const reason = exempt[title]
      const shown = reason === undefined ? title : `${title} [exempt: ${reason}]`
      test.skipIf(reason !== undefined)(shown, { timeout: TIMEOUT_MS }, async ({ skip }) => {
        const executor = await make()
        if (needs !== undefined) skip(executor[needs] === undefined, `it has no ${needs}`)
        await executor.start?.()
        try {
          await body({ executor, work: worked(taskFor) })
        } finally {
          await executor.stop?.()
        }
      })
    }

    callClauses(clause)
    lifeClauses(clause)
    engineClauses(clause)

    test('exempts only what is a clause', () => {
      expect([...unknown]).toEqual([])
    })
  })
}
