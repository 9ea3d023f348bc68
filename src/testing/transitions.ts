/**
 * The moves of a run as lines of text, and an assertion that shows what differs.
 *
 * For tests of users, whatever framework they use.
 *
 * @module
 */
import { AssertionError } from 'node:assert'
import type { FlowMoved, RetryMoved, TaskMoved } from '../engine/events.ts'
import { Listener, type ListenerOptions, type Watched } from '../listeners/listener.ts'
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { diffLines } from './line-diff.ts'

/** Something that has recorded the moves of a run. */
export interface HasTransitions {
  /** Lines such as `create-entry: PENDING → RUNNING`, oldest first. */
  readonly transitions: readonly string[]
}

/** Records the moves of a flow, its tasks and its retries; made by {@link transitionsOf}. */
export class TransitionRecorder extends Listener implements HasTransitions {
  readonly transitions: string[] = []

  /** The lines as one text. */
  override toString(): string {
    return this.transitions.join('\n')
  }

  protected override flowMoved(state: FlowState, { flowName, oldState }: FlowMoved): void {
    this.#record(`${flowName} (flow)`, oldState, state)
  }

  protected override taskMoved(state: AtomState, { taskName, oldState }: TaskMoved): void {
    this.#record(taskName, oldState, state)
  }

  protected override retryMoved(state: AtomState, { retryName, oldState }: RetryMoved): void {
    this.#record(retryName, oldState, state)
  }

  #record(name: string, from: string, to: string): void {
    this.transitions.push(`${name}: ${from} → ${to}`)
  }
}

/**
 * Records the moves of an engine from now on, until it is disposed of. Each is recorded after it
 * is stored; that of the flow reads `create-volume (flow): RUNNING → SUCCESS`.
 *
 * @throws TypeError for a state that there is not.
 *
 * @example
 * using recorder = transitionsOf(engine, { flowStates: [] })
 * await engine.run()
 * expectTransitions(recorder, `
 *   create-entry: PENDING → RUNNING
 *   create-entry: RUNNING → SUCCESS
 * `)
 */
export function transitionsOf(engine: Watched, options: ListenerOptions = {}): TransitionRecorder {
  return new TransitionRecorder(engine, options)
}

/** Which moves {@link expectTransitions} looks at. */
export interface ExpectTransitionsOptions {
  /**
   * Names of atoms, or `'create-volume (flow)'`; all others are passed over.
   *
   * @defaultValue all
   */
  readonly of?: readonly string[] | undefined
}

/**
 * Makes sure that a run made these moves, in this order, and no others. Indentation and empty lines
 * do not matter, and `->` may be written for `→`.
 *
 * @throws AssertionError of Node, with a diff of the lines: `-` before what was expected and did
 * not happen, `+` before what happened and was not expected.
 */
export function expectTransitions(
  recorded: HasTransitions,
  expected: string,
  { of }: ExpectTransitionsOptions = {},
): void {
  const actual = recorded.transitions.filter(
    (line) => of === undefined || of.includes(line.slice(0, line.lastIndexOf(': '))),
  )
  const wanted = expected
    .split('\n')
    .map((line) => line.trim().replace(/\s*(?:->|→)\s*/, ' → '))
    .filter((line) => line !== '')
  if (wanted.length === actual.length && wanted.every((line, i) => line === actual[i])) return
  throw new AssertionError({
    message: `the transitions are not those expected (- expected, + happened):\n${diffLines(wanted, actual).join('\n')}`,
    actual: actual.join('\n'),
    expected: wanted.join('\n'),
    operator: 'expectTransitions',
    stackStartFn: expectTransitions,
  })
}
