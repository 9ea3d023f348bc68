/**
 * Runs a flow for a test: with stubs and forced failures, and without throwing what atoms throw.
 *
 * @module
 */
import { type Checks, isObject, kindOf, LIST, readOptions, split } from '../base/checks.ts'
import type { Failure } from '../base/failure.ts'
import { LOAD_CHECKS, RUN_CHECKS } from '../engine/behaviour.ts'
import type { Engine } from '../engine/engine.ts'
import { withExecutor } from '../engine/engine-kinds.ts'
import { type AnyStore, type LoadArguments, type LoadOptions, load } from '../engine/load.ts'
import type { RunOptions } from '../engine/options.ts'
import type { FlowItem } from '../flows/flow.ts'
import type { ResultsOf } from '../flows/wiring.ts'
import type { FlowState } from '../states/flow.ts'
import { type ForcedFailure, failing } from './forced-failures.ts'
import { intercepted } from './interception.ts'
import { type Stubs, stubbing, stubList } from './stubs.ts'
import { type HasTransitions, transitionsOf } from './transitions.ts'

/** How {@link runFlow} runs a flow, beside the options of {@link load}. */
export interface RunFlowOptions<F> extends LoadOptions, RunOptions {
  /** What stands in for tasks. */
  readonly stubs?: Stubs<F> | undefined
  /** Which atoms fail, and when; made with {@link failAt}. */
  readonly failures?: readonly ForcedFailure[] | undefined
}

type AllOptions = RunFlowOptions<never> & AnyStore

const CHECKS: Checks<AllOptions> = {
  ...LOAD_CHECKS,
  ...RUN_CHECKS,
  stubs: kindOf('stubs by name, or a list of them', isObject),
  failures: LIST,
}

/** What became of a run. */
export interface FlowRun<Results extends object> extends HasTransitions {
  /** Where the flow is: SUCCESS, REVERTED, FAILURE or SUSPENDED. */
  readonly state: FlowState
  /** Everything that has a value, by symbol. */
  readonly results: Partial<Results>
  /** Why execute failed, by atom. */
  readonly failures: Readonly<Record<string, Failure>>
  /** Why revert failed, by atom. */
  readonly revertFailures: Readonly<Record<string, Failure>>
  /** What `run` of the engine rejected with; undefined when it resolved. */
  readonly error: unknown
  /** Forced failures that did not happen, because their atom was not called like that. */
  readonly unmet: readonly ForcedFailure[]
  /** The engine, for whatever else a test wants to know, or to run it again. */
  readonly engine: Engine<Results>
}

const ENDED: readonly FlowState[] = ['SUCCESS', 'REVERTED', 'FAILURE', 'SUSPENDED']

/**
 * Runs a flow to its end and tells what became of it. What atoms throw is found in the answer.
 *
 * @throws RangeError for a stub or a forced failure of an atom that the flow has not; TypeError for a
 * stub that is no function or returned what its task could not; what {@link Engine.run} throws before
 * anything starts, or because it could not write.
 *
 * @example
 * const run = await runFlow(createVolume, {
 *   store: { size: 10 },
 *   stubs: { 'reserve-quota': () => ({ id: 1 }) },
 *   failures: [failAt('create-entry')],
 * })
 * assert.equal(run.state, 'REVERTED')
 */
export async function runFlow<F extends FlowItem>(
  flow: F,
  ...args: LoadArguments<F, RunFlowOptions<F>>
): Promise<FlowRun<ResultsOf<F>>> {
  const [ofRun, { stubs, failures = [], ...options }] = split<RunOptions, AllOptions>(
    readOptions('runFlow()', args[0], CHECKS),
    RUN_CHECKS,
  )
  const list = stubList(stubs as Stubs<never> | undefined)
  const happened = new Set<ForcedFailure>()
  const misuses: TypeError[] = []
  const instead = withExecutor(options, (executor) =>
    intercepted(executor, [failing(failures, happened), stubbing(list, misuses)]),
  )
  const engine = load(flow, ...([instead] as unknown as LoadArguments<F>))
  refuseUnknown(
    engine,
    list.map(({ atom }) => atom),
    'stub',
  )
  refuseUnknown(
    engine,
    failures.map(({ atom }) => atom),
    'make fail',
  )
  using recorder = transitionsOf(engine)
  const error = await engine.run(ofRun).then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  )
  const { storage } = engine
  const state = storage.getFlowState()
  if (misuses[0] !== undefined) throw misuses[0]
  if (error !== undefined && !ENDED.includes(state)) throw error.thrown
  return {
    state,
    results: storage.fetchAll(),
    failures: storage.getFailures(),
    revertFailures: storage.getRevertFailures(),
    error: error?.thrown,
    transitions: [...recorder.transitions],
    unmet: failures.filter((one) => !happened.has(one)),
    engine,
  }
}

function refuseUnknown(engine: Engine<object>, atoms: readonly string[], what: string): void {
  engine.compile()
  const known = engine.compilation?.byName ?? new Map<string, unknown>()
  for (const atom of atoms) {
    if (known.has(atom)) continue
    throw new RangeError(
      `flow '${engine.flow.name}' has no atom '${atom}' to ${what}: it has ${[...known.keys()].map((name) => `'${name}'`).join(', ')}`,
    )
  }
}
