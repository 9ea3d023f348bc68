/**
 * Flows that are run to their end, cut short and resumed by tests: each ends the same way whenever
 * it is made, because its atoms look at nothing but their inputs and the number of their attempt.
 *
 * @module
 */
import {
  alwaysRevert,
  alwaysRevertAll,
  type EngineOptions,
  type FlowItem,
  forEach,
  graph,
  linear,
  retry,
  times,
  unordered,
} from '../../src/index.ts'
import type { Call, Workshop } from './steps.ts'

/** Fails in its first attempts. */
function failsUntil(attempt: number, value: unknown = attempt) {
  return (call: Call): unknown => {
    if (call.attempt < attempt) throw new Error(`${call.name} fails at attempt ${call.attempt}`)
    return value
  }
}

const never = Number.POSITIVE_INFINITY

/** By what the flow is about: makes it of the tasks of a workshop. */
export const SCENARIOS: Readonly<Record<string, (workshop: Workshop) => FlowItem>> = {
  'a linear flow': ({ step }) =>
    linear('f').add(
      step('a', { provides: 'x', does: () => ({ id: 1 }) }),
      step('b', { requires: ['x'], provides: ['y', 'z'], does: () => [1, new Date(0)] }),
      step('c', { requires: ['x', 'y', 'z'] }),
    ),

  'a wide flow with priorities': ({ step }) =>
    unordered('f').add(
      step('a'),
      step('b', { priority: 2 }),
      step('c', { provides: 'x', priority: 1 }),
    ),

  'a graph flow': ({ step }) =>
    graph('f').add(
      step('d', { requires: ['y', 'z'] }),
      step('b', { requires: ['x'], provides: 'y' }),
      step('c', { requires: ['x'], provides: 'z' }),
      step('a', { provides: 'x' }),
    ),

  'a task alone': ({ step }) => step('a', { provides: 'x' }),

  'flows without atoms': () => linear('f').add(unordered('g'), graph('h').add(linear('i'))),

  'a retry that succeeds at the third attempt': ({ step }) =>
    linear('f').add(
      step('before', { provides: 'x' }),
      linear('g', { retry: times(3, { name: 'r', provides: 'n' }) }).add(
        step('a', { requires: ['n', 'x'], provides: 'y', does: ({ inputs }) => inputs['n'] }),
        step('b', { requires: ['y'], does: failsUntil(3) }),
      ),
      step('after', { requires: ['n', 'y'], provides: 'end', does: ({ inputs }) => inputs }),
    ),

  'retries in retries': ({ step }) =>
    linear('f', { retry: times(2, { name: 'outer', provides: 'o' }) }).add(
      step('a', { requires: ['o'] }),
      unordered('g', { retry: times(2, { name: 'inner', provides: 'i' }) }).add(
        step('b', { requires: ['o', 'i'], provides: 'x', does: failsUntil(4) }),
        step('c'),
      ),
      step('d', { requires: ['x'] }),
    ),

  'a retry over values': ({ step }) =>
    linear('f', {
      retry: forEach([{ host: 'a' }, ['b'], new Date(0), 'd'], { name: 'r', provides: 'v' }),
    }).add(
      step('a', { requires: ['v'], provides: 'x', does: failsUntil(4) }),
      step('b', { requires: ['x', 'v'] }),
    ),

  'two retries beside each other, with something after both': ({ step }) =>
    graph('f').add(
      linear('g', { retry: times(3, { name: 'r1' }) }).add(
        step('a', { provides: 'x', does: failsUntil(2) }),
      ),
      linear('h', { retry: times(3, { name: 'r2' }) }).add(
        step('b', { provides: 'y', does: failsUntil(3) }),
      ),
      step('c', { requires: ['x', 'y'], provides: 'z', does: ({ inputs }) => inputs }),
    ),

  'a flow that reverts': ({ step, bad }) =>
    linear('f').add(
      step('a', { provides: 'x', undoes: () => 'a is undone' }),
      unordered('g').add(step('b', { undoes: () => ({ at: new Date(0) }) }), step('c')),
      bad('d', { undoes: ({ inputs }) => Object.keys(inputs['flowFailures'] as object) }),
      step('e'),
    ),

  'a graph flow that reverts': ({ step, bad }) =>
    graph('f').add(
      step('a', { provides: 'x' }),
      step('b', { requires: ['x'], provides: 'y' }),
      step('c', { requires: ['x'], provides: 'z' }),
      bad('d', { requires: ['y', 'z'] }),
      step('e', { requires: ['z'] }),
    ),

  'a retry that gives up': ({ step }) =>
    linear('f').add(
      step('a'),
      linear('g', { retry: times(2, { name: 'r', revertAll: true }) }).add(
        step('b', { undoes: () => 'b is undone' }),
        step('c', { does: failsUntil(never) }),
      ),
      step('d'),
    ),

  'retries of which only the innermost flow is reverted': ({ step, bad }) =>
    linear('f', { retry: alwaysRevert({ name: 'r1' }) }).add(
      step('a'),
      linear('g', { retry: alwaysRevert({ name: 'r2' }) }).add(step('b'), bad('c')),
      step('d'),
    ),

  'a retry that reverts everything': ({ step, bad }) =>
    linear('f', { retry: times(5, { name: 'r1' }) }).add(
      step('a'),
      linear('g', { retry: alwaysRevertAll({ name: 'r2' }) }).add(step('b'), bad('c')),
    ),

  'a retry that fails itself, inside of another': ({ step }) =>
    linear('f', { retry: times(3, { name: 'outer' }) }).add(
      step('a'),
      linear('g', {
        retry: retry('inner', {
          provides: 'n',
          execute(_inputs, { attempt }) {
            if (attempt < 3) throw new Error(`inner fails at attempt ${attempt}`)
            return attempt
          },
          onFailure: () => 'REVERT',
          revert: ({ history }) => history.failure?.message,
        }),
      }).add(step('b', { requires: ['n'] })),
    ),

  'a revert that breaks': ({ step, bad }) =>
    linear('f').add(
      step('a'),
      step('b', {
        undoes() {
          throw new Error('b cannot be undone')
        },
      }),
      step('c'),
      bad('d'),
    ),

  'a result that cannot be stored': ({ step }) =>
    linear('f', { retry: times(2, { name: 'r' }) }).add(
      step('a', { provides: 'x', does: ({ attempt }) => (attempt === 1 ? () => {} : 'data') }),
    ),

  'an input that cannot be found': ({ step }) =>
    linear('f').add(
      step('a', { provides: ['x', 'y'], does: () => ['x'] }),
      step('b', { requires: ['y'] }),
    ),

  'a decision that cannot be made': ({ step, bad }) =>
    linear('f').add(
      step('a'),
      linear('g', {
        retry: retry('r', {
          execute: () => 1,
          onFailure() {
            throw new Error('r cannot decide')
          },
        }),
      }).add(bad('b')),
    ),

  'deciders of all depths': ({ step }) => {
    const names = ['start', 'a', 'b', 'c', 'd', 'e', 'g'] as const
    const steps = names.map((name) => step(name, { provides: name }))
    const [start, a, b, c, d, e, g] = steps as typeof steps & { length: 7 }
    const inner = linear('inner').add(step('h'))
    const flow = graph('f').add(...steps, inner)
    const no = (): boolean => false
    const at = (one: FlowItem | undefined): FlowItem => one as FlowItem
    return flow
      .link(at(start), at(a), { decider: no, depth: 'ATOM' })
      .link(at(a), at(b))
      .link(at(start), at(c), { decider: no, depth: 'NEIGHBORS' })
      .link(at(c), at(d))
      .link(at(d), at(e), { decider: ({ history }) => 'd' in history })
      .link(at(start), at(g), { decider: no, depth: 'ALL' })
      .link(at(g), inner)
  },

  'deciders that look at results, and a retry': ({ step }) => {
    const a = step('a', { provides: 'x', does: ({ attempt }) => attempt })
    const yes = step('yes', { does: failsUntil(2) })
    const no = step('no')
    const after = step('after')
    return graph('f', { retry: times(3, { name: 'r' }) })
      .add(a, yes, no, after)
      .link(a, yes, { decider: ({ history }) => history['a'] === 2 })
      .link(a, no, { decider: async ({ history }) => history['a'] !== 2 })
      .link(yes, after)
  },

  'ignored atoms in a flow that reverts': ({ step, bad }) => {
    const [a, b, c, d] = [step('a'), step('b'), step('c'), bad('d')] as const
    return graph('f')
      .add(a, b, c, d)
      .link(a, b, { decider: () => false, depth: 'FLOW' })
      .link(b, c)
      .link(a, d)
  },
}

type Entry = [name: string, make: (workshop: Workshop) => FlowItem]

const EACH_ALONE = 'each ignored atom is a move of its own: the rest is not ignored after a crash'

/** Why a transaction per move, as in TaskFlow, cannot always end the same after a crash. */
const LOST_BETWEEN_MOVES: Readonly<Record<string, string>> = {
  'deciders of all depths': EACH_ALONE,
  'deciders that look at results, and a retry': EACH_ALONE,
  'ignored atoms in a flow that reverts': EACH_ALONE,
  'a revert that breaks':
    'TaskFlow takes it for REVERTED, having crashed before FAILURE was stored',
}

/** The flows that end the same whenever a process dies; with a transaction per move not all. */
export function scenariosFor({ commit }: EngineOptions): readonly Entry[] {
  const isKept = ([name]: Entry): boolean => commit !== 'move' || !(name in LOST_BETWEEN_MOVES)
  return Object.entries(SCENARIOS).filter(isKept)
}
