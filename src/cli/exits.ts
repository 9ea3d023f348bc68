/**
 * How a command ends: its exit code, and the error that carries one.
 *
 * docs/cli.md lists the codes; scripts go by them, so they outlive releases.
 *
 * @module
 */
import {
  AmbiguousDependencyError,
  CycleError,
  DuplicateError,
  EngineBusyError,
  FlowMismatchError,
  InvalidStateError,
  IrreversibleError,
  MissingDependenciesError,
  NotFoundError,
  NotStorableError,
  PutAsideError,
  StaleWriteError,
  StorageError,
} from '../errors.ts'

/** What a command's exit code means. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** A flow was run, and ended REVERTED or FAILURE. */
  failed: 1,
  /** The command was not given what it needs: arguments, a flow that can be loaded, a store. */
  usage: 2,
  /** The backend cannot be opened or reached, or failed. */
  backend: 3,
  /** There is no such run. */
  notFound: 4,
  /** The run is not in a state for this, somebody holds it, or it does not fit the flow. */
  refused: 5,
  /** The flow was suspended, and can be resumed. */
  suspended: 6,
  /** Something that should not happen; `--verbose` shows where. */
  internal: 70,
  /** Interrupted before anything could be brought to an end. */
  interrupted: 130,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends the command with a message for people and an exit code. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  /** The exit code of the process. */
  readonly exit: ExitCode

  constructor(exit: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

/** The command was not given what it needs. */
export function usageError(message: string, options?: ErrorOptions): ExitError {
  return new ExitError(EXIT.usage, message, options)
}

const EXIT_OF: readonly (readonly [abstract new (...args: never[]) => Error, ExitCode])[] = [
  [NotFoundError, EXIT.notFound],
  [StaleWriteError, EXIT.refused], // before StorageError, whose kind it is
  [StorageError, EXIT.backend],
  [FlowMismatchError, EXIT.refused],
  [InvalidStateError, EXIT.refused],
  [EngineBusyError, EXIT.refused],
  [IrreversibleError, EXIT.refused],
  [PutAsideError, EXIT.refused],
  [MissingDependenciesError, EXIT.usage],
  [DuplicateError, EXIT.usage],
  [CycleError, EXIT.usage],
  [AmbiguousDependencyError, EXIT.usage],
  [NotStorableError, EXIT.usage],
]

/** The exit code for whatever was thrown outside of a flow. */
export function exitOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exit
  return EXIT_OF.find(([type]) => error instanceof type)?.[1] ?? EXIT.internal
}
