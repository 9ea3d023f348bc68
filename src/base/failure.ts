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

/** A failure as it is stored and sent: TaskFlow's failure dictionary, version 1. */
export interface FailureRecord {
  /** The message of the error. */
  readonly exception_str: string
  /** The stack without its first line. */
  readonly traceback_str: string
  /** Class names from the error's own up to `Exception`, which TaskFlow demands as the last. */
  readonly exc_type_names: readonly string[]
  /** Version of this form. */
  readonly version: 1
  /** The message, and the error's code if it has one. */
  readonly exc_args: readonly unknown[]
  /** The causes, nearest first. */
  readonly causes: readonly FailureRecord[]
}

/** A class of errors, or the name of one as in {@link Failure.typeNames}. */
export type ErrorType = string | (abstract new (...args: never[]) => unknown)

/** The parts of a {@link Failure} when it is made by hand. */
export interface FailureParts {
  /** The message. */
  readonly message: string
  /** Class names, the most special first. */
  readonly typeNames: readonly string[]
  /** The stack without its first line. */
  readonly traceback?: string
  /** The message, and the error's code if it has one. */
  readonly args?: readonly unknown[]
  /** The causes, nearest first. */
  readonly causes?: readonly Failure[]
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
  /** The causes (`error.cause` and its causes), nearest first. */
  readonly causes: readonly Failure[]
  readonly #thrown: { readonly value: unknown } | undefined

  constructor(parts: FailureParts) {
    this.message = parts.message
    this.typeNames = parts.typeNames
    this.traceback = parts.traceback ?? ''
    this.args = parts.args ?? []
    this.causes = parts.causes ?? []
    this.#thrown = parts.thrown
  }

  /** Makes a failure of anything that can be thrown. A {@link Failure} is returned as it is. */
  static from(value: unknown): Failure {
    if (value instanceof Failure) return value
    const causes: Failure[] = []
    const seen = new Set<unknown>([value])
    let cause = causeOf(value)
    while (cause !== undefined && !seen.has(cause)) {
      seen.add(cause)
      causes.push(describe(cause, []))
      cause = causeOf(cause)
    }
    return describe(value, causes)
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
    return new Failure({
      message: found.exception_str,
      traceback: found.traceback_str,
      typeNames: found.exc_type_names,
      args: Array.isArray(found.exc_args) ? found.exc_args : [],
      causes: Array.isArray(found.causes) ? found.causes.map(Failure.fromRecord) : [],
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

  /** The error's `code`, if it had one. */
  get code(): string | undefined {
    return typeof this.args[1] === 'string' ? this.args[1] : undefined
  }

  /** The first of the given classes (or names) that this failure is an instance of. */
  check<T extends ErrorType>(...types: readonly T[]): T | undefined {
    return types.find((type) =>
      this.typeNames.includes(typeof type === 'string' ? type : type.name),
    )
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
    throw Failure.errorOf([this])
  }

  /** What to throw for these failures: the one error itself, or a {@link WrappedFailure}. */
  static errorOf(failures: readonly Failure[]): unknown {
    const [only] = failures
    if (failures.length === 1 && only?.hasThrown) return only.thrown
    return new WrappedFailure(failures)
  }

  /** The form that is stored and sent; Python TaskFlow reads it. */
  toRecord(): FailureRecord {
    return {
      exception_str: this.message,
      traceback_str: this.traceback,
      exc_type_names: withPythonRoot(this.typeNames),
      version: 1,
      exc_args: this.args,
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
  return value instanceof Failure
}

/** Several failures, or failures whose errors are no longer at hand because they were reloaded. */
export class WrappedFailure extends AggregateError {
  override readonly name = 'WrappedFailure'
  /** For callers who switch on codes. */
  readonly code = 'WRAPPED_FAILURE'
  /** The failures; those of wrapped failures stand here themselves. */
  readonly failures: readonly Failure[]

  constructor(failures: readonly Failure[]) {
    const flat = failures.flatMap((failure) =>
      failure.thrown instanceof WrappedFailure ? failure.thrown.failures : [failure],
    )
    super(
      flat.map((failure) => (failure.hasThrown ? failure.thrown : failure)),
      `${flat.map(String).join(', ')}`,
    )
    this.failures = flat
  }

  /** The first of the given classes (or names) that one of the failures is an instance of. */
  check<T extends ErrorType>(...types: readonly T[]): T | undefined {
    return types.find((type) => this.failures.some((failure) => failure.check(type) !== undefined))
  }
}

/** TaskFlow's validation demands that the last type name is one of these. */
const PYTHON_ROOTS: readonly (string | undefined)[] = ['Exception', 'BaseException']

function withPythonRoot(names: readonly string[]): readonly string[] {
  return PYTHON_ROOTS.includes(names.at(-1)) ? names : [...names, 'Exception']
}

function causeOf(value: unknown): unknown {
  return value instanceof Error ? value.cause : undefined
}

function describe(value: unknown, causes: readonly Failure[]): Failure {
  if (value instanceof Failure) return value
  const thrown = { value }
  if (!(value instanceof Error)) {
    const message = typeof value === 'string' ? value : safeString(value)
    return new Failure({ message, typeNames: [nameOfType(value)], args: [message], causes, thrown })
  }
  // Whoever throws may have put anything there, and what is stored must be text.
  const { code, message: given } = value as { readonly code?: unknown; readonly message: unknown }
  const message = typeof given === 'string' ? given : safeString(given)
  return new Failure({
    message,
    typeNames: classNames(value),
    traceback: stackLines(value),
    args: typeof code === 'string' ? [message, code] : [message],
    causes,
    thrown,
  })
}

/** The classes from the error's own to Error; an own name that no class has comes first. */
function classNames(error: Error): readonly string[] {
  const names: string[] = []
  for (
    let prototype: unknown = Object.getPrototypeOf(error);
    prototype instanceof Error || prototype === Error.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const name = nameOfClass(prototype)
    if (name !== undefined && !names.includes(name)) names.push(name)
    if (prototype === Error.prototype) break
  }
  const own: unknown = error.name
  if (typeof own === 'string' && own !== '' && !names.includes(own)) names.unshift(own)
  return names
}

/** The name of the class that an object says it is of, if it is one that can be stored. */
function nameOfClass(object: object): string | undefined {
  const name: unknown = (object.constructor as { readonly name?: unknown } | undefined | null)?.name
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** The lines of the stack that name places; the header repeats name and message. */
function stackLines(error: Error): string {
  const stack = typeof error.stack === 'string' ? error.stack : ''
  const start = stack.search(/^\s+at /m)
  return start < 0 ? '' : stack.slice(start)
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return nameOfClass(value) ?? 'object'
}

function safeString(value: unknown): string {
  try {
    return typeof value === 'object' ? (JSON.stringify(value) ?? String(value)) : String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
