/**
 * The flows of taskflow-ts that do the work, for all of its backends.
 *
 * @module
 */
import { type Flow, graph, linear, type Task, task, times, unordered } from '../../src/index.ts'
import { inputsOf, mix, sum } from '../work.ts'

/** A flow put together in a loop; its wiring is checked when it runs. */
export type LooseFlow = Flow<object, Record<string, unknown>>

type Inputs = Readonly<Record<string, number>>

/** The name of the i-th result. */
export const symbolOf = (i: number): string => `x${i}`

/** Each task takes what the one before it gives, and gives one more. */
export function linearFlow(size: number): LooseFlow {
  return loose(linear('linear').add(...Array.from({ length: size }, (_, i) => nextTask(i))))
}

/** The same, told when the i-th task starts. */
export function watchedFlow(size: number, started: (i: number) => void): LooseFlow {
  return loose(
    linear('linear').add(...Array.from({ length: size }, (_, i) => nextTask(i, started))),
  )
}

function nextTask(i: number, started?: (i: number) => void): Task<never, object> {
  const input = symbolOf(i - 1)
  return task(`t${i}`, {
    requires: i === 0 ? [] : [input],
    provides: symbolOf(i),
    async execute(inputs: Inputs) {
      started?.(i)
      return i === 0 ? 1 : (inputs[input] as number) + 1
    },
  }) as Task<never, object>
}

/** Tasks that need nothing, and one that needs all of them. */
export function wideFlow(size: number): LooseFlow {
  const names = Array.from({ length: size }, (_, i) => symbolOf(i))
  const tasks = names.map(
    (name, i) =>
      task(`t${i}`, { requires: [], provides: name, execute: async () => i }) as Task<
        never,
        object
      >,
  )
  const join = task('join', {
    requires: names,
    provides: 'total',
    execute: async (inputs: Inputs) => sum(Object.values(inputs)),
  }) as Task<never, object>
  return loose(linear('all').add(unordered('wide').add(...tasks), join))
}

/** Layers of tasks, each of which needs three of the layer before. */
export function layeredFlow(size: number): LooseFlow {
  const tasks = Array.from({ length: size }, (_, i) => {
    const [a, b, c] = inputsOf(i, size).map(symbolOf)
    return task(`t${i}`, {
      requires: a === undefined ? [] : ([a, b, c] as string[]),
      provides: symbolOf(i),
      async execute(inputs: Inputs) {
        if (a === undefined) return i
        return mix(
          inputs[a] as number,
          inputs[b as string] as number,
          inputs[c as string] as number,
        )
      },
    }) as Task<never, object>
  })
  return loose(graph('layered').add(...tasks))
}

/** What the tasks of {@link revertFlow} have taken and not given back. */
export interface Held {
  count: number
  most: number
}

/** Tasks that take something and give it back, and one that fails. */
export function revertFlow(size: number, held: Held): LooseFlow {
  const tasks = Array.from({ length: size }, (_, i) =>
    task(`t${i}`, {
      requires: [],
      async execute() {
        held.count += 1
        held.most = Math.max(held.most, held.count)
      },
      async revert() {
        held.count -= 1
      },
    }),
  )
  const full = task('full', {
    requires: [],
    async execute() {
      throw new RangeError('full')
    },
  })
  return loose(linear('revert').add(...tasks, full))
}

/** One task that succeeds at its last attempt; `attempts` counts them. */
export function retryFlow(size: number, attempts: { count: number }): LooseFlow {
  const flaky = task('flaky', {
    requires: [],
    provides: 'attempts',
    async execute() {
      attempts.count += 1
      if (attempts.count < size) throw new Error('not yet')
      return attempts.count
    },
  })
  return loose(linear('retry', { retry: times(size) }).add(flaky))
}

function loose(flow: object): LooseFlow {
  return flow as LooseFlow
}
