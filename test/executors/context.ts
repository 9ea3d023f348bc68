/**
 * Calls and contexts of atoms, for tests that call executors without an engine.
 *
 * @module
 */
import { type AtomCall, SILENT_LOGGER, type TaskContext } from '../../src/index.ts'

/** A context of which parts may be replaced. */
export function context(parts: Partial<TaskContext> = {}): TaskContext {
  return {
    signal: new AbortController().signal,
    idempotencyKey: 'key',
    executeKey: 'key',
    attempt: 1,
    logger: SILENT_LOGGER,
    progress: () => {},
    ...parts,
  }
}

/** A call of execute, or of revert with what the engine adds to its inputs. */
export function callOf(
  atom: unknown,
  direction: AtomCall['direction'] = 'execute',
  inputs: AtomCall['inputs'] = {},
  parts: Partial<TaskContext> = {},
): AtomCall {
  return {
    atom: atom as AtomCall['atom'],
    direction,
    inputs,
    context: context(parts),
    run: { uuid: 'run' },
    record: { uuid: 'atom' },
    deadline: undefined,
  }
}
