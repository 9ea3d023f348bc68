/**
 * The form in which failures are stored and sent.
 *
 * That of Python TaskFlow 5 (`failure.py`), which takes no other keys. What it does not know of
 * errors, such as their own fields, stands behind the message and the code in `exc_args`, which it
 * reads as any arguments.
 *
 * @module
 */

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
  /** The message, the code if the error has one, and what else there is to tell of it. */
  readonly exc_args: readonly unknown[]
  /** The causes, nearest first. */
  readonly causes: readonly FailureRecord[]
}

/** What Python's form has no place for. */
export interface FailureDetails {
  /** Fields of the error, in the JSON form of the codec. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Names of fields that are not stored, each with the reason. */
  readonly omitted?: readonly string[]
  /** The errors inside of an AggregateError or SuppressedError. */
  readonly errors?: readonly FailureRecord[]
  /** The first of the names is that of the error, and of none of its classes. */
  readonly named?: true
}

/** A code as errors have them: a text, or a number such as that of HTTP. */
export type FailureCode = string | number

/** Arguments on their way in. */
export interface SplitArgs {
  /** The message, and the code if there is one; of a Python error, whatever it was made with. */
  readonly args: readonly unknown[]
  readonly code: FailureCode | undefined
  readonly details: FailureDetails | undefined
}

const DETAILS_KEY = 'taskflow_ts'

/** The arguments of a record: a number is a code only in what we wrote. */
export function splitArgs(stored: readonly unknown[]): SplitArgs {
  const [message, code, last] = stored
  const details = stored.length === 3 ? detailsIn(last) : undefined
  if (details === undefined) {
    return { args: stored, code: typeof code === 'string' ? code : undefined, details }
  }
  const isCode = typeof code === 'string' || typeof code === 'number'
  return { args: isCode ? [message, code] : [message], code: isCode ? code : undefined, details }
}

/** The arguments as they stand in a record. */
export function joinArgs({ args, code, details = {} }: SplitArgs): readonly unknown[] {
  if (typeof code !== 'number' && Object.keys(details).length === 0) return args
  return [args[0], code ?? null, { [DETAILS_KEY]: details }]
}

/** TaskFlow's validation demands that the last type name is one of these. */
const PYTHON_ROOTS: readonly (string | undefined)[] = ['Exception', 'BaseException']

/** Type names as they stand in a record. */
export function withPythonRoot(names: readonly string[]): readonly string[] {
  return PYTHON_ROOTS.includes(names.at(-1)) ? names : [...names, 'Exception']
}

function detailsIn(last: unknown): FailureDetails | undefined {
  if (typeof last !== 'object' || last === null || !Object.hasOwn(last, DETAILS_KEY)) {
    return undefined
  }
  const details: unknown = (last as Readonly<Record<string, unknown>>)[DETAILS_KEY]
  return typeof details === 'object' && details !== null ? details : undefined
}
