/**
 * What an engine would do with a flow, said before anything runs.
 *
 * For those who review a flow, and for pictures of it. Asks the engine's own compiler, scopes and
 * look-up; nothing of the flow's own code is called.
 *
 * @module
 */
import { number } from '../base/checks.ts'
import { compile } from '../engine/compiler.ts'
import { Lookup } from '../engine/lookup.ts'
import type { FlowItem } from '../flows/flow.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { type DotOptions, toDot } from './dot.ts'
import { durationMsOf } from './marks.ts'
import { type MermaidOptions, toMermaid } from './mermaid.ts'
import type {
  CriticalPath,
  DecidedLink,
  PlanData,
  PlannedAtom,
  PlannedFlow,
  PlannedGap,
  PlannedRetry,
  PlannedTask,
  UnusedSymbol,
} from './model.ts'
import { criticalPathOf, groupByLevel, levelsOf } from './order.ts'
import { Sources } from './sources.ts'
import { type TextOptions, toText } from './text.ts'
import { decidedLinks, retriesOf, treeOf } from './tree.ts'

/** What {@link plan} is told beside the flow. Every option may be left out. */
export interface PlanOptions {
  /**
   * What will be put into storage: the values by symbol, or the symbols alone.
   *
   * @defaultValue nothing: what the flow needs from outside is then missing
   */
  readonly store?: Readonly<Record<string, unknown>> | readonly string[] | undefined
  /**
   * How long atoms take, in milliseconds, by name; see {@link durationsOf}.
   *
   * @defaultValue 1 for each atom that is not named
   */
  readonly durations?: Readonly<Record<string, number>> | undefined
}

/** What an engine would do with a flow: plain data, and renderings of it. */
export class Plan implements PlanData {
  readonly name: string
  readonly root: PlannedFlow | PlannedTask
  readonly flows: readonly PlannedFlow[]
  readonly atoms: readonly PlannedAtom[]
  readonly levels: readonly (readonly string[])[]
  readonly criticalPath: CriticalPath
  readonly missing: readonly PlannedGap[]
  readonly unused: readonly UnusedSymbol[]
  readonly withoutRevert: readonly string[]
  readonly retries: readonly PlannedRetry[]
  readonly deciders: readonly DecidedLink[]

  /** @internal use {@link plan} */
  constructor(flow: FlowItem, options: PlanOptions) {
    const compilation = compile(flow)
    const durations = readDurations(options.durations, compilation.byName)
    const store = readStore(options.store)
    const lookup = new Lookup(compilation, [], {
      transient: new Map(),
      persistent: store,
      byAtom: new Map(),
    })
    const sources = new Sources(compilation, lookup)
    const levels = levelsOf(compilation)
    const { root, flows, ids } = treeOf(compilation)
    this.name = compilation.name
    this.root = root
    this.flows = flows
    this.levels = groupByLevel(compilation, levels)
    this.criticalPath = criticalPathOf(compilation, durations)
    this.retries = retriesOf(compilation, ids)
    this.deciders = decidedLinks(flows)
    const critical = new Set(this.criticalPath.atoms)
    const retryOf = new Map(this.retries.flatMap(({ name, asked }) => asked.map((a) => [a, name])))
    this.atoms = compilation.atoms.map((node) => ({
      kind: node.kind as PlannedAtom['kind'],
      name: node.name,
      flow: node.scope && ids.get(node.scope),
      level: levels[node.index] as number,
      isCritical: critical.has(node.name),
      priority: node.atom?.priority ?? 0,
      inputs: sources.inputsOf(node),
      provides: (node.atom?.provisions ?? []).map(({ symbol }) => symbol),
      hasRevert: node.atom?.revert !== undefined,
      retry: retryOf.get(node.name),
    }))
    this.missing = sources.missing()
    this.unused = sources.unused(Object.keys(store))
    this.withoutRevert = this.atoms
      .filter(({ kind, hasRevert }) => kind === 'task' && !hasRevert)
      .map(({ name }) => name)
  }

  /** The plan as a tree for a terminal, with what is worth knowing about it below. */
  toText(options: TextOptions = {}): string {
    return toText(this, options)
  }

  /** The plan as a Mermaid flowchart, for Markdown pages. */
  toMermaid(options: MermaidOptions = {}): string {
    return toMermaid(this, options)
  }

  /** The plan in Graphviz's language, for `dot`. */
  toDot(options: DotOptions = {}): string {
    return toDot(this, options)
  }
}

/**
 * Works out what an engine would do with a flow: in which order, with what from where. Nothing is
 * executed, and a flow that lacks inputs is planned as well: see {@link Plan.missing}.
 *
 * @throws as the engine does when it compiles: {@link DuplicateError} when two atoms have one name
 * or one object is met twice, TypeError when it is neither a flow nor a task. RangeError when a
 * duration is none, or is that of an atom that the flow does not have.
 *
 * @example
 * console.log(plan(createVolume, { store: ['rawSize'] }).toText())
 */
export function plan(flow: FlowItem, options: PlanOptions = {}): Plan {
  return new Plan(flow, options)
}

/**
 * How long the atoms of a run took, in milliseconds, as a {@link DurationListener} has stored it;
 * for `durations` of {@link plan}.
 */
export function durationsOf(flowDetail: FlowDetail): Readonly<Record<string, number>> {
  const durations = [...flowDetail].map(({ name, meta }) => [name, durationMsOf(meta)] as const)
  return Object.fromEntries(
    durations.filter((one): one is [string, number] => one[1] !== undefined),
  )
}

function readStore(store: PlanOptions['store']): Readonly<Record<string, unknown>> {
  if (store === undefined) return {}
  if (Array.isArray(store) && store.every((symbol) => typeof symbol === 'string')) {
    return Object.fromEntries(store.map((symbol) => [symbol, undefined]))
  }
  if (typeof store !== 'object' || store === null || Array.isArray(store)) {
    throw new TypeError(
      `plan cannot use ${String(store)} as a store: write { symbol: value }, or a list of symbols`,
    )
  }
  return store as Readonly<Record<string, unknown>>
}

function readDurations(
  durations: PlanOptions['durations'],
  known: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, number> {
  const entries = Object.entries(durations ?? {})
  for (const [name, ms] of entries) {
    if (!known.has(name)) {
      throw new RangeError(
        `plan was given the duration of '${name}', which is not an atom of the flow`,
      )
    }
    number({ least: 0, finite: true })(`the duration of '${name}'`, ms)
  }
  return new Map(entries)
}
