/**
 * A recorded case, as FORMAT.md of the corpus describes it.
 *
 * For the runner, which reads cases from JSON lines. Names and fields are the format's, not ours.
 *
 * @module
 */
import type { Json, JsonObject } from './json.ts'
import type { Expectation } from './outcome.ts'

/** Which engine runs a case. */
export type EngineKind = 'serial' | 'parallel'

/** What a scripted method evaluates to; the object has one operator. */
export type Expression =
  | { readonly const: Json }
  | { readonly arg: string; readonly default?: Json }
  | { readonly args: true }
  | { readonly sum: readonly Expression[] }
  | { readonly list: readonly Expression[] }
  | { readonly object: Readonly<Record<string, Expression>> }
  | { readonly attempt: true }
  | { readonly result: true }

/** A scripted error. */
export interface Fault {
  readonly kind: string
  readonly message: string
}

/** When a scripted method throws. */
export interface FailRule extends Fault {
  readonly attempts: 'all' | readonly number[]
}

/** What a scripted method does. */
export interface Behaviour {
  readonly returns?: Expression
  readonly fails?: readonly FailRule[]
}

/** Under which names a result is known. */
export type CaseProvides = string | readonly string[] | { readonly set: readonly string[] }

/** Where arguments come from. */
export type CaseRebind = Readonly<Record<string, string>> | readonly string[]

/** A task. */
export interface CaseTask {
  readonly kind: 'task'
  readonly name: string
  readonly requires?: readonly string[]
  readonly optional?: readonly string[]
  readonly rebind?: CaseRebind
  readonly revertRequires?: readonly string[]
  readonly revertRebind?: CaseRebind
  readonly revertOptional?: readonly string[]
  readonly inject?: JsonObject
  readonly provides?: CaseProvides
  readonly priority?: number
  readonly execute?: Behaviour
  readonly revert?: Behaviour
}

/** A retry controller; which of the fields count depends on the kind. */
export interface CaseRetry {
  readonly kind:
    | 'AlwaysRevert'
    | 'AlwaysRevertAll'
    | 'Times'
    | 'ForEach'
    | 'ParameterizedForEach'
    | 'Scripted'
  readonly name?: string
  readonly provides?: CaseProvides
  readonly requires?: readonly string[]
  readonly rebind?: CaseRebind
  readonly attempts?: number
  readonly values?: readonly Json[]
  readonly revertAll?: boolean
  readonly decisions?: readonly ('RETRY' | 'REVERT' | 'REVERT_ALL' | 'RAISE')[]
  readonly onFailureFails?: Fault
  readonly execute?: Behaviour
  readonly revert?: Behaviour
}

/** What a decider answers. */
export type CaseDecider =
  | { readonly fn: 'const'; readonly value: boolean }
  | { readonly fn: 'truthy' | 'falsy' | 'has'; readonly of: string }
  | { readonly fn: 'equals'; readonly of: string; readonly value: Json }
  | { readonly fn: 'greater'; readonly of: string; readonly value: number }
  | { readonly fn: 'keys'; readonly value: readonly string[] }
  | { readonly fn: 'all' | 'any' }
  | ({ readonly fn: 'raises' } & Fault)

/** A link of a graph flow. */
export interface CaseLink {
  readonly from: string
  readonly to: string
  readonly decider?: CaseDecider
  readonly depth?: string
}

/** A flow; the fields from `links` on are those of graph flows. */
export interface CaseFlow {
  readonly kind: 'linear' | 'unordered' | 'graph'
  readonly name: string
  readonly retry?: CaseRetry
  readonly children: readonly CaseItem[]
  readonly links?: readonly CaseLink[]
  readonly addOneByOne?: boolean
  readonly resolveRequires?: boolean
  readonly resolveExisting?: boolean
  readonly target?: string
}

/** A task or a flow. */
export type CaseItem = CaseTask | CaseFlow

/** An atom enters a state for the nth time. */
export interface AtomMoment {
  readonly atom: string
  readonly state: string
  readonly nth?: number
}

/** The flow enters a state. */
export interface FlowMoment {
  readonly flow: string
}

/** Runs the engine until it stops. */
export interface RunOperation {
  readonly op: 'run'
  readonly suspendWhen?: AtomMoment
  readonly crashWhen?: AtomMoment | FlowMoment
  readonly yields?: boolean
  readonly crashAfterYields?: number
  readonly suspendAtYield?: number
}

/** Goes on with the same flow detail in a new engine. */
export interface ReloadOperation {
  readonly op: 'reload'
  readonly flow?: CaseItem
  readonly via?: string
}

/** One step of a script. */
export type Operation =
  | RunOperation
  | ReloadOperation
  | { readonly op: 'compile' | 'prepare' | 'validate' | 'suspend' | 'reset' }
  | { readonly op: 'inject'; readonly values: JsonObject }
  | { readonly op: 'fetch'; readonly name: string }

/** Options of the engine, by the names of the format. */
export interface CaseOptions {
  readonly defer_reverts?: boolean
  readonly never_resolve?: boolean
  readonly inject_transient?: boolean
}

/** A recorded case. */
export interface Case {
  readonly id: string
  readonly title: string
  readonly features: readonly string[]
  readonly engine: { readonly kinds: readonly EngineKind[]; readonly options?: CaseOptions }
  readonly store?: JsonObject
  readonly flow: CaseItem
  readonly script: readonly Operation[]
  readonly expect: Expectation
  readonly compare: readonly string[]
  readonly accidental?: boolean
  readonly accidentalReasons?: readonly string[]
}
