/**
 * Random nested flows, described by plans that fast-check makes and shrinks.
 *
 * Whether an atom fails depends on the numbers that the retries around it provide, and on nothing
 * else: so each round of a retry ends the same, in whichever order its atoms run, and a re-run
 * after a crash does what the first run did.
 *
 * @module
 */

import type { Depth, Pattern } from '../../src/index.ts'
import { fc } from '../properties.ts'

/** A task. */
export interface TaskPlan {
  readonly kind: 'task'
  readonly priority: number
  /** The rounds in which it fails; see {@link roundOf}. */
  readonly failsIn: readonly number[]
  /** How many turns it waits; without any it is not async. */
  readonly pauses: number
  /** Which tasks' results it takes if it can see them. */
  readonly takes: readonly number[]
  /** It cannot be undone. */
  readonly irreversible: boolean
}

/** A retry, of one of the ready-made kinds or one whose execute may fail. */
export interface RetryPlan {
  readonly kind:
    | 'alwaysRevert'
    | 'alwaysRevertAll'
    | 'times'
    | 'forEach'
    | 'parameterizedForEach'
    | 'own'
  readonly rounds: number
  readonly revertAll: boolean
  readonly priority: number
  readonly failsIn: readonly number[]
  /** What is in its charge can do without its number, since it may be ignored. */
  readonly mayBeIgnored: boolean
}

/** An order between two children of a graph flow. */
export interface LinkPlan {
  readonly from: number
  readonly to: number
  /** By link, by what one requires of the other, or by a link with a decider of some depth. */
  readonly by: 'link' | 'data' | Depth
  /** The decider refuses when the results before it add up to this, modulo 3. */
  readonly refuses: number
  /** A retry may be ignored without what it is in charge of. */
  readonly ignoresRetries: boolean
}

/** A flow. */
export interface FlowPlan {
  readonly kind: 'flow'
  readonly pattern: Pattern
  readonly retry: RetryPlan | undefined
  readonly children: readonly (TaskPlan | FlowPlan)[]
  readonly links: readonly LinkPlan[]
}

/** What random flows are made of. */
export interface Ingredients {
  /** @defaultValue all three */
  readonly patterns?: readonly Pattern[]
  readonly failures?: boolean
  readonly retries?: boolean
  readonly deciders?: boolean
  /** Some tasks cannot be undone. */
  readonly irreversible?: boolean
  /** Deciders may ignore a retry without what it is in charge of. */
  readonly ignoredRetries?: boolean
}

const RETRYING = ['times', 'forEach', 'parameterizedForEach', 'own'] as const
const DEPTHS: readonly Depth[] = ['ALL', 'FLOW', 'NEIGHBORS', 'ATOM']

/** The number on which failures depend: the sum of what the retries around an atom provide. */
export function roundOf(inputs: Readonly<Record<string, unknown>>): number {
  let round = 1
  for (const [symbol, value] of Object.entries(inputs)) {
    if (symbol.startsWith('n') && typeof value === 'number') round += value
  }
  return round
}

/** Plans of flows, nested up to four deep. */
export function flowPlans(ingredients: Ingredients = {}): fc.Arbitrary<FlowPlan> {
  return flowsOf(ingredients, 3, false)
}

/** @param inRetry a retry around may run it again: then nothing inside reverts everything */
function flowsOf(
  ingredients: Ingredients,
  depth: number,
  inRetry: boolean,
): fc.Arbitrary<FlowPlan> {
  const { patterns = ['linear', 'unordered', 'graph'] } = ingredients
  const plain = (retry: RetryPlan | undefined, isRetried: boolean): fc.Arbitrary<FlowPlan> =>
    fc.record({
      kind: fc.constant('flow' as const),
      pattern: fc.constantFrom(...patterns),
      retry: fc.constant(retry),
      children: childrenOf(ingredients, depth, isRetried),
      links: fc.array(linksOf(ingredients), { maxLength: 4 }),
    })
  if (ingredients.retries !== true) return plain(undefined, inRetry)
  return fc
    .option(retriesOf(ingredients, inRetry), { nil: undefined })
    .chain((retry) => plain(retry, inRetry || isRetrying(retry)))
}

