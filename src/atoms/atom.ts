/**
 * What tasks and retries have in common: a name, and what they need and give.
 *
 * For flows, which wire atoms by these names, and for the engine, which calls them. An atom holds
 * no state of a run; one object can be run by many engines.
 *
 * @module
 */
import { type Check, kindOf, LIMIT, number } from '../base/checks.ts'
import { demandName, demandSymbols } from '../base/names.ts'
import type { TimeoutError } from '../errors.ts'
import type { Binding } from './bindings.ts'
import { type Provides, type Provision, provisionsOf } from './provides.ts'

/**
 * Carries the types of what something needs and gives, for the compiler only; `object` stands for
 * "not known".
 *
 * @typeParam Needs the symbols required from outside, with their types
 * @typeParam Gives the symbols provided, with their types
 */
export interface Wired<Needs extends object, Gives extends object> {
  /** Never there at run time. */
  readonly '~wiring'?: (needs: Needs) => Gives
}

/** What every atom may say about itself. */
export interface AtomOptions {
  /** The symbols under which the result, or parts of it, are known. */
  readonly provides?: Provides | undefined
  /**
   * Of the atoms that are ready at the same time, those with a higher number start first.
   *
   * @defaultValue `0`
   */
  readonly priority?: number | undefined
  /**
   * Stored with the atom when it starts. A run in which the atom has run is not gone on with when
   * the number before the first dot has changed since: raise it when the stored result, or the undo
   * of what was done, is no longer understood.
   *
   * @defaultValue `'1.0'`
   */
  readonly version?: string | readonly number[] | undefined
  /**
   * How long one call of execute may take, in milliseconds. Then its signal is aborted, and it has
   * failed with a {@link TimeoutError}: when it ends, at the latest when the engine's `graceMs` are
   * over. Retries and reverts follow as for any failure.
   *
   * @defaultValue no limit
   */
  readonly timeoutMs?: number | undefined
  /** As `timeoutMs`, for one call of revert: the undo has failed then, and the flow is broken. */
  readonly revertTimeoutMs?: number | undefined
}

/** As many characters as the column of TaskFlow's table has. */
const MAX_VERSION_LENGTH = 64

const VERSION = kindOf(
  "a version such as '1.0' or [1, 0]",
  (value) => typeof value === 'string' || isListOfNumbers(value),
)

/** What must be right whatever the atom is; what it provides is read by itself. */
const CHECKS: Readonly<Record<Exclude<keyof AtomOptions, 'provides'>, Check>> = {
  priority: number(),
  version: VERSION,
  timeoutMs: LIMIT,
  revertTimeoutMs: LIMIT,
}

const CHECKED = Object.keys(CHECKS) as readonly (keyof typeof CHECKS)[]

/** The ancestor of {@link Task} and {@link Retry}. */
export abstract class Atom<Needs extends object = object, Gives extends object = object>
  implements Wired<Needs, Gives>
{
  /** A method, so that any task fits `Task`, whatever it needs; see {@link Wired}. */
  '~wiring'?(needs: Needs): Gives
  /** What sort of atom it is. */
  abstract readonly kind: 'task' | 'retry'
  /** The symbols that the result is known by. */
  readonly provisions: readonly Provision[]
  /** Atoms with a higher number start first. */
  readonly priority: number
  /** Stored with the atom when it starts; see {@link AtomOptions.version}. */
  readonly version: string
  /** How long one call of execute may take, in milliseconds. */
  readonly timeoutMs: number | undefined
  /** How long one call of revert may take, in milliseconds. */
  readonly revertTimeoutMs: number | undefined
  /** Values that only this atom sees, by symbol. */
  readonly inject: Readonly<Record<string, unknown>> | undefined
  /** The arguments of execute. */
  abstract readonly executeBindings: readonly Binding[]
  /** The arguments of revert. */
  abstract readonly revertBindings: readonly Binding[]

  /**
   * @param what what it is, for messages
   * @throws TypeError or RangeError when an option is invalid, with the atom named.
   */
  constructor(
    what: 'task' | 'retry',
    label: string,
    options: AtomOptions,
    inject?: Readonly<Record<string, unknown>>,
  ) {
    demandName(`the name of a ${what}`, label)
    const { priority = 0, version = '1.0' } = options
    for (const option of CHECKED) {
      const value = options[option]
      if (value !== undefined) CHECKS[option](`${option} of '${label}'`, value)
    }
    if (inject !== undefined) demandSymbols(`inject of '${label}'`, inject)
    this.timeoutMs = options.timeoutMs
    this.revertTimeoutMs = options.revertTimeoutMs
    this.provisions = provisionsOf(label, options.provides)
    this.priority = priority
    this.version = typeof version === 'string' ? version : version.join('.')
    if (this.version !== '') demandName(`version of '${label}'`, this.version, MAX_VERSION_LENGTH)
    this.inject = inject
  }

  /** Unique among the atoms of a flow; what is stored is found again by it. */
  abstract get name(): string

  /** The symbols that the atom provides. */
  get provides(): ReadonlySet<string> {
    return new Set(this.provisions.map(({ symbol }) => symbol))
  }

  /** The symbols that execute or revert cannot do without, less the injected ones. */
  get requires(): ReadonlySet<string> {
    const requires = new Set<string>()
    for (const bindings of [this.executeBindings, this.revertBindings]) {
      for (const { symbol, optional } of bindings) {
        if (!optional && !this.#injects(symbol)) requires.add(symbol)
      }
    }
    return requires
  }

  /** The symbols that execute takes when somebody provides them, less the injected ones. */
  get optional(): ReadonlySet<string> {
    const optional = this.executeBindings.filter(
      (one) => one.optional && !this.#injects(one.symbol),
    )
    return new Set(optional.map(({ symbol }) => symbol))
  }

  /** `"name==version"`, as TaskFlow writes it. */
  toString(): string {
    return `"${this.name}==${this.version}"`
  }

  #injects(symbol: string): boolean {
    return this.inject !== undefined && Object.hasOwn(this.inject, symbol)
  }
}

function isListOfNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'number')
}
