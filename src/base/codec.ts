/**
 * Values as JSON text, and back.
 *
 * For everything that keeps a value beyond the process: what comes back equals what was given, or
 * it is refused with the path of the part that would not. Plain JSON stays plain JSON, because
 * Python TaskFlow reads the same columns. Knows no record, no table and no flow.
 *
 * @module
 */

import { NotStorableError } from '../errors.ts'
import {
  BIGINT,
  type ConvertPart,
  kindOfPrototype,
  malformed,
  NULL_OBJECT,
  NUMBER,
  PLAIN_OBJECT,
  reviveFields,
  type Tag,
  tagOfName,
  UNDEFINED,
} from './codec-kinds.ts'
import { builtinName, fieldOf, isError, isInstance } from './realms.ts'

/** The reserved key, as in `{"$taskflow": ["Date", "2026-01-31T12:00:00.000Z"]}`. */
const TAG_KEY = '$taskflow'

/** The reserved key in JSON text; text without it holds no tags. */
const MARK = JSON.stringify(TAG_KEY)

/** Python's `json` gives up near 1,000 levels, and records put some of their own around a value. */
const MAX_LEVELS = 500

/** Levels of JSON text that a tag adds; so many for a map, fewer for the others. */
const TAG_LEVELS = 3

/** A container under way. */
interface Frame {
  readonly up: Frame | undefined
  readonly value: object
  /** How deep in the JSON text it is, with its tag. */
  level: number
  /** How one gets from it to the part under way. */
  step: string | number | (() => string)
}

/**
 * Turns a value into JSON text that {@link decode} turns back into an equal value.
 *
 * JSON's own values, plain objects and arrays give what `JSON.stringify` gives, byte for byte.
 * Tagged, and equal again: `undefined`, -0, NaN, ±Infinity, bigint, Date (also invalid), Map, Set,
 * Uint8Array, Buffer, URL, RegExp, objects without a prototype, and the language's own error
 * classes with all their own properties. An object that is met twice comes back as two equal
 * ones. Elsewhere than in errors, properties that are not enumerable are no part of the value.
 *
 * @throws {@link NotStorableError} for everything else: functions, symbols, symbol keys, accessors,
 * `toJSON` methods, instances of other classes, holes in arrays, cycles, more than 500 levels.
 */
export function encode(value: unknown): string {
  const storable = convert(value, undefined)
  try {
    return JSON.stringify(storable)
  } catch (error) {
    // The text would be longer than a string can be, or the stack was nearly used up.
    return refuse(undefined, reasonOf(error))
  }
}

/**
 * Turns the text of {@link encode}, or any JSON text, back into a value.
 *
 * @throws SyntaxError when the text is not JSON, or has a tag that {@link encode} does not make.
 */
