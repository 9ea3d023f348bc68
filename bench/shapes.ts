/**
 * The flows that are measured: linear, wide, layered.
 *
 * @module
 */
import { type Flow, graph, linear, type Task, task, unordered } from '../src/index.ts'

/** A shape by name. */
export type Shape = 'linear' | 'wide' | 'layered'

/** Makes a flow of so many tasks that do nothing but resolve. */
export function flowOf(shape: Shape, count: number): Flow<object, object> {
  if (shape === 'layered') return layered(count)
  const flow = shape === 'linear' ? linear(shape) : unordered(shape)
  for (let i = 0; i < count; i += 1) flow.add(idle(i))
  return flow
}

function idle(i: number): Task<object, object> {
  return task(`t${i}`, { async execute() {} })
}

/** Layers of 100 tasks, each of which takes the results of three tasks of the layer before. */
function layered(count: number): Flow<object, object> {
  const width = 100
  const flow = graph('layered')
  const tasks: Task<never, object>[] = []
  for (let i = 0; i < count; i += 1) {
    const before = i - width
    const column = i % width
    const start = before - column
    const inputs = before < 0 ? [] : [0, 1, 2].map((k) => `x${start + ((column + k) % width)}`)
    tasks.push(
      task(`t${i}`, {
        requires: inputs,
        provides: `x${i}`,
        async execute(_inputs: object) {
          return i
        },
      }),
    )
  }
  for (const one of tasks) flow.add(one)
  return flow
}
