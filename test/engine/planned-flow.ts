/**
 * Makes the flow of a plan, and says which of its atoms come before which: worked out from the
 * plan alone, to be held against what the engine does.
 *
 * @module
 */
import {
  alwaysRevert,
  alwaysRevertAll,
  type FlowItem,
  forEach,
  graph,
  linear,
  parameterizedForEach,
  type Retry,
  retry,
  times,
  unordered,
} from '../../src/index.ts'
import { type FlowPlan, pairsOf, type RetryPlan, roundOf, type TaskPlan } from './random-flows.ts'
import type { Workshop } from './steps.ts'

/** A flow made from a plan. */
export interface Planned {
  readonly flow: FlowItem
  /** For each atom by name, the names of all that come before it, directly or not. */
  readonly before: ReadonlyMap<string, ReadonlySet<string>>
  /** The tasks that cannot be undone. */
  readonly irreversible: ReadonlySet<string>
  /** What must be in the store. */
  readonly store: Readonly<Record<string, unknown>>
}

/** Who hears of each call of a task or of a retry of our own while it is under way. */
export interface Watcher {
  readonly begins: (atom: string) => void
  readonly ends: () => void
}

interface Making {
  readonly step: Workshop['step']
  readonly watcher: Watcher | undefined
  readonly before: Map<string, Set<string>>
  readonly irreversible: Set<string>
  /** Numbers that atoms can do without. */
  readonly optional: Set<string>
  taskCount: number
  flowCount: number
}

interface Made {
  readonly item: FlowItem
  readonly atoms: readonly string[]
}

const STORE = { values: [1, 2, 3] }

/** Makes the flow of a plan; the same plan makes the same flow. */
export function makePlanned(plan: FlowPlan, { step }: Workshop, watcher?: Watcher): Planned {
  const before = new Map<string, Set<string>>()
  const irreversible = new Set<string>()
  const sets = { before, irreversible, optional: new Set<string>() }
  const making: Making = { step, watcher, ...sets, taskCount: 0, flowCount: 0 }
  const { item } = makeFlow(making, plan, [])
  return { flow: item, before, irreversible, store: STORE }
}

function makeFlow(making: Making, plan: FlowPlan, around: readonly string[]): Made {
  const id = making.flowCount
  making.flowCount += 1
  const own = plan.retry === undefined ? [] : [`r${id}`]
  const numbers = plan.retry === undefined ? around : [...around, `n${id}`]
  const controller =
    plan.retry === undefined ? undefined : makeRetry(making, plan.retry, id, around)
  if (plan.retry?.mayBeIgnored === true) making.optional.add(`n${id}`)
  const pairs = pairsOf(plan)
  const children: Made[] = []
  for (const [at, child] of plan.children.entries()) {
    if (child.kind === 'flow') {
      children.push(makeFlow(making, child, numbers))
      continue
    }
    const needs = pairs
      .filter(({ to, by }) => to === at && by === 'data')
      .map(({ from }) => children[from]?.atoms[0]?.replace('t', 'x') as string)
    children.push(makeTask(making, child, [...numbers, ...needs]))
  }
  noteOrder(making, plan, children, own)
  const options = controller === undefined ? {} : { retry: controller }
  const items = children.map(({ item }) => item)
  const atoms = [...own, ...children.flatMap((child) => child.atoms)]
  if (plan.pattern === 'linear') return { item: linear(`f${id}`, options).add(...items), atoms }
  if (plan.pattern === 'unordered') {
    return { item: unordered(`f${id}`, options).add(...items), atoms }
  }
  const flow = graph(`f${id}`, options)
  flow.add(...items)
  for (const { from, to, by, refuses } of pairs) {
    if (by === 'data') continue
    const rule = by === 'link' ? {} : { decider: deciderOf(refuses), depth: by }
    flow.link(items[from] as FlowItem, items[to] as FlowItem, rule)
  }
  return { item: flow, atoms }
}

function deciderOf(refuses: number) {
  return ({ history }: { readonly history: Readonly<Record<string, unknown>> }): boolean =>
    sumOf(history) % 3 !== refuses
}

