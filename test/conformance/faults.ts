/**
 * Errors as cases name them: the scripted ones, and those of the engine.
 *
 * @module
 */
import {
  DuplicateError,
  Failure,
  isFailure,
  MissingDependenciesError,
  WrappedFailure,
} from '../../src/index.ts'
import type { Fault } from './case.ts'
import type { Json } from './json.ts'
import type { ObservedFailure } from './outcome.ts'

class BoomError extends Error {}
class OopsError extends Error {}
class KaputError extends Error {}

const SCRIPTED = { BoomError, OopsError, KaputError }

/** The kinds of errors of the engine, by the names of our classes. */
const ENGINE_KINDS: Readonly<Record<string, string>> = {
  MissingDependenciesError: 'MissingDependencies',
  CycleError: 'DependencyFailure',
  AmbiguousDependencyError: 'AmbiguousDependency',
  DuplicateError: 'Duplicate',
  NotFoundError: 'NotFound',
  InvalidStateError: 'InvalidState',
}

/** What flows are refused with that are put together wrongly. */
const WRONG_ARGUMENTS: readonly string[] = ['TypeError', 'RangeError']

/** A scripted error, to be thrown. */
export function errorOf({ kind, message }: Fault): Error {
  if (!Object.hasOwn(SCRIPTED, kind)) throw new TypeError(`unknown kind of error '${kind}'`)
  return new SCRIPTED[kind as keyof typeof SCRIPTED](message)
}

/** A failure as cases write it; what is no error of a known kind keeps its name and message. */
export function observeFailure(failure: Failure): ObservedFailure {
  const [name = 'Error'] = failure.typeNames
  const kind = ENGINE_KINDS[name]
  if (kind === undefined) return { kind: name, message: failure.message }
  const { thrown } = failure
  if (thrown instanceof MissingDependenciesError) {
    return { kind, missing: [...thrown.missingRequirements].sort() }
  }
  if (thrown instanceof DuplicateError) return { kind, names: [...thrown.names].sort() }
  return { kind }
}

/** The failures that something thrown stands for. */
export function observeThrown(thrown: unknown): readonly ObservedFailure[] {
  const failures = thrown instanceof WrappedFailure ? thrown.failures : [Failure.from(thrown)]
  return failures.map(observeFailure)
}

/** As {@link observeThrown}, for what is thrown while a flow is put together. */
export function observeRefusal(thrown: unknown): readonly ObservedFailure[] {
  return observeThrown(thrown).map((failure) =>
    WRONG_ARGUMENTS.includes(failure.kind) ? { kind: 'ValueError' } : failure,
  )
}

/** A value as cases write it: failures in it are marked, and what is not there is null. */
export function observeValue(value: unknown): Json {
  if (value === undefined || value === null) return null
  if (isFailure(value)) return { $failure: observeFailure(value) as unknown as Json }
  if (Array.isArray(value)) return value.map(observeValue)
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, observeValue(one)]))
  }
  return value as Json
}
