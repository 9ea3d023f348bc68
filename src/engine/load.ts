/**
 * Puts engines together: from a flow, from the factory of a flow, from a stored flow detail.
 *
 * TaskFlow's helpers (`engines/helpers.py`). Loading touches no I/O; what is made here is written
 * when the engine prepares.
 *
 * @module
 */
import { DuplicateError, NotFoundError, type NotStorableError } from '../errors.ts'
import { concurrentForOne } from '../executors/concurrent.ts'
import type { Executor } from '../executors/executor.ts'
import { INLINE } from '../executors/inline.ts'
import type { Flow, FlowItem } from '../flows/flow.ts'
import type { ResultsOf, StoreOption } from '../flows/wiring.ts'
import type { Claim } from '../holding/claim.ts'
import type { Backend } from '../persistence/backend.ts'
import { FlowDetail, LogBook } from '../persistence/flow-detail.ts'
import { Engine } from './engine.ts'
import type { EngineBehaviour, EngineParts, RunOptions } from './options.ts'

/** Which engine runs a flow, and where its record is kept. Every option may be left out. */
export interface EngineOptions extends EngineBehaviour {
  /**
   * - `'serial'`: one atom at a time;
   * - `'parallel'`: everything that is ready at once.
   *
   * @defaultValue `'serial'`
   */
  readonly engine?: 'serial' | 'parallel' | undefined
  /**
   * How many atoms a parallel engine runs at once.
   *
   * @defaultValue four times the number of processors
   */
  readonly maxWorkers?: number | undefined
  /** Calls the atoms of a parallel engine; may be shared between engines. */
  readonly executor?: Executor | undefined
  /**
   * Where the record is kept. Whoever made it closes it.
   *
   * @defaultValue none: the run is gone with the process
   */
  readonly backend?: Backend | undefined
}

/** How {@link load} puts an engine together. */
export interface LoadOptions extends EngineOptions {
  /**
   * The record of a run to go on with.
   *
   * @defaultValue a new one
   */
  readonly flowDetail?: FlowDetail | undefined
  /**
   * The book that a new record is put into.
   *
   * @defaultValue a new one, called as the flow
   */
  readonly book?: LogBook | undefined
}

/** How {@link loadFromFactory} and {@link loadFromDetail} put an engine together. */
export interface FactoryOptions extends EngineOptions {
  /** The book that a new record is put into. */
  readonly book?: LogBook | undefined
}

/** Values put into storage, beside those that are stored with the run. */
export interface AnyStore {
  /** By symbol. */
  readonly store?: Readonly<Record<string, unknown>> | undefined
}

/** A flow that can be made again by its name, in another process. */
export interface FlowDefinition<Args extends readonly unknown[] = readonly never[], F = FlowItem> {
  /** Stored with each run. */
  readonly name: string
  /** Makes the flow; called with the stored arguments, it must make the same flow. */
  readonly factory: (...args: Args) => F
}

/** The flows that a program knows how to make; names are looked up nowhere else. */
export type FlowRegistry = Iterable<FlowDefinition>

/**
 * Puts an engine together that runs a flow.
 *
 * @throws RangeError or TypeError for an unknown engine or an option without sense;
 * {@link NotStorableError} when a value of the store is larger than `maxPayloadBytes`.
 *
 * @example
 * const engine = load(createVolume, { store: { rawSize: 10 }, backend: sqlite('volumes.db') })
 * await engine.run()
 */
export function load<F extends FlowItem>(
  flow: F,
  ...[options = {} as never]: LoadArguments<F>
): Engine<ResultsOf<F>> {
  const { store, flowDetail, ...behaviour } = options as LoadOptions & AnyStore
  return assemble(flow, flowDetail ?? new FlowDetail(flow.name), behaviour, store) as Engine<
    ResultsOf<F>
  >
}

/** The options of {@link load} and {@link run}; they must be given when the flow needs a store. */
export type LoadArguments<F, Options = LoadOptions> =
  Record<never, never> extends StoreOption<F>
    ? [options?: Options & StoreOption<F>]
    : [options: Options & StoreOption<F>]

