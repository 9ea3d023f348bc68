/**
 * Every error that this package throws, with its code.
 *
 * For callers who must act on an error: `code` is API and outlives releases, the message is not.
 * Wrong arguments are plain `TypeError` or `RangeError` and have no code. Imports nothing. Long,
 * since a program that must know what can happen finds it here, and nowhere else.
 *
 * @module
 */

/** What a caller may switch on; each has its cause and its cure in docs/errors.md. */
export type FlowErrorCode =
  | 'AMBIGUOUS_DEPENDENCY'
  | 'BACKEND_UNAVAILABLE'
  | 'CANCELLED'
  | 'CORRUPT_RECORD'
  | 'CYCLE'
  | 'DUPLICATE'
  | 'ENGINE_BUSY'
  | 'FLOW_MISMATCH'
  | 'INVALID_INPUT'
  | 'INVALID_STATE'
  | 'IRREVERSIBLE'
  | 'MISSING_DEPENDENCIES'
  | 'NON_RETRYABLE'
  | 'NOT_FOUND'
  | 'NOT_STORABLE'
  | 'PUT_ASIDE'
  | 'SCHEDULE_FAILED'
  | 'STALE_WRITE'
  | 'STORAGE'
  | 'TIMEOUT'

/** The one ancestor: `error instanceof FlowError` means "ours". */
export abstract class FlowError extends Error {
  /** What went wrong, for programs. */
  abstract readonly code: FlowErrorCode
}

/** Several known children of a graph flow provide what a new child requires; link them by hand. */
export class AmbiguousDependencyError extends FlowError {
  override readonly name = 'AmbiguousDependencyError'
  readonly code = 'AMBIGUOUS_DEPENDENCY'
  /** The symbol that was asked for. */
  readonly symbol: string
  /** Names of the children that provide it, sorted. */
  readonly providers: readonly string[]

  constructor(node: string, symbol: string, providers: readonly string[]) {
    super(
      `cannot add '${node}': '${symbol}' is provided by ${providers.map((p) => `'${p}'`).join(', ')}; rename one of them, or add with { resolveRequires: false } and link them yourself`,
    )
    this.symbol = symbol
    this.providers = providers
  }
}

/** Links of a graph flow would form a cycle; nothing was changed. */
export class CycleError extends FlowError {
  override readonly name = 'CycleError'
  readonly code = 'CYCLE'
  /** The children on the cycle, in order. */
  readonly cycle: readonly string[]

  constructor(flow: string, cycle: readonly string[]) {
    super(
      `graph flow '${flow}' would have a cycle: ${[...cycle, cycle[0]].map((n) => `'${n}'`).join(' -> ')}; nothing was changed`,
    )
    this.cycle = cycle
  }
}

/** Something with the same name is there already: atoms of one flow, or records of one backend. */
export class DuplicateError extends FlowError {
  override readonly name = 'DuplicateError'
  readonly code = 'DUPLICATE'
  /** The names met more than once, sorted. */
  readonly names: readonly string[]

  constructor(message: string, names: readonly string[]) {
    super(message)
    this.names = names
  }
}

/** Something that was asked for by name or uuid does not exist, or has no value yet. */
export class NotFoundError extends FlowError {
  override readonly name = 'NotFoundError'
  readonly code = 'NOT_FOUND'
}

/** The operation or the transition is not allowed in the present state; nothing was changed. */
export class InvalidStateError extends FlowError {
  override readonly name = 'InvalidStateError'
  readonly code = 'INVALID_STATE'
}

/** The engine is running already; wait for that run, or load a second engine. */
export class EngineBusyError extends FlowError {
  override readonly name = 'EngineBusyError'
  readonly code = 'ENGINE_BUSY'

  constructor(flow: string) {
    super(`the engine of flow '${flow}' is running already; wait until that run has ended`)
  }
}

/** One argument of one atom that nothing can provide. */
export interface MissingDependency {
  /** Name of the atom. */
  readonly atom: string
  /** Which of its methods takes the argument. */
  readonly method: 'execute' | 'revert'
  /** What the method calls it. */
  readonly argument: string
  /** The symbol it is looked up as, after rebinding. */
  readonly symbol: string
}

