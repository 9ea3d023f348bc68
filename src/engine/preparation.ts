/**
 * Makes ready what the phases of a run share: the record is checked, the records of the atoms are
 * made, and what tasks inject is kept.
 *
 * For the engine, which does it once. Nothing is written here.
 *
 * @module
 */
import type { Notifier } from '../base/notifier.ts'
import type { FlowMismatchError } from '../errors.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { Compilation } from './compiler.ts'
import { hasRun } from './course.ts'
import { findDifferences, refuse } from './differences.ts'
import type { Interceptors } from './interceptors.ts'
import type { Journal } from './journal.ts'
import { findUnmetNeeds } from './needs.ts'
import type { EngineParts } from './options.ts'
import type { ProgressEvents } from './progress.ts'
import { makeRuntime, type Runtime } from './runtime.ts'
import type { Storage } from './storage.ts'

/** What resetting atoms needs of a run. */
export type ResetParts = Pick<Runtime, 'compilation' | 'moves' | 'progress'>

/** What an engine brings beside the parts that it was made of. */
export interface PreparationParts {
  readonly compilation: Compilation
  readonly storage: Storage<object>
  readonly journal: Journal<unknown>
  readonly interceptors: Interceptors
  readonly progressNotifier: Notifier<ProgressEvents>
}

/** Makes the state that the phases share. */
export function prepareRuntime(engine: EngineParts, parts: PreparationParts): Runtime {
  const { flowDetail, executor, logger, clock } = engine
  const { compilation, storage } = parts
  const details = storage.attach(compilation)
  if (!engine.injectTransient) injectPersistently(compilation, storage)
  const { lookup } = storage
  const own = { details, flowDetail, lookup, executor, logger, clock, options: engine }
  return makeRuntime({ ...parts, ...own })
}

/** What a record is prepared for: to go on with its run, or something that needs no inputs. */
export type Purpose = 'run' | 'other'

/**
 * Compares the record with the flow. Inputs are looked at when the run begins: until then, values
 * may be put in.
 *
 * @throws {@link FlowMismatchError} when the record does not fit the flow.
 */
export function refuseMisfit(
  { flow, flowDetail, accept }: EngineParts,
  storage: Storage<object>,
  compilation: Compilation,
  purpose: Purpose,
): void {
  if (flowDetail.size === 0) return // a new one fits whatever it is made for
  const lookup = purpose === 'run' && hasRun(flowDetail) ? storage.preview(compilation) : undefined
  const unmet = lookup ? findUnmetNeeds(compilation, flowDetail, lookup) : []
  refuse(flow.name, [...findDifferences(compilation, flowDetail), ...unmet], accept)
}

/** Sends all atoms back to the start, whatever became of them. */
export async function resetAtoms(run: ResetParts): Promise<void> {
  for (const node of run.compilation.atoms) {
    const { state, hasFailed } = run.moves.detailOf(node)
    run.moves.intend(node, 'EXECUTE')
    if (state === 'PENDING' && !hasFailed) continue
    const startOver = (detail: AtomDetail): void => {
      detail.startOver()
      run.progress.set(node, detail, 0)
    }
    run.moves.move(node, startOver, hasFailed ? 'payload' : 'state')
    await run.moves.afterMove()
  }
}

function injectPersistently({ atoms }: Compilation, storage: Storage<object>): void {
  for (const { name, atom } of atoms) {
    if (atom?.inject === undefined) continue
    storage.injectAtomArgs(name, atom.inject, { transient: false })
  }
}
