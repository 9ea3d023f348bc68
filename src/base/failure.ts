/**
 * What went wrong in an atom, in a form that outlives the process.
 *
 * For reverts, retries, listeners and the tables: a {@link Failure} carries the error itself while
 * it is at hand, and its names, message, stack and causes always. Its record has the form of
 * Python TaskFlow 5 (`failure.py`), which reads it.
 *
 * @module
 */
import { CorruptRecordError } from '../errors.ts'
import { decode, encode } from './codec.ts'
import { type ErrorClass, isOfClass, nameOfClass } from './error-classes.ts'
import {
  type FailureCode,
  type FailureDetails,
  type FailureRecord,
  joinArgs,
  splitArgs,
  withPythonRoot,
} from './failure-record.ts'
import { isInstance } from './realms.ts'
import { type Surveyed, survey } from './survey.ts'

export type { FailureCode, FailureRecord } from './failure-record.ts'

/** A class of errors, or the name of one as in {@link Failure.typeNames}. */
export type ErrorType = string | ErrorClass

/** The parts of a {@link Failure} when it is made by hand. */
export interface FailureParts {
  /** The message. */
  readonly message: string
  /** Class names, the most special first. */
  readonly typeNames: readonly string[]
  /** The first of the names is that of the error, and of none of its classes. */
  readonly isNamed?: boolean
  /** The stack without its first line. */
  readonly traceback?: string
  /** The message, and the error's code if it has one. */
  readonly args?: readonly unknown[]
  /**
   * The error's code.
   *
   * @defaultValue the second of `args`, if it is a text
   */
  readonly code?: FailureCode | undefined
  /** The causes, nearest first. */
  readonly causes?: readonly Failure[]
  /** The errors inside of the error. */
  readonly errors?: readonly Failure[]
  /** The fields of the error; they must be fit to be stored. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Names of fields that are missing in `fields`, each with the reason. */
  readonly omittedFields?: readonly string[]
  /** The value that was thrown, while it is at hand. */
  readonly thrown?: { readonly value: unknown }
}

/** What an atom threw: the error itself while it is at hand, and a description that can be stored. */
export class Failure {
  /** The message. */
  readonly message: string
  /** Class names from the error's own upwards; a thrown non-error has its type's name. */
  readonly typeNames: readonly string[]
  /** The stack without its first line; empty when there is none. */
  readonly traceback: string
  /** The message, and the error's code if it has one. */
  readonly args: readonly unknown[]
  /** The error's `code`, if it had one. */
  readonly code: FailureCode | undefined
  /** The causes (`error.cause` and its causes), nearest first. */
  readonly causes: readonly Failure[]
  /**
   * The errors inside: `errors` of an AggregateError; `error` and `suppressed` of a
   * SuppressedError, in this order.
   */
  readonly errors: readonly Failure[]
  /** Copies of the error's own enumerable fields, the same before and after a reload. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Names of fields that could not be kept, each with the reason. */
  readonly omittedFields: readonly string[]
  readonly #thrown: { readonly value: unknown } | undefined
  readonly #isNamed: boolean
  /** The fields in the JSON form of the codec. */
  readonly #stored: FailureDetails['fields'] | undefined

  /** @throws {@link NotStorableError} when `fields` are given that cannot be stored. */
  constructor(parts: FailureParts) {
    const { args = [], fields = {} } = parts
    this.message = parts.message
    this.typeNames = parts.typeNames
    this.traceback = parts.traceback ?? ''
    this.args = args
    this.code = parts.code ?? (typeof args[1] === 'string' ? args[1] : undefined)
    this.causes = parts.causes ?? []
    this.errors = parts.errors ?? []
    this.fields = fields
    this.omittedFields = parts.omittedFields ?? []
    this.#thrown = parts.thrown
    this.#isNamed = parts.isNamed === true
    const hasFields = Object.keys(fields).length > 0
    this.#stored = hasFields ? (JSON.parse(encode(fields)) as typeof fields) : undefined
  }

  /**
   * Makes a failure of anything that can be thrown. A {@link Failure} is returned as it is.
   *
   * Never throws: of an error that resists, what can be told is told. Of causes without end and of
   * errors inside of one another, the first 200 are described.
   */
  static from(value: unknown): Failure {
    return Failure.isOne(value) ? value : failureOf(survey(value, Failure.isOne))
  }

  /**
   * True for a failure; runs no code of the value.
   *
   * @internal
   */
  static isOne(value: unknown): value is Failure {
    return typeof value === 'object' && value !== null && #thrown in value
  }

  /**
   * Reads a stored failure.
   *
   * @throws {@link CorruptRecordError} when it is not TaskFlow's failure dictionary, version 1.
   */
  static fromRecord(record: unknown): Failure {
    const found = record as Partial<Record<keyof FailureRecord, unknown>> | null
    if (
      typeof found !== 'object' ||
      found === null ||
      typeof found.exception_str !== 'string' ||
      typeof found.traceback_str !== 'string' ||
      !Array.isArray(found.exc_type_names) ||
      found.exc_type_names.length === 0 ||
      !found.exc_type_names.every((name) => typeof name === 'string') ||
      (found.version ?? 1) !== 1
    ) {
      throw new CorruptRecordError('failure', 'it is not a failure dictionary of version 1')
    }
    const {
      args,
      code,
      details = {},
    } = splitArgs(Array.isArray(found.exc_args) ? found.exc_args : [])
    return new Failure({
      message: found.exception_str,
      traceback: found.traceback_str,
      typeNames: found.exc_type_names,
      isNamed: details.named === true,
      args,
      code,
      causes: listOf(found.causes).map(Failure.fromRecord),
      errors: listOf(details.errors).map(Failure.fromRecord),
      fields: readFields(details.fields),
      omittedFields: listOf(details.omitted).filter((one) => typeof one === 'string'),
    })
  }