/** Arguments have no possible source. Thrown before anything starts; all of them are listed. */
export class MissingDependenciesError extends FlowError {
  override readonly name = 'MissingDependenciesError'
  readonly code = 'MISSING_DEPENDENCIES'
  /** Each argument without a source. */
  readonly missing: readonly MissingDependency[]
  /** The symbols concerned, sorted, each once. */
  readonly missingRequirements: readonly string[]

  constructor(flow: string, missing: readonly MissingDependency[]) {
    const lines = missing.map(
      ({ atom, method, argument, symbol }) =>
        `\n  '${symbol}' for ${argument === symbol ? 'an' : `the argument '${argument}', an`} input of ${method} of '${atom}'`,
    )
    super(
      `flow '${flow}' cannot start: nothing provides${lines.join('')}\nput these values into the store, inject them, add a task before that provides them, or give an input a default: ({ size = 1 })`,
    )
    this.missing = missing
    this.missingRequirements = [...new Set(missing.map(({ symbol }) => symbol))].sort()
  }
}

/** One way in which a stored flow detail differs from the flow that was loaded with it. */
export interface FlowDifference {
  /**
   * - `kind`: a task where the record is of a retry, or the other way round;
   * - `removed`: the flow no longer has the atom; blocking when it has run and is not undone;
   * - `inserted`: an atom that has not run stands before one that has;
   * - `added`: an atom without a record, behind all that has run; never blocking;
   * - `version`: of an atom that has run; blocking when the number before the first dot differs;
   * - `provides`: the part of a stored result that is needed now was promised under another name
   *   (not blocking), or was not promised at all;
   * - `input`: what is still to be called requires something that it cannot have;
   * - `undo`: an undo that is under way, or a failure that nobody has dealt with, needs the retries
   *   and the order with which it began.
   */
  readonly difference: AcceptableDifference | 'added' | 'input' | 'kind' | 'undo'
  /** Name of the atom. */
  readonly atom: string
  /** The difference in words. */
  readonly message: string
  /** The run cannot go on with this flow because of it, unless it is accepted. */
  readonly blocking: boolean
}

/** The words for {@link AcceptableDifference}. */
export const ACCEPTABLE_DIFFERENCES = ['inserted', 'provides', 'removed', 'version'] as const

/** The differences that may be accepted: the engine can go on, if the caller says that it is right. */
export type AcceptableDifference = (typeof ACCEPTABLE_DIFFERENCES)[number]

/** True for a kind of difference that may be accepted. */
export function isAcceptable(
  difference: FlowDifference['difference'],
): difference is AcceptableDifference {
  return ACCEPTABLE_DIFFERENCES.some((one) => one === difference)
}

/** The stored flow detail does not fit the flow; nothing was changed. */
export class FlowMismatchError extends FlowError {
  override readonly name = 'FlowMismatchError'
  readonly code = 'FLOW_MISMATCH'
  /** All blocking differences that were not accepted. */
  readonly differences: readonly FlowDifference[]

  constructor(flow: string, differences: readonly FlowDifference[]) {
    const kinds = [...new Set(differences.map(({ difference }) => difference))]
    const advice = kinds.every(isAcceptable)
      ? `, or name the differences you accept: { accept: [${kinds.map((kind) => `'${kind}'`).join(', ')}] }`
      : ''
    super(
      `the stored detail of flow '${flow}' does not fit the flow:${differences.map((d) => `\n  ${d.message}`).join('')}\nload it with the flow it was made by${advice}`,
    )
    this.differences = differences
  }
}

/** An input does not satisfy the schema that the atom declares for it. */
export class InvalidInputError extends FlowError {
  override readonly name = 'InvalidInputError'
  readonly code = 'INVALID_INPUT'
  /** Name of the atom. */
  readonly atom: string
  /** Name of the argument. */
  readonly argument: string

  constructor(atom: string, argument: string, issues: readonly string[]) {
    super(`input '${argument}' of '${atom}' is not valid: ${issues.join('; ')}`)
    this.atom = atom
    this.argument = argument
  }
}

/** How large a value is that is too large. */
export interface PayloadSize {
  /** Its size as JSON text in UTF-8. */
  readonly sizeBytes: number
  /** The limit that it is above. */
  readonly maxPayloadBytes: number
}

/** A run was cancelled: what had run was reverted. */
export class CancelledError extends FlowError {
  override readonly name = 'CancelledError'
  readonly code = 'CANCELLED'
}

/** A call of an atom, or a run, took longer than it may. */
export class TimeoutError extends FlowError {
  override readonly name = 'TimeoutError'
  readonly code = 'TIMEOUT'
}

