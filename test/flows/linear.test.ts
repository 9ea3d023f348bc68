/**
 * The order of a linear flow, and what it requires.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { linear } from '../../src/flows/linear.ts'
import { unordered } from '../../src/flows/unordered.ts'
import { fc } from '../properties.ts'
import { linksOf, namesOf, step } from './steps.ts'

test('each child comes before the next one', () => {
  const flow = linear('deploy').add(step('a'), linear('inner'), step('b')).add(step('c'))
  expect(linksOf(flow)).toEqual(['a>inner', 'inner>b', 'b>c'])
  expect(Array.from(flow.links(), ({ rule }) => rule)).toEqual([undefined, undefined, undefined])
})

test('one child has no links', () => {
  expect(linksOf(linear('deploy').add(step('a')))).toEqual([])
})

test('a child that is added again stays where it is', () => {
  const a = step('a')
  const flow = linear('deploy').add(a, step('b'))
  flow.add(a)
  expect([namesOf(flow), linksOf(flow)]).toEqual([['a', 'b'], ['a>b']])
})

test('an input that only a later child provides must come from outside', () => {
  const flow = linear('deploy').add(step('a', ['x', 'y'], ['z']), step('b', ['z'], ['x']))
  expect(flow.requires).toEqual(new Set(['x', 'y']))
})

test('a child does not provide for itself', () => {
  expect(linear('deploy').add(step('a', ['x'], ['x'])).requires).toEqual(new Set(['x']))
})

test('what a flow inside provides is there for the children behind it', () => {
  const inner = unordered('inner').add(step('a', [], ['x']))
  expect(linear('deploy').add(inner, step('b', ['x'])).requires).toEqual(new Set())
})

test('a flow inside that gets more children later is seen with them', () => {
  const inner = linear('inner')
  const flow = linear('deploy').add(inner, step('b', ['x']))
  expect(flow.requires).toEqual(new Set(['x']))
  inner.add(step('a', ['w'], ['x']))
  expect([flow.requires, flow.provides]).toEqual([new Set(['w']), new Set(['x'])])
})

test('calls of add do not matter, only the order of the children', () => {
  const symbols = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'))
  fc.assert(
    fc.property(fc.array(fc.tuple(symbols, symbols, fc.boolean())), (children) => {
      const items = children.map(([requires, provides], i) => step(`t${i}`, requires, provides))
      const atOnce = linear('deploy').add(...items)
      const oneByOne = linear('deploy')
      for (const item of items) oneByOne.add(item)
      expect([linksOf(oneByOne), oneByOne.requires]).toEqual([linksOf(atOnce), atOnce.requires])
    }),
  )
})
