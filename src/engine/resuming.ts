/**
 * Finds the runs that other processes left, and finishes them.
 *
 * For programs that start: after a crash, after a deployment, or from time to time.
 *
 * @module
 */
import {
  type Checks,
  count,
  FUNCTION,
  LIST,
  listOf,
  oneOf,
  readOptions,
  split,
  TEXT,
} from '../base/checks.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { CorruptRecordError, FlowMismatchError, StaleWriteError } from '../errors.ts'
import type { Claim } from '../holding/claim.ts'
import { MAX_TAKE_UPS, putAsideError, takeUpsOf } from '../holding/poison.ts'
import { claimOn, takeOver } from '../holding/take-over.ts'
import type { Backend, StoredFlowRecord } from '../persistence/backend.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { isLeft } from '../persistence/owner.ts'
import { listUnfinishedRecords } from '../persistence/reader.ts'
import { readFlowMeta } from '../persistence/records.ts'
import { FLOW_STATES, type FlowState, isFlowFinished } from '../states/flow.ts'
import { FACTORY_CHECKS, RUN_CHECKS } from './behaviour.ts'
import { errorOf } from './completer.ts'
import type { Engine } from './engine.ts'
import { findDefinition, loadClaimed, type StoredDefinition } from './load.ts'
import type { AnyStore, FactoryOptions, FlowRegistry, RunOptions } from './options.ts'

/** What {@link resumeAll} is to look for, and how it runs what it finds. */
export interface ResumeOptions
  extends Omit<FactoryOptions, 'book' | 'backend'>,
    AnyStore,
    RunOptions {
  /** Where the runs are kept. */
  readonly backend: Backend
  /** The flows that can be made; runs of others are left alone, and told as `unknown`. */
  readonly flows: FlowRegistry
  /** Only runs of the flow of this name. */
  readonly name?: string | undefined
  /**
   * Only runs in one of these states. Leave SUSPENDED out, and what was suspended on purpose stays
   * so.
   *
   * @defaultValue every state that is no end: `PENDING`, `RUNNING`, `SUSPENDING`, `SUSPENDED`,
   * `RESUMING`
   */
  readonly states?: readonly FlowState[] | undefined
  /**
   * How many runs go on at once.
   *
   * @defaultValue `20`
   */
  readonly concurrency?: number | undefined
  /** Suspends what goes on, or cancels it: see `onAbort`. Nothing more is taken up. */
  readonly signal?: AbortSignal | undefined
  /** Called with each engine before it runs, to register listeners. */
  readonly onEngine?: ((engine: Engine) => void) | undefined
}

const { book: _book, ...FACTORY } = FACTORY_CHECKS
/** What is only for the search, and no matter of an engine. */
type Search = Pick<ResumeOptions, 'name' | 'states' | 'concurrency' | 'onEngine'>

const SEARCH: Checks<Search> = {
  name: TEXT,
  states: listOf(oneOf(...FLOW_STATES)),
  concurrency: count(1),
  onEngine: FUNCTION,
}
const CHECKS: Checks<ResumeOptions> = { ...FACTORY, ...RUN_CHECKS, ...SEARCH, flows: LIST }

/** What became of one run. */
export interface Resumed {
  /** Identifies the run. */
  readonly uuid: string
  /** Name of its flow; undefined when its record cannot be read. */
  readonly name: string | undefined
  /**
   * - `finished`: it was run until its state was `state`;
   * - `taken`: another engine was faster;
   * - `unknown`: its flow is not among those given, or does not fit the record any more;
   * - `corrupt`: its record cannot be read;
   * - `put aside`: it has ended its process each time it was taken up, `maxTakeUps` times in a row,
   *   and is left alone until somebody runs it by hand; `error` says what it was doing;
   * - `broken`: it could not be run on, for another reason.
   */
  readonly outcome: 'finished' | 'taken' | 'unknown' | 'corrupt' | 'put aside' | 'broken'
  /** Where the run is, as far as this process knows; undefined when its record cannot be read. */
  readonly state: FlowState | undefined
  /** What the run rejected with, a flow that was reverted among it. */
  readonly error: unknown
}

/**
 * Finishes the unfinished runs that nobody holds: those that were given back, whose lease is over,
 * or whose process is known to be gone. What a live engine holds is left to it. Runs that end in
 * FAILURE are not taken up: somebody must see to what broke them. Runs that may be about to be put
 * aside come last, one by one, so that they take no others with them when they end the process.
 *
 * @returns what became of each run that was tried, in the order of their uuids
 * @throws TypeError or RangeError for an invalid option; {@link StorageError} when
 * the runs cannot be listed. What becomes of one run is told, and never thrown.
 *
 * @example
 * const resumed = await resumeAll({ backend, flows: [createVolume] })
 */
export async function resumeAll(options: ResumeOptions): Promise<readonly Resumed[]> {
  const read = readOptions('resumeAll()', options, CHECKS)
  CHECKS.backend('backend', read.backend)
  CHECKS.flows('flows', read.flows)
  return resumeEach({ ...read, flows: [...read.flows] })
}

