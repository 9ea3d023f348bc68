/**
 * A graph flow that is restricted to one child and what comes before it.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { type GraphFlow, graph } from '../../src/flows/graph.ts'
import { linksOf, namesOf, pictureOf, step } from './steps.ts'

const FETCH = step('fetch', ['url'], ['source'])
const COMPILE = step('compile', ['source'], ['binary'])
const LINT = step('lint', ['source', 'rules'], ['report'])
const PUBLISH = step('publish', ['binary', 'token'])

function release(): GraphFlow {
  return graph('release').add(FETCH, COMPILE, LINT, PUBLISH)
}

test('a target and what it depends on are all that is seen of the flow', () => {
  const flow = release().target(COMPILE)
  expect(namesOf(flow)).toEqual(['fetch', 'compile'])
  expect(linksOf(flow)).toEqual(['fetch>compile'])
  expect(flow.length).toBe(2)
  expect(flow.requires).toEqual(new Set(['url']))
  expect(flow.provides).toEqual(new Set(['source', 'binary']))
})

test('a target without predecessors is alone', () => {
  const flow = release().target(FETCH)
  expect([namesOf(flow), linksOf(flow), flow.length]).toEqual([['fetch'], [], 1])
})

test('a new target takes the place of the old one', () => {
  expect(namesOf(release().target(COMPILE).target(LINT))).toEqual(['fetch', 'lint'])
})

test('without its target the flow is what it was', () => {
  const flow = release()
  const before = pictureOf(flow)
  expect(pictureOf(flow.target(COMPILE).resetTarget())).toEqual(before)
})

test('links and children that come later are seen when the target depends on them', () => {
  const flow = release().target(COMPILE)
  expect(flow.length).toBe(2)
  flow.link(LINT, COMPILE)
  expect(namesOf(flow)).toEqual(['fetch', 'lint', 'compile'])
  flow.add(step('rules', [], ['rules']), step('other'))
  expect(namesOf(flow)).toEqual(['fetch', 'rules', 'lint', 'compile'])
})

test('a child of another flow is refused, and the old target stays', () => {
  const flow = release().target(COMPILE)
  expect(() => flow.target(step('stranger'))).toThrow(
    new RangeError("flow 'release' cannot target 'stranger', which is not one of its children"),
  )
  expect(namesOf(flow)).toEqual(['fetch', 'compile'])
})
