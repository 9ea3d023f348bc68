import { createHook } from 'node:async_hooks'
import { expect, test } from 'vitest'
import {
  type EngineOptions,
  type Flow,
  graph,
  linear,
  load,
  type Task,
  task,
  unordered,
} from '../../src/index.ts'

type AnyFlow = Flow<object, object>

function tasks(count: number, inputsOf: (i: number) => readonly number[]): Task<never, object>[] {
  return Array.from(
    { length: count },
    (_, i) =>
      task(`t${i}`, {
        requires: inputsOf(i).map((from) => `x${from}`),
        provides: `x${i}`,
        execute: async () => i,
      }) as Task<never, object>,
  )
}

/** Three tasks of the layer before, in layers of ten. */
function threeBefore(i: number): readonly number[] {
  const start = i - (i % 10) - 10
  return start < 0 ? [] : [0, 1, 2].map((k) => start + ((i + k) % 10))
}

const PARALLEL = { engine: 'parallel', maxWorkers: Number.POSITIVE_INFINITY } as const

/**
 * How many promises a task may cost; each is memory to be collected and a turn of the microtask
 * queue. What an engine awaits once in a tick hardly counts where many tasks share it. Whoever
 * makes it fewer writes the smaller number here.
 */
const SHAPES: readonly {
  readonly shape: string
  readonly make: (count: number) => AnyFlow
  readonly options: EngineOptions
  readonly promises: number
}[] = [
  {
    shape: 'linear',
    make: (count) => linear('f').add(...tasks(count, (i) => (i === 0 ? [] : [i - 1]))) as AnyFlow,
    options: {},
    promises: 6,
  },
  {
    shape: 'wide',
    make: (count) => unordered('f').add(...tasks(count, () => [])) as AnyFlow,
    options: PARALLEL,
    promises: 2,
  },
  {
    shape: 'layered',
    make: (count) => graph('f').add(...tasks(count, threeBefore)) as AnyFlow,
    options: PARALLEL,
    promises: 3,
  },
]

async function promisesMade(flow: AnyFlow, options: EngineOptions): Promise<number> {
  const engine = load(flow, options)
  engine.compile()
  await engine.prepare()
  engine.validate()
  let count = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') count += 1
    },
  })
  hook.enable()
  await engine.run()
  hook.disable()
  return count
}

test.each(SHAPES)('a task costs $promises promises at most: $shape', async (one) => {
  const { make, options, promises } = one
  const few = await promisesMade(make(200), options)
  const many = await promisesMade(make(400), options)
  // A pause of a long run makes a few more.
  const each = Math.round((many - few) / 200)
  expect(each).toBeGreaterThan(1)
  expect(each).toBeLessThanOrEqual(promises)
})
