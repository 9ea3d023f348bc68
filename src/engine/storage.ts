/**
 * What an engine knows of its flow: states, results, failures, and the values put in from outside.
 *
 * For users through `engine.storage`, and for the rest of the engine. Wraps one flow detail; the
 * journal decides when it is written.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import { History } from '../atoms/history.ts'
import type { Failure } from '../base/failure.ts'
import { demandSymbols } from '../base/names.ts'
import { NotFoundError, type NotStorableError } from '../errors.ts'
import {
  type AtomDetail,
  failureToReport,
  type ProgressDetails,
  RetryDetail,
  type TaskDetail,
} from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { readMembers } from '../persistence/kept-value.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { AtomState, Intention } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Additions, type InjectOptions } from './additions.ts'
import { attachRecords } from './attaching.ts'
import { type Compilation, type GraphNode, UNCOMPILED } from './compiler.ts'
import { recordsOf } from './differences.ts'
import { FlowMetadata } from './flow-metadata.ts'
import { Injector } from './injector.ts'
import { Lookup } from './lookup.ts'
import type { Writer } from './writer.ts'

/** How results are read. */
export interface FetchOptions {
  /**
   * As in TaskFlow: a provider that failed contributes its {@link Failure}.
   *
   * @defaultValue `false`: it has no value
   */
  readonly failures?: boolean
}

/**
 * The memory of one engine.
 *
 * @typeParam Results the symbols that can be fetched, with their types
 */
export class Storage<Results extends object = Record<string, unknown>> {
  /** The record that is kept. */
  readonly flowDetail: FlowDetail
  /** @internal */
  readonly flowMetadata: FlowMetadata
  readonly #writer: Writer
  readonly #transient = new Map<string, unknown>()
  readonly #byAtom = new Map<string, Record<string, unknown>>()
  readonly #injector: Injector
  readonly #additions: Additions
  #compilation: Compilation | undefined
  #lookup: Lookup | undefined

  constructor(flowDetail: FlowDetail, writer: Writer) {
    this.flowDetail = flowDetail
    this.flowMetadata = new FlowMetadata(flowDetail, writer)
    this.#writer = writer
    this.#injector = new Injector(flowDetail)
    this.#additions = new Additions(flowDetail)
  }

  /** Name of the flow. */
  get flowName(): string {
    return this.flowDetail.name
  }

  /** Identifies the run. */
  get flowUuid(): string {
    return this.flowDetail.uuid
  }

  /** Whatever users store with the flow. */
  get flowMeta(): Readonly<Record<string, unknown>> {
    return this.flowDetail.meta
  }

  /** Where the flow is. */
  getFlowState(): FlowState {
    return this.flowDetail.state
  }

  /**
   * Adds to what is stored with the flow; written with the next checkpoint.
   *
   * @throws {@link NotStorableError} when a value cannot be stored or is too large; nothing was
   * changed.
   */
  updateFlowMetadata(meta: Readonly<Record<string, unknown>>): void {
    this.flowMetadata.add(meta)
  }

  /**
   * Puts values in, for all atoms. They win over what atoms provide under the same symbols.
   * Stored when the engine prepares or next writes; see {@link Storage.save}.
   *
   * @throws {@link NotStorableError} when a value to be stored cannot be, or is too large; nothing
   * was changed.
   */
  inject(values: Readonly<Record<string, unknown>>, options: InjectOptions = {}): void {
    demandSymbols('the values put in', values)
    if (options.transient === true) {
      for (const [symbol, value] of Object.entries(values)) this.#transient.set(symbol, value)
      return
    }
    if (Object.keys(values).length === 0) return
    const kept = this.#writer.texts.keepEach(values, 'the value put in as')
    const demand = (text: () => string): void => this.#writer.texts.demandTotal(text, 'the store')
    this.#additions.make(() => this.#writer.touch(this.#injector.put(kept, demand), 'payload'))
  }

