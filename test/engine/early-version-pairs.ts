/**
 * Pairs of versions of a flow, the first half: see version-pairs.ts.
 *
 * @module
 */
import { linear, times, unordered } from '../../src/index.ts'
import { AFTER_A, AFTER_B, abc, type Pair, wired } from './version-pairs.ts'

export const EARLY_PAIRS: readonly Pair[] = [
  {
    what: 'nothing has changed',
    old: wired,
    dies: AFTER_A,
    now: wired,
    found: [],
    end: { state: 'SUCCESS', calls: ['b', 'c'], inputs: { c: { x: 'a', y: 'b' } } },
  },
  {
    what: 'an atom is added at the end',
    old: abc,
    dies: AFTER_B,
    now: ({ step }) => linear('f').add(step('a'), step('b'), step('c'), step('d')),
    found: ['added d'],
    end: { state: 'SUCCESS', calls: ['c', 'd'] },
  },
  {
    what: 'an atom is added between what has run and what has not',
    old: abc,
    dies: AFTER_B,
    now: ({ step }) => linear('f').add(step('a'), step('b'), step('new'), step('c')),
    found: ['added new'],
    end: { state: 'SUCCESS', calls: ['new', 'c'] },
  },
  {
    what: 'an atom is added before one that has run',
    old: abc,
    dies: AFTER_B,
    now: ({ step }) => linear('f').add(step('a'), step('new'), step('b'), step('c')),
    found: ['!inserted new'],
    accepted: { state: 'SUCCESS', calls: ['new', 'c'] },
  },
  {
    what: 'an atom is added beside those that have run',
    old: ({ step }) => unordered('f').add(step('a'), step('b')),
    dies: AFTER_A,
    now: ({ step }) => unordered('f').add(step('new'), step('a'), step('b')),
    found: ['added new'],
    end: { state: 'SUCCESS', calls: ['new', 'b'] },
  },
  {
    what: 'an atom that has not run is moved before one that has',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('c'), step('a'), step('b')),
    found: ['!inserted c'],
    accepted: { state: 'SUCCESS', calls: ['c', 'b'] },
  },
  {
    what: 'atoms that have not run change places',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a'), step('c'), step('b')),
    found: [],
    end: { state: 'SUCCESS', calls: ['c', 'b'] },
  },
  {
    what: 'an atom that has not run is removed',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a'), step('b')),
    found: ['removed c'],
    end: { state: 'SUCCESS', calls: ['b'] },
  },
  {
    what: 'an atom that has run is removed, so that its undo is lost',
    old: abc,
    dies: AFTER_B,
    now: ({ step, bad }) => linear('f').add(step('b'), bad('c')),
    found: ['!removed a'],
    accepted: { state: 'REVERTED', calls: ['c', 'c revert', 'b revert'] },
  },
  {
    what: 'an atom is removed whose result is still needed',
    old: wired,
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('b', { provides: 'y', requires: [] }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: ['!removed a', '!input c'],
  },
  {
    what: 'an atom that has run is renamed',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('first'), step('b'), step('c')),
    found: ['!removed a', 'added first'],
    accepted: { state: 'SUCCESS', calls: ['first', 'b', 'c'] },
  },
  {
    what: 'an atom that has not run is renamed',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a'), step('second'), step('c')),
    found: ['removed b', 'added second'],
    end: { state: 'SUCCESS', calls: ['second', 'c'] },
  },
  {
    what: 'a task becomes a retry of the same name',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) => linear('f', { retry: times(2, { name: 'a' }) }).add(step('b'), step('c')),
    found: ['!kind a'],
  },
  {
    what: 'an input that nothing provides is added to what has not run',
    old: wired,
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['x'] }),
        step('c', { requires: ['z'] }),
      ),
    found: ['!input c'],
  },
  {
    what: 'an input that nothing provides is added to what has run and takes no part in its undo',
    old: wired,
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['z'], revertRequires: ['x'] }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: [],
    end: { state: 'SUCCESS', calls: ['c'], inputs: { c: { x: 'a', y: 'b' } } },
  },
  {
    what: 'the undo of what has run takes an input that nothing provides',
    old: wired,
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['x'], revertRequires: ['z'] }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: ['!input b'],
  },
  {
    what: 'an input that was optional is required, and is provided',
    old: ({ step }) =>
      linear('f').add(step('a', { provides: 'x' }), step('b', { optional: ['x'] })),
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(step('a', { provides: 'x' }), step('b', { requires: ['x'] })),
    found: [],
    end: { state: 'SUCCESS', calls: ['b'], inputs: { b: { x: 'a' } } },
  },
  {
    what: 'an input that was optional is required, and is not provided',
    old: ({ step }) => linear('f').add(step('a'), step('b', { optional: ['x'] })),
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a'), step('b', { requires: ['x'] })),
    found: ['!input b'],
  },
  {
    what: 'a new atom provides what is still needed',
    old: wired,
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['x'] }),
        step('new', { provides: 'x' }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: ['added new'],
    end: { state: 'SUCCESS', calls: ['new', 'c'], inputs: { c: { x: 'new', y: 'b' } } },
  },
  {
    what: 'an atom that has run provides the same under another name',
    old: wired,
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'z' }),
        step('b', { provides: 'y', requires: ['z'] }),
        step('c', { requires: ['y', 'z'] }),
      ),
    found: ['provides a'],
    end: { state: 'SUCCESS', calls: ['c'], inputs: { c: { z: 'a', y: 'b' } } },
  },
  {
    what: 'another atom, which has run and provided nothing, provides the symbol now',
    old: ({ step }) =>
      linear('f').add(step('a', { provides: 'x' }), step('b'), step('c', { requires: ['x'] })),
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(step('a'), step('b', { provides: 'x' }), step('c', { requires: ['x'] })),
    found: ['!provides b'],
    accepted: { state: 'SUCCESS', calls: ['c'], inputs: { c: { x: 'b' } } },
  },
  {
    what: 'a symbol moves to another position of a result that is stored',
    old: ({ step }) =>
      linear('f').add(
        step('a', { provides: ['x', 'y'], does: () => ['X', 'Y'] }),
        step('c', { requires: ['x'] }),
      ),
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: ['y', 'x'], does: () => ['Y', 'X'] }),
        step('c', { requires: ['x'] }),
      ),
    found: ['!provides a'],
    accepted: { state: 'SUCCESS', calls: ['c'], inputs: { c: { x: 'Y' } } },
  },
  {
    what: 'a symbol moves in a result that has not been computed',
    old: ({ step }) =>
      linear('f').add(
        step('a'),
        step('b', { provides: ['x', 'y'], does: () => ['X', 'Y'] }),
        step('c', { requires: ['x'] }),
      ),
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a'),
        step('b', { provides: ['y', 'x'], does: () => ['Y', 'X'] }),
        step('c', { requires: ['x'] }),
      ),
    found: [],
    end: { state: 'SUCCESS', calls: ['b', 'c'], inputs: { c: { x: 'X' } } },
  },
  {
    what: 'a field is picked that the stored result does not have',
    old: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x'] }, does: () => ({ x: 1 }) }),
        step('c', { requires: ['x'] }),
      ),
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x', 'y'] }, does: () => ({ x: 1, y: 2 }) }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: ['!input c'],
  },
]
