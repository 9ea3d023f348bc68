/**
 * Which class an error is of: by the class itself while the error is at hand, by names afterwards.
 *
 * Minifiers rename classes, and a process may hold two copies of this package, or several realms.
 * So the classes of this package and those of the language go by names that do not change.
 *
 * @module
 */
import * as errors from '../errors.ts'
import { builtinName, fieldOf, isError, isInstance, prototypesOf } from './realms.ts'

/** A class of errors, or of anything else that is thrown. */
export type ErrorClass = abstract new (...args: never[]) => unknown

/** What marks the classes of this package, whichever copy of it they are from. */
const OWN_NAME: unique symbol = Symbol.for('taskflow-ts.error')

for (const [name, exported] of Object.entries<unknown>({ ...errors })) {
  const prototype = fieldOf(exported, 'prototype')
  if (isError(prototype)) Object.defineProperty(prototype, OWN_NAME, { value: name })
}

/** True when a value that is at hand is of a class, in whichever realm or copy that was defined. */
export function isOfClass(value: unknown, type: ErrorClass): boolean {
  if (isInstance(value, type)) return !isRoot(type.prototype) || isPlain(value as object)
  if (typeof type !== 'function' || !isError(value)) return false
  const name = commonName(type.prototype)
  return (
    name !== undefined && prototypesOf(value).some((prototype) => commonName(prototype) === name)
  )
}

/** Everything inherits from `Object`, and nothing else is said to be of it by its stored names. */
function isPlain(value: object): boolean {
  return classNamesOf(value).length === 0
}

function isRoot(prototype: object): boolean {
  return builtinName(prototype) === 'Object'
}

/** The name by which a class is found among stored names. */
export function nameOfClass(type: ErrorClass): string | undefined {
  return typeof type === 'function' ? (stableName(type.prototype) ?? nameIn(type)) : undefined
}

/** The names of the classes of an object, from its own upwards; that of `Object` is left out. */
export function classNamesOf(value: object): readonly string[] {
  const names = new Set<string>()
  for (const prototype of prototypesOf(value)) {
    if (isRoot(prototype)) break
    for (const name of [nameIn(constructorOf(prototype)), stableName(prototype)]) {
      if (name !== undefined) names.add(name)
    }
  }
  return [...names]
}

/** The class that an object says it is of, be it that its own fields lie. */
export function constructorOf(object: object): unknown {
  try {
    return object.constructor
  } catch {
    return undefined
  }
}

/** The `name` of a class, or of anything, if it is one that can be stored. */
export function nameIn(named: unknown): string | undefined {
  try {
    const name: unknown = (named as { readonly name?: unknown } | null | undefined)?.name
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}

/** A name that no minifier changes: the mark of this package, or what the prototype itself says. */
function stableName(prototype: unknown): string | undefined {
  return ownText(prototype, OWN_NAME) ?? ownText(prototype, 'name')
}

/** A name that stands for the same class in all realms and copies. */
function commonName(prototype: object): string | undefined {
  const own = ownText(prototype, OWN_NAME)
  if (own !== undefined) return own
  const builtin = builtinName(prototype)
  return builtin?.endsWith('Error') === true ? builtin : undefined
}

function ownText(object: unknown, key: PropertyKey): string | undefined {
  try {
    const text: unknown = Object.getOwnPropertyDescriptor(object, key)?.value
    return typeof text === 'string' && text !== '' ? text : undefined
  } catch {
    return undefined
  }
}