export function decode(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  if (!text.includes(MARK)) return parsed
  try {
    return revive(parsed)
  } catch (error) {
    throw new SyntaxError(`a ${TAG_KEY} tag cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}

/** The value itself where JSON can hold it, else what JSON shall hold in its place. */
function convert(value: unknown, up: Frame | undefined): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tag(NUMBER, NUMBER.write(value))
    case 'object':
      return value === null ? value : convertObject(value, up)
    case 'undefined':
      return tag(UNDEFINED, [])
    case 'bigint':
      return tag(BIGINT, BIGINT.write(value))
    default:
      return refuse(up, `it is a ${typeof value}; store the data it stands for`)
  }
}

function convertObject(value: object, up: Frame | undefined): unknown {
  for (let above = up; above !== undefined; above = above.up) {
    if (above.value === value) refuse(up, `it contains itself: it is ${pathOf(above.up)} too`)
  }
  const frame: Frame = { up, value, level: up === undefined ? 1 : up.level + 1, step: '' }
  if (frame.level > MAX_LEVELS) refuse(up, `it is over ${MAX_LEVELS} levels deep; make it flatter`)
  try {
    if (Object.getOwnPropertySymbols(value).length > 0) refuse(up, 'it has a symbol as a key')
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return convertPlain(value, frame)
    if (prototype === Array.prototype && Array.isArray(value)) return convertArray(value, frame)
    if (prototype === null) {
      frame.level += TAG_LEVELS
      return tag(NULL_OBJECT, [convertFields(value, Object.keys(value), frame)])
    }
    const kind = kindOfPrototype(prototype)
    if (kind === undefined) return convertForeign(value, prototype, frame)
    frame.level += TAG_LEVELS
    const convertPart: ConvertPart = (part, step) => {
      frame.step = step
      return convert(part, frame)
    }
    return tag(kind, kind.write(value, convertPart))
  } catch (error) {
    if (isInstance(error, NotStorableError)) throw error
    // It is not what its prototype says, it is a proxy that throws, or the stack is used up.
    return refuse(up, reasonOf(error))
  }
}

/** Of a class that is not stored; or a plain object or array of another realm. */
function convertForeign(value: object, prototype: object, frame: Frame): unknown {
  const name = builtinName(prototype)
  if (name === 'Object') return convertPlain(value, frame)
  if (name === 'Array' && Array.isArray(value)) return convertArray(value, frame)
  return refuse(frame.up, `it is an instance of ${classOf(value)}; store its plain data`)
}

function convertPlain(value: object, frame: Frame): unknown {
  const keys = Object.keys(value)
  if (keys.length !== 1 || keys[0] !== TAG_KEY) return convertFields(value, keys, frame)
  frame.level += TAG_LEVELS
  return tag(PLAIN_OBJECT, [convertFields(value, keys, frame)])
}

function convertFields(value: object, keys: readonly string[], frame: Frame): object {
  refuseToJson(value, frame)
  let copy: Record<string, unknown> | undefined
  for (const key of keys) {
    frame.step = key
    const property = Object.getOwnPropertyDescriptor(value, key)
    if (property?.get ?? property?.set) refuse(frame, 'it is an accessor; store its value')
    const item: unknown = property?.value
    const storable = convert(item, frame)
    if (storable !== item) {
      // Each key is an own one by then, so that assigning even to `__proto__` is harmless.
      copy ??= { ...value }
      copy[key] = storable
    }
  }
  return copy ?? value
}

function convertArray(value: readonly unknown[], frame: Frame): readonly unknown[] {
  refuseToJson(value, frame)
  let copy: unknown[] | undefined
  for (let index = 0; index < value.length; index++) {
    frame.step = index
    const item = value[index]
    if (item === undefined && !Object.hasOwn(value, index)) refuse(frame, 'it is a hole; fill it')
    const storable = convert(item, frame)
    if (storable !== item) {
      copy ??= value.slice()
      copy[index] = storable
    }
  }
  // Much faster than `Object.keys`, which makes a string of each index.
  if (Object.values(value).length !== value.length) {
    refuse(frame.up, 'it is an array with properties of its own; make it an object')
  }
  return copy ?? value
}

function tag({ name }: Tag, parts: readonly unknown[]): object {
  return { [TAG_KEY]: [name, ...parts] }
}

/** The value without its tags; changes the parsed objects in place. */
function revive(parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null) return parsed
  if (Array.isArray(parsed)) {
    for (const [index, item] of parsed.entries()) parsed[index] = revive(item)
    return parsed
  }
  const keys = Object.keys(parsed)
  if (keys.length !== 1 || keys[0] !== TAG_KEY) return reviveFields(parsed, revive)
  return reviveTag(Object.values(parsed)[0])
}

function reviveTag(stored: unknown): unknown {
  if (!Array.isArray(stored)) return malformed(stored)
  const [name, ...parts]: unknown[] = stored
  const known = tagOfName(name)
  return known?.partCount === parts.length ? known.read(parts, revive) : malformed(name)
}

/** `JSON.stringify` would store what the method says, be it hidden or inherited from a patch. */
function refuseToJson(value: object, frame: Frame): void {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    refuse(frame.up, 'it has a toJSON method; store what that returns')
  }
}

/** Refuses the part under way, `undefined` being the whole value. */
function refuse(frame: Frame | undefined, reason: string): never {
  throw new NotStorableError(pathOf(frame), reason)
}

/** What was thrown may be a value's own. */
function reasonOf(error: unknown): string {
  const message = isError(error) ? fieldOf(error, 'message') : undefined
  return typeof message === 'string' ? message : 'reading it failed'
}

function classOf(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'an unnamed class'
}

function pathOf(frame: Frame | undefined): string {
  if (frame === undefined) return '$'
  const { up, step } = frame
  if (typeof step === 'function') return pathOf(up) + step()
  return pathOf(up) + pathStep(step)
}

/** A step from a value to one of its parts, as it stands in the path of a refusal. */
export function pathStep(step: string | number): string {
  const isWord = typeof step === 'string' && /^[A-Za-z_$][\w$]*$/.test(step)
  return isWord ? `.${step}` : `[${JSON.stringify(step)}]`
}
