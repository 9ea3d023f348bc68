/**
 * Makes spans of runs and of the calls of atoms, and counts and measures them.
 *
 * An interceptor of the engine begins the spans, so that the code of an atom runs inside of its
 * span; the moves of the atoms end them, since only the engine knows what became of a call.
 *
 * @module
 */
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Meter,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { type Clock, fullClock } from '../../base/clock.ts'
import { Failure, isFailure } from '../../base/failure.ts'
import { awaitable } from '../../base/thenable.ts'
import { inspectThrown } from '../../base/thrown.ts'
import type { RetryMoved, TaskMoved } from '../../engine/events.ts'
import type { Interceptor, RunEnd } from '../../engine/interceptors.ts'
import type { AtomState, RetryState, TaskState } from '../../states/atom.ts'
import { Listener, type Watched } from '../listener.ts'
import { type Instruments, instrumentsOf, SCOPE } from './instruments.ts'
import { readTraceParent, traceParentOf } from './trace-parent.ts'

/** How {@link TelemetryListener} tells. Every option may be left out. */
export interface TelemetryOptions {
  /**
   * Makes the spans.
   *
   * @defaultValue the global tracer `taskflow-ts`
   */
  readonly tracer?: Tracer | undefined
  /**
   * Takes the metrics.
   *
   * @defaultValue the global meter `taskflow-ts`
   */
  readonly meter?: Meter | undefined
  /**
   * Where the time comes from.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
}

/** What an interceptor is given. */
type AtomCall = Parameters<NonNullable<Interceptor['aroundCall']>>[0]

/** A run or a call that has begun. */
interface Begun {
  readonly span: Span
  /** The context in which its code runs. */
  readonly inside: Context
  /** What its metrics say of it. */
  readonly attributes: Attributes
  readonly startedAtMs: number
  readonly startedMs: number
}

/** A call of an atom that has begun. */
interface BegunCall extends Begun {
  readonly atom: string
  /** Set once the code of the atom has come to its end. */
  settled: { readonly elapsedMs: number; readonly failure: Failure | undefined } | undefined
}

/** States that are the outcome of a call. */
const OUTCOMES: ReadonlySet<AtomState> = new Set([
  'SUCCESS',
  'FAILURE',
  'REVERTED',
  'REVERT_FAILURE',
])

/**
 * Tells OpenTelemetry of the runs of an engine.
 *
 * - A span for each run, `flow <name>`, below the span that is active where it is run; linked to
 *   the span of the run before, in whichever process that was: which it was is stored in the
 *   metadata of the flow.
 * - A span for each call of an atom, `task <name>` or `retry <name>`, and `… revert` for those of
 *   revert. The code of the atom runs inside of it, except in worker threads. It lasts as long as
 *   the call, the wait for a place in an executor included.
 * - What an atom or a run throws is recorded as an exception, with the status ERROR.
 * - Metrics: `taskflow.runs`, `taskflow.run.duration`, `taskflow.atom.moves`,
 *   `taskflow.atom.duration`, `taskflow.retries`, `taskflow.reverts`; of checkpoints, by
 *   {@link observed}.
 *
 * A tracer or meter that throws is reported once, as a process warning, and harms no run.
 *
 * @example
 * using _telemetry = new TelemetryListener(engine)
 * await engine.run()
 */
export class TelemetryListener extends Listener {
  readonly #tracer: Tracer
  readonly #instruments: Instruments
  readonly #clock: Clock
  #run: Begun | undefined
  /** The calls under way, by the name of the atom. */
  readonly #calls = new Map<string, BegunCall>()
  #isReported = false

  constructor(engine: Watched, options: TelemetryOptions = {}) {
    super(engine, { flowStates: [] })
    this.#tracer = options.tracer ?? trace.getTracer(SCOPE)
    this.#instruments = instrumentsOf(options.meter)
    this.#clock = fullClock(options.clock)
  }

  protected override registerMore(registrations: DisposableStack): void {
    const interception = this.engine.interceptors.register({
      beginRun: () => this.#safely(() => this.#beginRun()),
      aroundCall: (call, next) => this.#aroundCall(call, next),
    })
    registrations.use(interception)
  }

  protected override taskMoved(state: TaskState, details: TaskMoved): void {
    this.#safely(() => this.#moved('task', details.taskName, state, details.result))
  }

  protected override retryMoved(state: RetryState, details: RetryMoved): void {
    this.#safely(() => this.#moved('retry', details.retryName, state, details.result))
  }

