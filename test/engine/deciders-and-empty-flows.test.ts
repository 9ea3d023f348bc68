import { describe, expect, test } from 'vitest'
import {
  alwaysRevert,
  type Depth,
  type Flow,
  type FlowItem,
  graph,
  linear,
  loadFlowDetail,
  memory,
  times,
  unordered,
} from '../../src/index.ts'
import { fc } from '../properties.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'

type Step = ReturnType<typeof workshop>['step']
type AnyFlow = Flow<never, object>

let count = 0
/** A flow without atoms. */
function empty(make: (name: string) => AnyFlow = linear): AnyFlow {
  count += 1
  return make(`empty-${count}`)
}

/** What a decider may lead to; none of it runs when it refuses. */
const TARGETS: Readonly<Record<string, (step: Step) => AnyFlow>> = {
  'an empty linear flow': () => empty(linear),
  'an empty unordered flow': () => empty(unordered),
  'an empty graph flow': () => empty(graph),
  'a graph of empty flows': () => {
    const [a, b, c] = [empty(), empty(unordered), empty()]
    return graph('F').add(a, b, c).link(a, b).link(b, c)
  },
  'empty flows in empty flows': () => linear('F').add(unordered('G').add(empty(), empty(graph))),
  'a flow that begins with an empty one': (step) => linear('F').add(empty(), step('t'), step('u')),
  'a flow that begins with several empty ones': (step) =>
    linear('F').add(empty(), empty(graph), empty(unordered), step('t')),
  'a flow that begins with empty flows in a flow': (step) =>
    linear('F').add(unordered('G').add(empty(), linear('H').add(empty())), step('t')),
  'a flow that begins with a flow that begins with an empty one': (step) =>
    linear('F').add(empty(), linear('G').add(empty(), step('t')), step('u')),
  'a graph that begins with an empty flow': (step) => {
    const [first, t] = [empty(), step('t')]
    return graph('F').add(first, t).link(first, t)
  },
  'a task behind two empty flows': (step) => {
    const [a, b, t] = [empty(), empty(unordered), step('t')]
    return graph('F').add(a, b, t).link(a, t).link(b, t)
  },
  'an empty flow beside a task': (step) => unordered('F').add(empty(), step('t')),
  'a retry with an empty flow': () => linear('F', { retry: times(2) }).add(empty()),
  'a retry with an empty flow and a task': (step) =>
    linear('F', { retry: times(2) }).add(empty(), step('t')),
  'an empty flow, and a flow with a retry': (step) =>
    linear('F').add(empty(), linear('G', { retry: alwaysRevert() }).add(empty(), step('t'))),
}

/** `first`, then what the decider refuses, then `last`. */
function refused(target: (step: Step) => AnyFlow, depth: Depth = 'ALL') {
  const w = workshop()
  const histories: unknown[] = []
  const decider = ({ history }: { readonly history: object }): boolean => {
    histories.push({ ...history })
    return false
  }
  const [first, flow, last] = [w.step('first'), target(w.step), w.step('last')]
  const all = graph('g').add(first, flow, last)
  all.link(first, flow, { decider, depth }).link(flow, last)
  return { ...w, flow: all, histories }
}

