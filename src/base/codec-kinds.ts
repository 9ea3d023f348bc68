/**
 * What plain JSON cannot hold, and the parts that each such thing is stored as.
 *
 * For `codec.ts` alone, which walks through values and calls in here for the odd ones. A part may
 * be any value; it is handed back to the walk. Knows no JSON text and no paths: what it throws is
 * told by the walk, with the path of the value.
 *
 * @module
 */

import { inspect, isDeepStrictEqual, types } from 'node:util'
import { builtinName } from './realms.ts'

/** Converts a part; `step` is how one gets to it: a property, or a call that is spelled out late. */
export type ConvertPart = (part: unknown, step: string | (() => string)) => unknown

/** Gives back what was converted. */
export type RevivePart = (part: unknown) => unknown

/** Something that is stored as a name and parts, on its way back. */
export interface Tag<T = unknown> {
  /** Its name in the stored form; it outlives releases. */
  readonly name: string
  /** How many parts it has. */
  readonly partCount: number
  /** Makes the value from its parts; throws when they are not what it is stored as. */
  read(parts: readonly unknown[], revive: RevivePart): T
}

/** A tag with its way there. */
export interface Kind<T = unknown> extends Tag<T> {
  /** Takes a value apart; throws when the parts would not make an equal one. */
  write(value: T, convert: ConvertPart): readonly unknown[]
}

/** A kind whose one part is a string. */
export interface ScalarKind<T> extends Kind<T> {
  write(value: T): readonly string[]
}

/** The absent value; JSON has only `null`. */
export const UNDEFINED: Tag<undefined> = {
  name: 'undefined',
  partCount: 0,
  read: () => undefined,
}

/** The fields of a plain object that looks like a tag. */
export const PLAIN_OBJECT: Tag<object> = {
  name: 'Object',
  partCount: 1,
  read: ([fields], revive) => reviveFields(fields, revive),
}

/** The fields of an object without a prototype, such as `Object.groupBy` makes. */
export const NULL_OBJECT: Tag<object> = {
  name: 'NullObject',
  partCount: 1,
  read: ([fields], revive) => ({ __proto__: null, ...reviveFields(fields, revive) }),
}

/** The numbers that JSON cannot write: -0, NaN and the infinities. */
export const NUMBER: ScalarKind<number> = scalar('Number', printNumber, Number)

/** Integers of any size, in decimal. */
export const BIGINT: ScalarKind<bigint> = scalar('BigInt', String, BigInt)

const DATE = bare(scalar('Date', printDate, (text) => new Date(text)))

const LINK = bare(scalar('URL', String, (text) => new URL(text)))

const BUFFER = bare(scalar('Buffer', printBytes, (text) => Buffer.from(text, 'base64')))

const BYTES = bare(
  scalar('Uint8Array', printBytes, (text) => new Uint8Array(Buffer.from(text, 'base64'))),
)

const REGEXP: Kind<RegExp> = bare({
  name: 'RegExp',
  partCount: 3,
  write: (regexp, convert) => [regexp.source, regexp.flags, convert(regexp.lastIndex, 'lastIndex')],
  read([source, flags, lastIndex], revive) {
    const regexp = new RegExp(String(source), String(flags))
    if (regexp.source !== source || regexp.flags !== flags) malformed('RegExp')
    return Object.assign(regexp, { lastIndex: revive(lastIndex) })
  },
})

const MAP: Kind<Map<unknown, unknown>> = bare({
  name: 'Map',
  partCount: 1,
  write: (map, convert) => [
    Array.from(map, ([key, item], index) => [
      convert(key, () => `.keys()[${index}]`),
      convert(item, () => stepToItem(key, index)),
    ]),
  ],
  read: ([entries], revive) =>
    new Map(
      listOf(entries, 'Map').map((entry): [unknown, unknown] => {
        const pair = listOf(entry, 'Map')
        return pair.length === 2 ? [revive(pair[0]), revive(pair[1])] : malformed('Map')
      }),
    ),
})

const SET: Kind<Set<unknown>> = bare({
  name: 'Set',
  partCount: 1,
  write: (set, convert) => [
    Array.from(set, (item, index) => convert(item, () => `.values()[${index}]`)),
  ],
  read: ([items], revive) => new Set(listOf(items, 'Set').map(revive)),
})

/** Makes one of each error class of the language itself. */
const ERROR_MAKERS: readonly (() => Error)[] = [
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (ErrorClass) => () => new ErrorClass(),
  ),
  () => new AggregateError([]),
  () => new SuppressedError(undefined, undefined),
]

