/**
 * The fields that somebody put into an error, as data of bounded size.
 *
 * For failures, whose records must not grow with what hangs on an error, such as a whole response.
 *
 * @module
 */
import { types } from 'node:util'
import { decode, encode } from './codec.ts'
import { fieldOf, isError } from './realms.ts'

/** What is kept of the fields of an error. */
export interface OwnFields {
  /** Copies, equal to what comes back when they are stored. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Names of those that are not kept, each with the reason. */
  readonly omitted: readonly string[]
}

/** How many fields of one error are kept. */
const MAX_FIELDS = 100
/** How many characters of JSON text all fields of one error may have. */
const MAX_LENGTH = 32_768
/** How many objects, items and fields one of them may have. */
const MAX_PARTS = 1_000

/** The enumerable fields of an object itself, but for the named ones and those that are undefined. */
export function ownFieldsOf(object: object, except: ReadonlySet<string>): OwnFields {
  const keys = keysOf(object).filter((key) => !except.has(key))
  const fields: Record<string, unknown> = {}
  const omitted: string[] = []
  let left = MAX_LENGTH
  for (const key of keys.slice(0, MAX_FIELDS)) {
    try {
      const value: unknown = Reflect.get(object, key)
      if (value === undefined) continue
      if (!isSmall(value, left)) {
        omitted.push(`${key}: it is too large`)
        continue
      }
      const text = encode(value)
      left -= text.length
      // Even a field called `__proto__` becomes an own one.
      const field = { value: decode(text), enumerable: true }
      Object.defineProperty(fields, key, field)
    } catch (error) {
      omitted.push(`${key}: ${reasonOf(error)}`)
    }
  }
  if (keys.length > MAX_FIELDS) omitted.push(`${keys.length - MAX_FIELDS} more fields`)
  return { fields, omitted }
}

function keysOf(object: object): readonly string[] {
  try {
    return Object.keys(object)
  } catch {
    return []
  }
}

/** Whether storing a value costs little. Runs no code of its own, but for proxies. */
function isSmall(value: unknown, maxLength: number): boolean {
  const queue: unknown[] = [value]
  let length = 0
  for (const part of queue) {
    if (typeof part === 'string') length += part.length
    else if (typeof part === 'bigint') length += part > LARGE || part < -LARGE ? maxLength + 1 : 20
    else if (typeof part === 'object' && part !== null) {
      const { size, parts } = partsOf(part)
      length += size
      if (queue.length + size > MAX_PARTS || length > maxLength) return false
      queue.push(...parts())
    }
  }
  return length <= maxLength
}

const LARGE = 2n ** 64n

/** The parts of an object, and how many they are, which is asked first. */
function partsOf(part: object): { readonly size: number; parts(): readonly unknown[] } {
  if (ArrayBuffer.isView(part)) return { size: part.byteLength, parts: () => [] }
  if (Array.isArray(part)) return { size: part.length, parts: () => part }
  if (types.isMap(part)) return { size: part.size, parts: () => [...part].flat() }
  if (types.isSet(part)) return { size: part.size, parts: () => [...part] }
  const keys = isError(part) ? Object.getOwnPropertyNames(part) : Object.keys(part)
  const read = (key: string): unknown => Object.getOwnPropertyDescriptor(part, key)?.value
  return { size: keys.length, parts: () => keys.map(read) }
}

function reasonOf(error: unknown): string {
  const message = isError(error) ? fieldOf(error, 'message') : undefined
  return typeof message === 'string' ? message : 'it cannot be read'
}
