/**
 * What options must be: checked once, where they come in, and refused in one form of words.
 *
 * A table of checks has an entry for each option, which the compiler demands; so an option that is
 * declared cannot be forgotten by whoever reads it.
 *
 * @module
 */
import { didYouMean } from './suggestions.ts'

/**
 * Makes sure of one value.
 *
 * @throws TypeError when it has another type, RangeError when it is out of bounds; with its name and
 * the value found.
 */
export type Check = (name: string, value: unknown) => void

/** A check for each option. */
export type Checks<Options extends object> = { readonly [Name in keyof Options]-?: Check }

/** Between which bounds a number must be; bounds that are left out do not hold. */
export interface Bounds {
  /** It may be this, and not less. */
  readonly least?: number
  /** It must be more than this. */
  readonly above?: number
  /** It may be this, and not more. */
  readonly most?: number
  /** It must have no fraction; `Infinity` has none. */
  readonly whole?: boolean
  /** It must not be `Infinity`. */
  readonly finite?: boolean
}

/**
 * The options that were given, each of them checked, in an object of their own. One that is
 * undefined is left out.
 *
 * @param what takes them, such as `load()`
 * @param place follows the names of options in messages, where several have options of these names
 * @throws TypeError for a name that is no option, with the names there are; as {@link Check}.
 */
