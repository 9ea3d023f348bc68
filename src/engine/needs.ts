/**
 * Whether what a stored run still has to call can have its inputs.
 *
 * For the comparison of a record with a flow. Asks for what will be executed or reverted only, and
 * looks into the results that are stored, since nobody will compute them again.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import type { Binding } from '../atoms/bindings.ts'
import { extract, type Provision } from '../atoms/provides.ts'
import type { FlowDifference } from '../errors.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { Compilation, GraphNode, Scope } from './compiler.ts'
import { type Course, courseOf, hasBegun, isUnresolved, retryInCharge } from './course.ts'
import { recordsOf } from './differences.ts'
import type { RecordOf } from './kept.ts'
import { type Lookup, lastResult, nameOf } from './lookup.ts'

/**
 * When an input is needed:
 * - `now`: its value must be stored;
 * - `later`: it may come from what is executed before;
 * - `perhaps`: only if a retry asks for another attempt, so that a provider is enough.
 */
type When = 'now' | 'later' | 'perhaps'

interface Need {
  readonly node: GraphNode
  readonly binding: Binding
  readonly when: When
}

/** Why there is no value; or that there is one, but under another name than before. */
type Finding = Pick<FlowDifference, 'difference' | 'message' | 'blocking'> & {
  readonly provider?: GraphNode
}

/** The differences between a record and a flow that concern inputs. */
export function findUnmetNeeds(
  compilation: Compilation,
  detail: FlowDetail,
  lookup: Lookup,
): readonly FlowDifference[] {
  const recordOf = recordsOf(compilation, detail)
  const course = courseOf(compilation, detail, recordOf)
  const found = new Map<string, FlowDifference>()
  for (const need of needsOf(compilation, recordOf, course)) {
    if (need.binding.optional || lookup.isInjected(need.node, need.binding.symbol)) continue
    const finding = findingOf(need, recordOf, course, lookup)
    if (finding === undefined) continue
    const { difference, message, blocking, provider = need.node } = finding
    found.set(message, { difference, atom: provider.name, message, blocking })
  }
  return [...found.values()]
}

function* needsOf(
  { atoms }: Compilation,
  recordOf: RecordOf,
  { plans, isUndone }: Course,
): Generator<Need> {
  for (const node of atoms) {
    const record = recordOf(node)
    const { executeBindings, revertBindings } = node.atom as Atom<never, object>
    const retry = isUndone ? undefined : retryInCharge(node, recordOf)
    const when = timesOf(node, record, plans[node.index], retry)
    for (const binding of when.execute ? executeBindings : []) {
      yield { node, binding, when: when.execute as When }
    }
    for (const binding of when.revert ? revertBindings : []) {
      yield { node, binding, when: when.revert as When }
    }
  }
}

/** When the inputs of execute and revert are needed; a retry that is asked gets those of execute. */
function timesOf(
  node: GraphNode,
  record: AtomDetail | undefined,
  plan: Course['plans'][number],
  retry: GraphNode | undefined,
): { readonly execute?: When; readonly revert?: When } {
  const maybeAgain = retry !== undefined ? ({ execute: 'perhaps' } as const) : {}
  if (plan === 'execute') return { execute: 'later', revert: 'later' }
  if (plan === 'rerun') return { execute: 'now', revert: 'later' }
  if (plan === 'again') return { execute: 'later', revert: hasBegun(record) ? 'now' : 'later' }
  if (plan === 'keep' && node.kind === 'retry') return { execute: 'later', revert: 'later' }
  if (plan === 'keep') return { ...maybeAgain, revert: 'later' }
  if (plan === 'revert') return { ...(isUnresolved(record) && maybeAgain), revert: 'now' }
  return {}
}

/** Goes through the providers as the lookup does: of the nearest scope, the first with a value. */
function findingOf(
  { node, binding, when }: Need,
  recordOf: RecordOf,
  { plans }: Course,
  { scopes }: Lookup,
): Finding | undefined {
  const { argument, symbol } = binding
  let finding: Finding | undefined
  let nearest: Scope | undefined
  let isMet = false
  let isIgnored = false
  scopes.visit(node, symbol, (provider, scope) => {
    if (nearest !== undefined && scope !== nearest) return true
    const plan = plans[provider.index]
    const record = recordOf(provider)
    if (record?.state === 'IGNORE' && plan === 'none') {
      isIgnored = true
      return false
    }
    nearest = scope
    isMet = when === 'perhaps' || (when === 'later' && isComing(plan))
    if (isMet) return true
    const problem = problemWith(provider, record, symbol)
    isMet = problem === undefined
    if (problem?.difference === 'provides' || finding === undefined) finding = problem
    return isMet || problem?.difference === 'provides'
  })
  // What follows an ignored atom is usually ignored in its turn: its deciders are asked at run time.
  if (isMet || (isIgnored && nearest === undefined)) return undefined
  if (finding?.difference === 'provides') return finding
  const reason = finding?.message ?? whyUnseen(symbol, scopes.providersOf(symbol))
  return {
    difference: 'input',
    message: `'${node.name}' cannot have its input ${nameOf(argument, symbol)}: ${reason}`,
    blocking: true,
  }
}

function isComing(plan: Course['plans'][number]): boolean {
  return plan === 'execute' || plan === 'rerun' || plan === 'again'
}

/** What is wrong with the stored result of a provider; undefined when the symbol is found in it. */
function problemWith(
  provider: GraphNode,
  record: AtomDetail | undefined,
  symbol: string,
): Finding | undefined {
  const state = record?.state ?? 'PENDING'
  // What is REVERTING is undone at once, before whatever else is: its result is gone by then.
  if (record === undefined || !['SUCCESS', 'FAILURE'].includes(state)) {
    return lacking(`'${provider.name}' provides it, but is ${state}`)
  }
  const index = provider.atom?.provisions.find((one) => one.symbol === symbol)?.index
  const { provisions } = record
  const before = provisions?.find((one) => one.symbol === symbol)
  if (before !== undefined && before.index === index) return undefined // found or not, as before
  if (!extract(lastResult(record), index).found) {
    return lacking(`the stored result of '${provider.name}' has no ${partName(index)}`)
  }
  if (provisions === undefined) return undefined
  const older = provisions.find((one) => one.index === index)
  const said = `'${symbol}' is now ${partName(index)} of the result of '${provider.name}'`
  if (before !== undefined) {
    const message = `${said}, but was ${partName(before.index)} when it ran`
    return { difference: 'provides', message, blocking: true, provider }
  }
  const message = older
    ? `${said}, which was called '${older.symbol}' when it ran`
    : `${said}, which provided no such thing when it ran`
  return { difference: 'provides', message, blocking: older === undefined, provider }
}

function lacking(message: string): Finding {
  return { difference: 'input', message, blocking: true }
}

function partName(index: Provision['index']): string {
  if (index === undefined) return 'the whole'
  return typeof index === 'number' ? `element ${index}` : `field '${index}'`
}

function whyUnseen(symbol: string, providers: readonly GraphNode[]): string {
  if (providers.length === 0) return `nothing provides '${symbol}'`
  const names = providers.slice(0, 5).map(({ name }) => `'${name}'`)
  return `of those that provide it (${names.join(', ')}), none comes before it`
}
