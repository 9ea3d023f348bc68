import { describe, expect, test } from 'vitest'
import { SYSTEM_CLOCK } from '../../src/base/clock.ts'
import { type Compilation, compile } from '../../src/engine/compiler.ts'
import { Journal } from '../../src/engine/journal.ts'
import { Machine } from '../../src/engine/machine.ts'
import { makeRuntime } from '../../src/engine/runtime.ts'
import { StatisticsClock } from '../../src/engine/statistics.ts'
import { Storage } from '../../src/engine/storage.ts'
import { INLINE } from '../../src/executors/inline.ts'
import { Claim } from '../../src/holding/claim.ts'
import {
  concurrent,
  type Executor,
  type Flow,
  type FlowItem,
  graph,
  linear,
  type MissingDependenciesError,
  Notifier,
  SILENT_LOGGER,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { FlowDetail } from '../../src/persistence/flow-detail.ts'
import { errorOf, loadLoosely } from './steps.ts'

/** How often a node or an edge may be looked at in a pass over the graph. */
const VISITS_PER_PASS = 3
/** How deep a flow is that is asked for its symbols. */
const DEEPEST_ASKED = 5_000
/** A graph asks each child that it takes, so that graphs in graphs take the square of it in time. */
const DEEPEST_GRAPH = 300

/** Any flow, as far as it takes children. */
interface Addable extends Flow<never, object> {
  add(...items: readonly FlowItem[]): Addable
}

function idle(name: string): Task<never, object> {
  return task(name, { execute: () => null }) as Task<never, object>
}

function needy(i: number): Task<never, object> {
  return task(`t${i}`, {
    requires: ['size'],
    provides: `x${i}`,
    execute: (_: object) => i,
  }) as Task<never, object>
}

function bad(name: string): Task<never, object> {
  return task(name, {
    execute() {
      throw new Error('bad')
    },
  }) as Task<never, object>
}

/** Fails as often as it is told to, over all runs of the test. */
function failing(name: string, count: number): Task<never, object> {
  let left = count
  return task(name, {
    execute() {
      left -= 1
      if (left >= 0) throw new Error('not yet')
    },
  }) as Task<never, object>
}

function tasks(count: number): readonly Task<never, object>[] {
  return Array.from({ length: count }, (_, i) => idle(`t${i}`))
}

/** Layers of 100 tasks, each of which waits for three of the layer before. */
function layered(count: number): FlowItem {
  const all = tasks(count)
  const flow = graph('layered')
  flow.add(...all)
  for (const [i, to] of all.entries()) {
    if (i < 100) continue
    const layer = i - (i % 100) - 100
    for (const k of [0, 1, 2]) flow.link(all[layer + ((i + k) % 100)] as FlowItem, to)
  }
  return flow
}

/** Flows of one task each, every one inside of the one before. */
function nested(depth: number, innermost: FlowItem = idle('innermost')): FlowItem {
  let flow: FlowItem = linear(`f${depth}`).add(innermost)
  for (let i = depth - 1; i > 0; i -= 1) flow = linear(`f${i}`).add(idle(`t${i}`), flow)
  return flow
}

/** Runs of a flow without an engine around them, so that what the selector does can be counted. */
function machineOf(flow: FlowItem, executor: Executor = INLINE) {
  const compilation = compile(flow)
  const flowDetail = new FlowDetail(flow.name)
  const backend = undefined
  const journal = new Journal<unknown>({
    engine: undefined,
    flowDetail,
    book: undefined,
    backend,
    claim: new Claim({ flowDetail, backend, leaseMs: 1, clock: SYSTEM_CLOCK }),
    notifier: new Notifier(),
    atomNotifier: new Notifier(),
  })
  const storage = new Storage(flowDetail, journal)
  const details = storage.attach(compilation)
  const runtime = makeRuntime({
    compilation,
    details,
    flowDetail,
    journal,
    lookup: storage.lookup,
    executor,
    logger: SILENT_LOGGER,
    options: {
      neverResolve: false,
      deferReverts: false,
      commit: 'tick',
      progressDelayMs: 200,
      graceMs: 1,
    },
  })
  flowDetail.state = 'RUNNING'
  return { compilation, runtime, machine: new Machine(runtime, new StatisticsClock('off')) }
}

function sizeOf({ nodes }: Compilation): number {
  let size = nodes.length
  for (const { successors } of nodes) size += successors.length
  return size
}

const SHAPES: readonly {
  readonly shape: string
  readonly make: (count: number) => FlowItem
}[] = [
  { shape: 'linear', make: (count) => linear('f').add(...tasks(count)) },
  { shape: 'wide', make: (count) => unordered('f').add(...tasks(count)) },
  { shape: 'layered', make: layered },
  { shape: 'nested', make: (count) => nested(count) },
]

const SMALL = SHAPES.map((one) => ({ ...one, count: 1_000 }))
const LARGE = SHAPES.map((one) => ({ ...one, count: one.shape === 'nested' ? 10_000 : 100_000 }))
const PARALLEL = concurrent({ maxWorkers: 100 })

describe('the selector looks at each node and edge a few times', () => {
  test.each([...SMALL, ...LARGE])('forwards: $shape, $count tasks', async ({ make, count }) => {
    const { compilation, runtime, machine } = machineOf(make(count))
    expect(await machine.runToEnd()).toBe('SUCCESS')
    expect(runtime.selector.visits).toBeLessThanOrEqual(VISITS_PER_PASS * sizeOf(compilation))
  })

  test.each([...SMALL, ...LARGE])('there and back: $shape, $count tasks', async (one) => {
    const flow = linear('all').add(one.make(one.count), bad('bad'))
    const { compilation, runtime, machine } = machineOf(flow, PARALLEL)
    expect(await machine.runToEnd()).toBe('REVERTED')
    expect(runtime.selector.visits).toBeLessThanOrEqual(2 * VISITS_PER_PASS * sizeOf(compilation))
  })

  test.each(SMALL)('in each round of a retry: $shape, $count tasks', async ({ make, count }) => {
    const flow = linear('all', { retry: times(4) }).add(make(count), failing('failing', 3))
    const { compilation, runtime, machine } = machineOf(flow)
    expect(await machine.runToEnd()).toBe('SUCCESS')
    expect(runtime.selector.visits).toBeLessThanOrEqual(8 * VISITS_PER_PASS * sizeOf(compilation))
  })
})

describe('no flow is too deep', () => {
  const PATTERNS = [
    { pattern: 'linear', make: linear },
    { pattern: 'unordered', make: unordered },
  ] as const

  /** Makes flows in flows, each with a task of its own that needs a value and provides one. */
  function wrap(make: (name: string) => Addable, depth: number): FlowItem {
    let flow = make('f0').add(needy(0))
    for (let i = 1; i < depth; i += 1) flow = make(`f${i}`).add(needy(i), flow)
    return flow
  }

  test.each(PATTERNS.flatMap((one) => [1_000, 10_000].map((depth) => ({ ...one, depth }))))(
    'to compile, to validate and to run: $pattern, $depth deep',
    async ({ make, depth }) => {
      const flow = wrap(make as (name: string) => Addable, depth)
      const engine = loadLoosely(flow, { store: { size: 1 } })
      engine.compile()
      await engine.prepare()
      engine.validate()
      await engine.run()
      expect(engine.storage.getFlowState()).toBe('SUCCESS')
      expect(Object.keys(engine.storage.fetchAll()).length).toBe(depth + 1)
    },
  )

  test.each(PATTERNS)('to find what is missing in it: $pattern', async ({ make }) => {
    const engine = loadLoosely(wrap(make as (name: string) => Addable, 1_000))
    const error = (await errorOf(engine.run())) as MissingDependenciesError
    expect(error.missing.length).toBe(1_000)
  })

  test.each([
    ...PATTERNS.map((one) => ({ ...one, depth: DEEPEST_ASKED })),
    { pattern: 'graph', make: graph, depth: DEEPEST_GRAPH },
  ])('to be asked what it requires and provides: $pattern', ({ make, depth }) => {
    const flow = wrap(make as (name: string) => Addable, depth)
    expect([...flow.requires]).toEqual(['size'])
    expect(flow.provides.size).toBe(depth)
  })
})
