/**
 * The graph against naive searches: its orders, its paths, and that undoing leaves no trace.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { Digraph } from '../../src/base/digraph.ts'
import { fc } from '../properties.ts'

type Pair = readonly [from: number, to: number]

const NODE_COUNT = 7

const pairs = fc.array(fc.tuple(fc.nat({ max: NODE_COUNT - 1 }), fc.nat({ max: NODE_COUNT - 1 })), {
  maxLength: 14,
})

/** Pairs that always lead to a later node, so that there is no cycle. */
const acyclicPairs = pairs.map((all) =>
  all.filter(([a, b]) => a !== b).map(([a, b]): Pair => (a < b ? [a, b] : [b, a])),
)

function graphOf(all: readonly Pair[], nodeCount = NODE_COUNT): Digraph<number, string> {
  const graph = new Digraph<number, string>()
  for (let node = 0; node < nodeCount; node++) graph.add(node)
  for (const [from, to] of all) graph.connect(from, to, `${from}>${to}`)
  return graph
}

/** Everything that can be seen of a graph, in its order. */
function pictureOf(graph: Digraph<number, string>): unknown {
  return Array.from(graph.nodes(), (node) => [
    node,
    graph.incoming(node).map(({ from, to, label }) => [from, to, label]),
    Array.from(graph.outgoing(node), ({ from, to, label }) => [from, to, label]),
  ])
}

/** The nodes that can be reached against the edges, by adding until nothing changes. */
function ancestorsOf(all: readonly Pair[], node: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (let size = -1; size < found.size; ) {
    size = found.size
    for (const [from, to] of all) if (to === node || found.has(to)) found.add(from)
  }
  return found
}

/** The least number of edges from one node to another. */
function distance(all: readonly Pair[], from: number, to: number): number | undefined {
  let reached = new Set([from])
  for (let steps = 0; steps <= NODE_COUNT; steps++) {
    if (reached.has(to)) return steps
    reached = new Set([...reached].flatMap((at) => all.flatMap(([a, b]) => (a === at ? [b] : []))))
  }
  return undefined
}

describe('nodes and edges', () => {
  test('come in the order of their addition', () => {
    const graph = new Digraph<string, number>()
    for (const node of ['c', 'a', 'b', 'a']) graph.add(node)
    graph.connect('b', 'a', 1)
    graph.connect('c', 'a', 2)
    graph.connect('c', 'b', 3)
    expect([...graph.nodes()]).toEqual(['c', 'a', 'b'])
    expect(graph.size).toBe(3)
    expect(graph.incoming('a').map(({ from }) => from)).toEqual(['b', 'c'])
    expect(Array.from(graph.outgoing('c'), ({ to }) => to)).toEqual(['a', 'b'])
  })

  test('an edge that is added again keeps its place and gets the new label', () => {
    const graph = graphOf([
      [0, 2],
      [1, 2],
    ])
    graph.connect(0, 2, 'new')
    expect(graph.edge(0, 2)).toMatchObject({ from: 0, to: 2, label: 'new' })
    expect(graph.incoming(2).map(({ label }) => label)).toEqual(['new', '1>2'])
  })

  test('there is no edge the other way round, nor of a node that is not there', () => {
    const graph = graphOf([[0, 1]])
    expect([graph.edge(1, 0), graph.edge(99, 0)]).toEqual([undefined, undefined])
    expect([graph.has(0), graph.has(99)]).toEqual([true, false])
  })

  test.each([
    ['connect from', (graph: Digraph<number, string>) => graph.connect(99, 0, '')],
    ['connect to', (graph: Digraph<number, string>) => graph.connect(0, 99, '')],
    ['disconnect', (graph: Digraph<number, string>) => graph.disconnect(99, 0)],
    ['incoming', (graph: Digraph<number, string>) => graph.incoming(99)],
    ['outgoing', (graph: Digraph<number, string>) => graph.outgoing(99)],
    ['ancestors', (graph: Digraph<number, string>) => [...graph.ancestors(99)]],
    ['path', (graph: Digraph<number, string>) => graph.path(99, 0)],
  ])('%s refuses a node that is not there', (_what, use) => {
    expect(() => use(graphOf([]))).toThrow(new RangeError('the node is not in the graph'))
  })

  test('removing a node that is not there changes nothing', () => {
    const graph = graphOf([[0, 1]])
    const before = pictureOf(graph)
    graph.remove(99)
    expect(pictureOf(graph)).toEqual(before)
  })

  test('removing an edge that is not there changes nothing', () => {
    const graph = graphOf([[0, 1]])
    const before = pictureOf(graph)
    graph.disconnect(1, 0)
    expect(pictureOf(graph)).toEqual(before)
  })
})

