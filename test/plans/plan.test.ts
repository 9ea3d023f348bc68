/**
 * What a plan says, example by example.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  DuplicateError,
  DurationListener,
  durationsOf,
  FlowDetail,
  forEach,
  graph,
  linear,
  load,
  type MissingDependenciesError,
  plan,
  retry,
  type Task,
  TaskDetail,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { errorOf, loadLoosely, workshop } from '../engine/steps.ts'

const { step } = workshop()

/** Where each input of an atom comes from, by argument. */
function sourcesOf(
  planned: ReturnType<typeof plan>,
  atom: string,
): Readonly<Record<string, unknown>> {
  const inputs = planned.atoms.find(({ name }) => name === atom)?.inputs ?? []
  return Object.fromEntries(
    inputs.filter(({ method }) => method === 'execute').map((one) => [one.argument, one.source]),
  )
}

describe('order', () => {
  test('levels are the longest paths, counted in atoms', () => {
    const flow = linear('f', { retry: times(2) }).add(
      step('a'),
      unordered('u').add(step('b'), linear('l').add(step('c'), step('d'))),
      step('e'),
    )
    expect(plan(flow).levels).toEqual([['f_retry'], ['a'], ['b', 'c'], ['d'], ['e']])
  })

  test('the critical path counts atoms when no durations are given', () => {
    const flow = unordered('u').add(step('a'), linear('l').add(step('b'), step('c')))
    expect(plan(flow).criticalPath).toEqual({
      atoms: ['b', 'c'],
      length: 2,
      total: 3,
      unit: 'atoms',
    })
  })

  test('durations move the critical path', () => {
    const flow = unordered('u').add(step('a'), linear('l').add(step('b'), step('c')))
    const { criticalPath, atoms } = plan(flow, { durations: { a: 100, b: 20 } })
    expect(criticalPath).toEqual({ atoms: ['a'], length: 100, total: 121, unit: 'ms' })
    expect(atoms.filter(({ isCritical }) => isCritical).map(({ name }) => name)).toEqual(['a'])
  })

  test('the durations of a run are what a listener stored', async () => {
    let ms = 0
    const slow = task('slow', { execute: () => (ms += 250) })
    const engine = load(linear('f').add(slow, task('quick', { execute: () => 1 })))
    using _durations = new DurationListener(engine, {
      clock: { now: () => new Date(0), elapsedMs: () => ms },
    })
    await engine.run()
    const durations = durationsOf(engine.storage.flowDetail)
    expect(durations).toEqual({ slow: 250, quick: 0 })
    expect(plan(engine.flow, { durations }).criticalPath.length).toBe(250)
  })

  test('what is no duration is not one of a run', () => {
    const detail = new FlowDetail('f')
    const atom = new TaskDetail('a')
    atom.meta = { duration: 'long' }
    detail.add(atom)
    expect(durationsOf(detail)).toEqual({})
  })

  test('an empty flow and a single task have plans', () => {
    expect(plan(linear('empty'))).toMatchObject({ levels: [], atoms: [] })
    expect(plan(linear('empty')).criticalPath).toMatchObject({ atoms: [], length: 0, total: 0 })
    expect(plan(step('alone')).root).toEqual({ kind: 'task', name: 'alone' })
    expect(plan(step('alone')).atoms).toMatchObject([{ name: 'alone', flow: undefined, level: 1 }])
  })
})