  /** True while the thrown value itself is at hand: in the process where it was thrown. */
  get hasThrown(): boolean {
    return this.#thrown !== undefined
  }

  /** The thrown value; undefined after a reload. */
  get thrown(): unknown {
    return this.#thrown?.value
  }

  /**
   * The first of the given classes (or names) that this failure is an instance of. A class is
   * compared with those of the error itself while that is at hand, and by its name after a reload.
   */
  check<T extends ErrorType>(...types: readonly T[]): T | undefined {
    return types.find((type) =>
      typeof type === 'string' ? this.typeNames.includes(type) : this.#isOf(type),
    )
  }

  #isOf(type: ErrorClass): boolean {
    if (this.#thrown !== undefined) return isOfClass(this.#thrown.value, type)
    const name = nameOfClass(type)
    // The error's own name is that of no class: it may be called like one that it is not of.
    return name !== undefined && this.typeNames.includes(name, this.#isNamed ? 1 : 0)
  }

  /** True when both tell of the same thing, be it live or reloaded. */
  matches(other: Failure): boolean {
    if (this === other) return true
    if (this.hasThrown && other.hasThrown) return this.thrown === other.thrown
    return JSON.stringify(this.toRecord()) === JSON.stringify(other.toRecord())
  }

  /**
   * Throws the original value if it is at hand, else a {@link WrappedFailure} of this one.
   */
  rethrow(): never {
    throw this.hasThrown ? this.thrown : new WrappedFailure([this])
  }

  /**
   * What to throw for these failures: the one error itself, or a {@link WrappedFailure}. Never
   * undefined, which whoever catches it would take for no error.
   */
  static errorOf(failures: readonly Failure[]): unknown {
    const [only] = failures
    const hasOne = failures.length === 1 && only?.thrown !== undefined
    return hasOne ? only.thrown : new WrappedFailure(failures)
  }

  /** The form that is stored and sent; Python TaskFlow reads it. */
  toRecord(): FailureRecord {
    const { args, code, errors, omittedFields } = this
    const details: FailureDetails = {
      ...(this.#stored !== undefined && { fields: this.#stored }),
      ...(omittedFields.length > 0 && { omitted: omittedFields }),
      ...(errors.length > 0 && { errors: errors.map((error) => error.toRecord()) }),
      ...(this.#isNamed && { named: true }),
    }
    return {
      exception_str: this.message,
      traceback_str: this.traceback,
      exc_type_names: withPythonRoot(this.typeNames),
      version: 1,
      exc_args: joinArgs({ args, code, details }),
      causes: this.causes.map((cause) => cause.toRecord()),
    }
  }

  /** One line, `Failure: Type: message`, and on demand the stack below it. */
  format(options: { readonly traceback?: boolean } = {}): string {
    const line = `Failure: ${this.typeNames[0] ?? 'Error'}: ${this.message}`
    if (options.traceback !== true) return line
    return `${line}\n${this.traceback === '' ? 'Traceback not available.' : this.traceback}`
  }

  /** The same as {@link Failure.format}. */
  toString(): string {
    return this.format()
  }
}

/** True for a {@link Failure}; says in a revert whether the atom's own execute failed. */
export function isFailure(value: unknown): value is Failure {
  return Failure.isOne(value)
}

/** Several failures, or failures whose errors are no longer at hand because they were reloaded. */
export class WrappedFailure extends AggregateError {
  override readonly name = 'WrappedFailure'
  /** For callers who switch on codes. */
  readonly code = 'WRAPPED_FAILURE'
  /** The failures; those of wrapped failures stand here themselves. */
  declare readonly failures: readonly Failure[]

  constructor(failures: readonly Failure[]) {
    const flat = failures.flatMap(partsOf)
    super(
      flat.map((failure) => (failure.hasThrown ? failure.thrown : failure)),
      `${flat.map(String).join(', ')}`,
    )
    // As `errors`, which holds the same, no field that is stored with a failure.
    Object.defineProperty(this, 'failures', { value: flat })
  }

  /** The first of the given classes (or names) that one of the failures is an instance of. */
  check<T extends ErrorType>(...types: readonly T[]): T | undefined {
    return types.find((type) => this.failures.some((failure) => failure.check(type) !== undefined))
  }
}

function failureOf(surveyed: Surveyed<Failure>): Failure {
  if ('known' in surveyed) return surveyed.known
  const { description, thrown, causes, errors } = surveyed
  const { message, typeNames, isNamed, traceback, code, fields, omitted } = description
  return new Failure({
    message,
    typeNames,
    isNamed,
    traceback,
    args: code === undefined ? [message] : [message, code],
    code,
    causes: causes.map(failureOf),
    errors: errors.map(failureOf),
    fields,
    omittedFields: omitted,
    ...(thrown !== undefined && { thrown }),
  })
}

/** The failures of one that is wrapped, also after a reload; else the failure itself. */
function partsOf(failure: Failure): readonly Failure[] {
  const { thrown, hasThrown, typeNames, errors } = failure
  if (isInstance(thrown, WrappedFailure)) return thrown.failures
  const isWrapped = !hasThrown && typeNames[0] === 'WrappedFailure' && errors.length > 0
  return isWrapped ? errors : [failure]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function readFields(stored: FailureDetails['fields'] = {}): Readonly<Record<string, unknown>> {
  try {
    return decode(JSON.stringify(stored)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new CorruptRecordError('failure', 'its fields cannot be read', { cause })
  }
}
