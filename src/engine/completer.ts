/**
 * Takes the outcomes of atoms, and decides what becomes of failures.
 *
 * TaskFlow's rules (`completer.py`): the innermost retry around the atom is asked, and answers
 * climb outwards; without one, everything is reverted. Only intentions change by it; the reverts
 * become ready from the end backwards.
 *
 * @module
 */

import { extract } from '../atoms/provides.ts'
import type { Decision, Retry } from '../atoms/retry.ts'
import { DURATION } from '../base/checks.ts'
import { Failure, isFailure } from '../base/failure.ts'
import { inWords } from '../base/thrown.ts'
import { InvalidStateError, NotStorableError } from '../errors.ts'
import { RetryDetail } from '../persistence/atom-detail.ts'
import type { GraphNode } from './compiler.ts'
import { retryInCharge } from './course.ts'
import { delay } from './delays.ts'
import type { Runtime } from './runtime.ts'
import { historyOf } from './scheduler.ts'
import type { Storage } from './storage.ts'
import { errorOfUndo } from './undo-requests.ts'
import { type UndoingParts, undoMore } from './undoing.ts'

/** What completing atoms needs of a run. */
export type CompletingParts = UndoingParts &
  Pick<
    Runtime,
    'clock' | 'contexts' | 'failing' | 'journal' | 'lookup' | 'options' | 'progress' | 'standing'
  >

/** What came of a call: a value, or what was thrown. */
export interface Outcome {
  /** The atom's node. */
  readonly node: GraphNode
  /** Which method was called. */
  readonly direction: 'execute' | 'revert'
  /** It threw. */
  readonly hasFailed: boolean
  /** What it returned or threw. */
  readonly value: unknown
}

/** What is done about a failure. */
type Resolution =
  | { readonly action: 'RETRY'; readonly retry: GraphNode; readonly delayMs: number }
  | { readonly action: 'REVERT'; readonly retry: GraphNode }
  | { readonly action: 'REVERT_ALL'; readonly retry: undefined }

const REVERT_ALL: Resolution = { action: 'REVERT_ALL', retry: undefined }

/** An outcome that has been recorded, and has had no consequences yet. */
export interface Recorded {
  /** The atom's node. */
  readonly node: GraphNode
  /** Which method was called. */
  readonly direction: 'execute' | 'revert'
  /** What was thrown, or why the value cannot be stored. */
  readonly failure: Failure | undefined
}

/** Records an outcome: state, result or failure. A value that cannot be stored is a failure. */
export function record(run: CompletingParts, outcome: Outcome): Recorded {
  const { node, direction, hasFailed, value } = outcome
  const text = hasFailed ? undefined : textOf(run, outcome)
  const failure = hasFailed ? Failure.from(value) : isFailure(text) ? text : undefined
  if (failure !== undefined) run.journal.texts.prepare(failure)
  if (direction === 'execute') {
    if (failure === undefined) run.failing.delete(node.name)
    else run.failing.set(node.name, failure)
  }
  run.moves.move(
    node,
    (detail) => {
      if (failure !== undefined) {
        if (direction === 'execute') detail.fail(failure)
        else detail.failRevert(failure)
      } else {
        if (direction === 'execute') detail.succeed(value, text as string | null | undefined)
        else detail.revert(value, text as string | null | undefined)
        run.progress.set(node, detail, 1)
      }
    },
    'payload',
    { result: failure ?? value },
  )
  return { node, direction, failure }
}

/**
 * Draws the consequences of an outcome, and gives the atoms that become ready by it; deciders are
 * not asked yet. A promise only where a retry is to be asked.
 */
export function settle(
  run: CompletingParts,
  { node, direction, failure }: Recorded,
): readonly GraphNode[] | Promise<readonly GraphNode[]> {
  if (failure === undefined) {
    const isForward = direction === 'execute' && run.moves.detailOf(node).intention === 'EXECUTE'
    return isForward ? run.selector.advance(node) : run.selector.retreat(node)
  }
  if (direction === 'execute' && (run.reversal.undo !== undefined || !run.options.neverResolve)) {
    return resolve(run, node, failure)
  }
  run.standing.errors.push(failure)
  return []
}

/** What was returned as the text that is stored, or why it cannot be stored or read. */
function textOf(
  run: CompletingParts,
  { node, direction, value }: Outcome,
): string | null | undefined | Failure {
  const { journal } = run
  try {
    if (direction === 'revert') return journal.texts.textOf(value, 'revert result', node.name)
    const text = journal.texts.textOf(value, 'result', node.name)
    if (text === undefined) return whyUnreadable(node, value)
    const detail = run.moves.detailOf(node)
    if (detail instanceof RetryDetail) journal.texts.demandRoom(detail, text ?? '')
    else journal.texts.demandBeside(detail, text)
    return text
  } catch (error) {
    if (!(error instanceof NotStorableError)) throw error
    return Failure.from(error)
  }
}

/** What is not stored may have parts that throw when they are read, for whoever needs them first. */
function whyUnreadable({ atom }: GraphNode, value: unknown): Failure | undefined {
  try {
    for (const { index } of atom?.provisions ?? []) extract(value, index)
    return undefined
  } catch (error) {
    return Failure.from(error)
  }
}

