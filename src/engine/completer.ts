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
import { errorOfUndo } from './undo-record.ts'
import { undoMore } from './undoing.ts'

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
export function record(runtime: Runtime, outcome: Outcome): Recorded {
  const { node, direction, hasFailed, value } = outcome
  const text = hasFailed ? undefined : textOf(runtime, outcome)
  const failure = hasFailed ? Failure.from(value) : isFailure(text) ? text : undefined
  if (failure !== undefined) runtime.journal.texts.prepare(failure)
  const options = { payload: true, outcome: { result: failure ?? value } }
  if (direction === 'execute') {
    if (failure === undefined) runtime.failing.delete(node.name)
    else runtime.failing.set(node.name, failure)
  }
  runtime.move(
    node,
    (detail) => {
      if (failure !== undefined) {
        if (direction === 'execute') detail.fail(failure)
        else detail.failRevert(failure)
      } else {
        if (direction === 'execute') detail.succeed(value, text as string | null | undefined)
        else detail.revert(value, text as string | null | undefined)
        runtime.setProgress(node, detail, 1)
      }
    },
    options,
  )
  return { node, direction, failure }
}

/**
 * Draws the consequences of an outcome, and gives the atoms that become ready by it; deciders are
 * not asked yet. A promise only where a retry is to be asked.
 */
export function settle(
  runtime: Runtime,
  { node, direction, failure }: Recorded,
): readonly GraphNode[] | Promise<readonly GraphNode[]> {
  if (failure === undefined) {
    const isForward = direction === 'execute' && runtime.detailOf(node).intention === 'EXECUTE'
    return isForward ? runtime.selector.advance(node) : runtime.selector.retreat(node)
  }
  if (direction === 'execute' && (runtime.undo !== undefined || !runtime.options.neverResolve)) {
    return resolve(runtime, node, failure)
  }
  runtime.errors.push(failure)
  return []
}

/** What was returned as the text that is stored, or why it cannot be stored or read. */
function textOf(
  runtime: Runtime,
  { node, direction, value }: Outcome,
): string | null | undefined | Failure {
  const { journal } = runtime
  try {
    if (direction === 'revert') return journal.texts.textOf(value, 'revert result', node.name)
    const text = journal.texts.textOf(value, 'result', node.name)
    if (text === undefined) return whyUnreadable(node, value)
    const detail = runtime.detailOf(node)
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
  runtime: Runtime,
  node: GraphNode,
  failure: Failure,
): Promise<readonly GraphNode[]> {
  if (runtime.undo !== undefined) {
    return [...undoMore(runtime), ...runtime.selector.retreat(node)]
  }
  let resolution: Resolution
  try {
    resolution = await determine(runtime, node, failure)
  } catch (error) {
    runtime.errors.push(Failure.from(error))
    return []
  }
  runtime.resolvedCount += 1
  const region = turnBack(runtime, resolution)
  // The failed atom may be part of a revert that is under way already, and is ready for it now.
  const itself = runtime.selector.retreat(node)
  return [...itself, ...runtime.selector.turnBack(region)]
}

/**
 * Means everything to be reverted that a failure concerns, but what stays.
 *
 * @returns what goes back only now, and perhaps some that did before
 */
function turnBack(runtime: Runtime, resolution: Resolution): readonly GraphNode[] {
  const { kept, turned } = runtime
  const { retry } = resolution
  // If anything stays that comes after the retry, so does the retry.
  const again = resolution.action === 'RETRY' && !kept.has(resolution.retry) ? retry : undefined
  const region = retry === undefined ? turned.turnAll(runtime.compilation) : turned.turnFrom(retry)
  const released = kept.takeReleased().filter((one) => turned.has(one))
  for (const one of [...region, ...released, ...(retry === undefined ? [] : [retry])]) {
    if (one.atom === undefined || one === again || kept.has(one)) continue
    runtime.intend(one, 'REVERT')
  }
  if (again !== undefined && runtime.detailOf(again).intention !== 'REVERT') {
    tryAgain(runtime, again, resolution)
  }
  return region
}

/** Means a retry to be run again, once its delay is over; the first failure of a round counts. */
function tryAgain(runtime: Runtime, retry: GraphNode, resolution: Resolution): void {
  const detail = runtime.detailOf(retry) as RetryDetail
  if (detail.intention === 'RETRY') return
  delay(runtime, detail, resolution.action === 'RETRY' ? resolution.delayMs : 0)
  runtime.intend(retry, 'RETRY')
}

/** Asks from the inside outwards, until an answer settles the matter. */
async function determine(runtime: Runtime, node: GraphNode, failure: Failure): Promise<Resolution> {
  let innermost: Resolution | undefined
  for (let about = node; ; ) {
    const retry = retryInCharge(about, (one) => runtime.detailOf(one))
    if (retry === undefined) {
      return runtime.options.deferReverts ? REVERT_ALL : (innermost ?? REVERT_ALL)
    }
    const decision = await ask(runtime, retry, about, failure)
    if (decision === 'RETRY') {
      const delayMs = (retry.atom as Retry).delayMs(historyOf(runtime, retry), failure)
      DURATION(`delayMs() of '${retry.name}'`, delayMs) // a class of the user may give anything
      return { action: 'RETRY', retry, delayMs }
    }
    if (decision === 'REVERT_ALL') return REVERT_ALL
    innermost ??= { action: 'REVERT', retry }
    about = retry
  }
}

async function ask(
  runtime: Runtime,
  retry: GraphNode,
  about: GraphNode,
  failure: Failure,
): Promise<Decision> {
  const detail = runtime.detailOf(retry) as RetryDetail
  if (!detail.noteFailure(about.name, failure)) {
    throw new InvalidStateError(
      `retry '${retry.name}' cannot be asked about the failure of '${about.name}': it has made no attempt`,
    )
  }
  runtime.journal.touch(detail, true)
  runtime.journal.texts.prepare(failure)
  const atom = retry.atom as Retry
  if (!atom.mayRetry(failure)) return atom.givingUp
  const inputs = runtime.lookup.inputs(retry, atom.executeBindings)
  const history = historyOf(runtime, retry)
  const decision: unknown = await atom.onFailure(
    { ...inputs, history },
    runtime.contextOf(retry, 'execute'),
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
export function throwAtEnd({ errors, undo }: Runtime, storage: Storage<object>): void {
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
