/**
 * A flow of two inserts into a small world, and what is true of it at any end.
 *
 * @module
 */
import { equal } from 'node:assert/strict'
import { linear, type TaskContext, task } from '../../src/index.ts'
import type { End } from '../../src/testing/index.ts'

export class World {
  readonly rows = new Set<string>()
  readonly log: string[] = []
}

/** Idempotent in both directions, as tasks should be. */
export function insert(world: World, name: string) {
  return task(name, {
    requires: [],
    provides: name,
    execute(_: object, { executeKey }: TaskContext) {
      world.rows.add(executeKey)
      return executeKey
    },
    revert(_inputs: object, { executeKey }: TaskContext) {
      world.rows.delete(executeKey)
    },
  })
}

export const two = (world: World) => linear('two').add(insert(world, 'a'), insert(world, 'b'))

export const whole = ({ state, world }: End<World, object>) => {
  if (state === 'SUCCESS') equal(world.rows.size, 2)
  if (state === 'REVERTED') equal(world.rows.size, 0)
}

export const world = () => new World()
