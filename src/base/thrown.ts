/**
 * What can be told of whatever was thrown, be it made to resist that.
 *
 * Anything can be thrown: errors whose getters throw, revoked proxies, objects without end. Nothing
 * in this file throws or goes on for ever; what cannot be read is left out, or said to be so.
 *
 * @module
 */
import { inspect } from 'node:util'
import { classNamesOf, constructorOf, nameIn } from './error-classes.ts'
import type { FailureCode } from './failure-record.ts'
import { type OwnFields, ownFieldsOf } from './own-fields.ts'
import { fieldOf, isError } from './realms.ts'

/** What is told of a thrown value. */
export interface Description extends OwnFields {
  readonly message: string
  /** Class names from its own upwards; of no error, the name of its type. */
  readonly typeNames: readonly string[]
  /** The first of the names is that of the error, and of none of its classes. */
  readonly isNamed: boolean
  /** The stack without its first line. */
  readonly traceback: string
  readonly code: FailureCode | undefined
  /** What it was caused by; undefined when it was by nothing. */
  readonly cause: unknown
  /** The errors inside of it. */
  readonly errors: readonly unknown[]
}

const INDESCRIBABLE = 'an error that cannot be described'

/** How many parts of a thrown object are looked at for its message. */
const MAX_PARTS = 10_000

/** How many errors inside of one are looked at. */
const MAX_ERRORS = 100

const NO_FIELDS: OwnFields = { fields: {}, omitted: [] }

/** Where the facts stand that are told otherwise than as fields. */
const FACTS: readonly string[] = ['name', 'message', 'stack', 'cause']

/** Tells what there is to tell. */
export function describe(value: unknown): Description {
  return isError(value) ? describeError(value) : describeOther(value)
}

/** The message of an error, or whatever else as text. */
export function inWords(value: unknown): string {
  if (!isError(value)) return asText(value)
  try {
    const message: unknown = value.message
    return typeof message === 'string' ? message : asText(message)
  } catch {
    return INDESCRIBABLE
  }
}

/** What was thrown in one line: an error by its name and message. */
export function inShort(value: unknown): string {
  return isError(value) ? `${nameIn(value) ?? 'Error'}: ${inWords(value)}` : inWords(value)
}

/** What is printed of a thrown value that nobody handles, with its stack if there is one. */
export function inspectThrown(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return inWords(value)
  }
}

function describeError(error: Error): Description {
  const classes = classNamesOf(error)
  const own = nameIn(error)
  const isNamed = own !== undefined && !classes.includes(own)
  const names = isNamed ? [own, ...classes] : classes
  const typeNames = names.length > 0 ? names : ['Error']
  const code = codeOf(error)
  const inside = insideOf(typeNames)
  const told = [...FACTS, ...inside, ...(code === undefined ? [] : ['code'])]
  return {
    message: inWords(error),
    typeNames,
    isNamed,
    traceback: stackLines(error),
    code,
    cause: fieldOf(error, 'cause'),
    errors: inside.flatMap((key) => listOf(fieldOf(error, key))).slice(0, MAX_ERRORS),
    ...ownFieldsOf(error, new Set(told)),
  }
}

function describeOther(value: unknown): Description {
  return {
    message: asText(value),
    typeNames: typeNamesOf(value),
    isNamed: false,
    traceback: '',
    code: undefined,
    cause: undefined,
    errors: [],
    ...NO_FIELDS,
  }
}

function typeNamesOf(value: unknown): readonly string[] {
  if (value === null) return ['null']
  if (typeof value !== 'object') return [typeof value]
  const classes = classNamesOf(value)
  return classes.length > 0 ? classes : [nameIn(constructorOf(value)) ?? 'object']
}

/** The fields in which an error of these classes has others. */
function insideOf(typeNames: readonly string[]): readonly string[] {
  if (typeNames.includes('AggregateError')) return ['errors']
  return typeNames.includes('SuppressedError') ? ['error', 'suppressed'] : []
}

/** What a field holds: a list of errors, or one. */
function listOf(value: unknown): readonly unknown[] {
  try {
    return Array.isArray(value) ? value.slice(0, MAX_ERRORS) : [value]
  } catch {
    return [value]
  }
}

function codeOf(error: Error): FailureCode | undefined {
  const code = fieldOf(error, 'code')
  const isCode = typeof code === 'string' || (typeof code === 'number' && Number.isFinite(code))
  return isCode ? code : undefined
}

/** The lines of the stack that name places; the header repeats name and message. */
function stackLines(error: Error): string {
  const stack = fieldOf(error, 'stack')
  if (typeof stack !== 'string') return ''
  const start = stack.search(/^[ \t]+at /m)
  return start < 0 ? '' : stack.slice(start)
}

/** A value as text: an object as JSON, or by its class where that is none or too large. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    if (typeof value !== 'object' || value === null) return String(value)
    return jsonOf(value) ?? String(value)
  } catch {
    return tagOf(value)
  }
}

function jsonOf(value: object): string | undefined {
  let count = 0
  return JSON.stringify(value, (_key, part: unknown) => {
    count += 1
    if (count > MAX_PARTS) throw new RangeError('it has too many parts')
    return part
  })
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value)
  } catch {
    return INDESCRIBABLE
  }
}
