/**
 * How a graph flow orders its children: by data, whatever the calls of add are.
 *
 * Its links, its refusals and its targets have files of their own.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { retry } from '../../src/atoms/retry.ts'
import { Digraph } from '../../src/base/digraph.ts'
import { AmbiguousDependencyError } from '../../src/errors.ts'
import type { FlowItem } from '../../src/flows/flow.ts'
import { type GraphFlow, graph } from '../../src/flows/graph.ts'
import { linear } from '../../src/flows/linear.ts'
import { fc } from '../properties.ts'
import { linksOf, namesOf, step } from './steps.ts'

describe('children', () => {
  test('are linked behind those that provide what they require, in whichever order they are added', () => {
    const [area, measure, print] = [
      step('area', ['w', 'h'], ['a']),
      step('measure', [], ['w', 'h']),
      step('print', ['a']),
    ] as const
    const expected = ['area>print', 'measure>area']
    expect(linksOf(graph('room').add(measure, area, print)).toSorted()).toEqual(expected)
    expect(linksOf(graph('room').add(print, area, measure)).toSorted()).toEqual(expected)
    const flow = graph('room')
    for (const item of [area, print, measure]) flow.add(item)
    expect(linksOf(flow).toSorted()).toEqual(expected)
    expect(namesOf(flow)).toEqual(['measure', 'area', 'print'])
  })

  test('come by generations, in the order of their addition within one', () => {
    const flow = graph('room').add(
      step('last', ['y']),
      step('b', [], ['x']),
      step('middle', ['x'], ['y']),
      step('a'),
    )
    expect(namesOf(flow)).toEqual(['b', 'a', 'middle', 'last'])
  })

  test('that are added again change nothing', () => {
    const [a, b] = [step('a', [], ['x']), step('b', ['x'])]
    const flow = graph('room').add(a, b)
    flow.addWith({}, b, a)
    expect([namesOf(flow), linksOf(flow)]).toEqual([['a', 'b'], ['a>b']])
  })

  test('are linked once, be it for several symbols', () => {
    const flow = graph('room').add(step('a', [], ['x', 'y']), step('b', ['x', 'y']))
    expect(linksOf(flow)).toEqual(['a>b'])
  })

  test('that require what they provide themselves wait for another provider', () => {
    const flow = graph('room').add(step('a', ['x'], ['x']))
    expect([linksOf(flow), flow.requires]).toEqual([[], new Set(['x'])])
    flow.add(step('b', [], ['x']))
    expect([linksOf(flow), flow.requires]).toEqual([['b>a'], new Set()])
  })

  test('may be flows, with all that is in them', () => {
    const inner = linear('inner').add(step('a', ['w'], ['x']), step('b', ['x'], ['y']))
    const flow = graph('room').add(inner, step('c', ['y']), step('d', [], ['w']))
    expect(linksOf(flow).toSorted()).toEqual(['d>inner', 'inner>c'])
    expect(flow.requires).toEqual(new Set())
  })

  test('are not linked for what the retry provides', () => {
    const controller = retry('patient', {
      provides: 'x',
      execute: () => 1,
      onFailure: () => 'RETRY',
    })
    const flow = graph('room', { retry: controller }).add(step('b', ['x']), step('a', [], ['x']))
    flow.add(step('c', ['x']))
    expect([linksOf(flow), flow.requires]).toEqual([[], new Set()])
  })
})

describe('a symbol that several children provide', () => {
  test('is ambiguous for a child that is added later; nothing is added then', () => {
    const flow = graph('room').add(step('b', [], ['x']), step('a', [], ['x']))
    const add = (): unknown => flow.add(step('before', [], ['y']), step('c', ['x', 'y']))
    expect(add).toThrow(AmbiguousDependencyError)
    expect(add).toThrow(
      "cannot add 'c': 'x' is provided by 'a', 'b'; rename one of them, or add with { resolveRequires: false } and link them yourself",
    )
    expect([namesOf(flow), linksOf(flow), flow.provides]).toEqual([['b', 'a'], [], new Set(['x'])])
  })

  test('is not ambiguous any more when the call that provided it again was refused', () => {
    const flow = graph('room').add(step('a', [], ['x']))
    expect(() => flow.add(step('b', [], ['x']), step('c', ['x']))).toThrow(AmbiguousDependencyError)
    flow.add(step('d', ['x']))
    expect(linksOf(flow)).toEqual(['a>d'])
  })

  test('is no matter for a child that got it from the first provider', () => {
    const flow = graph('room').add(step('c', ['x']), step('a', [], ['x']), step('b', [], ['x']))
    expect(linksOf(flow)).toEqual(['a>c'])
  })
})

describe('addWith', () => {
  test('without resolveRequires does not link the new child behind its provider', () => {
    const flow = graph('room').add(step('a', [], ['x']), step('b', [], ['x']))
    const c = step('c', ['x'], ['y'])
    flow.add(step('d', ['y'])).addWith({ resolveRequires: false }, c)
    expect([linksOf(flow), flow.requires]).toEqual([['c>d'], new Set(['x'])])
  })

  test('without resolveRequires does not link children of the same call behind each other either', () => {
    const flow = graph('room').addWith(
      { resolveRequires: false },
      step('b', ['x']),
      step('a', [], ['x']),
    )
    expect(linksOf(flow)).toEqual([])
    flow.add(step('c', [], ['x']))
    expect(linksOf(flow)).toEqual(['c>b'])
  })

  test('without resolveExisting does not link known children behind the new one', () => {
    const flow = graph('room').add(step('b', ['x']), step('c', [], ['y']))
    flow.addWith({ resolveExisting: false }, step('a', ['y'], ['x']))
    expect([linksOf(flow), flow.requires]).toEqual([['c>a'], new Set(['x'])])
  })

  test('with neither links nothing', () => {
    const flow = graph('room').add(step('b', ['x', 'y'], ['z']))
    flow.addWith({ resolveRequires: false, resolveExisting: false }, step('a', ['z'], ['x', 'y']))
    expect(linksOf(flow)).toEqual([])
  })
})

interface Child {
  readonly requires: readonly string[]
  readonly provides: readonly string[]
}

const symbols = fc.uniqueArray(fc.constantFrom('v', 'w', 'x', 'y', 'z'), { maxLength: 3 })

function itemsOf(children: readonly Child[]): readonly FlowItem[] {
  return children.map(({ requires, provides }, i) => step(`t${i}`, requires, provides))
}

/** Cuts a list where the dice say so. */
function cut<T>(list: readonly T[], dice: readonly boolean[]): readonly T[][] {
  const parts: T[][] = [[]]
  list.forEach((item, i) => {
    parts.at(-1)?.push(item)
    if (dice[i] === true) parts.push([])
  })
  return parts
}