async function resumeEach(options: ResumeOptions): Promise<readonly Resumed[]> {
  const { backend, name, states, concurrency = 20, signal, clock = SYSTEM_CLOCK } = options
  const { maxTakeUps = MAX_TAKE_UPS } = options
  const resumed: (Resumed | Promise<Resumed>)[] = []
  const suspects: Suspect[] = []
  const underWay = new Set<Promise<unknown>>()
  const filter = {
    ...(name !== undefined && { name }),
    ...(states !== undefined && { states }),
    onCorrupt(error: CorruptRecordError, uuid: string): void {
      resumed.push({ uuid, name: undefined, outcome: 'corrupt', state: undefined, error })
    },
  }
  for await (const record of listUnfinishedRecords(backend, filter)) {
    if (!isLeft(record, clock.now())) continue
    const takeUps = takeUpsIn(record)
    if (takeUps > maxTakeUps / 2) {
      const { promise, resolve: tell } = Promise.withResolvers<Resumed>()
      suspects.push({ record, takeUps, promise, tell })
      resumed.push(promise)
      continue
    }
    while (underWay.size >= concurrency) await Promise.race(underWay)
    if (signal?.aborted === true) break
    const one = resume(record, options)
    resumed.push(one)
    underWay.add(one)
    void one.then(() => underWay.delete(one))
  }
  await Promise.all(underWay)
  const untried = new Set<unknown>(await resumeSuspects(suspects, options))
  return Promise.all(resumed.filter((one) => !untried.has(one)))
}

/** A run that may end the process again. */
interface Suspect {
  readonly record: StoredFlowRecord
  /** How often it was taken up since something has come of it, or more. */
  readonly takeUps: number
  readonly promise: Promise<Resumed>
  readonly tell: (resumed: Resumed) => void
}

/**
 * Resumes runs one by one, the least suspicious first: those that were only beside one that ended
 * the process come further, and are no suspects any more.
 *
 * @returns those that were not tried, since it was told to stop
 */
async function resumeSuspects(
  suspects: readonly Suspect[],
  options: ResumeOptions,
): Promise<readonly Promise<Resumed>[]> {
  const untried = [...suspects].sort((a, b) => a.takeUps - b.takeUps)
  while (untried.length > 0 && options.signal?.aborted !== true) {
    const suspect = untried.shift()
    suspect?.tell(await resume(suspect.record, options))
  }
  return untried.map(({ promise }) => promise)
}

/** What cannot be read is found out when it is taken up. */
function takeUpsIn(record: StoredFlowRecord): number {
  if (record.owner === undefined) return 0
  try {
    return takeUpsOf(readFlowMeta(record).engineMeta, record.epoch)
  } catch {
    return 0
  }
}

/** Claims a run before anything of it is called, so that it does not change any more, and runs it. */
async function resume(record: StoredFlowRecord, options: ResumeOptions): Promise<Resumed> {
  const { flows } = options
  const { uuid, name, state } = record
  const told: Resumed = { uuid, name, outcome: 'taken', state, error: undefined }
  const { maxTakeUps = MAX_TAKE_UPS } = options
  let found: StoredDefinition
  try {
    const { engineMeta } = readFlowMeta(record)
    const aside = engineMeta.takeUps?.aside
    if (aside !== undefined && aside.takeUps >= maxTakeUps) {
      return { ...told, outcome: 'put aside', error: putAsideError(record, aside) }
    }
    found = findDefinition({ uuid, name, engineMeta }, flows)
  } catch (error) {
    const outcome = error instanceof CorruptRecordError ? 'corrupt' : 'unknown'
    return { ...told, outcome, error: errorOf(error) }
  }
  const left = claimOn(record, options)
  const { flowDetail, claim } = left
  try {
    const taken = await takeOver(left, options)
    if (taken.outcome === 'moved') return { ...told, state: taken.state }
    if (taken.outcome === 'put aside') return { ...told, ...taken, state: flowDetail.state }
    return await run(flowDetail, found, claim, options)
  } catch (error) {
    const outcome = outcomeOf(error)
    return { ...told, outcome, error: outcome === 'taken' ? undefined : errorOf(error) } // nothing was run
  } finally {
    await claim.giveBack()
  }
}

async function run(
  flowDetail: FlowDetail,
  found: StoredDefinition,
  claim: Claim,
  options: ResumeOptions,
): Promise<Resumed> {
  const { onEngine } = options
  const [, withoutSearch] = split<Search, ResumeOptions>(options, SEARCH)
  const [ofRun, ofEngine] = split<RunOptions, typeof withoutSearch>(withoutSearch, RUN_CHECKS)
  const { uuid, name, state } = flowDetail
  const told: Resumed = { uuid, name, outcome: 'finished', state, error: undefined }
  let engine: Engine
  try {
    engine = loadClaimed(flowDetail, found, claim, ofEngine)
  } catch (error) {
    return { ...told, outcome: 'unknown', error: errorOf(error) }
  }
  try {
    onEngine?.(engine)
    await engine.run(ofRun)
    return { ...told, state: flowDetail.state }
  } catch (thrown) {
    const error = errorOf(thrown)
    return { ...told, ...(await becameOf(flowDetail, claim, options.backend, error)), error }
  }
}

/**
 * What became of a run that has rejected: where it is stored counts first. What it rejected with
 * may be of any class, since it may come from a task.
 */
async function becameOf(
  flowDetail: FlowDetail,
  claim: Claim,
  backend: Backend,
  error: unknown,
): Promise<Pick<Resumed, 'outcome' | 'state'>> {
  const stored = await backend.loadFlow(flowDetail.uuid).catch(() => undefined)
  const { epoch, state } = stored?.flow ?? flowDetail
  if (claim.wasReplacedBy({ epoch })) return { outcome: 'taken', state }
  if (isFlowFinished(state)) return { outcome: 'finished', state }
  const outcome = outcomeOf(error)
  return { outcome: stored !== undefined && outcome === 'taken' ? 'broken' : outcome, state }
}

/** Of a run that has not ended. */
function outcomeOf(error: unknown): Resumed['outcome'] {
  if (error instanceof StaleWriteError) return 'taken'
  if (error instanceof CorruptRecordError) return 'corrupt'
  return error instanceof FlowMismatchError ? 'unknown' : 'broken'
}