describe.each(Object.entries(TARGETS))('a decider on a link to %s', (_what, target) => {
  test.each(['serial', 'parallel'] as const)(
    'is asked once and can refuse it, %s',
    async (kind) => {
      for (const commit of ['tick', 'move'] as const) {
        const { flow, names, histories } = refused(target)
        const engine = loadLoosely(flow, { engine: kind, commit })
        await engine.run()
        expect(names()).toEqual(['first'])
        expect(histories).toEqual([{ first: 'first' }])
        expect(engine.storage.getFlowState()).toBe('SUCCESS')
      }
    },
  )

  test('refuses what is to come after a crash at any write', async () => {
    for (let at = 1; ; at += 1) {
      const backend = memory()
      const remains = await runUntilCrash(refused(target).flow, { at, when: 'after' }, { backend })
      if (remains === undefined) break
      const { flow, names, histories } = refused(target)
      const engine = loadLoosely(flow, { backend, flowDetail: remains.detail as never })
      await engine.run()
      expect(names().filter((name) => name !== 'first')).toEqual([])
      expect(histories.length).toBeLessThanOrEqual(1)
      expect(engine.storage.getFlowState()).toBe('SUCCESS')
    }
  })

  test('that throws breaks the flow, and is asked again', async () => {
    const w = workshop()
    const [first, flow] = [w.step('first'), target(w.step)]
    let asked = 0
    const decider = async (): Promise<boolean> => {
      asked += 1
      if (asked === 1) throw new Error('undecided')
      return false
    }
    const engine = loadLoosely(graph('g').add(first, flow).link(first, flow, { decider }))
    expect(await errorOf(engine.run())).toMatchObject({ message: 'undecided' })
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    await engine.run()
    expect([w.names(), asked]).toEqual([['first'], 2])
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('lets it run when it agrees', async () => {
    const w = workshop()
    const [first, flow, last] = [w.step('first'), target(w.step), w.step('last')]
    const all = graph('g').add(first, flow, last)
    all.link(first, flow, { decider: () => true }).link(flow, last)
    const engine = loadLoosely(all)
    await engine.run()
    expect(new Set(Object.values(statesOf(engine)))).toEqual(new Set(['SUCCESS']))
    expect(w.names().at(-1)).toBe('last')
  })
})

describe('a refused empty flow', () => {
  /** `first`, the empty flow, `t`, `u`; and `beside`, which follows the empty flow as well. */
  function flowOf(depth: Depth, between: () => FlowItem) {
    const w = workshop()
    const [first, t, u] = [w.step('first'), w.step('t'), w.step('u')]
    const beside = linear('B').add(w.step('beside'))
    const flow = between()
    const all = graph('g').add(first, flow, t, u, beside)
    all.link(first, flow, { decider: () => false, depth })
    all.link(flow, t).link(t, u).link(flow, beside)
    return { ...w, flow: all }
  }

  test.each([
    { depth: 'ALL', runs: ['first'] },
    { depth: 'FLOW', runs: ['beside', 'first'] },
    { depth: 'NEIGHBORS', runs: ['beside', 'first', 'u'] },
    { depth: 'ATOM', runs: ['beside', 'first', 't', 'u'] },
  ] as const)('takes with it what the depth $depth says', async ({ depth, runs }) => {
    for (const between of [empty, () => linear('outer').add(empty(graph))]) {
      const { flow, names } = flowOf(depth, between)
      await loadLoosely(flow).run()
      expect([...names()].sort()).toEqual(runs)
    }
  })

  test.each([
    { depth: 'ALL', runs: ['first'] },
    { depth: 'FLOW', runs: ['first', 'last'] },
    { depth: 'NEIGHBORS', runs: ['first', 'last', 'v'] },
    { depth: 'ATOM', runs: ['first', 'last', 'u', 'v'] },
  ] as const)('gives way to the first task of its flow with depth $depth', async (one) => {
    const target = (step: Step) => linear('F').add(empty(), step('t'), step('u'), step('v'))
    const { flow, names } = refused(target, one.depth)
    await loadLoosely(flow).run()
    expect([...names()].sort()).toEqual(one.runs)
  })
})

describe('of several empty flows in a row', () => {
  test('each decider is asked, and one refusal is enough', async () => {
    const w = workshop()
    const asked: string[] = []
    const says = (name: string, answer: boolean) => ({
      decider: () => {
        asked.push(name)
        return answer
      },
    })
    const [first, a, b, c, t] = [w.step('first'), empty(), empty(), empty(), w.step('t')]
    const all = graph('g').add(first, a, b, c, t)
    all.link(first, a, says('a', true)).link(a, b, says('b', false))
    all.link(b, c).link(c, t, says('t', true))
    await loadLoosely(all).run()
    expect(asked).toEqual(['a', 'b'])
    expect(w.names()).toEqual(['first'])
  })

  test('a link out of an empty flow tells its decider of nothing', async () => {
    const w = workshop()
    const histories: unknown[] = []
    const decider = ({ history }: { readonly history: object }): boolean => {
      histories.push({ ...history })
      return true
    }
    const [first, a, b, t] = [w.step('first'), empty(), empty(), w.step('t')]
    const all = graph('g').add(first, a, b, t)
    all.link(first, a, { decider }).link(a, b, { decider }).link(b, t, { decider })
    all.link(first, t, { decider })
    await loadLoosely(all).run()
    expect(histories).toEqual([{ first: 'first' }, {}, { first: 'first' }, { first: 'first' }])
  })

  test('one that a refusal reaches too late is asked about what is left', async () => {
    const w = workshop()
    const [first, other, gate] = [w.step('first'), w.step('other'), empty()]
    const [t, u] = [w.step('t'), w.step('u')]
    const all = graph('g').add(first, other, gate, t, u)
    all.link(first, other, { decider: () => false, depth: 'NEIGHBORS' }).link(other, t)
    all.link(other, gate, { decider: () => false }) // has no say: its source is ignored
    all.link(first, gate, { decider: () => false })
    all.link(gate, t).link(gate, u)
    await loadLoosely(all).run()
    expect(w.names()).toEqual(['first'])
  })
})

test('a graph of empty flows alone asks its deciders, and ends SUCCESS', async () => {
  const [a, b] = [empty(), empty()]
  let asked = 0
  const decider = (): boolean => {
    asked += 1
    return false
  }
  const engine = loadLoosely(graph('g').add(a, b).link(a, b, { decider }))
  await engine.run()
  expect([asked, engine.storage.getFlowState()]).toEqual([1, 'SUCCESS'])
})

test('each attempt of a retry asks again', async () => {
  const w = workshop()
  const answers = [true, false]
  const flow = empty()
  const [first, t] = [w.step('first'), w.bad('t')]
  const body = graph('in', { retry: times(3) }).add(first, flow, t)
  body.link(first, flow, { decider: () => answers.shift() }).link(flow, t)
  await loadLoosely(body).run()
  expect(w.names()).toEqual(['first', 't', 't revert', 'first revert', 'first'])
})

test('nobody is asked in a run that is being undone', async () => {
  const w = workshop()
  const backend = memory()
  let asked = 0
  const make = (): AnyFlow => {
    const [first, flow, last] = [w.step('first'), empty(), w.step('last')]
    const all = graph('g').add(first, flow, last)
    const decider = (): boolean => {
      asked += 1
      return true
    }
    return all.link(first, flow, { decider }).link(flow, last)
  }
  const engine = loadLoosely(make(), { backend })
  engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
  await engine.run()
  const before = asked
  const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
  const second = loadLoosely(make(), { backend, flowDetail })
  await second.revert({ downTo: 'first' })
  expect(asked).toBe(before)
  expect(statesOf(second)).toEqual({ first: 'SUCCESS', last: 'PENDING' })
})

/** What a random graph is made of: tasks, and flows that may hold nothing. */
type Part = 'task' | readonly Part[]

const { part: parts } = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant('task' as const),
    fc.array(tie('part'), { maxLength: 3 }),
  ),
}))
const links = fc.array(
  fc.record({ from: fc.nat({ max: 5 }), to: fc.nat({ max: 5 }), agrees: fc.boolean() }),
  { maxLength: 7 },
)

