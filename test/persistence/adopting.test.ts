/**
 * A record in memory becomes what was read of it later, in place.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { Failure, FlowDetail, RetryDetail, TaskDetail } from '../../src/index.ts'
import { atomPayload, atomRecord, flowRecord } from '../../src/persistence/records.ts'

function failure(text: string): Failure {
  return Failure.from(new Error(text))
}

/** A task of which everything is known that can be. */
function fullTask(): TaskDetail {
  const detail = new TaskDetail('a')
  detail.succeed({ n: 1 }, '{"n":1}')
  detail.failRevert(failure('revert'))
  detail.failure = failure('execute')
  detail.revertResults = 'reverted'
  detail.intention = 'REVERT'
  detail.version = '2.1'
  detail.provisions = [{ symbol: 'x', index: 0 }]
  detail.progress = 0.5
  detail.progressDetails = { at_progress: 0.5, details: { rows: 1 } }
  detail.attempt = 3
  detail.keptInjected = { y: 1 }
  detail.meta = { note: 'n' }
  return detail
}

function fullRetry(): RetryDetail {
  const detail = new RetryDetail('r')
  detail.succeed('first')
  detail.noteFailure('a', failure('first'))
  detail.state = 'RETRYING'
  detail.intention = 'RETRY'
  detail.retryAt = new Date('2026-03-01T10:20:30.000Z')
  detail.retryDelayMs = 1_000
  detail.attempt = 2
  return detail
}

function textOf(detail: TaskDetail | RetryDetail): unknown {
  return atomRecord(detail, atomPayload(detail))
}

describe('a record that adopts a newer one', () => {
  test.each([
    ['task', fullTask(), () => new TaskDetail('a')],
    ['retry', fullRetry(), () => new RetryDetail('r')],
  ] as const)('says all that the newer one says: %s', (_kind, newer, blank) => {
    const older = blank()
    expect(older.adopt(newer)).toBe(true)
    expect(textOf(older)).toEqual(textOf(newer))
    expect(Object.entries(older)).toEqual(Object.entries(newer))
  })

  test('takes nothing of another kind', () => {
    const older = new TaskDetail('a')
    const before = textOf(older)
    expect(older.adopt(fullRetry())).toBe(false)
    expect(textOf(older)).toEqual(before)
    expect(new RetryDetail('r').adopt(fullTask())).toBe(false)
  })

  test('keeps its atoms where they are, and takes those that are new', () => {
    const older = new FlowDetail('f', 'u')
    const known = new TaskDetail('a')
    older.add(known)
    older.add(new TaskDetail('gone'))
    older.add(new TaskDetail('r'))
    older.markRead()
    const newer = new FlowDetail('f', 'u')
    for (const atom of [new TaskDetail('new'), fullTask(), fullRetry()]) newer.add(atom)
    Object.assign(newer, { state: 'RUNNING', meta: { m: 1 }, bookUuid: 'b', epoch: 3, owner: 'o' })
    newer.leaseUntil = new Date(0)
    newer.markRead()
    expect(older.adopt(newer)).toBe(false)
    expect([...older].map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'new task',
      'a task',
      'r retry',
    ])
    expect(older.find('a')).toBe(known)
    expect(known.attempt).toBe(3)
    expect(flowRecord(older, 'b')).toEqual(flowRecord(newer, 'b'))
    expect(older).toMatchObject({ epoch: 3, owner: 'o', bookUuid: 'b', mayHaveChanged: true })
  })

  test('keeps metadata that was changed or removed since it was read', () => {
    const older = new FlowDetail('f', 'u')
    older.meta = { kept: 1, changed: 1, removed: 1 }
    older.markRead()
    older.meta = { kept: 1, changed: 2, added: 3 }
    const newer = new FlowDetail('f', 'u')
    newer.meta = { kept: 4, changed: 5, removed: 6, theirs: 7 }
    newer.markRead()
    expect(older.adopt(newer)).toBe(true)
    expect(older.meta).toEqual({ kept: 4, changed: 2, added: 3, theirs: 7 })
    expect(older.adopt(newer)).toBe(true)
    expect(older.meta).toEqual({ kept: 4, changed: 2, added: 3, theirs: 7 })
  })
})