/** TaskFlow's rules as they are written down, for one call; undefined when it is refused. */
function addNaively(
  known: Digraph<FlowItem, undefined>,
  items: readonly FlowItem[],
): Digraph<FlowItem, undefined> | undefined {
  const made = new Digraph<FlowItem, undefined>()
  for (const node of known.nodes()) made.add(node)
  for (const node of known.nodes())
    for (const { to } of known.outgoing(node)) made.connect(node, to, undefined)
  const lacks = (node: FlowItem): string[] => {
    const seen = new Set([...made.ancestors(node)].flatMap(({ provides }) => [...provides]))
    return [...node.requires].filter((symbol) => !seen.has(symbol))
  }
  const waiting = [...made.nodes()].flatMap((node) =>
    lacks(node).map((symbol) => ({ node, symbol })),
  )
  for (const item of items) {
    const providers = [...made.nodes()]
    made.add(item)
    for (const symbol of lacks(item)) {
      const found = providers.filter(({ provides }) => provides.has(symbol))
      if (found.length > 1) return undefined
      for (const provider of found) made.connect(provider, item, undefined)
      if (found.length === 0) waiting.push({ node: item, symbol })
    }
    for (const symbol of item.provides) {
      for (const one of [...waiting]) {
        if (one.node === item || one.symbol !== symbol) continue
        made.connect(item, one.node, undefined)
        waiting.splice(waiting.indexOf(one), 1)
      }
    }
  }
  return [...made.generations()].length === made.size ? made : undefined
}

function tryToAdd(flow: GraphFlow, items: readonly FlowItem[]): boolean {
  try {
    flow.add(...items)
    return true
  } catch {
    return false
  }
}

test('whatever is added in whatever calls, the links are those of TaskFlow, or the call is refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ requires: symbols, provides: symbols }), { maxLength: 8 }),
      fc.array(fc.boolean(), { maxLength: 8 }),
      (children, dice) => {
        const flow = graph('room') as GraphFlow
        let naive = new Digraph<FlowItem, undefined>()
        for (const items of cut(itemsOf(children), dice)) {
          const expected = addNaively(naive, items)
          expect(tryToAdd(flow, items)).toBe(expected !== undefined)
          naive = expected ?? naive
          expect([...flow]).toEqual([...naive.generations()])
          expect(linksOf(flow)).toEqual(
            [...naive.nodes()].flatMap((node) =>
              Array.from(naive.outgoing(node), ({ to }) => `${node.name}>${to.name}`),
            ),
          )
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('who requires a symbol comes behind who provides it, in any order and number of calls', () => {
  const layered = fc.array(
    fc.record({ requires: fc.uniqueArray(fc.nat({ max: 9 })), place: fc.nat() }),
    { minLength: 2, maxLength: 8 },
  )
  fc.assert(
    fc.property(layered, fc.array(fc.boolean()), (children, dice) => {
      // The i-th child provides the i-th symbol and requires some before it, so there is no cycle.
      const items = children.map(({ requires, place }, i) => {
        const names = requires.filter((at) => at < i).map(String)
        return { place, item: step(`t${i}`, names, [String(i)]) }
      })
      const shuffled = items.toSorted((a, b) => a.place - b.place).map(({ item }) => item)
      const flow = graph('room') as GraphFlow
      for (const part of cut(shuffled, dice)) flow.add(...part)
      const order = [...flow]
      expect(flow.requires).toEqual(new Set())
      for (const item of order) {
        for (const symbol of item.requires) {
          const provider = order.findIndex(({ provides }) => provides.has(symbol))
          expect(provider).toBeLessThan(order.indexOf(item))
        }
      }
    }),
  )
})