test('a decider with depth ALL keeps back the same tasks, whether a flow before them is empty or not', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(parts, { minLength: 2, maxLength: 6 }),
      links,
      fc.constantFrom(linear, unordered),
      async (items, some, pattern) => {
        const run = async (fills: boolean): Promise<readonly string[]> => {
          const w = workshop()
          let number = 0
          const make = (part: Part): FlowItem => {
            number += 1
            if (part === 'task') return w.step(`t${number}`)
            const flow = pattern(`f${number}`).add(...part.map(make))
            return fills && part.length === 0 ? flow.add(w.step(`filling ${number}`)) : flow
          }
          const children = items.map(make)
          const all = graph('g').add(...children)
          const met = new Set<string>()
          for (const { from, to, agrees } of some) {
            const [a, b] = [Math.min(from, to), Math.max(from, to)]
            if (a === b || b >= children.length || met.has(`${a} ${b}`)) continue
            met.add(`${a} ${b}`)
            const link = [children[a] as FlowItem, children[b] as FlowItem] as const
            all.link(...link, agrees ? {} : { decider: () => false })
          }
          await loadLoosely(all).run()
          return w
            .names()
            .filter((name) => !name.startsWith('filling'))
            .toSorted()
        }
        expect(await run(false)).toEqual(await run(true))
      },
    ),
    { numRuns: 300 },
  ))
