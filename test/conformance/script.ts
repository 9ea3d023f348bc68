/**
 * The scripted methods of a case: they count, note what they were called with, and do as written.
 *
 * For the flow builder, which puts them into tasks and retries.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { Failure, History } from '../../src/index.ts'
import type { Behaviour, CaseDecider } from './case.ts'
import { decide, evaluate } from './expressions.ts'
import { errorOf, observeFailure, observeValue } from './faults.ts'
import type { Json, JsonObject } from './json.ts'
import { Process } from './process.ts'
import type { Recording } from './recording.ts'

/** Everything that an atom is called with. */
export type Inputs = Readonly<Record<string, unknown>>

/** How long scripted methods take. */
export type Pace =
  /** They return at once. */
  | 'synchronous'
  /** They return promises; those called together finish soon, but rarely in the order of calls. */
  | 'prompt'
  /**
   * They return promises that take several turns of the event loop. On a serial engine that makes
   * no difference; on a parallel one, some cases were recorded with methods that are prompt.
   */
  | 'slow'

/** How many turns calls take, one after the other. */
const TURNS: readonly number[] = [3, 0, 2, 5, 1]

const RESERVED: readonly string[] = ['result', 'flowFailures', 'history']

/** The scripted methods of one process. */
export class Script {
  readonly #process: Process
  readonly #recording: Recording
  readonly #pace: Pace
  #callCount = 0

  constructor(process: Process, recording: Recording, pace: Pace) {
    this.#process = process
    this.#recording = recording
    this.#pace = pace
  }

  /** Execute or revert of a task. */
  task(name: string, m: 'execute' | 'revert', behaviour: Behaviour, inputs: Inputs): unknown {
    if (this.#process.isDead) return Process.never()
    const args = argumentsOf(inputs)
    const attempt = this.#recording.attempted(name, m)
    if (m === 'execute') {
      this.#recording.called(name, { m, args })
      return this.#perform(behaviour, { args, attempt })
    }
    const result = observeValue(inputs['result'])
    this.#recording.called(name, { m, args, result }, failuresIn(inputs))
    return this.#perform(behaviour, { args, attempt, result })
  }

  /** Execute or revert of a retry. */
  retry(
    name: string,
    m: 'execute' | 'revert',
    inputs: Inputs,
    perform: Behaviour | (() => unknown),
  ): unknown {
    if (this.#process.isDead) return Process.never()
    const args = argumentsOf(inputs)
    const attempt = this.#recording.attempted(name, m)
    const call = { m, args, history: historyIn(inputs) }
    this.#recording.called(name, call, m === 'revert' ? failuresIn(inputs) : undefined)
    if (typeof perform === 'function') return this.#finish(perform)
    return this.#perform(perform, { args, attempt })
  }

  /** The decision of a retry. */
  decision<D extends string>(name: string, inputs: Inputs, take: () => D): D | Promise<D> {
    if (this.#process.isDead) return Process.never()
    const call = { m: 'onFailure', args: argumentsOf(inputs), history: historyIn(inputs) } as const
    try {
      const decision = take()
      this.#recording.called(name, { ...call, decision })
      return decision
    } catch (error) {
      this.#recording.called(name, { ...call, decision: null })
      throw error
    }
  }

  /** The answer of a decider. */
  decider(decider: CaseDecider, history: Inputs): unknown {
    if (this.#process.isDead) return Process.never()
    return this.#finish(() => decide(decider, observeValue(history) as JsonObject))
  }

  #perform(
    { returns, fails = [] }: Behaviour,
    setting: { readonly args: JsonObject; readonly attempt: number; readonly result?: Json },
  ): unknown {
    return this.#finish(() => {
      const rule = fails.find(
        ({ attempts }) => attempts === 'all' || attempts.includes(setting.attempt),
      )
      if (rule !== undefined) throw errorOf(rule)
      return returns === undefined ? null : evaluate(returns, setting)
    })
  }

  #finish(outcome: () => unknown): unknown {
    return this.#pace === 'synchronous' ? outcome() : this.#finishLater(outcome)
  }

  async #finishLater(outcome: () => unknown): Promise<unknown> {
    this.#callCount += 1
    for (let turns = TURNS[this.#callCount % TURNS.length] ?? 0; turns > 0; turns -= 1) {
      await (this.#pace === 'slow' ? setImmediate() : undefined)
    }
    return this.#process.isDead ? Process.never() : outcome()
  }
}

function argumentsOf(inputs: Inputs): JsonObject {
  const entries = Object.entries(inputs).filter(([name]) => !RESERVED.includes(name))
  return observeValue(Object.fromEntries(entries)) as JsonObject
}

function failuresIn({ flowFailures }: Inputs): readonly string[] {
  return Object.keys(flowFailures as Readonly<Record<string, Failure>>).sort()
}

function historyIn({ history }: Inputs): Json {
  return observeAttempts(history as History)
}

/** The attempts of a retry, as cases write them. */
export function observeAttempts(
  attempts: Iterable<History extends Iterable<infer A> ? A : never>,
): Json {
  return [...attempts].map(([value, failures]) => [
    observeValue(value),
    Object.fromEntries(
      Object.entries(failures).map(([atom, failure]) => [
        atom,
        observeFailure(failure) as unknown as Json,
      ]),
    ),
  ])
}
