/**
 * Pairs of versions of a flow, the second half: see version-pairs.ts.
 *
 * @module
 */
import { alwaysRevert, graph, linear, times, unordered } from '../../src/index.ts'
import { AFTER_A, AFTER_B, abc, failing, type Pair, retried } from './version-pairs.ts'

export const LATE_PAIRS: readonly Pair[] = [
  {
    what: 'a field is picked that the stored result has, although it was not picked then',
    old: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x'] }, does: () => ({ x: 1, y: 2 }) }),
        step('c', { requires: ['x'] }),
      ),
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x', 'y'] }, does: () => ({ x: 1, y: 2 }) }),
        step('c', { requires: ['x', 'y'] }),
      ),
    found: ['!provides a'],
    accepted: { state: 'SUCCESS', calls: ['c'], inputs: { c: { x: 1, y: 2 } } },
  },
  {
    what: 'a field is lacking that nothing needs any more',
    old: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x'] }, does: () => ({ x: 1 }) }),
        step('b', { requires: ['x'] }),
        step('c'),
      ),
    dies: AFTER_B,
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: { pick: ['x', 'y'] }, does: () => ({ x: 1, y: 2 }) }),
        step('b', { requires: ['x', 'y'], revertRequires: ['x'] }),
        step('c'),
      ),
    found: [],
    end: { state: 'SUCCESS', calls: ['c'] },
  },
  {
    what: 'what was cut short takes an input from a new atom before it',
    old: ({ step }) => linear('f').add(step('a'), step('b')),
    dies: ['b', 'RUNNING'],
    now: ({ step }) =>
      linear('f').add(step('a'), step('new', { provides: 'x' }), step('b', { requires: ['x'] })),
    found: ['!inserted new', '!input b'],
  },
  {
    what: 'what was cut short takes another input that is there',
    old: ({ step }) => linear('f').add(step('a', { provides: 'x' }), step('b')),
    dies: ['b', 'RUNNING'],
    now: ({ step }) =>
      linear('f').add(step('a', { provides: 'x' }), step('b', { requires: ['x'] })),
    found: [],
    end: { state: 'SUCCESS', calls: ['b'], inputs: { b: { x: 'a' } } },
  },
  {
    what: 'the first number of the version of an atom that has run is another',
    old: ({ step }) => linear('f').add(step('a', { version: '1.4' }), step('b')),
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a', { version: '2.0' }), step('b')),
    found: ['!version a'],
    accepted: { state: 'SUCCESS', calls: ['b'] },
  },
  {
    what: 'the second number of the version of an atom that has run is another',
    old: ({ step }) => linear('f').add(step('a', { version: '1.4' }), step('b')),
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a', { version: '1.5' }), step('b')),
    found: ['version a'],
    end: { state: 'SUCCESS', calls: ['b'] },
  },
  {
    what: 'the version of an atom that has not run is another',
    old: ({ step }) => linear('f').add(step('a'), step('b', { version: '1.0' })),
    dies: AFTER_A,
    now: ({ step }) => linear('f').add(step('a'), step('b', { version: '2.0' })),
    found: [],
    end: { state: 'SUCCESS', calls: ['b'] },
  },
  {
    what: 'a retry is put around atoms that have not run',
    old: abc,
    dies: AFTER_A,
    now: ({ step }) =>
      linear('f').add(
        step('a'),
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), step('c')),
      ),
    found: ['added r'],
    end: { state: 'SUCCESS', calls: ['b', 'c'] },
  },
  {
    what: 'a retry is put around atoms that have run',
    old: abc,
    dies: AFTER_A,
    now: retried,
    found: ['!inserted r'],
    accepted: { state: 'SUCCESS', calls: ['b', 'c'] },
  },
  {
    what: 'a retry is put around an atom that has failed, before anybody dealt with it',
    old: ({ step, bad }) => linear('f').add(step('a'), bad('b')),
    dies: ['b', 'FAILURE'],
    now: ({ step }) =>
      linear('f').add(step('a'), linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'))),
    found: ['!undo b', 'added r'],
  },
  {
    what: 'a retry that has made an attempt is removed',
    old: retried,
    dies: AFTER_B,
    now: ({ step, bad }) => linear('f').add(step('a'), step('b'), bad('c')),
    found: ['!removed r'],
    accepted: { state: 'REVERTED', calls: ['c', 'c revert', 'b revert', 'a revert'] },
  },
  {
    what: 'a retry is removed whose flow is being reverted for the next attempt',
    old: ({ step, bad }) =>
      linear('f').add(
        step('a'),
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), bad('c')),
      ),
    dies: ['c', 'REVERTED'],
    now: ({ step }) => linear('f').add(step('a'), step('b'), step('c')),
    found: ['!removed r', '!undo b'],
  },
  {
    what: 'a retry decides otherwise, and an atom is added in its flow, which is being reverted',
    old: ({ step, bad }) =>
      linear('f').add(
        step('a'),
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), bad('c')),
      ),
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(
        step('a'),
        linear('g', { retry: times(3, { name: 'r' }) }).add(step('new'), step('b'), step('c')),
      ),
    found: ['added new'],
    end: { state: 'SUCCESS', calls: ['b revert', 'new', 'b', 'c'] },
  },
  {
    what: 'an atom is added before a retry that is about to make its next attempt',
    old: ({ step, bad }) =>
      linear('f').add(linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), bad('c'))),
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(
        step('new'),
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), step('c')),
      ),
    found: ['!inserted new', '!inserted new', '!inserted new'],
    accepted: { state: 'SUCCESS', calls: ['b revert', 'new', 'b', 'c'] },
  },
  {
    what: 'an atom that has run is moved behind a retry whose flow is being reverted',
    old: ({ step, bad }) =>
      linear('f').add(
        step('a'),
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('b'), bad('c')),
      ),
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(
        linear('g', { retry: times(2, { name: 'r' }) }).add(step('a'), step('b'), step('c')),
      ),
    found: ['!undo a'],
  },
  {
    what: 'atoms are added everywhere while all is being reverted',
    old: failing,
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      unordered('f').add(
        step('beside'),
        linear('g').add(step('before'), step('a'), step('b'), step('c'), step('behind')),
      ),
    found: ['added beside', 'added before', 'added behind'],
    end: { state: 'REVERTED', calls: ['b revert', 'a revert'] },
  },
  {
    what: 'an atom that was reverted is removed while all is being reverted',
    old: failing,
    dies: ['c', 'REVERTED'],
    now: ({ step }) => linear('f').add(step('a'), step('b')),
    found: ['removed c'],
    end: { state: 'REVERTED', calls: ['b revert', 'a revert'] },
  },
  {
    what: 'an atom is removed that is still to be reverted',
    old: failing,
    dies: ['c', 'REVERTED'],
    now: ({ step }) => linear('f').add(step('a'), step('c')),
    found: ['!removed b'],
    accepted: { state: 'REVERTED', calls: ['a revert'] },
  },
  {
    what: 'what executes lacks its inputs while all is being reverted',
    old: failing,
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(step('a'), step('b'), step('c', { requires: ['z'] }), step('d')),
    found: ['added d'],
    end: { state: 'REVERTED', calls: ['b revert', 'a revert'] },
  },
  {
    what: 'an undo under way takes an input that only a new atom provides',
    old: failing,
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(
        step('new', { provides: 'z' }),
        step('a'),
        step('b', { revertRequires: ['z'] }),
        step('c'),
      ),
    found: ['added new', '!input b'],
  },
  {
    what: 'an undo under way takes an input that is stored',
    old: ({ step, bad }) => linear('f').add(step('a', { provides: 'x' }), step('b'), bad('c')),
    dies: ['c', 'REVERTED'],
    now: ({ step }) =>
      linear('f').add(
        step('a', { provides: 'x' }),
        step('b', { revertRequires: ['x'] }),
        step('c'),
      ),
    found: [],
    end: {
      state: 'REVERTED',
      calls: ['b revert', 'a revert'],
      inputs: { 'b revert': { x: 'a' } },
    },
  },
  {
    what: 'a graph has a new atom that only hangs on what has run',
    old: ({ step }) =>
      graph('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['x'] }),
        step('c', { requires: ['y'] }),
      ),
    dies: AFTER_B,
    now: ({ step }) =>
      graph('f').add(
        step('a', { provides: 'x' }),
        step('b', { provides: 'y', requires: ['x'] }),
        step('c', { requires: ['y'] }),
        step('new', { requires: ['x'] }),
      ),
    found: ['added new'],
    end: { state: 'SUCCESS', calls: ['new', 'c'], inputs: { new: { x: 'a' } } },
  },
  {
    what: 'a run that was reverted starts anew with whatever the flow is now',
    old: ({ step, bad }) =>
      linear('f', { retry: alwaysRevert({ name: 'r' }) }).add(step('a'), bad('b')),
    dies: ['f', 'REVERTED'],
    now: ({ step }) => linear('f').add(step('new'), step('a')),
    found: ['removed r', 'removed b', 'added new'],
    end: { state: 'SUCCESS', calls: ['new', 'a'] },
  },
]
