/**
 * Flows that were suspended at a task, and flows that do not fit a record.
 *
 * @module
 */
import { expect } from 'vitest'
import {
  type FlowDetail,
  type FlowItem,
  type FlowMismatchError,
  linear,
  type Task,
} from '../../src/index.ts'
import { errorOf, loadLoosely } from './steps.ts'

/** Runs a linear flow and suspends it when the given atom has succeeded. */
export async function suspendedAfter(name: string, atoms: readonly Task[]) {
  const engine = loadLoosely(linear('f').add(...atoms))
  engine.atomNotifier.register('SUCCESS', (_, details) => {
    if ('taskName' in details && details.taskName === name) void engine.suspend()
  })
  await engine.run()
  expect(engine.storage.getFlowState()).toBe('SUSPENDED')
  return engine
}

export async function expectDifferences(
  flow: FlowItem,
  flowDetail: FlowDetail,
  differences: readonly object[],
): Promise<void> {
  const error = (await errorOf(loadLoosely(flow, { flowDetail }).run())) as FlowMismatchError
  expect(error).toMatchObject({ code: 'FLOW_MISMATCH' })
  expect(error.differences).toMatchObject(differences)
}