function sumOf(values: Readonly<Record<string, unknown>>): number {
  let sum = 0
  for (const value of Object.values(values)) if (typeof value === 'number') sum += value
  return sum
}

function makeTask(making: Making, plan: TaskPlan, requires: readonly string[]): Made {
  const id = making.taskCount
  making.taskCount += 1
  const name = `t${id}`
  making.before.set(name, new Set())
  if (plan.irreversible) making.irreversible.add(name)
  const fails = (inputs: Readonly<Record<string, unknown>>): boolean =>
    plan.failsIn.includes(roundOf(inputs))
  const needed = requires.filter((symbol) => !making.optional.has(symbol))
  const numbers = requires.filter((symbol) => making.optional.has(symbol))
  const optional = [...plan.takes.map((take) => `x${take}`), ...numbers]
  const item = making.step(name, {
    requires: needed,
    optional: [...new Set(optional)].filter((symbol) => !needed.includes(symbol)),
    provides: `x${id}`,
    priority: plan.priority,
    irreversible: plan.irreversible,
    does: ({ inputs }) =>
      during(making.watcher, name, plan.pauses, () => {
        if (fails(inputs)) throw new Error(`${name} fails in round ${roundOf(inputs)}`)
        return (1 + id + sumOf(inputs)) % 1009
      }),
    undoes: () => during(making.watcher, name, plan.pauses, () => `${name} is undone`),
  })
  return { item, atoms: [name] }
}

/** Does the work after some turns; without any, at once. */
function during(
  watcher: Watcher | undefined,
  atom: string,
  pauses: number,
  work: () => unknown,
): unknown {
  watcher?.begins(atom)
  if (pauses > 0) return later(watcher, pauses, work)
  try {
    return work()
  } finally {
    watcher?.ends()
  }
}

async function later(
  watcher: Watcher | undefined,
  pauses: number,
  work: () => unknown,
): Promise<unknown> {
  try {
    for (let turn = 0; turn < pauses * pauses; turn += 1) await undefined
    return work()
  } finally {
    watcher?.ends()
  }
}

function makeRetry(
  { before, watcher, optional }: Making,
  plan: RetryPlan,
  id: number,
  requires: readonly string[],
): Retry<never, object> {
  const { rounds, revertAll, priority, failsIn } = plan
  const name = `r${id}`
  before.set(name, new Set())
  const options = { name, provides: `n${id}`, priority, revertAll }
  const values = Array.from({ length: rounds }, (_, i) => i + 1)
  if (plan.kind === 'alwaysRevert') return alwaysRevert(options)
  if (plan.kind === 'alwaysRevertAll') return alwaysRevertAll(options)
  if (plan.kind === 'times') return times(rounds, options)
  if (plan.kind === 'forEach') return forEach(values, options)
  if (plan.kind === 'parameterizedForEach') return parameterizedForEach(options)
  return retry(name, {
    provides: `n${id}`,
    priority,
    requires: requires.filter((symbol) => !optional.has(symbol)),
    execute: (inputs) =>
      during(watcher, name, 0, () => {
        const round =
          roundOf(inputs as unknown as Readonly<Record<string, unknown>>) + inputs.history.length
        if (failsIn.includes(round)) throw new Error(`${name} fails in round ${round}`)
        return inputs.history.length + 1
      }),
    onFailure: ({ history }) => (history.length < rounds ? 'RETRY' : 'REVERT'),
  })
}

/** Of two children with a path between them, all atoms of one come before all of the other. */
function noteOrder(
  { before }: Making,
  plan: FlowPlan,
  children: readonly Made[],
  own: readonly string[],
): void {
  const comes = children.map(() => new Set<number>())
  for (const [to, earlier] of comes.entries()) {
    for (let from = 0; from < to; from += 1) if (plan.pattern === 'linear') earlier.add(from)
    for (const pair of pairsOf(plan)) {
      if (pair.to !== to) continue
      earlier.add(pair.from)
      for (const one of comes[pair.from] ?? []) earlier.add(one)
    }
    const known = [...own, ...[...earlier].flatMap((from) => children[from]?.atoms ?? [])]
    for (const atom of children[to]?.atoms ?? []) {
      for (const name of known) before.get(atom)?.add(name)
    }
  }
}