  #beginRun(): RunEnd {
    const { storage } = this.engine
    const earlier = readTraceParent(storage.flowMeta)
    const attributes = { 'taskflow.flow.name': storage.flowName }
    const links: Link[] = earlier === undefined ? [] : [{ context: earlier }]
    const run = this.#begin(
      `flow ${storage.flowName}`,
      attributes,
      {
        'taskflow.flow.uuid': storage.flowUuid,
        'taskflow.flow.resumed': storage.getFlowState() !== 'PENDING',
      },
      context.active(),
      links,
    )
    this.#run = run
    const own = traceParentOf(run.span.spanContext(), storage.flowMeta)
    if (own !== undefined) storage.updateFlowMetadata(own)
    return (error) => void this.#safely(() => this.#endRun(run, error))
  }

  #endRun(run: Begun, error: unknown): void {
    const { storage } = this.engine
    for (const call of this.#calls.values()) this.#endCall(call, storage.getAtomState(call.atom))
    this.#run = undefined
    const failure = error === undefined ? undefined : Failure.from(error)
    const elapsedMs = this.#clock.elapsedMs()
    const outcome = { 'taskflow.flow.state': storage.getFlowState() }
    const attributes = this.#end(run, elapsedMs, failure, outcome)
    const seconds = (elapsedMs - run.startedMs) / 1000
    this.#instruments.runs.add(1, attributes, run.inside)
    this.#instruments.runDuration.record(seconds, attributes, run.inside)
  }

  #aroundCall(call: AtomCall, next: () => unknown): unknown {
    const begun = this.#safely(() => this.#beginCall(call))
    if (begun === undefined) return next()
    let result: unknown
    try {
      result = context.with(begun.inside, next)
    } catch (error) {
      this.#settle(begun, Failure.from(error))
      throw error
    }
    const pending = awaitable(result)
    if (pending !== undefined) return this.#settleLate(begun, pending)
    this.#settle(begun)
    return result
  }

  async #settleLate(begun: BegunCall, pending: Promise<unknown>): Promise<unknown> {
    let failure: Failure | undefined
    try {
      return await pending
    } catch (error) {
      failure = Failure.from(error)
      throw error
    } finally {
      this.#settle(begun, failure)
    }
  }

  #beginCall({ atom, direction, context: atomContext }: AtomCall): BegunCall {
    const { storage } = this.engine
    const { name, kind } = atom
    const attributes = {
      'taskflow.flow.name': storage.flowName,
      'taskflow.atom.name': name,
      'taskflow.atom.kind': kind,
      'taskflow.atom.direction': direction,
    }
    const more = {
      'taskflow.flow.uuid': storage.flowUuid,
      'taskflow.atom.uuid': storage.getAtomUuid(name),
      'taskflow.atom.attempt': atomContext.attempt,
    }
    const active = context.active()
    const parent = this.#run === undefined ? active : trace.setSpan(active, this.#run.span)
    const title = direction === 'execute' ? `${kind} ${name}` : `${kind} ${name} revert`
    const begun = this.#begin(title, attributes, more, parent, [])
    const call: BegunCall = { ...begun, atom: name, settled: undefined }
    this.#calls.set(name, call)
    return call
  }

  /** The code of the atom has come to its end; what the engine makes of it is not known yet. */
  #settle(call: BegunCall, failure?: Failure): void {
    call.settled = { elapsedMs: this.#clock.elapsedMs(), failure }
  }

  #moved(kind: 'task' | 'retry', name: string, state: AtomState, result: unknown): void {
    const attributes = {
      'taskflow.flow.name': this.engine.storage.flowName,
      'taskflow.atom.kind': kind,
    }
    const { moves, retries, reverts } = this.#instruments
    moves.add(1, { ...attributes, 'taskflow.atom.state': state })
    if (state === 'REVERTING') reverts.add(1, attributes)
    if (state === 'RETRYING') {
      retries.add(1, attributes)
      this.#run?.span.addEvent('retrying', { 'taskflow.atom.name': name }, this.#clock.now())
    }
    const call = this.#calls.get(name)
    if (call === undefined || !OUTCOMES.has(state)) return
    const isFailed = state === 'FAILURE' || state === 'REVERT_FAILURE'
    this.#endCall(call, state, isFailed && isFailure(result) ? result : undefined)
  }

  #endCall(call: BegunCall, state: AtomState, told?: Failure): void {
    this.#calls.delete(call.atom)
    const { elapsedMs, failure } = call.settled ?? {
      elapsedMs: this.#clock.elapsedMs(),
      failure: undefined,
    }
    const attributes = this.#end(call, elapsedMs, told ?? failure, { 'taskflow.atom.state': state })
    const seconds = (elapsedMs - call.startedMs) / 1000
    this.#instruments.atomDuration.record(seconds, attributes, call.inside)
  }

  /** @param more what only the span says of it, since its values are too many for metrics */
  #begin(
    name: string,
    attributes: Attributes,
    more: Attributes,
    parent: Context,
    links: Link[],
  ): Begun {
    const startTime = this.#clock.now()
    const options = { startTime, attributes: { ...attributes, ...more }, links }
    const span = this.#tracer.startSpan(name, options, parent)
    const startedMs = this.#clock.elapsedMs()
    const inside = trace.setSpan(parent, span)
    return { span, inside, attributes, startedAtMs: startTime.getTime(), startedMs }
  }

  /** Ends a span, and gives what metrics say of it. */
  #end(
    { span, attributes, startedAtMs, startedMs }: Begun,
    elapsedMs: number,
    failure: Failure | undefined,
    outcome: Attributes,
  ): Attributes {
    const endedAtMs = startedAtMs + elapsedMs - startedMs
    const ending: Attributes = { ...outcome }
    if (failure !== undefined) {
      const exception = exceptionOf(failure)
      ending['error.type'] = exception.name
      span.recordException(exception, endedAtMs)
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
    }
    span.setAttributes(ending)
    span.end(endedAtMs)
    return { ...attributes, ...ending }
  }

  #safely<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (this.#isReported) return undefined
      this.#isReported = true
      process.emitWarning(
        `telemetry of flow '${this.engine.storage.flowName}' failed and was passed over (reported once): ${inspectThrown(error)}`,
        'TaskflowListenerWarning',
      )
      return undefined
    }
  }
}

function exceptionOf(failure: Failure): { name: string; message: string; stack: string } {
  const describe = ({ typeNames, message, traceback }: Failure): string =>
    `${typeNames[0] ?? 'Error'}: ${message}${traceback === '' ? '' : `\n${traceback}`}`
  const stack = [failure, ...failure.causes].map(describe).join('\ncaused by: ')
  return { name: failure.typeNames[0] ?? 'Error', message: failure.message, stack }
}