/** For tasks to throw: no retry tries again because of it. */
export class NonRetryableError extends FlowError {
  override readonly name: string = 'NonRetryableError'
  readonly code = 'NON_RETRYABLE'
}

/** Atoms that cannot be undone have run, and the revert would pass them; nothing was changed. */
export class IrreversibleError extends FlowError {
  override readonly name = 'IrreversibleError'
  readonly code = 'IRREVERSIBLE'
  /** Names of the atoms, in order of definition. */
  readonly atoms: readonly string[]

  constructor(flow: string, atoms: readonly string[]) {
    const names = atoms.map((atom) => `'${atom}'`).join(', ')
    super(
      `flow '${flow}' cannot be reverted: ${names} cannot be undone, and ${atoms.length === 1 ? 'has' : 'have'} run; nothing was changed. Say how far to go: revert({ downTo: [${names}] }) keeps them, and what comes before them`,
    )
    this.atoms = atoms
  }
}

/** A value cannot be stored so that it comes back equal, or is too large. */
export class NotStorableError extends FlowError {
  override readonly name = 'NotStorableError'
  readonly code = 'NOT_STORABLE'
  /** Where in the value, for example `$.items[3].run`; `$` is the value itself. */
  readonly path: string
  /** Why it cannot be stored. */
  readonly reason: string
  /** How large the value is, where that is the reason. */
  readonly size: PayloadSize | undefined

  constructor(path: string, reason: string, size?: PayloadSize) {
    super(`the value at ${path} cannot be stored: ${reason}`)
    this.path = path
    this.reason = reason
    this.size = size
  }
}

/** A backend could not do what it was asked for. What it acknowledged before is kept. */
export class StorageError extends FlowError {
  override readonly name: string = 'StorageError'
  readonly code: FlowErrorCode = 'STORAGE'
}

/** A backend cannot be opened or reached; nothing was written. */
export class BackendUnavailableError extends StorageError {
  override readonly name = 'BackendUnavailableError'
  override readonly code = 'BACKEND_UNAVAILABLE'
}

/** A stored record cannot be read back; the rest of the backend is not affected. */
export class CorruptRecordError extends StorageError {
  override readonly name = 'CorruptRecordError'
  override readonly code = 'CORRUPT_RECORD'
  /** Which record and column, for example `atomdetails 6f1c… results`. */
  readonly record: string

  constructor(record: string, reason: string, options?: ErrorOptions) {
    super(`the stored record ${record} cannot be read: ${reason}`, options)
    this.record = record
  }
}

/** Another engine took the flow over; stop, and write nothing more. Nothing was overwritten. */
export class StaleWriteError extends StorageError {
  override readonly name = 'StaleWriteError'
  override readonly code = 'STALE_WRITE'
}

/** The run ended its process each time it was taken up, and is not taken up any more. */
export class PutAsideError extends FlowError {
  override readonly name = 'PutAsideError'
  readonly code = 'PUT_ASIDE'
  /** How often it was taken up without coming any further. */
  readonly takeUps: number

  constructor(message: string, takeUps: number) {
    super(message)
    this.takeUps = takeUps
  }
}

/** The crash explorer has found a schedule of crashes and failures at which something does not hold. */
export class ScheduleFailedError extends FlowError {
  override readonly name = 'ScheduleFailedError'
  readonly code = 'SCHEDULE_FAILED'
  /** What does not hold: a law, or the invariant of the user. */
  readonly law: string
  /** What went wrong, in order; can be given to `explore` again. Empty when nothing had to. */
  readonly schedule: readonly string[]
  /** What happened, in order. */
  readonly trace: readonly string[]

  constructor(
    flow: string,
    schedule: readonly string[],
    trace: readonly string[],
    { law, cause }: { readonly law: string; readonly cause: unknown },
  ) {
    const steps = schedule.map((step, i) => `  ${i + 1}. ${step}`)
    const lines = [
      `flow '${flow}' does not keep to this: ${law}`,
      ...(steps.length > 0 ? ['when', ...steps] : ['though nothing goes wrong']),
      'because',
      ...String(cause)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => `  ${line}`),
      'what happened',
      ...trace.map((line) => `  ${line}`),
    ]
    super(lines.join('\n'), { cause })
    this.law = law
    this.schedule = schedule
    this.trace = trace
  }
}
