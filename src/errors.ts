/**
 * Every error that this package throws, with its code.
 *
 * For callers who must act on an error: `code` is API and outlives releases, the message is not.
 * Wrong arguments are plain `TypeError` or `RangeError` and have no code. Imports nothing.
 *
 * @module
 */

/** What a caller may switch on; each has its cause and its cure in docs/errors.md. */
export type FlowErrorCode =
  | 'AMBIGUOUS_DEPENDENCY'
  | 'BACKEND_UNAVAILABLE'
  | 'CORRUPT_RECORD'
  | 'CYCLE'
  | 'DUPLICATE'
  | 'ENGINE_BUSY'
  | 'FLOW_MISMATCH'
  | 'INVALID_INPUT'
  | 'INVALID_STATE'
  | 'MISSING_DEPENDENCIES'
  | 'NOT_FOUND'
  | 'NOT_STORABLE'
  | 'STALE_WRITE'
  | 'STORAGE'

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
      `flow '${flow}' cannot start: nothing provides${lines.join('')}\nput these values into the store, inject them, or add a task before that provides them`,
    )
    this.missing = missing
    this.missingRequirements = [...new Set(missing.map(({ symbol }) => symbol))].sort()
  }
}

/** One way in which a stored flow detail does not fit the flow that was loaded with it. */
export interface FlowDifference {
  /**
   * - `kind`: a task where the record is of a retry, or the other way round;
   * - `removed`: the record of a finished atom that the flow no longer has;
   * - `inserted`: an atom without a record stands before one that has run.
   */
  readonly difference: 'kind' | 'removed' | 'inserted'
  /** Name of the atom. */
  readonly atom: string
  /** The difference in words. */
  readonly message: string
}

/** The stored flow detail does not fit the flow; nothing was changed. */
export class FlowMismatchError extends FlowError {
  override readonly name = 'FlowMismatchError'
  readonly code = 'FLOW_MISMATCH'
  /** All differences found. */
  readonly differences: readonly FlowDifference[]

  constructor(flow: string, differences: readonly FlowDifference[]) {
    super(
      `the stored detail of flow '${flow}' does not fit the flow:${differences.map((d) => `\n  ${d.message}`).join('')}\nload it with the flow it was made by, or name the differences you accept: { accept: [${[...new Set(differences.map((d) => `'${d.difference}'`))].join(', ')}] }`,
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

/** A value cannot be stored so that it comes back equal. */
export class NotStorableError extends FlowError {
  override readonly name = 'NotStorableError'
  readonly code = 'NOT_STORABLE'
  /** Where in the value, for example `$.items[3].run`; `$` is the value itself. */
  readonly path: string

  constructor(path: string, reason: string) {
    super(`the value at ${path} cannot be stored: ${reason}`)
    this.path = path
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
