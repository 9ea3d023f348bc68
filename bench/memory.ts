/**
 * Flows in memory, against a loop that awaits the same functions.
 *
 * @module
 */
import { load } from '../src/index.ts'
import type { Competitor } from './measure.ts'
import { flowOf, type Shape } from './shapes.ts'

/** The competitors for one number of tasks. */
export function inMemory(count: number): readonly Competitor[] {
  return [
    awaitLoop(count),
    engine('linear', count, 'serial'),
    engine('wide', count, 'parallel'),
    engine('layered', count, 'parallel'),
  ]
}

function awaitLoop(count: number): Competitor {
  return {
    name: 'a loop that awaits functions',
    async run() {
      const functions = Array.from({ length: count }, () => async () => {})
      const start = performance.now()
      for (const one of functions) await one()
      return ((performance.now() - start) * 1000) / count
    },
  }
}

function engine(shape: Shape, count: number, kind: 'serial' | 'parallel'): Competitor {
  return {
    name: `${shape}, ${kind}`,
    async run() {
      const engine = load(flowOf(shape, count), { engine: kind })
      engine.compile()
      await engine.prepare()
      engine.validate()
      const start = performance.now()
      await engine.run()
      const us = ((performance.now() - start) * 1000) / count
      if (engine.storage.getFlowState() !== 'SUCCESS') throw new Error(`${shape} did not succeed`)
      return us
    },
  }
}