const KIND_OF_PROTOTYPE = new Map<unknown, Kind>([
  [Date.prototype, DATE],
  [URL.prototype, LINK],
  [Buffer.prototype, BUFFER],
  [Uint8Array.prototype, BYTES],
  [RegExp.prototype, REGEXP],
  [Map.prototype, MAP],
  [Set.prototype, SET],
  ...ERROR_MAKERS.map((make): [unknown, Kind] => [Object.getPrototypeOf(make()), errors(make)]),
])

/** For the same classes of other realms; `Buffer` and `URL` are of Node, and there once. */
const KIND_OF_BUILTIN: ReadonlyMap<string, Kind> = new Map(
  [...KIND_OF_PROTOTYPE.values()].map((kind) => [kind.name, kind]),
)

const TAG_OF_NAME = new Map<unknown, Tag>(
  [UNDEFINED, NUMBER, BIGINT, PLAIN_OBJECT, NULL_OBJECT, ...KIND_OF_PROTOTYPE.values()].map(
    (tag) => [tag.name, tag],
  ),
)

/** The kind of the direct instances of a class; those of a subclass would come back as others. */
export function kindOfPrototype(prototype: object): Kind | undefined {
  // Fake timers put a Date of their own in the place of the global one.
  if (prototype === Date.prototype) return DATE
  const kind = KIND_OF_PROTOTYPE.get(prototype)
  if (kind !== undefined) return kind
  const name = builtinName(prototype) // of another realm
  return name === undefined ? undefined : KIND_OF_BUILTIN.get(name)
}

/** What is stored under a name. */
export function tagOfName(name: unknown): Tag | undefined {
  return TAG_OF_NAME.get(name)
}

/** Refuses stored parts that no value has. */
export function malformed(name: unknown): never {
  throw new SyntaxError(`the stored parts of ${inspect(name)} do not make one`)
}

/** Revives the fields of a stored object in place. */
export function reviveFields(part: unknown, revive: RevivePart): object {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return malformed('Object')
  const fields = part as Record<string, unknown>
  // Parsing made every key an own one, so that assigning even to `__proto__` is harmless.
  for (const key of Object.keys(fields)) fields[key] = revive(fields[key])
  return fields
}

function listOf(part: unknown, name: string): readonly unknown[] {
  return Array.isArray(part) ? part : malformed(name)
}

/** A kind whose one part is a string; on the way back no other string is accepted for a value. */
function scalar<T>(
  name: string,
  print: (value: T) => string,
  parse: (text: string) => T,
): ScalarKind<T> {
  return {
    name,
    partCount: 1,
    write: (value) => [print(value)],
    read([text]) {
      const value = parse(String(text))
      return print(value) === text ? value : malformed(name)
    },
  }
}

/** The same kind, refusing values with properties of their own: the parts have no room for them. */
function bare<T extends object>(kind: Kind<T>): Kind<T> {
  return {
    ...kind,
    write(value, convert) {
      // The keys of an array of bytes would be a string for each byte.
      const isBare = types.isUint8Array(value)
        ? isDeepStrictEqual(value, value.subarray())
        : Object.keys(value).length === 0
      if (!isBare) throw new TypeError('it has properties of its own; use an object around it')
      return kind.write(value, convert)
    },
  }
}

/** An error class: the hidden and the enumerable properties of its own, whatever they are. */
function errors(make: () => Error): Kind<Error> {
  const { name } = make()
  return {
    name,
    partCount: 2,
    write(error, convert) {
      if (!types.isNativeError(error)) throw new TypeError(`it only inherits from ${name}`)
      const hidden: [string, unknown][] = []
      const shown: [string, unknown][] = []
      for (const key of Object.getOwnPropertyNames(error)) {
        const property = Object.getOwnPropertyDescriptor(error, key)
        // V8 itself makes the stack an accessor.
        const isAccessor = property?.get ?? property?.set
        if (isAccessor && key !== 'stack') throw new TypeError(`its '${key}' is an accessor`)
        const part = convert(Reflect.get(error, key), key)
        if (property?.enumerable) shown.push([key, part])
        else hidden.push([key, part])
      }
      return [Object.fromEntries(hidden), Object.fromEntries(shown)]
    },
    read([hidden, shown], revive) {
      const error = make()
      for (const key of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, key)
      const define = (part: unknown, enumerable: boolean): void => {
        for (const [key, value] of Object.entries(reviveFields(part, revive))) {
          Object.defineProperty(error, key, {
            value,
            enumerable,
            writable: true,
            configurable: true,
          })
        }
      }
      define(hidden, false)
      define(shown, true)
      return error
    },
  }
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function printDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString()
}

function printBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** How one gets to an item of a map. */
function stepToItem(key: unknown, index: number): string {
  if (Object(key) === key) return `.values()[${index}]`
  return `.get(${typeof key === 'string' ? JSON.stringify(key) : inspect(key)})`
}
