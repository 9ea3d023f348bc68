/**
 * Evaluates what scripted methods return and scripted deciders answer: sections 3 and 5 of
 * FORMAT.md.
 *
 * @module
 */
import type { CaseDecider, Expression } from './case.ts'
import { errorOf } from './faults.ts'
import type { Json, JsonObject } from './json.ts'

/** What an expression may refer to. */
export interface Setting {
  /** The arguments of the call. */
  readonly args: JsonObject
  /** How many calls of the method there were, this one included. */
  readonly attempt: number
  /** In revert, what execute came to. */
  readonly result?: Json
}

/** The value of an expression. */
export function evaluate(expression: Expression, setting: Setting): Json {
  const { args, attempt, result = null } = setting
  if ('const' in expression) return expression.const
  if ('arg' in expression) {
    return Object.hasOwn(args, expression.arg)
      ? (args[expression.arg] ?? null)
      : (expression.default ?? null)
  }
  if ('args' in expression) return { ...args }
  if ('sum' in expression) {
    return expression.sum.reduce((sum, one) => sum + numberOf(evaluate(one, setting)), 0)
  }
  if ('list' in expression) return expression.list.map((one) => evaluate(one, setting))
  if ('object' in expression) {
    const entries = Object.entries(expression.object)
    return Object.fromEntries(entries.map(([key, one]) => [key, evaluate(one, setting)]))
  }
  if ('attempt' in expression) return attempt
  if ('result' in expression) return result
  throw new TypeError(`unknown expression ${JSON.stringify(expression)}`)
}

/**
 * The answer of a decider.
 *
 * @throws the scripted error of a decider that raises.
 */
export function decide(decider: CaseDecider, history: JsonObject): boolean {
  switch (decider.fn) {
    case 'const':
      return decider.value
    case 'truthy':
      return isTruthy(history[decider.of])
    case 'falsy':
      return !isTruthy(history[decider.of])
    case 'has':
      return Object.hasOwn(history, decider.of)
    case 'equals':
      return isSame(history[decider.of] ?? null, decider.value)
    case 'greater':
      return numberOf(history[decider.of]) > decider.value
    case 'keys':
      return isSame(Object.keys(history).sort(), [...decider.value].sort())
    case 'all':
      return Object.values(history).every(isTruthy)
    case 'any':
      return Object.values(history).some(isTruthy)
    case 'raises':
      throw errorOf(decider)
  }
}

/** Equal as JSON: the order of keys makes no difference. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, i) => isSame(one, b[i]))
    )
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const left = Object.entries(a)
  return (
    left.length === Object.keys(b).length &&
    left.every(([key, one]) => Object.hasOwn(b, key) && isSame(one, b[key as keyof typeof b]))
  )
}

function isTruthy(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}
