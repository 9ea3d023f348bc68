/**
 * Which arguments a method of an atom takes, and as what each is looked up.
 *
 * TaskFlow's argument mapping (`atom.py`): names come from the signature, `requires`, `optional`
 * and `rebind`. Knows nothing of where values come from.
 *
 * @module
 */

import { demandName, demandSymbol } from '../base/names.ts'
import { settled } from '../base/short-lists.ts'
import { hidesInputs, type Parameters, readParameters } from './parameters.ts'

/** One argument of a method. */
export interface Binding {
  /** What the method calls it. */
  readonly argument: string
  /** What it is looked up as. */
  readonly symbol: string
  /** Left out of the inputs when nobody provides it. */
  readonly optional: boolean
}

/** Renames inputs: by argument name, or by position of the required arguments. */
export type Rebind = Readonly<Record<string, string>> | readonly string[]

/** What an atom says about the arguments of one of its methods. */
export interface BindingRules {
  /** For messages: the name of the atom. */
  readonly atom: string
  /** For messages: the name of the method. */
  readonly method: string
  /** For messages: the option with the names that cannot be read. */
  readonly field: 'requires' | 'revertRequires'
  /** The function whose first parameter is read. */
  readonly fn: (...args: never[]) => unknown
  /** Names in the pattern that are no inputs, such as `result`. */
  readonly ignore: readonly string[]
  /** Names that are required whatever the signature says. */
  readonly requires: readonly string[] | undefined
  /** Names that are optional, for a parameter that is not destructured. */
  readonly optional: readonly string[] | undefined
  /** Renaming. */
  readonly rebind: Rebind | undefined
  /** The renaming was written for another method: names that this one does not take are left out. */
  readonly borrowed: boolean
}

/**
 * Works out the arguments of a method.
 *
 * @throws TypeError when the definition contradicts itself, with what to write instead.
 */
export function bind(rules: BindingRules): readonly Binding[] {
  const { atom, method, field, fn, requires, optional, rebind } = rules
  const parameters = readParameters(fn)
  const isListed = requires !== undefined || optional !== undefined
  checkNames(rules, 'requires', requires)
  checkNames(rules, 'optional', optional)
  // What was written for another method does not say that it names all that this one takes.
  const isRenamed = !rules.borrowed && isRenaming(rebind)
  if (!isListed && !(isRenamed && parameters.form === 'whole') && hidesInputs(fn)) {
    throw new TypeError(
      `'${atom}' does not say which inputs ${method} takes: destructure its first parameter, ${method}({ size, image }), or list them, ${field}: ['size', 'image'] (an empty list if it takes none)`,
    )
  }
  if (parameters.form === 'none' && !isListed && !rebind) return settled([])
  const signature = requiredNames(parameters, rules)
  const required = new Map<string, string>()
  for (const name of signature) required.set(name, name)
  for (const name of requires ?? []) required.set(name, name)
  for (const [argument, symbol] of renaming(
    rules,
    parameters.form === 'destructured' ? signature : (requires ?? []),
  )) {
    if (!rules.borrowed || takes(parameters, argument)) required.set(argument, symbol)
  }
  checkExtra(rules, parameters, required)
  if (parameters.form === 'destructured' && parameters.rest && !isListed) {
    checkRest(rules, parameters, required)
  }
  const bindings: Binding[] = []
  for (const [argument, symbol] of required) bindings.push({ argument, symbol, optional: false })
  for (const name of optionalNames(parameters, rules)) {
    if (!required.has(name)) bindings.push({ argument: name, symbol: name, optional: true })
  }
  for (const { argument, symbol } of bindings) {
    if (argument !== symbol) demandName(`an input of ${method} of '${atom}'`, argument)
    demandSymbol(`the symbol of '${argument}' in '${atom}'`, symbol)
  }
  return settled(bindings)
}

function requiredNames(parameters: Parameters, { ignore }: BindingRules): readonly string[] {
  if (parameters.form !== 'destructured') return []
  return parameters.required.filter((name) => !ignore.includes(name))
}

function optionalNames(parameters: Parameters, rules: BindingRules): readonly string[] {
  const declared = rules.optional ?? []
  if (parameters.form !== 'destructured') return declared
  return [
    ...parameters.optional.filter((name) => !rules.ignore.includes(name)),
    ...declared.filter((name) => !parameters.optional.includes(name)),
  ]
}

function takes(parameters: Parameters, name: string): boolean {
  if (parameters.form !== 'destructured') return parameters.form === 'whole'
  if (parameters.rest) return true
  return parameters.required.includes(name) || parameters.optional.includes(name)
}

function isRenaming(rebind: Rebind | undefined): boolean {
  return rebind !== undefined && (rebind === null || Object.keys(rebind).length > 0)
}

/** The pairs of argument and symbol that a rebind stands for; surplus positions keep their name. */
function renaming(rules: BindingRules, positions: readonly string[]): [string, string][] {
  const { rebind } = rules
  if (rebind === undefined) return []
  if (typeof rebind !== 'object' || rebind === null) {
    throw new TypeError(
      `'${rules.atom}' has a rebind that is ${typeof rebind}: write { argument: 'symbol' }, or a list of symbols by position`,
    )
  }
  const pairs = Array.isArray(rebind)
    ? rebind.map((symbol: string, i): [string, string] => [positions[i] ?? symbol, symbol])
    : Object.entries(rebind as Readonly<Record<string, string>>)
  for (const [argument, symbol] of pairs) {
    if (typeof symbol !== 'string') {
      throw new TypeError(
        `'${rules.atom}' rebinds '${argument}' to ${String(symbol)}: write the name of a symbol`,
      )
    }
  }
  return pairs
}

function checkNames(
  { atom, method }: BindingRules,
  field: 'requires' | 'optional',
  names: readonly string[] | undefined,
): void {
  if (names === undefined) return
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw new TypeError(
      `'${atom}' has a field '${field}' for ${method} that is not a list of names: write ${field}: ['size', 'image']`,
    )
  }
}

/** Nobody can know what a rest is to hold: it holds what is named beside the pattern. */
function checkRest(
  { atom, method, field }: BindingRules,
  parameters: Parameters,
  required: ReadonlyMap<string, string>,
): void {
  if (parameters.form !== 'destructured') return
  const named = [...parameters.required, ...parameters.optional]
  if ([...required.keys()].some((name) => !named.includes(name))) return
  throw new TypeError(
    `'${atom}' takes the rest of its inputs in ${method}, and nothing says which they are: name each in the pattern, or list those of the rest, ${field}: ['size', 'image'] (an empty list if there are none)`,
  )
}

function checkExtra(
  { atom, method }: BindingRules,
  parameters: Parameters,
  required: ReadonlyMap<string, string>,
): void {
  if (parameters.form !== 'destructured') return
  const extra = [...required.keys()].filter((name) => !takes(parameters, name))
  if (extra.length > 0) {
    throw new TypeError(
      `'${atom}' requires or rebinds ${extra.map((name) => `'${name}'`).join(', ')}, which ${method} does not take: add the name to the pattern of its first parameter, or take the rest there (...others)`,
    )
  }
}
