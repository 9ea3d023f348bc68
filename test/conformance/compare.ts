/**
 * Compares what was observed of a case with what is expected: section 10 of FORMAT.md, and the
 * rules of the corpus' own check.py.
 *
 * @module
 */
import { isSame } from './expressions.ts'
import { type Expectation, type OrderedPair, type Outcome, sortSweeps } from './outcome.ts'

/** One field that is not as expected. */
export interface Difference {
  readonly field: string
  readonly text: string
}

type Fields = Readonly<Record<string, unknown>>

const MAX_TEXT_LENGTH = 400

/** The fields in which an outcome is not as expected; none, when it passes. */
export function compare(expected: Expectation, outcome: Outcome): readonly Difference[] {
  return [
    ...compareWhole(expected, outcome),
    ...compareOrder(expected, outcome),
    ...compareSome(expected, outcome),
    ...compareSteps(expected, outcome),
    ...compareAtoms(expected, outcome),
    ...comparePairs('runAfter', expected.runAfter, outcome, 'RUNNING', ['SUCCESS', 'IGNORE']),
    ...comparePairs('revertAfter', expected.revertAfter, outcome, 'REVERTING', [
      'PENDING',
      'REVERTED',
      'IGNORE',
    ]),
  ]
}

function* compareWhole(expected: Expectation, outcome: Outcome): Generator<Difference> {
  for (const field of ['flowState', 'flowTransitions', 'results', 'callOrder'] as const) {
    if (expected[field] === undefined || isSame(expected[field], outcome[field])) continue
    yield { field, text: difference(expected[field], outcome[field], field) }
  }
}

function* compareOrder({ order }: Expectation, outcome: Outcome): Generator<Difference> {
  if (order === undefined) return
  const wanted = sortSweeps(order)
  const got = sortSweeps(outcome.order ?? [])
  if (!isSame(wanted, got)) yield { field: 'order', text: difference(wanted, got, 'order') }
}

function* compareSome({ someResults }: Expectation, outcome: Outcome): Generator<Difference> {
  for (const [name, wanted] of Object.entries(someResults ?? {})) {
    const got = outcome.results?.[name]
    if (isSame(wanted, got)) continue
    yield { field: 'someResults', text: difference(wanted, got, `someResults.${name}`) }
    return
  }
}

function* compareSteps(expected: Expectation, outcome: Outcome): Generator<Difference> {
  const { length } = expected.steps
  if (length !== outcome.steps.length) {
    yield { field: 'steps', text: `expected ${length} steps, got ${outcome.steps.length}` }
    return
  }
  for (const [i, step] of expected.steps.entries()) {
    const got = outcome.steps[i] as unknown as Fields
    for (const [key, wanted] of Object.entries(step)) {
      const path = `steps[${i}].${key}`
      if (key === 'error' ? hasFailures(wanted, got[key]) : isSame(wanted, got[key])) continue
      yield { field: 'steps', text: difference(wanted, got[key], path) }
      return
    }
  }
}

/** True when each expected failure has one of its own that has at least its fields. */
function hasFailures(wanted: unknown, got: unknown): boolean {
  const expected = failuresIn(wanted)
  const left = failuresIn(got)
  if (expected.length !== left.length || got === undefined) return false
  return canPlace(expected, left)
}

function canPlace(expected: readonly Fields[], left: readonly Fields[]): boolean {
  const [first, ...others] = expected
  if (first === undefined) return true
  return left.some(
    (one, i) => covers(first, one) && canPlace(others, [...left.slice(0, i), ...left.slice(i + 1)]),
  )
}

function failuresIn(error: unknown): readonly Fields[] {
  return (error as { readonly failures?: readonly Fields[] } | undefined)?.failures ?? []
}

function covers(wanted: Fields, got: Fields): boolean {
  return Object.entries(wanted).every(([key, one]) => isSame(one, got[key]))
}

function* compareAtoms({ atoms }: Expectation, outcome: Outcome): Generator<Difference> {
  if (atoms === undefined) return
  const wanted = Object.keys(atoms).sort()
  const got = Object.keys(outcome.atoms ?? {}).sort()
  if (!isSame(wanted, got)) yield { field: 'atoms', text: difference(wanted, got, 'atoms') }
  const seen = new Set<string>()
  for (const [name, atom] of Object.entries(atoms)) {
    const observed = outcome.atoms?.[name] as Fields | undefined
    if (observed === undefined) continue
    for (const [key, value] of Object.entries(atom)) {
      if (seen.has(key) || isSame(value, observed[key])) continue
      seen.add(key)
      const text = difference(value, observed[key], `atoms.${name}.${key}`)
      yield { field: `atoms.${key}`, text }
    }
  }
}

function* comparePairs(
  field: 'runAfter' | 'revertAfter',
  pairs: readonly OrderedPair[] = [],
  { order }: Outcome,
  state: string,
  allowed: readonly string[],
): Generator<Difference> {
  if (pairs.length === 0) return
  if (order === undefined) {
    yield { field, text: `${field}: no order given` }
    return
  }
  const before = Map.groupBy(pairs, ([, second]) => second)
  const now = new Map<string, string>()
  for (const event of order) {
    const space = event.lastIndexOf(' ')
    const [name, entered] = [event.slice(0, space), event.slice(space + 1)]
    if (entered === state) {
      for (const [first] of before.get(name) ?? []) {
        const is = now.get(first) ?? 'PENDING'
        if (allowed.includes(is)) continue
        yield { field, text: `${field}: ${name} entered ${state} while ${first} was ${is}` }
        return
      }
    }
    now.set(name, entered)
  }
}

/** The first place in which two values differ, in words. */
function difference(wanted: unknown, got: unknown, path: string): string {
  if (Array.isArray(wanted) && Array.isArray(got)) return listDifference(wanted, got, path)
  if (isObject(wanted) && isObject(got)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)].sort())) {
      if (!Object.hasOwn(got, key)) return `${path}.${key}: missing, expected ${short(wanted[key])}`
      if (!Object.hasOwn(wanted, key)) return `${path}.${key}: unexpected ${short(got[key])}`
      if (!isSame(wanted[key], got[key])) {
        return difference(wanted[key], got[key], `${path}.${key}`)
      }
    }
  }
  return `${path}: expected ${short(wanted)}, got ${short(got)}`
}

function listDifference(wanted: readonly unknown[], got: readonly unknown[], path: string): string {
  const at = wanted.findIndex((one, i) => i >= got.length || !isSame(one, got[i]))
  if (at >= 0 && at < got.length) return difference(wanted[at], got[at], `${path}[${at}]`)
  const isShort = wanted.length > got.length
  const rest = isShort ? wanted.slice(got.length) : got.slice(wanted.length)
  const what = `${isShort ? 'missing' : 'surplus'} ${short(rest.slice(0, 3))}`
  return `${path}: expected ${wanted.length} entries, got ${got.length} (${what})`
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length < MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 3)}...`
}
