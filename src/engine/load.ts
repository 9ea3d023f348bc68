/**
 * Puts engines together: from a flow, from the factory of a flow, from a stored flow detail.
 *
 * TaskFlow's helpers (`engines/helpers.py`). Loading touches no I/O; what is made here is written
 * when the engine prepares.
 *
 * @module
 */

import { FUNCTION, readOptions, split } from '../base/checks.ts'
import { demandName } from '../base/names.ts'
import { DuplicateError, NotFoundError, type NotStorableError } from '../errors.ts'
import type { FlowItem } from '../flows/flow.ts'
import type { ResultsOf, StoreOption } from '../flows/wiring.ts'
import type { Claim } from '../holding/claim.ts'
import { FlowDetail, LogBook } from '../persistence/flow-detail.ts'
import { readFactory } from '../persistence/flow-meta.ts'
import { storedPlaceOf } from '../persistence/stored-in.ts'
import {
  DETAIL_CHECKS,
  demandDefinition,
  demandFlow,
  FACTORY_CHECKS,
  LOAD_CHECKS,
  RUN_CHECKS,
  readBehaviour,
} from './behaviour.ts'
import { Engine } from './engine.ts'
import { executorFor } from './engine-kinds.ts'
import type {
  AnyStore,
  EngineOptions,
  EngineParts,
  FactoryOptions,
  FlowDefinition,
  FlowRegistry,
  LoadOptions,
  RunOptions,
} from './options.ts'

export type {
  AnyStore,
  EngineKind,
  EngineOptions,
  FactoryOptions,
  FlowDefinition,
  FlowRegistry,
  LoadOptions,
} from './options.ts'

/**
 * Puts an engine together that runs a flow.
 *
 * @throws TypeError or RangeError for an invalid option, before anything happens;
 * {@link NotStorableError} when a value of the store is larger than `maxPayloadBytes`.
 *
 * @example
 * const engine = load(createVolume, { store: { rawSize: 10 }, backend: sqlite('volumes.db') })
 * await engine.run()
 */
export function load<F extends FlowItem>(
  flow: F,
  ...[options]: LoadArguments<F>
): Engine<ResultsOf<F>> {
  return loadAny(flow, readOptions('load()', options, LOAD_CHECKS)) as Engine<ResultsOf<F>>
}

function loadAny(flow: FlowItem, options: LoadOptions & AnyStore): Engine {
  const { store, flowDetail, ...behaviour } = options
  demandFlow(flow)
  return assemble(flow, flowDetail ?? new FlowDetail(flow.name), behaviour, store)
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
  ...[options]: LoadArguments<F, LoadOptions & RunOptions>
): Promise<ResultsOf<F>> {
  const all = readOptions<LoadOptions & AnyStore & RunOptions>('run()', options, {
    ...LOAD_CHECKS,
    ...RUN_CHECKS,
  })
  const [ofRun, ofEngine] = split<RunOptions, typeof all>(all, RUN_CHECKS)
  const engine = loadAny(flow, ofEngine)
  await engine.run(ofRun)
  return engine.storage.fetchAll() as ResultsOf<F>
}

/**
 * Names a factory, so that a run can be resumed by a process that knows the definition.
 *
 * @throws TypeError when the name is unfit or the factory is no function.
 *
 * @example
 * const createVolume = defineFlow('create-volume', (pool: string) => linear('create-volume').add(…))
 */
export function defineFlow<Args extends readonly unknown[], F extends FlowItem>(
  name: string,
  factory: (...args: Args) => F,
): FlowDefinition<Args, F> {
  demandName('the name of a definition', name)
  FUNCTION(`the factory of '${name}'`, factory)
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
  ...[options]: LoadArguments<F, FactoryOptions>
): Engine<ResultsOf<F>> {
  const { store, ...behaviour } = readOptions('loadFromFactory()', options, FACTORY_CHECKS)
  const flow = makeFlow(definition, args)
  const engine = assemble(flow, new FlowDetail(flow.name), behaviour, store)
  engine.storage.flowMetadata.keepFactory(definition.name, args)
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
  const { store, flows, ...behaviour } = readOptions('loadFromDetail()', options, DETAIL_CHECKS)
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
  detail: Pick<FlowDetail, 'name' | 'uuid' | 'engineMeta'>,
  flows: FlowRegistry,
): StoredDefinition {
  const factory = readFactory(detail.engineMeta)
  if (factory === undefined) {
    throw new NotFoundError(
      `the record of flow '${detail.name}' (${detail.uuid}) does not say how to make the flow: run it with loadFromFactory, or load it with the flow itself, load(flow, { flowDetail })`,
    )
  }
  if (factory.keywords.length > 0) {
    throw new NotFoundError(
      `the flow '${detail.name}' (${detail.uuid}) was made with the keyword arguments ${factory.keywords.join(', ')}, which no definition here can take: load it with the flow itself, load(flow, { flowDetail })`,
    )
  }
  const definitions = [...flows]
  for (const one of definitions) demandDefinition(one)
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
  return { definition, args: factory.args }
}

function makeStored({ definition, args }: StoredDefinition): FlowItem {
  return makeFlow(definition, args as never)
}

function makeFlow<Args extends readonly unknown[], F extends FlowItem>(
  { name, factory }: FlowDefinition<Args, F>,
  args: Args,
): F {
  const flow: unknown = factory(...args)
  demandFlow(flow, `what the factory of '${name}' makes`)
  return flow as F
}

function assemble(
  flow: FlowItem,
  flowDetail: FlowDetail,
  options: EngineOptions & Pick<LoadOptions, 'book'> & Pick<EngineParts, 'claim'>,
  store: Readonly<Record<string, unknown>> | undefined,
): Engine {
  const { backend, book: givenBook, engine: _kind, maxWorkers: _workers, ...behaviour } = options
  const executing = executorFor(options)
  const isNew = backend !== undefined && storedPlaceOf(flowDetail) !== backend
  if (storedPlaceOf(flowDetail) === undefined)
    demandName('the name of the flow detail', flowDetail.name)
  if (givenBook !== undefined && isNew) demandName('the name of the book', givenBook.name)
  const book = givenBook ?? (isNew ? new LogBook(flow.name) : undefined)
  if (isNew && book !== undefined && flowDetail.bookUuid === undefined) book.add(flowDetail)
  const engine = new Engine({
    ...readBehaviour(behaviour),
    claim: options.claim,
    flow,
    flowDetail,
    book,
    backend,
    ...executing,
  })
  if (store !== undefined) engine.storage.inject(store)
  return engine
}