/**
 * Asks the retries what to do about a failure, and changes intentions accordingly. Asked again
 * after a crash; a failure is noted only once. Nobody is asked in a run that is being undone.
 *
 * No revert passes a point of no return: a flow with one in it is not run again, but reverted down
 * to it.
 *
 * @returns the atoms that are ready to be reverted
 */
export async function resolve(
  run: CompletingParts,
  node: GraphNode,
  failure: Failure,
): Promise<readonly GraphNode[]> {
  if (run.reversal.undo !== undefined) {
    return [...undoMore(run), ...run.selector.retreat(node)]
  }
  let resolution: Resolution
  try {
    resolution = await determine(run, node, failure)
  } catch (error) {
    run.standing.errors.push(Failure.from(error))
    return []
  }
  run.standing.resolvedCount += 1
  const region = turnBack(run, resolution)
  // The failed atom may be part of a revert that is under way already, and is ready for it now.
  const itself = run.selector.retreat(node)
  return [...itself, ...run.selector.turnBack(region)]
}

/**
 * Means everything to be reverted that a failure concerns, but what stays.
 *
 * @returns what goes back only now, and perhaps some that did before
 */
function turnBack(run: CompletingParts, resolution: Resolution): readonly GraphNode[] {
  const { kept, turned } = run.reversal
  const { retry } = resolution
  // If anything stays that comes after the retry, so does the retry.
  const again = resolution.action === 'RETRY' && !kept.has(resolution.retry) ? retry : undefined
  const region = retry === undefined ? turned.turnAll(run.compilation) : turned.turnFrom(retry)
  const released = kept.takeReleased().filter((one) => turned.has(one))
  for (const one of [...region, ...released, ...(retry === undefined ? [] : [retry])]) {
    if (one.atom === undefined || one === again || kept.has(one)) continue
    run.moves.intend(one, 'REVERT')
  }
  if (again !== undefined && run.moves.detailOf(again).intention !== 'REVERT') {
    tryAgain(run, again, resolution)
  }
  return region
}

/** Means a retry to be run again, once its delay is over; the first failure of a round counts. */
function tryAgain(run: CompletingParts, retry: GraphNode, resolution: Resolution): void {
  const detail = run.moves.retryDetailOf(retry)
  if (detail.intention === 'RETRY') return
  delay(run, detail, resolution.action === 'RETRY' ? resolution.delayMs : 0)
  run.moves.intend(retry, 'RETRY')
}

/** Asks from the inside outwards, until an answer settles the matter. */
async function determine(
  run: CompletingParts,
  node: GraphNode,
  failure: Failure,
): Promise<Resolution> {
  let innermost: Resolution | undefined
  for (let about = node; ; ) {
    const retry = retryInCharge(about, (one) => run.moves.detailOf(one))
    if (retry === undefined) {
      return run.options.deferReverts ? REVERT_ALL : (innermost ?? REVERT_ALL)
    }
    const decision = await ask(run, retry, about, failure)
    if (decision === 'RETRY') {
      const delayMs = (retry.atom as Retry).delayMs(historyOf(run, retry), failure)
      DURATION(`delayMs() of '${retry.name}'`, delayMs) // a class of the user may give anything
      return { action: 'RETRY', retry, delayMs }
    }
    if (decision === 'REVERT_ALL') return REVERT_ALL
    innermost ??= { action: 'REVERT', retry }
    about = retry
  }
}

async function ask(
  run: CompletingParts,
  retry: GraphNode,
  about: GraphNode,
  failure: Failure,
): Promise<Decision> {
  const detail = run.moves.retryDetailOf(retry)
  if (!detail.noteFailure(about.name, failure)) {
    throw new InvalidStateError(
      `retry '${retry.name}' cannot be asked about the failure of '${about.name}': it has made no attempt`,
    )
  }
  run.journal.touch(detail, 'payload')
  run.journal.texts.prepare(failure)
  const atom = retry.atom as Retry
  if (!atom.mayRetry(failure)) return atom.givingUp
  const inputs = run.lookup.inputs(retry, atom.executeBindings)
  const history = historyOf(run, retry)
  const decision: unknown = await atom.onFailure(
    { ...inputs, history },
    run.contexts.of(retry, 'execute'),
  )
  if (decision !== 'RETRY' && decision !== 'REVERT' && decision !== 'REVERT_ALL') {
    const shown = typeof decision === 'string' ? JSON.stringify(decision) : inWords(decision)
    throw new TypeError(
      `retry '${retry.name}' decided ${shown}: a decision is 'RETRY', 'REVERT' or 'REVERT_ALL'`,
    )
  }
  return decision
}

/**
 * Throws what a run that did not succeed is to throw: what broke the flow; else why it was undone,
 * nothing when that was on demand; else the failures of its atoms.
 */
export function throwAtEnd(
  { standing, reversal }: Pick<Runtime, 'standing' | 'reversal'>,
  storage: Storage<object>,
): void {
  const { errors } = standing
  const { undo } = reversal
  if (errors.length > 0) throw Failure.errorOf(errors)
  const error = undo && errorOfUndo(undo)
  if (error !== undefined) throw error
  if (undo !== undefined) return
  const failures = [storage.getFailures(), storage.getRevertFailures()].flatMap(Object.values)
  if (failures.length > 0) throw Failure.errorOf(failures)
}

/** What to throw in place of what was thrown: `undefined` would pass for no error. */
export function errorOf(thrown: unknown): unknown {
  return thrown === undefined ? Failure.errorOf([Failure.from(thrown)]) : thrown
}
