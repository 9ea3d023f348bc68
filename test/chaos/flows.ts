/**
 * The flows of the chaos tests: tasks that note what they do, in several shapes.
 *
 * A flow is made again from its name alone, in any process: the name says the shape, and what fails
 * in it fails in every process.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import {
  defineFlow,
  type Engine,
  type FlowDefinition,
  type FlowItem,
  graph,
  linear,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import type { EffectLog } from './effects.ts'

/** What a task does to the world: gives what it returns. */
type Step = (name: string, fails?: (attempt: number) => boolean) => FlowItem

/** A shape, and what must come of it. */
export interface Shape {
  readonly ends: 'SUCCESS' | 'REVERTED'
  /** What comes before what. */
  readonly links: readonly (readonly [before: string, after: string])[]
  readonly make: (name: string, step: Step) => FlowItem
}

const CHAIN = ['ab', 'bc', 'cd'].map((link) => [link[0], link[1]] as [string, string])
const DIAMOND = ['ab', 'ac', 'ad', 'be', 'ce', 'de'].map(
  (link) => [link[0], link[1]] as [string, string],
)

function diamond(name: string, step: Step, fails?: () => boolean): FlowItem {
  const [a, b, c, d, e] = [step('a'), step('b'), step('c'), step('d'), step('e', fails)]
  const flow = graph(name).add(...([a, b, c, d, e] as never[]))
  for (const middle of [b, c, d]) flow.link(a, middle).link(middle, e)
  return flow
}

/** The shapes by name. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  linear: {
    ends: 'SUCCESS',
    links: CHAIN,
    make: (name, step) => chain(name, [step('a'), step('b'), step('c'), step('d')]),
  },
  diamond: { ends: 'SUCCESS', links: DIAMOND, make: diamond },
  unordered: {
    ends: 'SUCCESS',
    links: [],
    make: (name, step) => {
      return unordered(name).add(...([step('a'), step('b'), step('c'), step('d')] as never[]))
    },
  },
  retried: {
    ends: 'SUCCESS',
    links: CHAIN,
    make: (name, step) => {
      const inner = linear('inner', { retry: times(3) })
      inner.add(...([step('b'), step('c', (attempt) => attempt < 3)] as never[]))
      return chain(name, [step('a'), inner, step('d')])
    },
  },
  reverting: {
    ends: 'REVERTED',
    links: CHAIN,
    make: (name, step) => chain(name, [step('a'), step('b'), step('c'), step('d', () => true)]),
  },
  'reverting diamond': {
    ends: 'REVERTED',
    links: DIAMOND,
    make: (name, step) => diamond(name, step, () => true),
  },
  exhausted: {
    ends: 'REVERTED',
    links: CHAIN.slice(0, 2),
    make: (name, step) => {
      const inner = linear('inner', { retry: times(2, { revertAll: true }) })
      inner.add(...([step('b'), step('c', () => true)] as never[]))
      return chain(name, [step('a'), inner])
    },
  },
}

function chain(name: string, items: readonly FlowItem[]): FlowItem {
  return linear(name).add(...(items as never[]))
}

/** Who runs a flow in this process, by the name of the flow. */
export type Engines = ReadonlyMap<string, Engine>

/** How the flows of a process note what they do. */
export function chaosFlow(
  log: EffectLog,
  engines: Engines,
  slowMs: number,
): FlowDefinition<[name: string]> {
  return defineFlow('chaos', (name: string) => {
    const [shape = ''] = name.split('/')
    const made = SHAPES[shape]
    if (made === undefined) throw new Error(`there is no shape '${shape}'`)
    const act = async (
      atom: string,
      direction: 'execute' | 'revert',
      { attempt, key }: { readonly attempt: number; readonly key: string },
    ): Promise<void> => {
      const detail = engines.get(name)?.storage.flowDetail
      const line = { flow: detail?.uuid ?? '', epoch: detail?.epoch ?? -1, atom, attempt }
      log.note({ ...line, event: 'begin', direction, key }, true)
      await setTimeout(Math.random() * slowMs)
      log.note({ ...line, event: 'end', direction, key }, true)
    }
    return made.make(name, (atom, fails = () => false) =>
      task(atom, {
        provides: atom,
        async execute(_inputs: object, { attempt, idempotencyKey: key }: TaskContext) {
          await act(atom, 'execute', { attempt, key })
          if (fails(attempt)) throw new Error(`${atom} fails on purpose`)
          return key
        },
        requires: [],
        async revert(_inputs: object, { attempt, executeKey: key }: TaskContext) {
          await act(atom, 'revert', { attempt, key })
        },
        revertRequires: [],
      }),
    )
  })
}
