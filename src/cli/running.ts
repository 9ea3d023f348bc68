/**
 * Runs an engine while somebody watches, lets them stop it, and says what came of it.
 *
 * @module
 */
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import { oneLine } from '../base/printable.ts'
import type { SecretKeys } from '../base/secrets.ts'
import type { Engine } from '../engine/engine.ts'
import { durationInWords, failureInWords } from '../inspection/words.ts'
import { type FlowState, isFlowFinished } from '../states/flow.ts'
import type { Context } from './context.ts'
import { EXIT, type ExitCode } from './exits.ts'
import { type ProgressView, viewOf } from './progress/views.ts'
import { plainFailure, plainJson, show } from './values.ts'

/** How an engine is run. */
export interface RunningOptions {
  /** The command that goes on with the run; undefined when nothing is stored. */
  readonly resume: string | undefined
  /** What the engine does; running it, when left out. */
  readonly action?: (engine: Engine, signal: AbortSignal) => Promise<void>
  /** The states in which it has done what was asked. */
  readonly good?: readonly FlowState[]
}

const RESULT_LENGTH = 200

/**
 * Runs an engine to its end, a suspension, or an interruption.
 *
 * The first interrupt suspends it; the second one cancels it, so that what it did is reverted,
 * unless it has passed a point of no return; the third one ends the process. A stored run is
 * resumable after the first and the third.
 *
 * @returns the exit code
 * @throws what kept the flow from getting to an end.
 */
export async function runWatched(
  engine: Engine,
  context: Context,
  { resume, action = runIt, good = ['SUCCESS'] }: RunningOptions,
): Promise<ExitCode> {
  const clock = SYSTEM_CLOCK
  const maskedKeys = await context.maskedKeys()
  const beganMs = clock.elapsedMs()
  let error: unknown
  let refused: unknown
  let entered: FlowState | undefined
  {
    // An error belongs to the flow when the flow came to an end in this run.
    using _states = engine.notifier.register('*', (state) => {
      entered = state
    })
    using view = viewOf({ engine, context, clock, maskedKeys })
    const cancel = action === runIt ? (): void => cancelRun(engine) : undefined
    using interrupts = new Interrupts(context, view, { resume, cancel })
    try {
      await action(engine, interrupts.signal)
      if (interrupts.isCancelled && entered === 'SUSPENDED') {
        await engine.revert().catch((thrown: unknown) => {
          if (engine.storage.getFlowState() !== 'SUSPENDED') throw thrown
          refused = thrown
        })
      }
    } catch (thrown) {
      error = thrown
    }
    view.end()
  }
  if (refused !== undefined) {
    context.remark(`It cannot be cancelled: ${failureInWords(Failure.from(refused))}`)
  }
  const state = engine.storage.getFlowState()
  const hasEnded = entered === state && isFlowFinished(state)
  if (error !== undefined && !hasEnded) throw error
  sayEnd(engine, context, { maskedKeys, resume, tookMs: clock.elapsedMs() - beganMs, good, error })
  if (good.includes(state)) return EXIT.ok
  return state === 'SUSPENDED' ? EXIT.suspended : EXIT.failed
}

/** What becomes of a run when somebody wants it to stop, once, twice, or a third time. */
class Interrupts implements Disposable {
  isCancelled = false
  readonly #stop = new AbortController()
  readonly #context: Context
  readonly #view: ProgressView
  readonly #resume: string | undefined
  readonly #cancel: (() => void) | undefined
  readonly #registration: Disposable

  constructor(
    context: Context,
    view: ProgressView,
    options: { readonly resume: string | undefined; readonly cancel: (() => void) | undefined },
  ) {
    this.#context = context
    this.#view = view
    this.#resume = options.resume
    this.#cancel = options.cancel
    this.#registration = context.terminal.onInterrupt(() => this.#next())
  }

