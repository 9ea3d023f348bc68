/**
 * Finds the runs that other processes left, and finishes them.
 *
 * For programs that start: after a crash, after a deployment, or from time to time.
 *
 * @module
 */
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { CorruptRecordError, FlowMismatchError, StaleWriteError } from '../errors.ts'
import type { Backend, Fence, StoredFlowRecord } from '../persistence/backend.ts'
import { isLeft, newOwner } from '../persistence/owner.ts'
import { listUnfinishedRecords, loadFlowDetail } from '../persistence/reader.ts'
import type { FlowState } from '../states/flow.ts'
import { readLeaseMs } from './claim.ts'
import type { Engine } from './engine.ts'
import { type AnyStore, type FactoryOptions, type FlowRegistry, loadFromDetail } from './load.ts'

/** What {@link resumeAll} is to look for, and how it runs what it finds. */
export interface ResumeOptions extends Omit<FactoryOptions, 'book' | 'backend'>, AnyStore {
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
  /** Suspends what goes on, and takes up nothing more. */
  readonly signal?: AbortSignal | undefined
  /** Called with each engine before it runs, to register listeners. */
  readonly onEngine?: ((engine: Engine) => void) | undefined
}

/** What became of one run. */
export interface Resumed {
  /** Identifies the run. */
  readonly uuid: string
  /** Name of its flow. */
  readonly name: string
  /**
   * - `finished`: it was run until its state was `state`;
   * - `taken`: another engine was faster;
   * - `unknown`: its flow is not among those given, or does not fit the record any more;
   * - `corrupt`: its record cannot be read;
   * - `broken`: it could not be run on, for another reason.
   */
  readonly outcome: 'finished' | 'taken' | 'unknown' | 'corrupt' | 'broken'
  /** Where the run is, as far as this process knows. */
  readonly state: FlowState
  /** What the run rejected with, a flow that was reverted among it. */
  readonly error: unknown
}

/**
 * Finishes the unfinished runs that nobody holds: those that were given back, whose lease is over,
 * or whose process is known to be gone. What a live engine holds is left to it. Runs that end in
 * FAILURE are not taken up: somebody must see to what broke them.
 *
 * @returns what became of each run that was tried, in the order of their uuids
 * @throws RangeError when `concurrency` is not a whole number above 0; {@link StorageError} when
 * the runs cannot be listed. What becomes of one run is told, and never thrown.
 *
 * @example
 * const resumed = await resumeAll({ backend, flows: [createVolume] })
 */
export async function resumeAll(options: ResumeOptions): Promise<readonly Resumed[]> {
  const { backend, name, states, concurrency = 20, signal } = options
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency is ${String(concurrency)}: write a whole number above 0`)
  }
  const { clock = SYSTEM_CLOCK } = options
  const resumed: Promise<Resumed>[] = []
  const underWay = new Set<Promise<unknown>>()
  const filter = { ...(name !== undefined && { name }), ...(states !== undefined && { states }) }
  for await (const record of listUnfinishedRecords(backend, filter)) {
    if (!isLeft(record, clock.now())) continue
    while (underWay.size >= concurrency) await Promise.race(underWay)
    if (signal?.aborted === true) break
    const one = resume(record, options)
    resumed.push(one)
    underWay.add(one)
    void one.then(() => underWay.delete(one))
  }
  return Promise.all(resumed)
}

async function resume(record: StoredFlowRecord, options: ResumeOptions): Promise<Resumed> {
  const { backend, onEngine, signal } = options
  const { uuid, name } = record
  let { state } = record
  const taken: Resumed = { uuid, name, outcome: 'taken', state, error: undefined }
  let step: Resumed['outcome'] = 'broken'
  try {
    const before = await loadFlowDetail(backend, uuid)
    if (before.epoch !== record.epoch || before.state !== state) return taken
    step = 'unknown'
    loadFromDetail(before, engineOptions(options)) // others are kept from it only if it can be made
    step = 'broken'
    await using reservation = await reserve(record, options)
    // Whoever held it may have gone on until now, and cannot from now on.
    const detail = await loadFlowDetail(backend, uuid)
    if (detail.state !== state) return { ...taken, state: detail.state }
    const engine = loadFromDetail(detail, engineOptions(options))
    onEngine?.(engine)
    try {
      await engine.run({ signal })
    } finally {
      state = detail.state
      reservation.isOver = detail.epoch !== reservation.epoch
    }
    return { uuid, name, outcome: 'finished', state, error: undefined }
  } catch (error) {
    return { uuid, name, outcome: outcomeOf(error, state, step), state, error }
  }
}

/** A claim that no engine has made, so that a record does not change while it is read. */
interface Reservation extends AsyncDisposable {
  readonly epoch: number
  /** An engine has claimed the run since, so that there is nothing to give back. */
  isOver: boolean
}

/** @throws {@link StaleWriteError} when somebody else was faster. */
async function reserve(
  { uuid, epoch: stored }: StoredFlowRecord,
  { backend, clock = SYSTEM_CLOCK, leaseMs }: ResumeOptions,
): Promise<Reservation> {
  const owner = newOwner()
  const epoch = stored + 1
  const write = (action: Fence['action'], leaseUntil: Date | undefined): Promise<void> => {
    const fence: Fence = { owner, epoch, action, leaseUntil }
    return backend.save({ flowUuid: uuid, book: undefined, flow: undefined, atoms: [], fence })
  }
  const ms = readLeaseMs(leaseMs)
  const hasLease = backend.supports.processes && ms !== Number.POSITIVE_INFINITY
  await write('claim', hasLease ? new Date(clock.now().getTime() + ms) : undefined)
  const reservation: Reservation = {
    epoch,
    isOver: false,
    async [Symbol.asyncDispose]() {
      // What cannot be given back ends with its lease.
      if (!reservation.isOver) await write('release', undefined).catch(() => {})
    },
  }
  return reservation
}

function outcomeOf(error: unknown, state: FlowState, step: Resumed['outcome']): Resumed['outcome'] {
  if (error instanceof StaleWriteError) return 'taken'
  if (error instanceof CorruptRecordError) return 'corrupt'
  if (error instanceof FlowMismatchError) return 'unknown'
  return state === 'REVERTED' || state === 'FAILURE' ? 'finished' : step
}

function engineOptions(
  options: ResumeOptions,
): FactoryOptions & AnyStore & { readonly flows: FlowRegistry } {
  const {
    name: _name,
    states: _states,
    concurrency: _c,
    signal: _s,
    onEngine: _e,
    ...rest
  } = options
  return rest
}