/**
 * Runs a flow to its end and gives everything it provided, with the store.
 *
 * When an atom fails, what ran is reverted first; then the promise rejects with what was thrown.
 *
 * @throws as {@link Engine.run}
 *
 * @example
 * const { volume } = await run(createVolume, { store: { rawSize: 10 } })
 */
export async function run<F extends FlowItem>(
  flow: F,
  ...args: LoadArguments<F, LoadOptions & RunOptions>
): Promise<ResultsOf<F>> {
  const engine = load(flow, ...(args as LoadArguments<F>))
  await engine.run({ signal: (args[0] as RunOptions | undefined)?.signal })
  return engine.storage.fetchAll() as ResultsOf<F>
}

/**
 * Names a factory, so that a run can be resumed by a process that knows the definition.
 *
 * @throws TypeError when the name is empty or the factory is no function.
 *
 * @example
 * const createVolume = defineFlow('create-volume', (pool: string) => linear('create-volume').add(…))
 */
export function defineFlow<Args extends readonly unknown[], F extends FlowItem>(
  name: string,
  factory: (...args: Args) => F,
): FlowDefinition<Args, F> {
  if (typeof name !== 'string' || name === '' || typeof factory !== 'function') {
    throw new TypeError(
      `defineFlow needs a name and a function that makes the flow, not ${String(name)} and ${typeof factory}`,
    )
  }
  return { name, factory }
}

/**
 * Puts an engine together that runs the flow of a definition, and stores with the run how to make
 * the flow again.
 *
 * @param args what the factory is called with; stored, so it must be fit to be
 * @throws {@link NotStorableError} when they are larger than `maxPayloadBytes`, or as {@link load}.
 */
export function loadFromFactory<Args extends readonly unknown[], F extends FlowItem>(
  definition: FlowDefinition<Args, F>,
  args: Args,
  ...[options = {} as never]: LoadArguments<F, FactoryOptions>
): Engine<ResultsOf<F>> {
  const { store, ...behaviour } = options as FactoryOptions & AnyStore
  const flow = makeFlow(definition, args)
  const engine = assemble(flow, new FlowDetail(flow.name), behaviour, store)
  engine.storage.updateFlowMetadata({ factory: { name: definition.name, args, kwargs: {} } })
  return engine as Engine<ResultsOf<F>>
}

/**
 * Puts an engine together that goes on with a stored run, made by {@link loadFromFactory}.
 *
 * @throws {@link NotFoundError} when the record does not say how to make the flow, or names a
 * definition that is not among `flows`.
 *
 * @example
 * for await (const detail of listUnfinished(backend)) {
 *   await loadFromDetail(detail, { backend, flows: [createVolume] }).run()
 * }
 */
export function loadFromDetail(
  detail: FlowDetail,
  options: FactoryOptions & AnyStore & { readonly flows: FlowRegistry },
): Engine {
  const { store, flows, ...behaviour } = options
  return assemble(flowFromDetail(detail, flows), detail, behaviour, store)
}

/**
 * Makes the flow of a stored run again.
 *
 * @throws {@link NotFoundError} when the record does not say how to make it, or names a definition
 * that is not among `flows`; {@link DuplicateError} when two definitions have that name.
 */
export function flowFromDetail(detail: FlowDetail, flows: FlowRegistry): FlowItem {
  return makeStored(findDefinition(detail, flows))
}

/** How a stored run is made again. */
export interface StoredDefinition {
  readonly definition: FlowDefinition
  /** What the factory is called with. */
  readonly args: readonly unknown[]
}

/**
 * Puts an engine together for a run that was claimed already.
 *
 * @internal
 */
export function loadClaimed(
  detail: FlowDetail,
  found: StoredDefinition,
  claim: Claim,
  { store, ...behaviour }: FactoryOptions & AnyStore,
): Engine {
  return assemble(makeStored(found), detail, { ...behaviour, claim }, store)
}

