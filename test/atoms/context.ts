/**
 * What an engine hands to the functions of an atom, for tests that call them without one.
 *
 * @module
 */
import type { TaskContext } from '../../src/atoms/task.ts'
import { SILENT_LOGGER } from '../../src/base/logger.ts'

/** A context that nobody listens to. */
export const CONTEXT: TaskContext = {
  signal: new AbortController().signal,
  idempotencyKey: 'run-1/execute',
  executeKey: 'run-1/execute',
  attempt: 1,
  logger: SILENT_LOGGER,
  progress: () => undefined,
}
