/**
 * The protocol between an executor and whoever makes its calls elsewhere: request, progress, answer.
 *
 * For executors that leave the thread or the process. Everything here can be encoded; a failure
 * crosses as a record. How it is encoded and carried is the executor's matter.
 *
 * @module
 */
import type { ThreadContext } from '../atoms/thread-task.ts'
import { PROGRESS } from '../base/checks.ts'
import { Failure, type FailureRecord, isFailure } from '../base/failure.ts'
import type { AtomCall, CallDirection } from './executor.ts'

/** A call of a task's method as it is sent: values, and no objects of this process. */
export interface CallRequest {
  /** Identifies the run. */
  readonly runUuid: string
  /** Identifies the stored record of the atom. */
  readonly atomUuid: string
  /** Name of the task. */
  readonly atom: string
  /** Version of the task; empty when it has none. */
  readonly version: string
  /** Which method is called. */
  readonly direction: CallDirection
  /** Inputs that other atoms and the store provide. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** How many times the atom was started afresh, from 1. */
  readonly attempt: number
  /** The same for every re-run of this attempt: whoever answers can recognize a repeated request. */
  readonly idempotencyKey: string
  /** In revert, the key that execute of the same attempt had. */
  readonly executeKey: string
  /** When its time limit ends; undefined without one. */
  readonly deadline: Date | undefined
  /** In revert, what came of execute; undefined when it did not come to an end. */
  readonly executed: CallAnswer | undefined
  /** In revert, the failures that led to it, by the name of the atom. */
  readonly failures: Readonly<Record<string, FailureRecord>>
}

/** What came of a call. */
export type CallAnswer = { readonly result: unknown } | { readonly failure: FailureRecord }

/** How far a call has come, sent before its answer. */
export interface CallProgress {
  /** From 0 to 1. */
  readonly fraction: number
  /** What the task added. */
  readonly details: Readonly<Record<string, unknown>> | undefined
}

/**
 * The request of a call.
 *
 * @throws TypeError for a retry: it decides where its engine is, see {@link callAtom}.
 */
export function requestOf(call: AtomCall): CallRequest {
  const { atom, direction, context, run, record, deadline } = call
  if (atom.kind === 'retry') {
    throw new TypeError(`retry '${atom.name}' cannot be sent: call it with callAtom()`)
  }
  const { attempt, idempotencyKey, executeKey } = context
  const { name, version } = atom
  return {
    runUuid: run.uuid,
    atomUuid: record.uuid,
    atom: name,
    version,
    direction,
    attempt,
    idempotencyKey,
    executeKey,
    deadline,
    ...sendable(call),
  }
}

/** What the engine adds to the inputs of a revert stands apart, since failures are no values. */
function sendable({
  direction,
  inputs,
}: AtomCall): Pick<CallRequest, 'inputs' | 'executed' | 'failures'> {
  if (direction === 'execute') return { inputs, executed: undefined, failures: {} }
  const { result, flowFailures = {}, ...rest } = inputs
  const failures = Object.entries(flowFailures as Readonly<Record<string, Failure>>)
  return {
    inputs: rest,
    executed: result === undefined ? undefined : answerOf(result),
    failures: Object.fromEntries(failures.map(([atom, failure]) => [atom, failure.toRecord()])),
  }
}

function answerOf(result: unknown): CallAnswer {
  return isFailure(result) ? { failure: result.toRecord() } : { result }
}

/** The inputs that a function is called with for a request. What failed stays a record. */
export function inputsOf(request: CallRequest): Readonly<Record<string, unknown>> {
  const { direction, inputs, executed, failures } = request
  if (direction === 'execute') return inputs
  const result =
    executed !== undefined && 'failure' in executed ? executed.failure : executed?.result
  return { ...inputs, result, flowFailures: failures }
}

/** Who hears of what happens at the far end of a call. */
export interface FarEnd {
  /** Aborted when the call is to stop. */
  readonly signal: AbortSignal
  /** Sends the progress of the task. */
  progress(progress: CallProgress): void
}

/**
 * Makes the call of a request at its far end, and gives the answer. Never rejects.
 *
 * @param work what the request asks for, called with its inputs and a context
 */
export async function answerRequest(
  request: CallRequest,
  work: (inputs: Readonly<Record<string, unknown>>, context: ThreadContext) => unknown,
  { signal, progress }: FarEnd,
): Promise<CallAnswer> {
  const { idempotencyKey, executeKey, attempt } = request
  const context: ThreadContext = {
    idempotencyKey,
    executeKey,
    attempt,
    signal,
    progress(fraction, details) {
      PROGRESS('the progress', fraction)
      progress({ fraction, details })
    },
  }
  try {
    return { result: await work(inputsOf(request), context) }
  } catch (error) {
    return failureAnswer(error)
  }
}

/** The answer to a call that has failed by this. */
export function failureAnswer(error: unknown): CallAnswer {
  return { failure: Failure.from(error).toRecord() }
}

/**
 * What came of a call, from its answer.
 *
 * @throws the {@link Failure} that the answer tells of.
 */
export function resultOf(answer: CallAnswer): unknown {
  if ('failure' in answer) throw Failure.fromRecord(answer.failure)
  return answer.result
}