/**
 * Finds out how a stored run is made again, and makes nothing.
 *
 * @throws as {@link flowFromDetail}.
 * @internal
 */
export function findDefinition(
  detail: Pick<FlowDetail, 'name' | 'uuid' | 'meta'>,
  flows: FlowRegistry,
): StoredDefinition {
  const factory = detail.meta['factory'] as
    | { readonly name?: unknown; readonly args?: unknown; readonly kwargs?: unknown }
    | undefined
  if (typeof factory?.name !== 'string') {
    throw new NotFoundError(
      `the record of flow '${detail.name}' (${detail.uuid}) does not say how to make the flow: run it with loadFromFactory, or load it with the flow itself, load(flow, { flowDetail })`,
    )
  }
  const kwargs = Object.keys((factory.kwargs as object | undefined) ?? {})
  if (kwargs.length > 0) {
    throw new NotFoundError(
      `the flow '${detail.name}' (${detail.uuid}) was made with the keyword arguments ${kwargs.join(', ')}, which no definition here can take: load it with the flow itself, load(flow, { flowDetail })`,
    )
  }
  const definitions = [...flows]
  const found = definitions.filter(({ name }) => name === factory.name)
  const [definition] = found
  if (definition === undefined) {
    const known = definitions.map(({ name }) => `'${name}'`).join(', ') || 'none'
    throw new NotFoundError(
      `the record of flow '${detail.name}' (${detail.uuid}) was made by '${factory.name}', which is not among the given flows: ${known}`,
    )
  }
  if (found.length > 1) {
    throw new DuplicateError(`several of the given flows are called '${definition.name}'`, [
      definition.name,
    ])
  }
  return { definition, args: Array.isArray(factory.args) ? factory.args : [] }
}

function makeStored({ definition, args }: StoredDefinition): FlowItem {
  return makeFlow(definition, args as never)
}

function makeFlow<Args extends readonly unknown[], F extends FlowItem>(
  { name, factory }: FlowDefinition<Args, F>,
  args: Args,
): F {
  const flow: unknown = factory(...args)
  if (typeof (flow as Flow | undefined)?.name !== 'string') {
    throw new TypeError(`the factory of '${name}' made ${String(flow)}, which is no flow`)
  }
  return flow as F
}

function assemble(
  flow: FlowItem,
  flowDetail: FlowDetail,
  options: EngineOptions & Pick<LoadOptions, 'book'> & Pick<EngineParts, 'claim'>,
  store: Readonly<Record<string, unknown>> | undefined,
): Engine {
  const { backend, book: givenBook, engine: _kind, maxWorkers: _workers, ...behaviour } = options
  const executor = executorOf(options)
  const isNew = backend !== undefined && flowDetail.storedIn !== backend
  const book = givenBook ?? (isNew ? new LogBook(flow.name) : undefined)
  if (isNew && book !== undefined && flowDetail.bookUuid === undefined) book.add(flowDetail)
  const engine = new Engine({ ...behaviour, flow, flowDetail, book, backend, executor })
  if (store !== undefined) engine.storage.inject(store)
  return engine
}

/**
 * The executor that these options ask for; for those who put something in front of it.
 *
 * @throws RangeError or TypeError for an unknown engine or an option without sense.
 * @internal
 */
export function executorOf({ engine = 'serial', maxWorkers, executor }: EngineOptions): Executor {
  if (engine === 'parallel') {
    if (executor !== undefined && maxWorkers !== undefined) {
      throw new TypeError('an executor has a maxWorkers of its own: leave one of the two out')
    }
    return executor ?? concurrentForOne(maxWorkers)
  }
  if (engine !== 'serial') {
    throw new RangeError(`unknown engine '${String(engine)}': write 'serial' or 'parallel'`)
  }
  if (maxWorkers !== undefined || executor !== undefined) {
    throw new TypeError(`a serial engine has no maxWorkers and no executor: add engine: 'parallel'`)
  }
  return INLINE
}
