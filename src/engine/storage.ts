/**
 * What an engine knows of its flow: states, results, failures, and the values put in from outside.
 *
 * For users through `engine.storage`, and for the rest of the engine. Wraps one flow detail; the
 * journal decides when it is written.
 *
 * @module
 */
import type { Atom } from '../atoms/atom.ts'
import type { Failure } from '../base/failure.ts'
import { demandSymbols } from '../base/names.ts'
import { NotFoundError, type NotStorableError } from '../errors.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { readMembers } from '../persistence/kept-value.ts'
import { Additions, type InjectOptions } from './additions.ts'
import { attachRecords } from './attaching.ts'
import { type Compilation, type GraphNode, UNCOMPILED } from './compiler.ts'
import { recordsOf } from './differences.ts'
import { FlowMetadata } from './flow-metadata.ts'
import { Injector } from './injector.ts'
import { Lookup } from './lookup.ts'
import { RecordView } from './record-view.ts'
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
export class Storage<Results extends object = Record<string, unknown>> extends RecordView {
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
    super(flowDetail)
    this.flowMetadata = new FlowMetadata(flowDetail, writer)
    this.#writer = writer
    this.#injector = new Injector(flowDetail)
    this.#additions = new Additions(flowDetail)
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
    const detail = this.detailOf(atom)
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

  /**
   * Adds to what is stored with an atom; written with the next checkpoint.
   *
   * @throws {@link NotStorableError} when a value cannot be stored or is too large; nothing was
   * changed.
   */
  updateAtomMetadata(atom: string, meta: Readonly<Record<string, unknown>>): void {
    const detail = this.detailOf(atom)
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
    if (node === undefined) throw this.unknownAtom(atom)
    return node
  }

  #looking(): Lookup {
    return this.#lookup ?? this.#lookupIn(UNCOMPILED, [])
  }
}
