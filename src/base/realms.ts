/**
 * Recognizes errors and the language's own classes of whatever realm.
 *
 * Code that runs in `node:vm`, in Jest or in the `vmThreads` of Vitest has an `Error` and an
 * `Object` of its own, so that `instanceof` and comparing prototypes tell nothing about values that
 * cross the border. Nothing in this file throws, whatever it is asked about.
 *
 * @module
 */
import { types } from 'node:util'

/** No class has so many ancestors; a proxy may pretend to. */
const MAX_ANCESTORS = 100

const BUILTIN_SOURCE = /^function (\w+)\(\) \{ \[native code\] \}$/

/** True for an error, be it of another realm or behind a proxy. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  if (types.isNativeError(value) || isInstance(value, Error)) return true
  return prototypesOf(value).some((prototype) => builtinName(prototype) === 'Error')
}

/** `instanceof` that gives false where that would throw, as for a revoked proxy. */
export function isInstance<T>(
  value: unknown,
  type: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** True for a `URL` of whatever realm or library. */
export function isUrl(value: unknown): value is URL {
  return isInstance(value, URL) || tagOf(value) === '[object URL]'
}

/** A field of whatever it is; undefined where it cannot be read. */
export function fieldOf(value: unknown, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key]
  } catch {
    return undefined
  }
}

/** The first of the errors inside of an AggregateError, as which Node tells of a failed connection. */
export function firstInside(error: unknown): unknown {
  const errors = isError(error) ? fieldOf(error, 'errors') : undefined
  return Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : error
}

/** The prototypes of an object, nearest first, as far as they can be read. */
export function prototypesOf(value: object): readonly object[] {
  const prototypes: object[] = []
  try {
    for (
      let prototype: object | null = Object.getPrototypeOf(value);
      prototype !== null && prototypes.length < MAX_ANCESTORS;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      prototypes.push(prototype)
    }
  } catch {
    // A proxy does not tell, and what is above it stays unknown.
  }
  return prototypes
}

/** The name of the language's own class, of whatever realm, that has this prototype. */
export function builtinName(prototype: object): string | undefined {
  try {
    const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
    if (typeof type !== 'function' || type.prototype !== prototype) return undefined
    return BUILTIN_SOURCE.exec(Function.prototype.toString.call(type))?.[1]
  } catch {
    return undefined
  }
}

/** `[object Name]`, be it that the object's own code refuses to say. */
function tagOf(value: unknown): string | undefined {
  try {
    return Object.prototype.toString.call(value)
  } catch {
    return undefined
  }
}
