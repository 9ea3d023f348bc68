/**
 * Says before a new version of a flow is deployed which unfinished runs can go on with it.
 *
 * For those who deploy. The same judgement is made when an engine begins to run a stored run; here
 * nothing is run and nothing is written.
 *
 * @module
 */
import { encode } from '../base/codec.ts'
import type { CorruptRecordError, FlowDifference } from '../errors.ts'
import type { FlowItem } from '../flows/flow.ts'
import type { Backend } from '../persistence/backend.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { listUnfinished, type UnfinishedFilter } from '../persistence/reader.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { FlowState } from '../states/flow.ts'
import { type Compilation, compile } from './compiler.ts'
import { errorOf } from './completer.ts'
import { findDifferences, recordsOf } from './differences.ts'
import { type FlowRegistry, flowFromDetail } from './load.ts'
import { Lookup } from './lookup.ts'
import { findUnmetNeeds } from './needs.ts'

/** Whether a run can go on with a flow. */
export interface Verdict {
  /** No difference is blocking. */
  readonly canResume: boolean
  /** All differences, those that are not blocking among them. */
  readonly differences: readonly FlowDifference[]
}

/** The verdict on one of many runs. */
export interface RunVerdict extends Verdict {
  /** Identifies the run. */
  readonly flowUuid: string
  /** Name of the flow; undefined when the record cannot be read. */
  readonly flowName: string | undefined
  /** Where the run is; undefined when the record cannot be read. */
  readonly state: FlowState | undefined
  /**
   * Why there was nothing to compare: a {@link CorruptRecordError} of a record that cannot be read,
   * a {@link NotFoundError} when no definition is known, or what making the flow threw.
   */
  readonly error: unknown
}

/** What a comparison may count on. */
export interface CompareOptions {
  /** What will be given as `store` when the run is loaded, beside what is stored with it. */
  readonly store?: Readonly<Record<string, unknown>> | undefined
}

/** Which runs to compare with what. */
export interface CompareAllOptions extends CompareOptions, Omit<UnfinishedFilter, 'onCorrupt'> {
  /** Where the runs are. */
  readonly backend: Backend
  /** The new definitions of the flows. */
  readonly flows: FlowRegistry
}

/** How many compiled flows are kept, so that runs of one definition and its arguments share one. */
const COMPILED_MAX = 64

/**
 * Says whether a stored run can go on with a flow, usually a new version of the one that it was
 * begun with. Runs and writes nothing.
 *
 * A run is bound by what it has done and what it still needs: blocking is what would lose an undo,
 * leave an input without a value, or break a promise of order. An engine that begins to run the
 * record with the flow refuses the same differences, unless they are accepted; before anything has
 * run, it reports inputs as a {@link MissingDependenciesError}.
 *
 * @throws {@link DuplicateError} when the flow cannot be compiled.
 *
 * @example
 * const { canResume, differences } = compare(await loadFlowDetail(backend, uuid), createVolume)
 */
export function compare(
  flowDetail: FlowDetail,
  flow: FlowItem,
  options: CompareOptions = {},
): Verdict {
  return judge(compile(flow), flowDetail, options)
}

/**
 * Compares the unfinished runs of a backend with new definitions of their flows, one after the
 * other, in the order of {@link listUnfinished}. A run that cannot be read, or whose definition is
 * not among `flows`, cannot go on; its verdict says why. Factories are called with the stored
 * arguments, as on resumption, but once for many runs with the same.
 *
 * @throws {@link StorageError} when the backend cannot be read.
 *
 * @example
 * for await (const { flowUuid, canResume, differences } of compareAll({ backend, flows })) {
 *   if (!canResume) console.log(flowUuid, differences)
 * }
 */
export async function* compareAll(options: CompareAllOptions): AsyncGenerator<RunVerdict> {
  const { backend, flows, store, ...filter } = options
  const definitions = [...flows]
  const compiled = new Map<string, Compilation>()
  const unread: RunVerdict[] = []
  const onCorrupt = (error: CorruptRecordError, flowUuid: string): void => {
    const nothing = { flowName: undefined, state: undefined, canResume: false, differences: [] }
    unread.push({ flowUuid, ...nothing, error })
  }
  for await (const detail of listUnfinished(backend, { putAside: true, ...filter, onCorrupt })) {
    yield* unread.splice(0)
    const run = { flowUuid: detail.uuid, flowName: detail.name, state: detail.state }
    let verdict: Verdict & { readonly error: unknown }
    try {
      const compilation = compiledFor(detail, definitions, compiled)
      verdict = { ...judge(compilation, detail, { store }), error: undefined }
    } catch (error) {
      verdict = { canResume: false, differences: [], error: errorOf(error) }
    }
    yield { ...run, ...verdict }
  }
  yield* unread
}

function judge(
  compilation: Compilation,
  detail: FlowDetail,
  { store = {} }: CompareOptions,
): Verdict {
  const recordOf = recordsOf(compilation, detail)
  const injector = detail.find(INJECTOR_NAME)
  const stored = injector?.kind === 'task' ? (injector as { results?: unknown }).results : {}
  const lookup = new Lookup(compilation, compilation.nodes.map(recordOf), {
    transient: new Map(Object.entries(store)),
    persistent: (stored ?? {}) as Readonly<Record<string, unknown>>,
    byAtom: new Map(),
  })
  const differences = [
    ...findDifferences(compilation, detail),
    ...findUnmetNeeds(compilation, detail, lookup),
  ]
  return { canResume: !differences.some(({ blocking }) => blocking), differences }
}

/** The compiled flow of a run; those used last are kept. */
function compiledFor(
  detail: FlowDetail,
  flows: FlowRegistry,
  compiled: Map<string, Compilation>,
): Compilation {
  const key = encode(detail.engineMeta.factory)
  const known = compiled.get(key)
  const compilation = known ?? compile(flowFromDetail(detail, flows))
  compiled.delete(key)
  compiled.set(key, compilation)
  if (compiled.size > COMPILED_MAX) compiled.delete(compiled.keys().next().value as string)
  return compilation
}