  /** Aborted by the first one. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  [Symbol.dispose](): void {
    this.#registration[Symbol.dispose]()
  }

  #next(): void {
    const { terminal } = this.#context
    if (!this.signal.aborted) {
      this.#stop.abort()
      const next = this.#cancel ? 'cancels: what was done is reverted' : 'stops at once'
      this.#view.note(`Suspending: what is under way is finished first. Ctrl-C again ${next}.`)
    } else if (this.#cancel !== undefined && !this.isCancelled) {
      this.isCancelled = true
      this.#view.note(
        'Cancelling: what is under way is told to stop, then all is reverted. Ctrl-C again stops at once.',
      )
      this.#cancel()
    } else {
      this.#view.end()
      this.#context.remark(
        this.#resume === undefined
          ? 'Stopped at once. Nothing was stored, so it cannot be resumed.'
          : `Stopped at once. What was under way is run again by: ${this.#resume}`,
      )
      terminal.exit(EXIT.interrupted)
    }
  }
}

/** One that has passed a point of no return is left to its suspension, so that it can go on. */
function cancelRun(engine: Engine): void {
  const { atoms = [] } = engine.compilation ?? {}
  const hasPassed = atoms.some(({ atom, name }) => {
    const state = engine.storage.getAtomState(name)
    return (
      atom?.kind === 'task' && atom.irreversible && (state === 'RUNNING' || state === 'SUCCESS')
    )
  })
  if (hasPassed) return
  engine.cancel('it was interrupted').catch(() => {}) // it has just ended
}

function runIt(engine: Engine, signal: AbortSignal): Promise<void> {
  return engine.run({ signal })
}

interface End {
  readonly maskedKeys: SecretKeys
  readonly resume: string | undefined
  readonly tookMs: number
  readonly good: readonly FlowState[]
  readonly error: unknown
}

function sayEnd(engine: Engine, context: Context, end: End): void {
  const { storage } = engine
  const state = storage.getFlowState()
  const failures = { ...storage.getFailures(), ...storage.getRevertFailures() }
  const resume = state === 'SUSPENDED' ? end.resume : undefined
  if (context.isJson) {
    const event = {
      event: 'end',
      at: context.terminal.now().toISOString(),
      run: storage.flowUuid,
      name: engine.flow.name,
      state,
      tookMs: Math.round(end.tookMs),
      ...(state === 'SUCCESS' && { results: plainJson(storage.fetchAll(), end.maskedKeys) }),
      ...failuresInJson(failures, end.error, context),
      ...(resume !== undefined && { resume }),
    }
    context.tell(event)
    return
  }
  const { paint } = context
  const took = `in ${durationInWords(end.tookMs)}`
  context.say(
    `${paint.in('bold', oneLine(engine.flow.name))} ${paint.state(state)} ${took}  ${paint.in('dim', storage.flowUuid)}`,
  )
  if (state === 'SUCCESS') sayResults(storage.fetchAll(), context, end.maskedKeys)
  if (!end.good.includes(state)) sayFailures(failures, end.error, context)
  if (state !== 'SUSPENDED') return
  context.say(
    resume === undefined
      ? 'Nothing was stored, so it cannot be resumed.'
      : `Resume it with: ${resume}`,
  )
}

function sayResults(
  results: Readonly<Record<string, unknown>>,
  context: Context,
  maskedKeys: SecretKeys,
): void {
  for (const [symbol, value] of Object.entries(results)) {
    const shown = maskedKeys.has(symbol) ? '***' : show(value, maskedKeys, RESULT_LENGTH)
    context.say(`  ${oneLine(symbol)} = ${oneLine(shown)}`)
  }
}

function sayFailures(
  failures: Readonly<Record<string, Failure>>,
  error: unknown,
  context: Context,
): void {
  const isVerbose = context.options.verbose === true
  for (const [atom, failure] of Object.entries(failures)) {
    context.remark(`${oneLine(atom)}: ${oneLine(failureInWords(failure))}`)
    if (isVerbose && failure.traceback !== '') context.remarkText(failure.traceback)
  }
  if (Object.keys(failures).length > 0 || error === undefined) return
  const failure = Failure.from(error)
  context.remark(oneLine(failureInWords(failure)))
  if (isVerbose) context.remarkText(failure.traceback)
}

function failuresInJson(
  failures: Readonly<Record<string, Failure>>,
  error: unknown,
  { options }: Context,
): object {
  const isVerbose = options.verbose === true
  const entries = Object.entries(failures)
  if (entries.length === 0 && error === undefined) return {}
  if (entries.length === 0) return { failure: plainFailure(Failure.from(error), isVerbose) }
  return {
    failures: Object.fromEntries(
      entries.map(([atom, failure]) => [atom, plainFailure(failure, isVerbose)]),
    ),
  }
}