export function readOptions<Options extends object>(
  what: string,
  given: unknown,
  checks: Checks<Options>,
  place = '',
): Options {
  if (given === undefined) return {} as Options
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`the options of ${what} must be an object, got ${shown(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(checks, name)) throw unknownOption(what, name, Object.keys(checks))
  }
  return checked(given, checks, place)
}

/** The same where further members are the caller's own matter, as in a class that was extended. */
export function checked<Options extends object>(
  given: object,
  checks: Checks<Options>,
  place = '',
): Options {
  const options: Record<string, unknown> = {}
  for (const [name, check] of Object.entries<Check>(checks)) {
    const value = (given as Readonly<Record<string, unknown>>)[name]
    if (value === undefined) continue
    check(`${name}${place}`, value)
    options[name] = value
  }
  return options as Options
}

/** Options of two kinds apart: those that the table has, and the others. */
export function split<Mine extends object, All extends Mine>(
  options: All,
  checks: Checks<Mine>,
): readonly [mine: Mine, others: Omit<All, keyof Mine>] {
  const entries = Object.entries(options)
  const isMine = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(checks, name)
  return [
    Object.fromEntries(entries.filter(isMine)) as Mine,
    Object.fromEntries(entries.filter((one) => !isMine(one))) as Omit<All, keyof Mine>,
  ]
}

function unknownOption(what: string, name: string, known: readonly string[]): TypeError {
  const meant = didYouMean(name, known)
  const options = [...known].sort().join(', ')
  return new TypeError(`${what} has no option '${name}'${meant || ';'} its options are ${options}`)
}

/** A number within bounds. */
export function number(bounds: Bounds = {}): Check {
  return (name, value) => {
    if (typeof value === 'number' && isWithin(value, bounds)) return
    const kind = bounds.whole === true ? 'a whole number' : 'a number'
    if (typeof value !== 'number') {
      throw new TypeError(`${name} must be ${kind}, got ${shown(value)}`)
    }
    throw new RangeError(`${name} must be ${inWords(bounds)}, got ${value}`)
  }
}

/** A whole number from a least one on. */
export function count(least: number): Check {
  return number({ least, whole: true, finite: true })
}

/** Milliseconds, with `Infinity` for no end. */
export const DURATION: Check = number({ least: 0 })

/** Milliseconds that are not nothing, with `Infinity` for no end. */
export const LIMIT: Check = number({ above: 0 })

/** How far something has come: nothing is 0, all of it is 1. */
export const PROGRESS: Check = number({ least: 0, most: 1 })

/** `true` or `false`, and nothing that only counts as one of them. */
export const BOOLEAN: Check = kindOf('true or false', (value) => typeof value === 'boolean')

/** A function. */
export const FUNCTION: Check = kindOf('a function', (value) => typeof value === 'function')

/** A text. */
export const TEXT: Check = kindOf('a string', (value) => typeof value === 'string')

/** Values by name. */
export const VALUES: Check = kindOf('an object with values by name', isObject)

/** What can be gone through. */
export const LIST: Check = kindOf(
  'a list',
  (value) => isObject(value) && typeof Reflect.get(value, Symbol.iterator) === 'function',
)

/** Whatever it is. */
export const ANYTHING: Check = () => {}

/** A signal, of whichever realm. */
export const SIGNAL: Check = kindOf(
  'an AbortSignal',
  (value) =>
    isObject(value) &&
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    typeof Reflect.get(value, 'addEventListener') === 'function',
)

/** What tells the time. */
export const CLOCK: Check = (name, value) => {
  methods('a Clock', ['now'])(name, value)
  const moment: unknown = (value as { now(): unknown }).now()
  if (!isObject(moment) || typeof Reflect.get(moment, 'getTime') !== 'function') {
    throw new TypeError(`now() of ${name} must give a Date, got ${shown(moment)}`)
  }
  for (const method of ['elapsedMs', 'setTimer'] as const) {
    const found: unknown = Reflect.get(value as object, method)
    if (found !== undefined) FUNCTION(`${method} of ${name}`, found)
  }
}

/** Where log lines go. */
export const LOGGER: Check = methods('a Logger', ['debug', 'info', 'warn', 'error'])

/** Something with these methods. */
export function methods(what: string, names: readonly string[]): Check {
  return (name, value) => {
    if (!isObject(value)) throw new TypeError(`${name} must be ${what}, got ${shown(value)}`)
    for (const method of names) {
      if (typeof Reflect.get(value, method) === 'function') continue
      throw new TypeError(`${name} must be ${what}, got ${shown(value)} without a method ${method}`)
    }
  }
}

/** One of some words. */
export function oneOf<Word extends string>(...words: readonly Word[]): Check {
  const wanted = alternatives(words.map((word) => `'${word}'`))
  return (name, value) => {
    if (words.some((word) => word === value)) return
    const Problem = typeof value === 'string' ? RangeError : TypeError
    throw new Problem(`${name} must be ${wanted}, got ${shown(value)}`)
  }
}

/** A list of which each member fits. */
export function listOf(check: Check): Check {
  return (name, value) => {
    LIST(name, value)
    let position = 0
    for (const one of value as Iterable<unknown>) {
      check(`${name}[${position}]`, one)
      position += 1
    }
  }
}

/** What fits a question, in words that go on "must be". */
export function kindOf(what: string, fits: (value: unknown) => boolean): Check {
  return (name, value) => {
    if (!fits(value)) throw new TypeError(`${name} must be ${what}, got ${shown(value)}`)
  }
}

/** An object or a function, and no list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

/** Control characters, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cs}]/gu

function inHex(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A value as messages show it; of an object only the kind, since it may hold anything. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const text = value.length > 60 ? `${value.slice(0, 60)}… (${value.length} characters)` : value
    return `'${text.replaceAll(UNSEEN, inHex)}'`
  }
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

function isWithin(value: number, { least, above, most, whole, finite }: Bounds): boolean {
  return (
    !Number.isNaN(value) &&
    (least === undefined || value >= least) &&
    (above === undefined || value > above) &&
    (most === undefined || value <= most) &&
    (finite !== true || Number.isFinite(value)) &&
    (whole !== true || Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY)
  )
}

function inWords({ least, above, most, whole, finite }: Bounds): string {
  const bounds = [
    ...(least === undefined ? [] : [`at least ${least}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(finite === true && whole !== true && most === undefined ? ['finite'] : []),
  ].join(' and ')
  if (whole !== true) return bounds || 'a number'
  const words = bounds === '' ? 'a whole number' : `a whole number of ${bounds}`
  return finite === true || most !== undefined ? words : `${words}, or Infinity`
}
