/**
 * The links of a graph flow that are made by hand, their deciders, and refused cycles.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { CycleError } from '../../src/errors.ts'
import type { LinkOptions } from '../../src/flows/decider.ts'
import type { FlowItem } from '../../src/flows/flow.ts'
import { type GraphFlow, graph } from '../../src/flows/graph.ts'
import { fc } from '../properties.ts'
import { linksOf, namesOf, pictureOf, step } from './steps.ts'

const [A, B, C] = [step('a'), step('b'), step('c')] as const

function rulesOf(flow: GraphFlow): readonly unknown[] {
  return Array.from(flow.links(), ({ rule }) => rule)
}

function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const yes = (): boolean => true
const no = (): boolean => false

describe('link', () => {
  test('orders children that exchange no data', () => {
    const flow = graph('deploy').add(A, B, C).link(C, A).link(A, B)
    expect([namesOf(flow), linksOf(flow)]).toEqual([
      ['c', 'a', 'b'],
      ['a>b', 'c>a'],
    ])
    expect(rulesOf(flow)).toEqual([undefined, undefined])
  })

  test('satisfies what the child at its end requires of those before', () => {
    const [from, to] = [step('from', [], ['x']), step('to', ['x'])]
    const flow = graph('deploy').add(from).addWith({ resolveRequires: false }, to)
    expect(flow.requires).toEqual(new Set(['x']))
    expect(flow.link(from, to).requires).toEqual(new Set())
  })

  test('twice is one link', () => {
    expect(linksOf(graph('deploy').add(A, B).link(A, B).link(A, B))).toEqual(['a>b'])
  })

  test.each([
    ['from', step('stranger'), A],
    ['to', A, step('stranger')],
  ])('refuses a child that is not there: %s', (end, from, to) => {
    const flow = graph('deploy').add(A, B)
    const before = pictureOf(flow)
    expect(() => flow.link(from, to)).toThrow(
      new RangeError(
        `flow 'deploy' cannot link ${end} 'stranger', which is not one of its children: add it first`,
      ),
    )
    expect(pictureOf(flow)).toEqual(before)
  })
})

describe('a decider', () => {
  test.each([
    [undefined, 'ALL'],
    ['ALL', 'ALL'],
    ['flow', 'FLOW'],
    ['Neighbors' as 'NEIGHBORS', 'NEIGHBORS'],
    ['atom', 'ATOM'],
  ] as const)('of depth %s has the depth %s', (depth, expected) => {
    const options: LinkOptions = depth === undefined ? { decider: yes } : { decider: yes, depth }
    const flow = graph('deploy').add(A, B).link(A, B, options)
    expect(rulesOf(flow)).toEqual([{ decider: yes, depth: expected }])
  })

  test('stays when the link is made again without one', () => {
    const flow = graph('deploy').add(A, B).link(A, B, { decider: yes, depth: 'ATOM' }).link(A, B)
    expect(rulesOf(flow)).toEqual([{ decider: yes, depth: 'ATOM' }])
  })

  test('gives way to a new one, and its depth with it', () => {
    const flow = graph('deploy').add(A, B)
    flow.link(A, B, { decider: yes, depth: 'ATOM' }).link(A, B, { decider: no })
    expect(rulesOf(flow)).toEqual([{ decider: no, depth: 'ALL' }])
  })

  test('may be put on a link that data made', () => {
    const [from, to] = [step('from', [], ['x']), step('to', ['x'])]
    const flow = graph('deploy').add(from, to).link(from, to, { decider: yes })
    expect(rulesOf(flow)).toEqual([{ decider: yes, depth: 'ALL' }])
  })

  test.each([
    [
      'a depth without a decider',
      { depth: 'ALL' },
      TypeError,
      "a link with the depth 'ALL' must have a decider: { decider, depth }",
    ],
    [
      'a decider that is no function',
      { decider: true },
      TypeError,
      'a decider must be a function ({ history }) => boolean, got true',
    ],
    [
      'a depth that is none',
      { decider: yes, depth: 'DEEP' },
      RangeError,
      "depth must be 'ALL', 'FLOW', 'NEIGHBORS' or 'ATOM', got 'DEEP'",
    ],
  ])('is refused with %s; nothing is changed', (_what, options, kind, message) => {
    const flow = graph('deploy').add(A, B, C).link(A, B, { decider: no })
    const before = pictureOf(flow)
    for (const to of [B, C]) {
      const error = errorOf(() => flow.link(A, to, options as never))
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ message })
    }
    expect(pictureOf(flow)).toEqual(before)
  })
})

describe('a cycle', () => {
  test('of links is refused with the children on it', () => {
    const flow = graph('deploy').add(A, B, C).link(A, B).link(B, C)
    const before = pictureOf(flow)
    const error = errorOf(() => flow.link(C, A))
    expect(error).toBeInstanceOf(CycleError)
    expect(error).toMatchObject({
      cycle: ['a', 'b', 'c'],
      message:
        "graph flow 'deploy' would have a cycle: 'a' -> 'b' -> 'c' -> 'a'; nothing was changed",
    })
    expect(pictureOf(flow)).toEqual(before)
  })

  test('of a child with itself is refused', () => {
    const flow = graph('deploy').add(A)
    expect(errorOf(() => flow.link(A, A))).toMatchObject({ cycle: ['a'] })
    expect(linksOf(flow)).toEqual([])
  })

  test('of data is refused, and everything of that call taken back', () => {
    const first = step('first', ['z'], ['x'])
    const flow = graph('deploy').add(first)
    const before = pictureOf(flow)
    const error = errorOf(() => flow.add(step('free', [], ['w']), step('second', ['x'], ['z'])))
    expect(error).toBeInstanceOf(CycleError)
    expect(error).toMatchObject({ cycle: ['first', 'second'] })
    expect(pictureOf(flow)).toEqual(before)
    flow.add(step('third', [], ['z']))
    expect(linksOf(flow)).toEqual(['third>first'])
  })

  test('of data against a link is refused', () => {
    const [late, early] = [step('late', ['x']), step('early', [], ['y'])]
    const flow = graph('deploy').add(late, early).link(late, early)
    const before = pictureOf(flow)
    const error = errorOf(() => flow.add(step('middle', ['y'], ['x'])))
    expect(error).toMatchObject({ cycle: ['late', 'early', 'middle'] })
    expect(pictureOf(flow)).toEqual(before)
  })
})

test('whatever is refused changes nothing', () => {
  const symbols = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 })
  const children = fc.array(fc.record({ requires: symbols, provides: symbols }), {
    minLength: 1,
    maxLength: 6,
  })
  const calls = fc.array(
    fc.oneof(
      fc.record({ add: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), way: fc.nat({ max: 3 }) }),
      fc.record({
        link: fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })),
        way: fc.nat({ max: 3 }),
      }),
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(children, calls, (specs, made) => {
      const items = specs.map(({ requires, provides }, i) => step(`t${i}`, requires, provides))
      const at = (i: number): FlowItem => items[i % items.length] ?? A
      const flow = graph('deploy') as GraphFlow
      for (const call of made) {
        const before = pictureOf(flow)
        try {
          if ('add' in call) {
            const options = { resolveRequires: call.way % 2 === 0, resolveExisting: call.way < 2 }
            flow.addWith(options, ...call.add.map(at))
          } else {
            flow.link(at(call.link[0]), at(call.link[1]), call.way > 1 ? { decider: yes } : {})
          }
        } catch {
          expect(pictureOf(flow)).toEqual(before)
        }
        // Children on a cycle would be left out of the generations.
        expect([...flow]).toHaveLength(flow.length)
      }
    }),
    { numRuns: 300 },
  )
})