function isRetrying(retry: RetryPlan | undefined): boolean {
  return retry !== undefined && (RETRYING as readonly string[]).includes(retry.kind)
}

function childrenOf(
  ingredients: Ingredients,
  depth: number,
  inRetry: boolean,
): fc.Arbitrary<readonly (TaskPlan | FlowPlan)[]> {
  const tasks = tasksOf(ingredients)
  if (depth === 0) return fc.array(tasks, { minLength: 1, maxLength: 3 })
  const flows = flowsOf(ingredients, depth - 1, inRetry)
  return fc.array(fc.oneof({ weight: 3, arbitrary: tasks }, { weight: 2, arbitrary: flows }), {
    maxLength: 4,
  })
}

function roundsThatFail({ failures, retries }: Ingredients): fc.Arbitrary<readonly number[]> {
  if (failures !== true) return fc.constant([])
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })
  const none = { weight: retries === true ? 2 : 6, arbitrary: fc.constant([]) }
  return fc.oneof(none, { weight: 1, arbitrary: retries === true ? some : fc.constant([1]) })
}

function tasksOf(ingredients: Ingredients): fc.Arbitrary<TaskPlan> {
  return fc.record({
    kind: fc.constant('task' as const),
    priority: fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 2 })),
    failsIn: roundsThatFail(ingredients),
    pauses: fc.nat({ max: 3 }),
    takes: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
    irreversible:
      ingredients.irreversible === true
        ? fc.integer({ min: 0, max: 4 }).map((n) => n === 0)
        : fc.constant(false),
  })
}

function retriesOf(ingredients: Ingredients, inRetry: boolean): fc.Arbitrary<RetryPlan> {
  const always = inRetry
    ? (['alwaysRevert'] as const)
    : (['alwaysRevert', 'alwaysRevertAll'] as const)
  return fc.record({
    kind: fc.constantFrom<RetryPlan['kind'][]>(...always, ...RETRYING),
    rounds: fc.integer({ min: 1, max: 3 }),
    revertAll: inRetry ? fc.constant(false) : fc.boolean(),
    priority: fc.integer({ min: -1, max: 1 }),
    failsIn: roundsThatFail(ingredients),
    mayBeIgnored: fc.constant(ingredients.ignoredRetries === true),
  })
}

function linksOf({ deciders, ignoredRetries }: Ingredients): fc.Arbitrary<LinkPlan> {
  return fc.record({
    from: fc.nat({ max: 11 }),
    to: fc.nat({ max: 11 }),
    by:
      deciders === true
        ? fc.constantFrom<LinkPlan['by'][]>('link', ...DEPTHS)
        : fc.constantFrom<LinkPlan['by'][]>('link', 'data'),
    refuses: fc.nat({ max: 2 }),
    ignoresRetries: fc.constant(ignoredRetries === true),
  })
}

/** The links of a graph flow as pairs of children, each once, all leading the same way. */
export function pairsOf({ pattern, children, links }: FlowPlan): readonly LinkPlan[] {
  const pairs = new Map<string, LinkPlan>()
  if (pattern !== 'graph' || children.length === 0) return []
  for (const link of links) {
    const [a, b] = [link.from % children.length, link.to % children.length]
    if (a === b) continue
    const [from, to] = [Math.min(a, b), Math.max(a, b)]
    const by = fitting(link, children[from]?.kind, children[to]?.kind)
    pairs.set(`${from}-${to}`, { ...link, from, to, by })
  }
  return [...pairs.values()]
}

/** Data is exchanged by tasks; and a retry may be ignored only if others do not need its number. */
function fitting(
  { by, ignoresRetries }: LinkPlan,
  from: 'task' | 'flow' | undefined,
  to: 'task' | 'flow' | undefined,
): LinkPlan['by'] {
  if (by === 'data') return from === 'task' && to === 'task' ? 'data' : 'link'
  return by === 'link' || to === 'task' || ignoresRetries ? by : 'ALL'
}
