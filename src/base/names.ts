/**
 * Which names things may have: those that every backend can keep, and find again.
 *
 * For whatever is defined by a name: atoms, flows, books, definitions, and the symbols that values
 * are known by. What is read from a store is not asked, since other programs have other rules.
 *
 * @module
 */
import { shown } from './checks.ts'

/** As many characters as the columns of TaskFlow's tables have. */
const MAX_LENGTH = 255

/** What nearly all names are, so that nothing else is to be asked: flows of 100,000 atoms are defined too. */
const PLAIN = /^[!-~](?:[ -~]{0,253}[!-~])?$/

/** MySQL compares without spaces at the end, and nobody sees those at either end. */
const SPACE_AT_AN_END = /^[\t-\r\p{Zs}]|[\t-\r\p{Zs}]$/u

/**
 * Makes sure that a name can be stored everywhere.
 *
 * @param what whose it is, such as `the name of a task`
 * @param maxLength how many characters its column has
 * @throws TypeError with what is wrong with it.
 */
export function demandName(
  what: string,
  name: unknown,
  maxLength: number = MAX_LENGTH,
): asserts name is string {
  if (typeof name === 'string' && name.length <= maxLength && PLAIN.test(name)) return
  const why = typeof name === 'string' ? whyUnfit(name, maxLength) : 'be a string'
  if (why !== undefined) throw new TypeError(`${what} must ${why}, got ${shown(name)}`)
}

/**
 * Makes sure that a value can be known by a name.
 *
 * @throws TypeError with what is wrong with it.
 */
export function demandSymbol(what: string, symbol: unknown): asserts symbol is string {
  demandName(what, symbol)
  // Whoever resolves a promise with the results would call a function of that name.
  if (symbol === 'then') {
    throw new TypeError(
      `${what} must not be 'then': the results of a run would be taken for a promise; choose another name`,
    )
  }
}

/**
 * Makes sure of values by name.
 *
 * @throws TypeError for what is no object, or has a name that is unfit.
 */
export function demandSymbols(what: string, values: unknown): void {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new TypeError(`${what} must be an object with values by name, got ${shown(values)}`)
  }
  for (const symbol of Object.keys(values)) demandSymbol(`a name in ${what}`, symbol)
}

function whyUnfit(name: string, maxLength: number): string | undefined {
  if (name === '') return 'not be empty'
  if (!name.isWellFormed()) return 'be well-formed text, without half a character'
  if (name.includes('\0')) return 'have no NUL character'
  if (SPACE_AT_AN_END.test(name)) return 'not begin or end with a space'
  if (name.length > maxLength && [...name].length > maxLength) {
    return `have at most ${maxLength} characters`
  }
  return undefined
}
