/**
 * Pairs of versions of a flow: what the comparison says of a run of the old one, and what the engine
 * then really does with the new one.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type AcceptableDifference,
  alwaysRevert,
  compare,
  type FlowDifference,
  type FlowItem,
  graph,
  linear,
  loadFlowDetail,
  times,
  unordered,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, type Workshop, workshop } from './steps.ts'

/** What a resumption comes to: the state of the flow, the calls, and what was thrown. */
interface End {
  readonly state: 'SUCCESS' | 'REVERTED' | 'FAILURE'
  readonly calls: readonly string[]
  /** Some of the inputs of calls. */
  readonly inputs?: Readonly<Record<string, object>>
  /** Part of the message of the error; what an atom threw otherwise. */
  readonly error?: string
}

interface Pair {
  readonly what: string
  readonly old: (w: Workshop) => FlowItem
  /** The process dies when this is stored; further failures come first. */
  readonly dies: readonly [atom: string, state: string]
  readonly now: (w: Workshop) => FlowItem
  /** Kind and atom of each difference, blocking ones with a mark. */
  readonly found: readonly string[]
  /** How it ends; undefined when it cannot go on. */
  readonly end?: End
  /** What becomes of it when all is accepted. */
  readonly accepted?: End
}

const AFTER_A = ['a', 'SUCCESS'] as const
const AFTER_B = ['b', 'SUCCESS'] as const

const abc = ({ step }: Workshop) => linear('f').add(step('a'), step('b'), step('c'))

/** a provides x, b provides y, c takes both. */
const wired = ({ step }: Workshop) =>
  linear('f').add(
    step('a', { provides: 'x' }),
    step('b', { provides: 'y', requires: ['x'] }),
    step('c', { requires: ['x', 'y'] }),
  )

const failing = ({ step, bad }: Workshop) => linear('f').add(step('a'), step('b'), bad('c'))

const retried = ({ step }: Workshop) =>
  linear('f', { retry: times(2, { name: 'r' }) }).add(step('a'), step('b'), step('c'))

const PAIRS: readonly Pair[] = [
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

const ACCEPT: readonly AcceptableDifference[] = ['inserted', 'provides', 'removed', 'version']

/** Runs the old version until it dies, and gives a way to read what is stored as often as needed. */
async function remainsOf({ old, dies: [atom, state] }: Pair) {
  const remains = await runUntilCrash(
    old(workshop()),
    {
      at: ({ flow, atoms }) =>
        atom === 'f'
          ? flow?.state === state
          : atoms.some((one) => one.name === atom && one.state === state),
      when: 'after',
    },
    { commit: 'move' },
  )
  if (remains === undefined) throw new Error(`'${atom}' was never ${state}`)
  const { backend, uuid } = remains
  return { backend, read: () => loadFlowDetail(backend, uuid) }
}

/** Goes on with the new version, in a copy of what was stored. */
async function goOn(pair: Pair, accept: readonly AcceptableDifference[] = []) {
  const { backend, read } = await remainsOf(pair)
  const w = workshop()
  const [found, flowDetail] = [await read(), await read()]
  const error = await errorOf(loadLoosely(pair.now(w), { backend, flowDetail, accept }).run())
  return { error, w, found, stored: await read() }
}

function marked({ blocking, difference, atom }: FlowDifference): string {
  return `${blocking ? '!' : ''}${difference} ${atom}`
}

async function expectEnd(result: Awaited<ReturnType<typeof goOn>>, end: End): Promise<void> {
  const { error, w, stored } = result
  expect(w.names()).toEqual(end.calls)
  expect(stored.state).toBe(end.state)
  for (const [name, inputs] of Object.entries(end.inputs ?? {})) {
    expect(w.calls.find((call) => call.name === name)?.inputs).toMatchObject(inputs)
  }
  if (end.state === 'SUCCESS') expect(error).toBeUndefined()
  else expect(error).toBeInstanceOf(Error)
  expect(error).not.toMatchObject({ code: 'FLOW_MISMATCH' })
}

describe('two versions of a flow', () => {
  test.each(PAIRS)('$what', async (pair) => {
    const { read } = await remainsOf(pair)
    const detail = await read()
    const verdict = compare(detail, pair.now(workshop()))
    expect(verdict.differences.map(marked).sort()).toEqual([...pair.found].sort())
    expect(verdict.canResume).toBe(pair.end !== undefined)
    expect(detail).toEqual(await read())
    const result = await goOn(pair)
    if (pair.end !== undefined) return expectEnd(result, pair.end)
    expect(result.error).toMatchObject({
      code: 'FLOW_MISMATCH',
      differences: verdict.differences.filter(({ blocking }) => blocking),
    })
    expect(result.w.calls).toEqual([])
    expect(result.stored).toEqual(result.found)
    if (pair.accepted !== undefined) await expectEnd(await goOn(pair, ACCEPT), pair.accepted)
    else {
      const refused = await goOn(pair, ACCEPT)
      expect(refused.error).toMatchObject({ code: 'FLOW_MISMATCH' })
      expect(refused.w.calls).toEqual([])
    }
  })
})
