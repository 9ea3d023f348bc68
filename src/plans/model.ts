/**
 * What a plan is made of: plain data, fit for JSON.
 *
 * For those who read plans, and for the renderings in this room, which know nothing else of a flow.
 *
 * @module
 */
import type { MissingDependency } from '../errors.ts'
import type { Depth } from '../flows/decider.ts'
import type { Pattern } from '../flows/flow.ts'

/**
 * Where the engine will take the value of an input from:
 * - `inject`: the atom's own `inject`;
 * - `store`: what is put into storage;
 * - `atom`: the result of an atom, the nearest that comes before;
 * - `default`: nowhere; the input is optional and is left out;
 * - `missing`: nowhere, and the flow will not start.
 */
export type InputSource =
  | { readonly kind: 'inject' }
  | { readonly kind: 'store' }
  | {
      readonly kind: 'atom'
      /** The atom that provides it. */
      readonly atom: string
      /** Who provides it instead when deciders have ignored those before: the nearest 10. */
      readonly otherwise: readonly string[]
    }
  | { readonly kind: 'default' }
  | { readonly kind: 'missing' }

/** An input of a method of an atom. */
export interface PlannedInput {
  /** The method that takes it. */
  readonly method: 'execute' | 'revert'
  /** The name that the method knows it by. */
  readonly argument: string
  /** The name that it is provided under; another than the argument when it is rebound. */
  readonly symbol: string
  /** It is left out when nobody provides it. */
  readonly optional: boolean
  /** Where its value will come from. */
  readonly source: InputSource
}

/** An atom in the order of the engine. */
export interface PlannedAtom {
  /** What sort of atom it is. */
  readonly kind: 'task' | 'retry'
  /** Unique in the flow. */
  readonly name: string
  /** The innermost flow that it is in, by {@link PlannedFlow.id}; undefined for a single task. */
  readonly flow: number | undefined
  /** From 1: how many atoms stand on the longest path that ends here. Those of a level are independent. */
  readonly level: number
  /** It stands on the critical path. */
  readonly isCritical: boolean
  /** Of atoms that are ready at once, those with a higher number start first. */
  readonly priority: number
  /** Where its inputs come from: those of execute, then those of revert. */
  readonly inputs: readonly PlannedInput[]
  /** The symbols that it provides. */
  readonly provides: readonly string[]
  /** Somebody has said how to undo it. */
  readonly hasRevert: boolean
  /** The retry that is asked first when it fails. */
  readonly retry: string | undefined
}

/** A task in the tree of flows. */
export interface PlannedTask {
  readonly kind: 'task'
  /** Name of the task. */
  readonly name: string
}

/** A decider on a link. */
export interface PlannedDecider {
  /** Name of the function; undefined when it has none that says anything. */
  readonly name: string | undefined
  /** What else is not run when it refuses. */
  readonly depth: Depth
}

/** That a child of a flow waits for another. */
export interface PlannedLink {
  /** The child that comes first, by its position among the children. */
  readonly from: number
  /** The child that waits. */
  readonly to: number
  /** Says whether the child that waits is run. */
  readonly decider: PlannedDecider | undefined
}

/** A flow in the tree of flows. */
export interface PlannedFlow {
  readonly kind: 'flow'
  /** From 0, in order of definition; names need not be unique. */
  readonly id: number
  /** Name of the flow. */
  readonly name: string
  /** How the children are ordered. */
  readonly pattern: Pattern
  /** How many flows are around it. */
  readonly depth: number
  /** The flow around it. */
  readonly parent: number | undefined
  /** Its own retry, which runs before the children. */
  readonly retry: string | undefined
  /** Tasks and flows, in the order of the engine. */
  readonly children: readonly (PlannedTask | PlannedFlow)[]
  /** Which child waits for which. */
  readonly links: readonly PlannedLink[]
}

/** What a retry is in charge of. */
export interface PlannedRetry {
  /** Name of the retry. */
  readonly name: string
  /** The flow that it belongs to, by {@link PlannedFlow.id}. */
  readonly flow: number
  /** Everything that is undone and done again when it decides RETRY. */
  readonly scope: readonly string[]
  /** The atoms of whose failure it is asked first; those of inner retries are missing. */
  readonly asked: readonly string[]
  /** The retry that is asked next, when this one decides REVERT. */
  readonly outer: string | undefined
}

/** A link with a decider, by names. */
export interface DecidedLink extends PlannedDecider {
  /** The flow that it is in, by {@link PlannedFlow.id}. */
  readonly flow: number
  /** The child that it leads from. */
  readonly from: string
  /** The child that it decides about. */
  readonly to: string
}

/** An input without a source. */
export interface PlannedGap extends MissingDependency {
  /** Atoms that provide the symbol, but do not come before: the first 10. */
  readonly unseen: readonly string[]
}

/** A symbol that nobody takes. */
export interface UnusedSymbol {
  /** The symbol. */
  readonly symbol: string
  /** The atom that provides it; undefined for the store. */
  readonly atom: string | undefined
}

/** The path that no number of workers makes shorter. */
export interface CriticalPath {
  /** Its atoms, in order. */
  readonly atoms: readonly string[]
  /** The sum of their durations. */
  readonly length: number
  /** The same of all atoms: how long a serial engine takes. */
  readonly total: number
  /** What the two are in: milliseconds if durations were given, else each atom counts 1. */
  readonly unit: 'ms' | 'atoms'
}

/** What an engine would do with a flow. */
export interface PlanData {
  /** Name of the flow, or of the single task. */
  readonly name: string
  /** The outermost flow with all that is in it, or the single task. */
  readonly root: PlannedFlow | PlannedTask
  /** All flows, by their ids. */
  readonly flows: readonly PlannedFlow[]
  /** All atoms by position: a retry before its flow's children, these as their flow orders them. */
  readonly atoms: readonly PlannedAtom[]
  /** The names of the atoms by level, the first level first; those of one level are independent. */
  readonly levels: readonly (readonly string[])[]
  /** The path that no number of workers makes shorter. */
  readonly criticalPath: CriticalPath
  /** Inputs without a source: with any, the engine refuses to start. */
  readonly missing: readonly PlannedGap[]
  /** Symbols that no atom takes: results for the caller, or mistakes. */
  readonly unused: readonly UnusedSymbol[]
  /** Tasks that do not say how to undo them. */
  readonly withoutRevert: readonly string[]
  /** What each retry is in charge of. */
  readonly retries: readonly PlannedRetry[]
  /** The links with deciders. */
  readonly deciders: readonly DecidedLink[]
}
