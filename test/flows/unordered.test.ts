/**
 * The children of an unordered flow, which have nothing to do with each other.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { unordered } from '../../src/flows/unordered.ts'
import { linksOf, namesOf, step } from './steps.ts'

test('there are no links, whatever children require of each other', () => {
  const flow = unordered('notify').add(step('b', [], ['x']), step('a', ['x']))
  expect([namesOf(flow), linksOf(flow)]).toEqual([['b', 'a'], []])
})

test('what a child provides is not there for those beside it', () => {
  const flow = unordered('notify').add(step('a', [], ['x']), step('b', ['x', 'y']))
  expect(flow.requires).toEqual(new Set(['x', 'y']))
  expect(flow.provides).toEqual(new Set(['x']))
})