describe('wiring', () => {
  test('tells the five sources apart', () => {
    const give = step('give', { provides: 'made' })
    const take = task('take', {
      inject: { injected: 1 },
      execute: (_: {
        injected: number
        stored: number
        made: string
        left?: number
        lacking: number
      }) => 1,
      requires: ['injected', 'stored', 'made', 'lacking'],
      optional: ['left'],
    }) as Task
    expect(sourcesOf(plan(linear('f').add(give, take), { store: ['stored'] }), 'take')).toEqual({
      injected: { kind: 'inject' },
      stored: { kind: 'store' },
      made: { kind: 'atom', atom: 'give', otherwise: [] },
      left: { kind: 'default' },
      lacking: { kind: 'missing' },
    })
  })

  test('the store wins over atoms, inject over the store', () => {
    const give = step('give', { provides: 'x' })
    const own = task('own', { inject: { x: 1 }, execute: ({ x }: { x: number }) => x })
    const flow = linear('f').add(give, step('take', { requires: ['x'] }), own)
    const planned = plan(flow, { store: { x: undefined } })
    expect(sourcesOf(planned, 'take')).toEqual({ x: { kind: 'store' } })
    expect(sourcesOf(planned, 'own')).toEqual({ x: { kind: 'inject' } })
    expect(planned.unused).toEqual([{ symbol: 'x', atom: 'give' }])
  })

  test('shows what is rebound', () => {
    const take = task('take', {
      rebind: { size: 'rawSize' },
      execute: ({ size }: { size: number }) => size,
    })
    expect(plan(take, { store: ['rawSize'] }).atoms[0]?.inputs).toEqual([
      {
        method: 'execute',
        argument: 'size',
        symbol: 'rawSize',
        optional: false,
        source: { kind: 'store' },
      },
    ])
  })

  test('names who stands in when a decider ignores the provider', () => {
    const [start, far, near] = [
      step('start'),
      step('far', { provides: 'x' }),
      step('near', { provides: 'x' }),
    ] as const
    const take = step('take', { requires: ['x'] })
    const flow = graph('f')
    flow.addWith({ resolveRequires: false, resolveExisting: false }, start, far, near, take)
    flow
      .link(start, far)
      .link(far, near, { decider: () => true, depth: 'ATOM' })
      .link(near, take)
    expect(sourcesOf(plan(flow), 'take')).toEqual({
      x: { kind: 'atom', atom: 'near', otherwise: ['far'] },
    })
  })

  test('with depth ALL, what comes after may be ignored as well', () => {
    const [start, far, decided, near] = [
      step('start'),
      step('far', { provides: 'x' }),
      step('decided'),
      step('near', { provides: 'x' }),
    ] as const
    const take = step('take', { requires: ['x'] })
    const flow = graph('f')
    flow.addWith(
      { resolveRequires: false, resolveExisting: false },
      start,
      far,
      decided,
      near,
      take,
    )
    flow
      .link(start, far)
      .link(far, decided, { decider: () => true })
      .link(decided, near)
    flow.link(near, take)
    expect(sourcesOf(plan(flow), 'take')).toEqual({
      x: { kind: 'atom', atom: 'near', otherwise: ['far'] },
    })
  })

  test('with an empty flow that may be refused, what comes after it may be ignored', () => {
    const far = step('far', { provides: 'x' })
    const near = step('near', { provides: 'x' })
    const take = step('take', { requires: ['x'] })
    const decided = linear('decided')
    const flow = graph('f')
    const options = { resolveRequires: false, resolveExisting: false }
    flow.addWith(options, far, decided, near, take)
    flow.link(far, decided, { decider: () => true }).link(decided, near)
    flow.link(near, take)
    expect(sourcesOf(plan(flow), 'take')).toEqual({
      x: { kind: 'atom', atom: 'near', otherwise: ['far'] },
    })
  })

  test('names ten who stand in, and ten who are not seen, of thousands', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => step(`t${i}`, { provides: 'x' }))
    const take = step('take', { requires: ['x'] })
    const flow = graph('f')
    flow.addWith({ resolveRequires: false, resolveExisting: false }, ...steps, take)
    for (const [i, to] of [...steps, take].entries()) {
      const from = steps[i - 1]
      if (from !== undefined) flow.link(from, to, { decider: () => true })
    }
    const source = sourcesOf(plan(flow), 'take')['x'] as { readonly otherwise: readonly string[] }
    expect(source.otherwise).toHaveLength(10)
    const apart = unordered('u').add(...steps, take)
    expect(plan(apart).missing[0]?.unseen).toHaveLength(10)
  })

  test('lists what is missing as the engine does, without throwing', async () => {
    const early = step('early', { requires: ['late'] })
    const flow = linear('f').add(early, step('giver', { provides: 'late' }))
    const { missing } = plan(flow)
    expect(missing).toEqual([
      { atom: 'early', method: 'execute', argument: 'late', symbol: 'late', unseen: ['giver'] },
      { atom: 'early', method: 'revert', argument: 'late', symbol: 'late', unseen: ['giver'] },
    ])
    const error = (await errorOf(loadLoosely(flow).run())) as MissingDependenciesError
    expect(missing.map(({ unseen: _, ...gap }) => gap)).toEqual(error.missing)
  })

  test('lists what nobody takes, and not what a decider gets', () => {
    const probe = step('probe', { provides: 'state' })
    const end = step('end', { provides: ['path', 'size'] })
    const flow = graph('f')
      .add(probe, end)
      .link(probe, end, { decider: () => true })
    expect(plan(flow, { store: ['spare'] }).unused).toEqual([
      { symbol: 'spare', atom: undefined },
      { symbol: 'path', atom: 'end' },
      { symbol: 'size', atom: 'end' },
    ])
  })
})

