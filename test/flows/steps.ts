/**
 * Children for the flows of the tests, and everything that can be seen of a flow.
 *
 * @module
 */
import { task } from '../../src/atoms/function-task.ts'
import type { Flow, FlowItem } from '../../src/flows/flow.ts'

/** A task with the given inputs and outputs, that does nothing. */
export function step(
  name: string,
  requires: readonly string[] = [],
  provides: readonly string[] = [],
): FlowItem {
  return task(name, { requires, provides, execute: (inputs: object) => inputs })
}

/** The names of the children, in their order. */
export function namesOf(flow: Flow<never, object>): readonly string[] {
  return Array.from(flow, ({ name }) => name)
}

/** The links as `from>to`, in their order. */
export function linksOf(flow: Flow<never, object>): readonly string[] {
  return Array.from(flow.links(), ({ from, to }) => `${from.name}>${to.name}`)
}

/** Everything that can be seen of a flow. */
export function pictureOf(flow: Flow<never, object>): unknown {
  return {
    children: [...flow],
    links: [...flow.links()],
    length: flow.length,
    requires: [...flow.requires],
    provides: [...flow.provides],
  }
}