  /**
   * Puts values in for one atom, by symbol; nobody else sees them, and they win over all others.
   *
   * @throws {@link NotFoundError} when the flow has no such atom; {@link NotStorableError} when a
   * value to be stored cannot be, or is too large. Nothing was changed.
   */
  injectAtomArgs(
    atom: string,
    values: Readonly<Record<string, unknown>>,
    options: InjectOptions = { transient: true },
  ): void {
    demandSymbols(`the values put into '${atom}'`, values)
    const detail = this.#detail(atom)
    if (options.transient === true) {
      this.#byAtom.set(atom, { ...this.#byAtom.get(atom), ...values })
      return
    }
    const kept = this.#writer.texts.keepEach(values, `what is put into '${atom}' as`)
    const all = { ...detail.keptInjected, ...kept }
    this.#writer.texts.demandChanged(detail, { keptInjected: all })
    this.#additions.make(() => {
      detail.keptInjected = { ...detail.keptInjected, ...kept }
      this.#writer.touch(detail, 'state')
    })
  }

  /** Writes what was changed here; resolves when it is stored. */
  save(): Promise<void> {
    return this.#writer.flush()
  }

  /**
   * The value under a symbol: the one put in, else that of the first provider in the flow.
   *
   * @throws {@link NotFoundError} when nobody provides it, or a provider has no value: it failed,
   * was reverted, or has not run.
   */
  fetch<K extends keyof Results & string>(symbol: K, options: FetchOptions = {}): Results[K] {
    const [value] = this.#looking().named(
      symbol,
      options.failures === true ? 'as values' : 'refused',
    )
    return value as Results[K]
  }

  /**
   * All values by symbol; symbols that {@link Storage.fetch} would not find are left out. With
   * `failures`, TaskFlow's form: failures among them, and a list where a symbol has several providers.
   */
  fetchAll(options: FetchOptions = {}): Partial<Results> {
    const lookup = this.#looking()
    const results = new Map<string, unknown>() // one may be called `__proto__`
    for (const symbol of lookup.symbols()) {
      try {
        const values = lookup.named(symbol, options.failures === true ? 'as values' : 'refused')
        results.set(symbol, options.failures === true && values.length > 1 ? values : values[0])
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error
      }
    }
    return Object.fromEntries(results) as Partial<Results>
  }

  /**
   * The inputs that execute of an atom would get now, by argument.
   *
   * @throws {@link NotFoundError} when one that is not optional has no value, or there is no such
   * atom.
   */
  fetchMappedArgs(atom: string): Readonly<Record<string, unknown>> {
    const node = this.#node(atom)
    return this.#looking().inputs(node, (node.atom as Atom<never, object>).executeBindings)
  }

  /** The arguments of an atom that have no possible source. */
  fetchUnsatisfiedArgs(atom: string): ReadonlySet<string> {
    const missing = this.#looking().missing()
    return new Set(missing.filter((one) => one.atom === atom).map(({ argument }) => argument))
  }

  /** Names of the atoms that have records, in order of definition. */
  get atomNames(): readonly string[] {
    return [...this.flowDetail].map(({ name }) => name).filter((name) => name !== INJECTOR_NAME)
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomUuid(atom: string): string {
    return this.#detail(atom).uuid
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomState(atom: string): AtomState {
    return this.#detail(atom).state
  }

  /** @throws {@link NotFoundError} when there is no such atom. */
  getAtomIntention(atom: string): Intention {
    return this.#detail(atom).intention
  }

  /** State and intention of several atoms, by name. */
  getAtomsStates(
    atoms: Iterable<string>,
  ): Readonly<Record<string, { readonly state: AtomState; readonly intention: Intention }>> {
    const entries = [...atoms].map((atom) => {
      const { state, intention } = this.#detail(atom)
      return [atom, { state, intention }] as const
    })
    return Object.fromEntries(entries)
  }

  /**
   * What execute of an atom returned, or its {@link Failure}; of a retry, its attempts.
   *
   * @throws {@link NotFoundError} when it has not come to an end, or there is no such atom.
   */
  getExecuteResult(atom: string): unknown {
    const detail = this.#detail(atom) as TaskDetail | RetryDetail
    if (detail.failure !== undefined) return detail.failure
    if (['SUCCESS', 'FAILURE', 'REVERTING'].includes(detail.state)) return detail.results
    throw new NotFoundError(`execute of '${atom}' has no result: it is ${detail.state}`)
  }

  /**
   * What revert of an atom returned, or its {@link Failure}.
   *
   * @throws {@link NotFoundError} when it was not reverted, or there is no such atom.
   */
  getRevertResult(atom: string): unknown {
    const detail = this.#detail(atom)
    if (detail.revertFailure !== undefined) return detail.revertFailure
    if (detail.state === 'REVERTED') return detail.revertResults
    throw new NotFoundError(`revert of '${atom}' has no result: it is ${detail.state}`)
  }

  /**
   * Why execute failed, by atom; failures that a later success replaced are gone, and those from
   * before a new run or a new attempt of the retry around the atom.
   */
  getFailures(): Readonly<Record<string, Failure>> {
    return this.#collect(failureToReport)
  }

  /** Why revert failed, by atom. */
  getRevertFailures(): Readonly<Record<string, Failure>> {
    return this.#collect(({ revertFailure }) => revertFailure)
  }

  /**
   * What a retry has tried.
   *
   * @throws {@link NotFoundError} when there is no such retry.
   */
  getRetryHistory(atom: string): History {
    const detail = this.#detail(atom)
    if (!(detail instanceof RetryDetail)) throw new NotFoundError(`'${atom}' is not a retry`)
    return new History(detail.results, detail.failure)
  }

  /** How far an atom has come, from 0 to 1. */
  getTaskProgress(atom: string): number {
    return this.#detail(atom).progress ?? 0
  }

  /** What the atom said with its last progress report. */
  getTaskProgressDetails(atom: string): ProgressDetails | undefined {
    return this.#detail(atom).progressDetails
  }

  /**
   * Adds to what is stored with an atom; written with the next checkpoint.
   *
   * @throws {@link NotStorableError} when a value cannot be stored or is too large; nothing was
   * changed.
   */
  updateAtomMetadata(atom: string, meta: Readonly<Record<string, unknown>>): void {
    const detail = this.#detail(atom)
    const kept = this.#writer.texts.keepEach(meta, `the metadata of '${atom}',`)
    const added = readMembers(kept)
    this.#writer.texts.demandChanged(detail, { meta: { ...detail.meta, ...added } })
    this.#additions.make(() => {
      detail.meta = { ...detail.meta, ...added }
      this.#writer.touch(detail, 'state')
    })
  }

  /**
   * For the engine: finds the records of the atoms, makes those that are missing, and prepares for
   * looking values up.
   *
   * @returns the records by position of their nodes
   * @internal
   */
  attach(compilation: Compilation): readonly (AtomDetail | undefined)[] {
    const details = attachRecords(compilation, this.flowDetail, this.#writer)
    this.#compilation = compilation
    this.#lookup = this.#lookupIn(compilation, details)
    return details
  }

  /**
   * For the engine: takes over what was read of the record later, and adds again what was added here.
   *
   * @internal
   */
  reread(newer: FlowDetail): void {
    if (this.flowDetail.adopt(newer)) this.#writer.touchFlow()
    this.#injector.find()
    this.#lookup = undefined
    this.#compilation = undefined
    this.#additions.repeat()
  }

  /**
   * For the engine: looks values up as if the flow were attached, and changes nothing.
   *
   * @internal
   */
  preview(compilation: Compilation): Lookup {
    return this.#lookupIn(
      compilation,
      compilation.nodes.map(recordsOf(compilation, this.flowDetail)),
    )
  }

  #lookupIn(compilation: Compilation, details: readonly (AtomDetail | undefined)[]): Lookup {
    const injector = this.#injector
    return new Lookup(compilation, details, {
      transient: this.#transient,
      byAtom: this.#byAtom,
      get persistent() {
        return injector.members
      },
    })
  }

  /**
   * For the engine: finds values; before the engine is prepared, only those that were put in.
   *
   * @internal
   */
  get lookup(): Lookup {
    return this.#looking()
  }

  #node(atom: string): GraphNode {
    const node = this.#compilation?.byName.get(atom)
    if (node === undefined) throw this.#unknown(atom)
    return node
  }

  #looking(): Lookup {
    return this.#lookup ?? this.#lookupIn(UNCOMPILED, [])
  }

  #detail(atom: string): AtomDetail {
    const detail = this.flowDetail.find(atom)
    if (detail === undefined) throw this.#unknown(atom)
    return detail
  }

  #unknown(atom: string): NotFoundError {
    return new NotFoundError(
      `flow '${this.flowName}' has no record of an atom '${atom}': it has ${this.atomNames.slice(0, 20).join(', ') || 'none, since its engine is not prepared'}`,
    )
  }

  #collect(
    failureOf: (detail: AtomDetail) => Failure | undefined,
  ): Readonly<Record<string, Failure>> {
    const failures = new Map<string, Failure>()
    for (const detail of this.flowDetail) {
      const failure = failureOf(detail)
      if (failure !== undefined) failures.set(detail.name, failure)
    }
    return Object.fromEntries(failures)
  }
}