describe('undoing', () => {
  test('disconnect undoes connect', () => {
    fc.assert(
      fc.property(pairs, pairs, (some, more) => {
        const graph = graphOf(some)
        const before = pictureOf(graph)
        const added = more.filter(([from, to]) => {
          if (graph.edge(from, to) !== undefined) return false
          graph.connect(from, to, 'more')
          return true
        })
        for (const [from, to] of added) graph.disconnect(from, to)
        expect(pictureOf(graph)).toEqual(before)
      }),
    )
  })

  test('remove undoes add, with all edges of the node, be they to itself', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const last = NODE_COUNT - 1
        const graph = graphOf(all)
        graph.remove(last)
        const rest = all.filter(([from, to]) => from !== last && to !== last)
        expect(pictureOf(graph)).toEqual(pictureOf(graphOf(rest, last)))
      }),
    )
  })
})

describe('searches', () => {
  test('ancestors are those of a naive search, each once', () => {
    fc.assert(
      fc.property(pairs, fc.nat({ max: NODE_COUNT - 1 }), (all, node) => {
        const expected = new Set(ancestorsOf(all, node))
        expected.delete(node)
        const ancestors = [...graphOf(all).ancestors(node)]
        expect(new Set(ancestors)).toEqual(expected)
        expect(ancestors).toHaveLength(expected.size)
      }),
    )
  })

  test('ancestors come nearest first', () => {
    fc.assert(
      fc.property(pairs, fc.nat({ max: NODE_COUNT - 1 }), (all, node) => {
        const far = Array.from(graphOf(all).ancestors(node), (one) => distance(all, one, node) ?? 0)
        expect(far).toEqual(far.toSorted((a, b) => a - b))
      }),
    )
  })

  test('a path is as short as a naive search finds, and made of edges', () => {
    const nodes = fc.nat({ max: NODE_COUNT - 1 })
    fc.assert(
      fc.property(pairs, nodes, nodes, (all, from, to) => {
        const graph = graphOf(all)
        const path = graph.path(from, to)
        const steps = distance(all, from, to)
        expect(path?.length).toBe(steps === undefined ? undefined : steps + 1)
        if (path === undefined) return
        expect([path[0], path.at(-1)]).toEqual([from, to])
        const walked = path.slice(1).map((node, i) => graph.edge(path[i] ?? -1, node))
        expect(walked).not.toContain(undefined)
      }),
    )
  })
})

describe('generations', () => {
  test('are a topological order of all nodes when there is no cycle', () => {
    fc.assert(
      fc.property(acyclicPairs, (all) => {
        const order = [...graphOf(all).generations()]
        expect(order.toSorted((a, b) => a - b)).toEqual([...Array(NODE_COUNT).keys()])
        for (const [from, to] of all) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to))
      }),
    )
  })

  test('leave out the nodes on a cycle and those behind one', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const isOnCycle = (node: number): boolean => ancestorsOf(all, node).has(node)
        const expected = [...Array(NODE_COUNT).keys()].filter(
          (node) => !isOnCycle(node) && ![...ancestorsOf(all, node)].some(isOnCycle),
        )
        expect([...graphOf(all).generations()].toSorted((a, b) => a - b)).toEqual(expected)
      }),
    )
  })

  test('keep the order of addition among nodes without predecessors', () => {
    expect([...graphOf([[6, 0]]).generations()]).toEqual([1, 2, 3, 4, 5, 6, 0])
  })

  test('a node comes in when its last incoming edge is met', () => {
    expect([
      ...graphOf(
        [
          [0, 3],
          [1, 2],
          [0, 2],
        ],
        4,
      ).generations(),
    ]).toEqual([0, 1, 3, 2])
  })
})

test('a path of many nodes does not exhaust the stack', () => {
  const graph = new Digraph<number, undefined>()
  const count = 20_000
  for (let node = 0; node < count; node++) {
    graph.add(node)
    if (node > 0) graph.connect(node - 1, node, undefined)
  }
  expect(graph.path(0, count - 1)).toHaveLength(count)
  expect([...graph.ancestors(count - 1)]).toHaveLength(count - 1)
  expect([...graph.generations()]).toHaveLength(count)
})

describe('a node with many edges', () => {
  const ends = Array.from({ length: 30 }, (_, i) => i + 1)
  const hub = (): Digraph<number, string> =>
    graphOf([...ends.map((to): Pair => [0, to]), ...ends.map((from): Pair => [from, 31])], 32)

  test('finds each of them, and keeps their order', () => {
    const graph = hub()
    graph.connect(0, 7, 'again')
    expect(graph.outgoing(0).map(({ to }) => to)).toEqual(ends)
    expect(graph.incoming(31).map(({ from }) => from)).toEqual(ends)
    expect(graph.edge(0, 7)?.label).toBe('again')
    expect(graph.edge(0, 31)).toBeUndefined()
  })

  test('loses those that are taken away, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...ends), { minLength: 1 }), (gone) => {
        const graph = hub()
        for (const to of gone) graph.disconnect(0, to)
        graph.disconnect(0, 31) // which is not there
        const left = ends.filter((to) => !gone.includes(to))
        expect(graph.outgoing(0).map(({ to }) => to)).toEqual(left)
        expect(ends.filter((to) => graph.edge(0, to) !== undefined)).toEqual(left)
        graph.remove(31)
        expect(ends.some((from) => graph.edge(from, 31) !== undefined)).toBe(false)
      }),
    )
  })
})