describe('undoing and retrying', () => {
  test('names the tasks that cannot be undone', () => {
    const flow = linear('f', { retry: times(2) }).add(
      step('can'),
      task('cannot', { execute: () => 1 }),
    )
    expect(plan(flow).withoutRevert).toEqual(['cannot'])
  })

  test('tells what each retry is in charge of, and who is asked next', () => {
    const flow = linear('outer', { retry: times(2) }).add(
      step('a'),
      linear('inner', { retry: forEach([1], { name: 'each' }) }).add(
        step('b'),
        linear('plain').add(step('c')),
      ),
    )
    expect(plan(flow).retries).toEqual([
      {
        name: 'outer_retry',
        flow: 0,
        scope: ['a', 'each', 'b', 'c'],
        asked: ['a', 'each'],
        outer: undefined,
      },
      { name: 'each', flow: 1, scope: ['b', 'c'], asked: ['b', 'c'], outer: 'outer_retry' },
    ])
    expect(plan(flow).atoms.map(({ name, retry: by }) => [name, by])).toEqual([
      ['outer_retry', undefined],
      ['a', 'outer_retry'],
      ['each', 'outer_retry'],
      ['b', 'each'],
      ['c', 'each'],
    ])
  })
})

describe('flows', () => {
  test('stand as a tree, with links by position', () => {
    const [a, b] = [step('a'), step('b')]
    const decider = (): boolean => true
    const inner = graph('inner').add(a, b).link(a, b, { decider: decider, depth: 'FLOW' })
    const { root, flows } = plan(unordered('outer').add(inner, linear('empty')))
    expect(root).toEqual({
      kind: 'flow',
      id: 0,
      name: 'outer',
      pattern: 'unordered',
      depth: 0,
      parent: undefined,
      retry: undefined,
      links: [],
      children: [flows[1], flows[2]],
    })
    expect(flows[1]).toMatchObject({
      pattern: 'graph',
      parent: 0,
      children: [
        { kind: 'task', name: 'a' },
        { kind: 'task', name: 'b' },
      ],
      links: [{ from: 0, to: 1, decider: { name: undefined, depth: 'FLOW' } }],
    })
    expect(flows[2]).toMatchObject({ name: 'empty', children: [] })
  })

  test('deciders are listed with their names and depths', () => {
    const [a, b] = [step('a'), linear('b').add(step('c'))]
    const flow = graph('f')
      .add(a, b)
      .link(a, b, {
        decider: function isReady() {
          return true
        },
      })
    expect(plan(flow).deciders).toEqual([
      { flow: 0, from: 'a', to: 'b', name: 'isReady', depth: 'ALL' },
    ])
  })

  test('no depth of nesting is too deep', () => {
    let flow = linear('flow 0').add(step('deep'))
    for (let i = 1; i < 4_000; i += 1) flow = linear(`flow ${i}`).add(flow) as typeof flow
    const planned = plan(flow)
    expect(planned.flows).toHaveLength(4_000)
    expect(planned.toText()).toContain('deep')
    expect(planned.toMermaid().split('subgraph')).toHaveLength(4_001)
    expect(planned.toDot().split('subgraph')).toHaveLength(4_001)
  })
})

describe('arguments', () => {
  test('nothing of the flow is called', () => {
    const never = (): never => {
      throw new Error('called')
    }
    const [a, b] = [task('a', { execute: never, revert: never }), task('b', { execute: never })]
    const flow = graph('f', { retry: retry('r', { execute: never, onFailure: never }) })
      .add(a, b)
      .link(a, b, { decider: never })
    expect(plan(flow).atoms).toHaveLength(3)
  })

  test('refuses what the engine refuses to compile', () => {
    expect(() => plan(linear('f').add(step('a'), step('a')))).toThrow(DuplicateError)
    expect(() => plan({} as never)).toThrow(TypeError)
  })

  test('refuses durations that are none', () => {
    expect(() => plan(step('a'), { durations: { b: 1 } })).toThrow(
      new RangeError("plan was given the duration of 'b', which is not an atom of the flow"),
    )
    expect(() => plan(step('a'), { durations: { a: -1 } })).toThrow(RangeError)
    expect(() => plan(step('a'), { durations: { a: Number.NaN } })).toThrow(RangeError)
  })

  test.each([7, null, 'size', ['a', 1]])('refuses %j as a store', (store) => {
    expect(() => plan(step('a'), { store: store as never })).toThrow(TypeError)
  })

  test('is data that JSON keeps', () => {
    const planned = plan(linear('f').add(step('a')), { store: ['x'] })
    expect(JSON.parse(JSON.stringify(planned))).toMatchObject({ name: 'f', levels: [['a']] })
  })
})
