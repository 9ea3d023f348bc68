import { expect, test } from 'vitest'
import type { Noted } from './effects.ts'
import { findFaults, type Stored } from './judge.ts'

/** Notes from words such as `begin a:1`, `end a:1 revert`, `told a:1`; in order, of one process. */
function notesOf(words: readonly string[]): readonly Noted[] {
  return words.map((word, at) => {
    const [event = '', what = '', direction = 'execute', process = 'w@1'] = word.split(' ')
    const [atom = '', attempt = ''] = what.split(':')
    const [worker = '', epoch = ''] = process.split('@')
    const isOfFlow = event === 'started' || event === 'ended'
    return {
      event: event as Noted['event'],
      at,
      worker,
      flow: 'f',
      epoch: Number(epoch),
      atom: isOfFlow ? '' : atom,
      attempt: isOfFlow ? 0 : Number(attempt),
      direction: isOfFlow ? '' : (direction as 'execute'),
      key: isOfFlow ? atom : `${atom}:${attempt}`,
    }
  })
}

const call = (what: string, direction = 'execute'): string[] => [
  `begin ${what} ${direction}`,
  `end ${what} ${direction}`,
]
const all = ['a:1', 'b:1', 'c:1', 'd:1'].flatMap((what) => [...call(what), `told ${what}`])
const results = { a: 'a:1', b: 'b:1', c: 'c:1', d: 'd:1' }
const done: Stored = { name: 'linear/x/1', state: 'SUCCESS', results }
const undone: Stored = { name: 'reverting/x/1', state: 'REVERTED', results: {} }
const undo = ['d:1', 'c:1', 'b:1', 'a:1'].flatMap((what) => call(what, 'revert'))

test.each<[string, Stored | undefined, readonly string[], readonly (string | RegExp)[]]>([
  ['nothing', done, all, []],
  ['nothing of a revert', undone, [...all, ...undo], []],
  ['nothing of a task that is run again', done, ['begin a:1', ...all], []],
  ['a lost flow', undefined, all, [/not stored/]],
  ['another end', { ...done, state: 'REVERTED' }, [...all, ...undo], ['ended REVERTED']],
  ['a rerun', done, [...all.slice(0, 3), ...call('a:1'), ...all.slice(3)], [/begun again/]],
  ['half a task', done, [...all.slice(0, -2)], [/d:1 is left half done/, /stored is d:1/]],
  ['half a revert', undone, [...all, ...undo.slice(0, -1)], [/not undone/, /did not come/]],
  ['a task that is not undone', undone, [...all, ...undo.slice(0, -2)], ['a:1 is not undone']],
  ['one that is undone', done, [...all, ...call('d:1', 'revert')], ['d:1 is undone']],
  [
    'undoing in the wrong order',
    undone,
    [
      ...all,
      ...call('d:1', 'revert'),
      ...call('b:1', 'revert'),
      ...call('c:1', 'revert'),
      ...call('a:1', 'revert'),
    ],
    ['b was undone before c'],
  ],
  [
    'doing in the wrong order',
    done,
    [...call('b:1'), ...all.filter((one) => !/ b/.test(one))],
    [/b was begun before a/],
  ],
  [
    'two processes in one epoch',
    done,
    [...all, 'begin d:1 execute v@1', 'end d:1 execute v@1'].toSpliced(11, 1),
    [/epoch 1 is of w and of v/, /epoch 1 is of w and of v/],
  ],
  [
    'a process that was replaced',
    done,
    ['begin a:1 execute v@2', ...all],
    Array(12).fill(/went on after epoch 2/),
  ],
  [
    'another result',
    { ...done, results: { ...results, b: 'x' } },
    all,
    ['b returned b:1, stored is x'],
  ],
  ['what goes on after the end', done, ['ended SUCCESS', ...all], [/went on after/]],
])('the judge finds %s', (_, stored, words, faults) => {
  const found = findFaults(notesOf(words), new Map(stored === undefined ? [] : [['f', stored]]))
  expect(found).toEqual(
    faults.map((fault) =>
      typeof fault === 'string' ? expect.stringContaining(fault) : expect.stringMatching(fault),
    ),
  )
})
